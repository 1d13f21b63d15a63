"""The gateway itself: starting, disk, memory, many keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import mortmain

from machine import resident
from measure import Latencies, interleaved, median, micros, timed
from peers import Mortmain
from plan import Plan, Results, result_of
from targets import NONE, Result

BENCH = Path(__file__).resolve().parent


def opening(plan: Plan) -> Results:
    """A process of its own each time; its clock starts after `import mortmain` and stops after the first commit."""
    place = plan.fresh("open")
    _open_once(place / "first")
    archive = _await_archive(place / "first")
    cold = sorted(_open_once(place / f"cold-{number}") for number in range(plan.starts))
    with mortmain.open(place / "warm", agent="bench") as store:
        timed(lambda: store.commit("warm-up", 1, overwrite=True), plan.warm_up // 2)
        attached = sorted(_open_once(place / "warm", stop=False) for _ in range(plan.starts * 2))
        store.stop()
    results = {}
    for row, found, note in (("open_cold", cold, archive), ("open_attach", attached, "")):
        told = f"p50 {micros(1e3 * median(found))}, {micros(1e3 * found[0])} to {micros(1e3 * found[-1])}"
        results[row] = result_of(median(found), told, NONE, [], note)
    return results


def _open_once(directory: Path, stop: bool = True) -> float:
    line = [sys.executable, str(BENCH / "opening.py"), str(directory), "stop" if stop else "stay"]
    return float(json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)["ms"])


def _await_archive(directory: Path) -> str:
    """The first start on a machine makes the class archive in the background; every later one has it."""
    from mortmain._gateway.archive import archive_path
    from mortmain._gateway.java import find_java
    from mortmain._gateway.process import jar_path

    archive = archive_path(find_java(None), jar_path(), str(directory / "run"))
    end = time.monotonic() + 60.0
    while archive is not None and not archive.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return "with the class archive" if archive is not None and archive.exists() else "without a class archive"


def empty(plan: Plan) -> Results:
    """A store after its first open, everything in its directory."""
    place = plan.fresh("empty")
    with mortmain.open(place / "state", agent="bench") as store:
        store.stop()
    used = sum(path.lstat().st_blocks * 512 for path in (place / "state").rglob("*"))
    return {"empty": result_of(used / (1 << 20), f"{used / (1 << 20):.2f} MiB", NONE, [])}


def memory(plan: Plan) -> Results:
    """Resident memory of a gateway that holds 100,000 keys of 100 B."""
    with mortmain.open(plan.fresh("memory") / "state", agent="bench") as store:
        fill(store, 0, plan.keys)
        info = store.info()
        used = resident(info["pid"]) / 1e6
        lost = [] if info["keys"] == plan.keys else [f"{info['keys']} keys"]
        store.stop()
    note = "right after they were written" if plan.keys == 100_000 else f"ONLY {plan.keys} KEYS (--quick)"
    return {"memory": result_of(used, f"{used:.0f} MB", NONE, lost, note)}


def million(plan: Plan) -> Results:
    """Commits of 512 B to keys that exist, at 1,000 and at 1,000,000 keys, side by side in short turns: two journals
    lie in two places of one disk, which has its moods. Not counted: the start-up aid that a million new keys ask for.
    """
    if not plan.large:
        return {"million": Result(None, NONE, note="asked for with --large")}
    place = plan.fresh("million")
    small, big = Mortmain(place / "small"), Mortmain(place / "big")
    for side, keys in ((small, 1_000), (big, 1_000_000)):
        fill(side.store, 0, keys)
    _await_aid(big.store)
    numbers = iter(range(sys.maxsize))
    calls = {
        "small": lambda: small.store.commit(name_of(next(numbers) * 7919 % 1_000), os.urandom(512), overwrite=True),
        "big": lambda: big.store.commit(name_of(next(numbers) * 7919 % 1_000_000), os.urandom(512), overwrite=True),
    }
    for call in calls.values():
        timed(call, plan.warm_up)
    found = interleaved(calls, plan.rounds * 16, plan.calls // 8)
    left, right = Latencies.of(found["big"]), Latencies.of(found["small"])
    used = resident(big.store.info()["pid"]) / 1e6
    note = f"resident {used:.0f} MB; read and commit, as overwrite=True does"
    for side in (small, big):
        side.store.stop()
        side.close()
    return {"million": result_of(left.p50 / right.p50, left, right, [], note)}


def _await_aid(store: mortmain.Store) -> None:
    """It is written in the background, now and then while the store grows: until none came for five seconds."""
    written, since = -1, 0.0
    while written != store.info()["journal"]["aid"]["revision"] or time.monotonic() - since < 5.0:
        if written != store.info()["journal"]["aid"]["revision"]:
            written, since = store.info()["journal"]["aid"]["revision"], time.monotonic()
        time.sleep(0.2)


def name_of(number: int) -> str:
    return f"group-{number % 100:02d}/key-{number:07d}"


def fill(store: mortmain.Store, begin: int, end: int) -> None:
    """Keys of 100 B, 1,000 in a commit."""
    for at in range(begin, end, 1_000):
        with store.transaction() as txn:
            for number in range(at, min(at + 1_000, end)):
                txn.ensure(name_of(number), b"x" * 100)
