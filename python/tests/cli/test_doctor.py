"""The doctor finds each illness, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
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


def test_a_lock_that_was_replaced_under_a_gateway(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    (state / "LOCK").unlink()
    (state / "LOCK").touch()
    told = findings(run, state)["gateway"]
    assert told["level"] == "fail"
    assert "LOCK was replaced" in told["found"]
    assert "never remove LOCK" in told["advice"]


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


def mount(**told: Any) -> dict[str, Any]:
    well = {"files": 3, "behind": 0, "edited": 0, "edited_keys": [], "problem": None}
    return {"prefix": "p/", "directory": "/d", **well, **told}


@pytest.mark.parametrize(
    ("info", "check", "level", "found", "advice"),
    [
        ({"read_only": "only 3 MiB are free"}, "store", "fail", "takes reads only: only 3 MiB", "make room"),
        (
            {"journal": {"scrub": {"faults": ["journal/00000002.seg is damaged at byte 1216"]}}},
            "scrub", "fail", "00000002.seg is damaged at byte 1216", "restore the last backup",
        ),
        ({"journal": {"scrub": {"faults": []}}}, "scrub", None, "", ""),
        ({"mounts": [mount(problem="it is gone", behind=2)]}, "mount", "fail", "2 behind: it is gone", "yours"),
        (
            {"mounts": [mount(edited=1, edited_keys=["p/a"])]},
            "mount", "warn", "1 edited outside of mortmain: p/a", "adopt",
        ),
        ({"mounts": [mount()]}, "mount", "ok", '"p/" at /d: 3 files', ""),
    ],
)  # fmt: skip
def test_what_a_running_gateway_says_of_its_store(
    run: Run,
    java: SimulatedJava,
    state: Path,
    info: dict[str, Any],
    check: str,
    level: str | None,
    found: str,
    advice: str,
) -> None:
    java.tells(**info)
    ensure_gateway(state)
    told = findings(run, state).get(check)
    assert (told and told["level"]) == level
    assert told is None or (found in told["found"] and advice in told["advice"])


def test_a_disk_that_is_nearly_full(
    run: Run, java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_gateway(state)
    assert findings(run, state)["space"]["level"] == "ok"
    monkeypatch.setattr("mortmain._cli.doctor._LITTLE_SPACE", 1 << 62)
    told = findings(run, state)["space"]
    assert (told["level"], "MiB free" in told["found"], "make room" in told["advice"]) == ("warn", True, True)


def test_no_java_at_all(run: Run, java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORTMAIN_JAVA", str(state / "no-such-java"))
    told = findings(run, state)["java"]
    assert told["level"] == "fail"
    assert "no-such-java" in told["found"]
    assert "mortmain[java]" in told["advice"]


def test_somebody_else_listens_where_the_gateway_did(run: Run, java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    java.end_all()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        place = {"transport": "tcp", "socket": None, "address": "127.0.0.1", "port": squatter.getsockname()[1]}
        told = json.loads((state / "run/gateway.json").read_text())
        (state / "run/gateway.json").write_text(json.dumps({**told, **place, "pid": 0, "token": "t"}))
        answering = threading.Thread(target=_http, args=(squatter,), daemon=True)
        answering.start()
        found = findings(run, state)["gateway"]
        assert (found["level"], "stale" in found["found"]) == ("ok", True), found


def _http(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_run_directory_of_somebody_else(run: Run, java: SimulatedJava, state: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    ensure_gateway(state)
    os.chown(state / "run", 65534, 65534)
    told = findings(run, state)["run"]
    os.chown(state / "run", 0, 0)
    assert told["level"] == "fail"
    assert told["advice"]


def test_a_force_that_failed(run: Run, java: SimulatedJava, state: Path) -> None:
    java.behave("poisoned")
    with pytest.raises(MortmainError):
        ensure_gateway(state)
    told = findings(run, state)["failure"]
    assert (told["level"], "EIO" in told["found"], "gateway.log" in told["advice"]) == ("fail", True, True)


def test_functions_are_named_and_jep_is_not_there(
    run: Run, java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_gateway(state)
    monkeypatch.setitem(sys.modules, "jep", None)
    assert findings(run, state)["reducers"]["level"] == "ok"
    (state / "reducers").write_text("json\n")
    told = findings(run, state)["reducers"]
    assert (told["level"], "json" in told["found"]) == ("warn", True)
    assert told["advice"]
    (state / "reducers").chmod(0o666)
    assert findings(run, state)["reducers"]["level"] == "fail"
