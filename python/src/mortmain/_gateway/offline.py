"""The jar's own commands, on a directory that nobody serves: verify, repair, restore."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from mortmain._errors import GatewayUnavailable, error_for

from .child import scrubbed_environment
from .java import find_java
from .process import java_command


def run_offline(
    root: str,
    command: str,
    options: list[str],
    *,
    java: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> dict[str, Any]:
    """Runs one command and returns the object that it prints last; its errors come as objects too. progress hears of
    the lines before.
    """
    line = java_command(find_java(java), root, command, [*options, "--json"])
    told: dict[str, Any] | None = None
    with tempfile.TemporaryFile() as errors:
        # Not in the state directory, which may not be there yet.
        with subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=tempfile.gettempdir(),
            env=scrubbed_environment(),
        ) as process:
            try:
                assert process.stdout is not None
                for raw in process.stdout:
                    found = _object(raw)
                    if found is not None and "total" in found:
                        if progress is not None:
                            progress(found["copied"], found["total"])
                    elif found is not None:
                        told = found
            except BaseException:
                process.kill()
                raise
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    if told is not None and isinstance(told.get("code"), str):
        fields = {name: value for name, value in told.items() if name not in ("code", "message", "retry", "ok")}
        raise error_for(told["code"], str(told.get("message")), **fields)
    if process.returncode != 0 or told is None:
        raise GatewayUnavailable(
            f"{command} ended with exit code {process.returncode}: {said or 'it said nothing'}", reason="start-failed"
        )
    return told


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(raw)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
