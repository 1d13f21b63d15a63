"""What the JVM is given: flags, environment, streams, directory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mortmain._errors import InvalidRequest
from mortmain._gateway import ensure_gateway

from .simulation import SimulatedJava


def test_the_gateway_does_not_keep_the_agents_keys(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dx=y")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    ensure_gateway(state)
    environment = java.starts[0]["environment"]
    allowed = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "JAVA_HOME", "PWD", "LC_CTYPE"}
    assert [name for name in environment if name not in allowed and not name.startswith(("LC_", "MORTMAIN_"))] == []
    assert environment["LC_ALL"] == "C.UTF-8"


def test_a_session_a_directory_and_a_umask_of_its_own(java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    start = java.starts[0]
    assert start["session"]
    assert start["cwd"] == os.path.realpath(state)
    assert start["umask"] == 0o077
    assert start["stdin"] in (os.devnull, None)


def test_options_of_the_operator_come_last_and_the_contract_is_kept(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORTMAIN_JAVA_OPTS", "-Xmx64m '-Dname=two words'")
    monkeypatch.setenv("MORTMAIN_TRANSPORT", "tcp")
    ensure_gateway(state)
    arguments = java.starts[0]["argv"]
    jar = arguments.index("-jar")
    assert arguments[jar - 2 : jar] == ["-Xmx64m", "-Dname=two words"]
    assert "-XX:+UseSerialGC" in arguments[:jar]
    assert arguments[jar + 2 :] == ["gateway", "--dir", os.path.realpath(state), "--transport", "tcp"]


def test_options_that_no_shell_would_take(java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORTMAIN_JAVA_OPTS", "'unfinished")
    with pytest.raises(InvalidRequest, match="MORTMAIN_JAVA_OPTS"):
        ensure_gateway(state)


@pytest.mark.parametrize("name", ["MORTMAIN_START", "MORTMAIN_TRANSPORT"])
def test_a_setting_that_means_nothing_is_not_taken_for_the_default(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "nevr")
    with pytest.raises(InvalidRequest, match=f"{name}.*nevr"):
        ensure_gateway(state)
    assert java.starts == []
    monkeypatch.setenv(name, "")
    assert ensure_gateway(state).version == "simulated"


def test_without_home_and_without_a_name_for_the_user(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ensure_gateway(state)
    assert "HOME" not in java.starts[0]["environment"]


def test_the_log_is_ours_and_turned_over_at_5_mib(java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    java.end_all()
    log = state / "run/gateway.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    log.write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    ensure_gateway(state)
    assert log.stat().st_size < 5 * 1024 * 1024
    assert (state / "run/gateway.log.1").stat().st_size > 5 * 1024 * 1024
    assert stat.S_IMODE((state / "run").stat().st_mode) == 0o700
