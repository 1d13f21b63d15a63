"""The doctor finds each illness, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launch.simulation import SimulatedJava
from mortmain._errors import GatewayUnavailable, MortmainError
from mortmain._gateway import ensure_gateway

from .conftest import Answer

Run = Callable[..., Answer]


def findings(run: Run, state: Path) -> dict[str, Any]:
    answer = run("doctor", "--json", "--dir", state)
    told = answer.object
    assert answer.code == (0 if told["ok"] else 1)
    return {one["check"]: one for one in told["findings"]}


def test_a_live_gateway_is_well(run: Run, java: SimulatedJava, state: Path) -> None:
    info = ensure_gateway(state)
    told = findings(run, state)
    assert [one for one in told.values() if one["level"] == "fail"] == []
    assert f"process {info.pid}" in told["gateway"]["found"]
    assert "LOCK is held" in told["lock"]["found"]
    assert "17.0.99" in told["java"]["found"]
    ensure_gateway(state)
    assert len(java.starts) == 1


def test_a_missing_directory_is_named_and_not_made(run: Run, java: SimulatedJava, state: Path) -> None:
    assert findings(run, state)["directory"]["level"] == "fail"
    assert not state.exists()


def test_a_stale_gateway_json_is_no_failure(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    java.end_all()
    told = findings(run, state)
    assert told["gateway"]["level"] == "ok"
    assert "stale" in told["gateway"]["found"]
    assert told["lock"]["found"] == "LOCK is free"
    assert len(java.starts) == 1


def test_a_stalled_gateway_is_not_to_be_doubled(run: Run, java: SimulatedJava, state: Path) -> None:
    info = ensure_gateway(state)
    assert info.pid is not None
    os.kill(info.pid, signal.SIGSTOP)
    told = findings(run, state)
    assert told["gateway"]["level"] == "fail"
    assert "none is started beside it" in told["gateway"]["advice"]


def test_a_readable_run_directory(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    (state / "run").chmod(0o755)
    told = findings(run, state)
    assert told["run"]["level"] == "fail"
    assert "chmod 700" in told["run"]["found"]


def test_no_common_protocol(run: Run, java: SimulatedJava, state: Path) -> None:
    java.behave("newer protocol")
    with pytest.raises(GatewayUnavailable):
        ensure_gateway(state)
    told = findings(run, state)
    assert told["gateway"]["level"] == "fail"
    assert "7..9" in told["gateway"]["found"]


def test_a_java_that_is_too_old(run: Run, java: SimulatedJava, state: Path) -> None:
    java.is_version("11.0.2")
    told = findings(run, state)
    assert told["java"]["level"] == "fail"
    assert "11.0.2" in told["java"]["found"]
    assert "mortmain[java]" in told["java"]["advice"]


def test_what_the_last_start_left(run: Run, java: SimulatedJava, state: Path) -> None:
    java.behave("corrupt")
    with pytest.raises(MortmainError):
        ensure_gateway(state)
    told = findings(run, state)
    assert told["failure"]["level"] == "fail"
    assert "CORRUPT" in told["failure"]["found"]
    assert "repair" in told["failure"]["advice"]


def test_everybody_may_write_the_directory(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    state.chmod(0o777)
    assert findings(run, state)["directory"]["level"] == "warn"


def test_the_text_form_has_an_arrow_for_each_advice(run: Run, java: SimulatedJava, state: Path) -> None:
    answer = run("doctor", "--dir", state)
    assert answer.code == 1
    assert "fail  directory" in answer.out
    assert "-> " in answer.out


def test_a_gateway_json_of_another_instance(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    told = json.loads((state / "run/gateway.json").read_text())
    told["instance"] = "00" * 16
    (state / "run/gateway.json").write_text(json.dumps(told))
    found = findings(run, state)["gateway"]
    assert found["level"] == "warn"
    assert "another gateway answered" in found["found"]
    assert "LOCK is held" in found["found"]


def test_lock_held_without_a_gateway_json(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    (state / "run/gateway.json").unlink()
    found = findings(run, state)["gateway"]
    assert (found["level"], found["found"]) == ("warn", "none runs, but LOCK is held")
