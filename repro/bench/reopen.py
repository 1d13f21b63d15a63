"""A big store is opened again: after a stop, after kill -9, and with nothing but its journal."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import mortmain

from gateways import name_of
from measure import median
from plan import Plan, Results, result_of
from targets import NONE, Result

_ROWS = ("reopen", "reopen_killed")
_KEYS = 1_000_000
_VALUE = 2_000
# Commits behind the start-up aid when the gateway is killed.
_LATER = 5_000


def reopening(plan: Plan) -> Results:
    """From `mortmain.open` to the first value, the start of the gateway included; the disk's pages are in the kernel's
    cache as far as the machine's memory goes.
    """
    if not plan.large:
        return {row: Result(None, NONE, note="asked for with --large") for row in _ROWS}
    place = plan.fresh("reopen") / "state"
    with mortmain.open(place, agent="bench", timeout=120.0) as store:
        for at in range(0, _KEYS, 1_000):
            with store.transaction() as txn:
                for number in range(at, at + 1_000):
                    txn.ensure(name_of(number), _value(number))
        told = f"{_KEYS:,} keys, {store.info()['journal']['bytes'] / 1e9:.1f} GB"
        store.stop()
    lost: list[str] = []
    stopped, killed = [], []
    for _ in range(plan.rounds):
        store, seconds = _opened(place, lost)
        stopped.append(seconds)
        store.stop()
        store.close()
    shutil.rmtree(place / "index")
    store, bare = _opened(place, lost)
    _await_aid(store)
    for _ in range(plan.rounds):
        counted = store.read("later").version
        for _ in range(_LATER):
            store.increment("later")
        _kill(store)
        store, seconds = _opened(place, lost)
        killed.append(seconds)
        if store.read("later").version != counted + _LATER:
            lost.append("acknowledged commits are gone")
    store.stop()
    store.close()
    shutil.rmtree(place)
    note = f"{told}; commits behind the start-up aid at first {_LATER:,}; without an aid {bare:.2f} s"
    return {
        row: result_of(median(found), f"p50 {median(found):.2f} s, longest {max(found):.2f} s", NONE, lost, said)
        for row, found, said in (("reopen", stopped, told), ("reopen_killed", killed, note))
    }


def _value(number: int) -> bytes:
    return number.to_bytes(8, "big") * (_VALUE // 8)


def _opened(place: Path, lost: list[str]) -> tuple[mortmain.Store, float]:
    began = time.perf_counter()
    store = mortmain.open(place, agent="bench", timeout=120.0)
    found = store.read(name_of(4711)).value
    seconds = time.perf_counter() - began
    if found != _value(4711) or store.info()["keys"] < _KEYS:
        lost.append("a key is gone")
    return store, seconds


def _await_aid(store: mortmain.Store) -> None:
    """It is written in the background; a gateway that is killed before has to replay its whole journal."""
    end = time.monotonic() + 120.0
    while not store.info()["journal"]["aid"]["revision"]:
        if time.monotonic() > end:
            raise RuntimeError("no start-up aid was written")
        time.sleep(0.1)


def _kill(store: mortmain.Store) -> None:
    pid = store.info()["pid"]
    store.close()
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/exe").exists():
        time.sleep(0.01)
