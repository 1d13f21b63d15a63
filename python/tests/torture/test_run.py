"""A run that shows nothing must not pass, and the disk's faults must be real ones."""

from __future__ import annotations

import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import disk
import pytest
from history import OPEN, History, save

import mortmain
from mortmain._gateway import find_gateway
from mortmain.testing import temporary_store

from .test_checker import Correct, sound

_PROGRAM = Path(disk.__file__).with_name("torture.py")
# This folder has its name.
_SPEC = importlib.util.spec_from_file_location("torture_program", _PROGRAM)
assert _SPEC is not None
assert _SPEC.loader is not None
torture = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(torture)

BLOW = {"what": "kill -9", "whom": "gateway", "at": 0, "until": 1}


def busy() -> History:
    """A sound history in which something was refused, and something was left open and settled."""
    store, _ = sound()
    history = store.end()
    store.call("calls-c0.1", "commit", ["reg/0"], outcome="version_conflict", request_id="late")
    store.call("calls-c0.1", "commit", ["reg/0"], outcome="fenced", request_id="zombie")
    store.call("calls-c0.1", "commit", ["reg/0"], outcome="unconfirmed", request_id="lost")
    history.nemesis.append(BLOW)
    return history


@pytest.mark.parametrize(
    ("missing", "without"),
    [
        ("acknowledged", lambda one: not one.ok),
        ("conflicts", lambda one: one.outcome not in ("version_conflict", "claim_held")),
        ("fenced", lambda one: one.outcome not in ("fenced", "claim_lost")),
        ("unconfirmed", lambda one: one.outcome not in OPEN),
    ],
)
def test_a_run_without_one_of_these_shows_nothing(missing, without) -> None:
    history = busy()
    assert torture.summary(history, [])["vacuous"] == []
    history.operations = [one for one in history.operations if without(one)]
    assert torture.summary(history, [])["vacuous"] == [missing]


def test_a_run_to_which_nothing_was_done_shows_nothing() -> None:
    history = busy()
    history.nemesis.clear()
    assert torture.summary(history, [])["vacuous"] == ["blows"]


def test_a_run_that_shows_nothing_fails_and_says_so(tmp_path, monkeypatch, capsys) -> None:
    save(tmp_path, Correct().end())
    monkeypatch.setattr("sys.argv", ["torture.py", "--check", str(tmp_path)])
    assert torture.main() == 1
    assert "The run shows nothing" in capsys.readouterr().out
    assert json.loads((tmp_path / "summary.json").read_text())["faults"] == {}


@pytest.mark.skipif(bool(disk.why_not()), reason=disk.why_not() or "it can")
@pytest.mark.parametrize("fault", [*disk.POISON, "kill -9 at a force"])
def test_nothing_acknowledged_is_lost_when_the_disk_of_a_real_gateway_fails(fault: str, tmp_path: Path) -> None:
    with temporary_store(agent="agent", timeout=60.0) as store, ThreadPoolExecutor(1) as pool:
        kept = appended(store, 0)
        before = find_gateway(store.directory)
        assert before is not None
        assert before.pid is not None
        struck = pool.submit(disk.strike, before.pid, fault, tmp_path / "strace.log", 30.0)
        number = 0
        while not struck.done():
            number += 1
            kept += appended(store, number)
        assert struck.result(), "nothing was forced while it waited"
        kept += appended(store, number + 1)
        after = find_gateway(store.directory)
        assert after is not None
        assert after.pid != before.pid
        assert store.read("log").value == kept
        store.verify()


def appended(store: mortmain.Store, number: int) -> list[int]:
    """What it added to the list: settled, where no answer came."""
    try:
        store.append("log", number, unique=str(number))
    except mortmain.CommitUnconfirmed as error:
        return [number] if isinstance(store.resolve(error.request_id), mortmain.Committed) else []
    return [number]
