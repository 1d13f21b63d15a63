"""Why a start failed: run/failure.json, which the JVM leaves, and the end of run/gateway.log."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from mortmain._errors import GatewayUnavailable, MortmainError, error_for

_LOG_LIMIT = 5 * 1024 * 1024
_TAIL_BYTES = 4096
_TAIL_LINES = 20
# A store that was poisoned (a failed force, damage) is not asked again and again: each start replays the journal
# and may make more damage visible, not less.
_POISONED_STARTS = 3
_POISONED_WINDOW = 60.0
# Failures of the caller, not of the store.
_NO_POISON = frozenset({"INVALID", "UNSUPPORTED"})


def open_log(run: str) -> tuple[int, int]:
    """A descriptor of run/gateway.log to append to, and how long it already is. Above 5 MiB it is moved to
    gateway.log.1 first.
    """
    path = log_path(run)
    try:
        if os.stat(path).st_size > _LOG_LIMIT:
            os.replace(path, path + ".1")
    except FileNotFoundError:
        pass
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return descriptor, os.fstat(descriptor).st_size


def log_path(run: str) -> str:
    return os.path.join(run, "gateway.log")


def log_tail(run: str, since: int = 0) -> str:
    """The last lines of the log, of what was written after `since` bytes."""
    try:
        with open(log_path(run), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])


def read_failure(run: str) -> dict[str, Any] | None:
    """What the JVM wrote when it failed to start or stopped itself: code, message and the error's fields; None if
    it wrote nothing.
    """
    try:
        with open(os.path.join(run, "failure.json"), encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("code"), str) else None


def as_error(told: dict[str, Any], run: str, since: int = 0) -> MortmainError:
    """The typed error of a failure.json."""
    fields = {
        str(name): value for name, value in told.items() if name not in ("code", "message", "at", "retry", "failures")
    }
    message = str(told.get("message") or "the gateway failed to start")
    if told["code"] == GatewayUnavailable.code:
        fields.setdefault("reason", "start-failed")
        message = with_log(message, run, since)
    return error_for(told["code"], message, **fields)


def start_failed(what: str, run: str, since: int = 0) -> GatewayUnavailable:
    return GatewayUnavailable(with_log(what, run, since), reason="start-failed")


def with_log(what: str, run: str, since: int = 0) -> str:
    tail = log_tail(run, since)
    return f"{what}\nThe end of {log_path(run)}:\n{tail}" if tail else f"{what} ({log_path(run)} says nothing)"


def refuse_poisoned(run: str) -> None:
    """To be called with start.lock held, before a start: files the last failure away, and raises it again when it
    is the third of the last minute.
    """
    failures = _remembered(run)
    told = read_failure(run)
    if told is not None and told["code"] not in _NO_POISON:
        told["at"] = _written_at(run)
        failures = [*failures, told][-_POISONED_STARTS:]
    if _recent(failures) >= _POISONED_STARTS:
        error = as_error(failures[-1], run)
        note = (
            f"{_POISONED_STARTS} starts of the gateway failed within {_POISONED_WINDOW:.0f} s,"
            " so it is not started again for now"
        )
        error.args = (
            f"{note}: {error}" if error.code == GatewayUnavailable.code else with_log(f"{note}: {error}", run),
        )
        raise error
    if told is not None:
        _remember(run, failures)
        os.unlink(os.path.join(run, "failure.json"))


def is_poisoned(run: str) -> bool:
    """Whether the next start would be refused; changes nothing."""
    failures = _remembered(run)
    told = read_failure(run)
    if told is not None and told["code"] not in _NO_POISON:
        failures = [*failures, {**told, "at": _written_at(run)}][-_POISONED_STARTS:]
    return _recent(failures) >= _POISONED_STARTS


def forget_failures(run: str) -> None:
    """After a repair: the next start is judged on its own."""
    for name in ("failure.json", "failures.json"):
        try:
            os.unlink(os.path.join(run, name))
        except FileNotFoundError:
            pass


def _written_at(run: str) -> float:
    try:
        return os.stat(os.path.join(run, "failure.json")).st_mtime
    except FileNotFoundError:
        return time.time()


def _recent(failures: list[dict[str, Any]]) -> int:
    now = time.time()
    return sum(1 for told in failures if 0 <= now - told["at"] < _POISONED_WINDOW)


def _remembered(run: str) -> list[dict[str, Any]]:
    try:
        with open(os.path.join(run, "failures.json"), encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError):
        return []
    if not isinstance(told, list):
        return []
    return [
        one
        for one in told
        if isinstance(one, dict) and isinstance(one.get("code"), str) and isinstance(one.get("at"), (int, float))
    ]


def _remember(run: str, failures: list[dict[str, Any]]) -> None:
    path = os.path.join(run, "failures.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(failures, file)
    os.replace(path + ".new", path)
