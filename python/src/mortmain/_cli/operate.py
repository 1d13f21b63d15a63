"""Commands for operators: serve, stop, verify, repair."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from mortmain._errors import GatewayUnavailable, error_for
from mortmain._gateway import Reached, look
from mortmain._gateway.child import scrubbed_environment
from mortmain._gateway.discover import run_directory
from mortmain._gateway.failure import forget_failures, refuse_poisoned
from mortmain._gateway.java import find_java
from mortmain._gateway.launch import prepare
from mortmain._gateway.process import gateway_command, java_command
from mortmain._gateway.wait import Deadline

from .context import directory_of, open_store
from .render import OK, print_json

# A question to a gateway that may be stalled (seconds).
_QUESTION = 5.0


def serve(arguments: argparse.Namespace) -> int:
    """Becomes Java, so that it is PID 1 in a container: logs to standard error, no idle exit, SIGTERM ends it well."""
    root = directory_of(arguments)
    prepare(root, create=True)
    alive = _ask(root)
    if alive is not None:
        raise GatewayUnavailable(
            f"{root} is already served by process {alive.pid} ({alive.transport}): stop it first", reason="locked"
        )
    refuse_poisoned(run_directory(root))
    chosen = ["--foreground"]
    if arguments.tcp:
        chosen += ["--transport", "tcp"]
    command = gateway_command(find_java(arguments.java), root, chosen)
    os.umask(0o077)
    os.chdir(root)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], command, scrubbed_environment())
    except OSError as error:
        raise GatewayUnavailable(f"{command[0]} could not be run: {error}", reason="start-failed") from error


def stop(arguments: argparse.Namespace) -> int:
    """Stops the gateway; it is no error that there is none. The next client starts it again unless
    MORTMAIN_START=never.
    """
    root = directory_of(arguments)
    running = _ask(root) is not None
    if running:
        with open_store(arguments, start=False) as store:
            store.stop()
        _await_end(root)
    if arguments.json:
        print_json({"stopped": running, "directory": root})
    else:
        print(f"stopped the gateway of {root}" if running else f"no gateway serves {root}")
    return OK


def _await_end(root: str) -> None:
    """Until nobody answers, for a few seconds: a script that goes on wants the directory free."""
    end = time.monotonic() + _QUESTION
    while time.monotonic() < end and _ask(root) is not None:
        time.sleep(0.02)


def verify(arguments: argparse.Namespace) -> int:
    """Through the gateway if one serves, else on the files themselves; JournalCorrupt on damage."""
    root = directory_of(arguments)
    if _ask(root) is not None:
        with open_store(arguments, start=False) as store:
            told: Any = store.verify()
        counts = {name: getattr(told, name) for name in ("ok", "segments", "frames", "records", "bytes", "revision")}
    else:
        counts = _offline(root, "verify", [], arguments)
    if arguments.json:
        print_json(counts)
    else:
        said = ", ".join(
            f"{counts[name]} {name}" for name in ("segments", "frames", "records", "bytes") if name in counts
        )
        print(f"{root} is whole up to revision {counts.get('revision')}: {said}")
    return OK


def repair(arguments: argparse.Namespace) -> int:
    """Cuts the journal off behind a revision: what was acknowledged after it is lost. Never without being asked."""
    root = directory_of(arguments)
    alive = _ask(root)
    if alive is not None:
        raise GatewayUnavailable(
            f"{root} is served by process {alive.pid}: a journal is only cut while nobody writes it, so stop it first",
            reason="locked",
        )
    told = _offline(root, "repair", ["--truncate-at", str(arguments.truncate_at)], arguments)
    forget_failures(run_directory(root))
    if arguments.json:
        print_json(told)
    else:
        print(f"{root} now ends at revision {told.get('revision', arguments.truncate_at)}")
    return OK


def _ask(root: str) -> Any:
    """The live gateway's GatewayInfo, or None."""
    found = look(root, Deadline(_QUESTION))
    if not isinstance(found, Reached):
        return None
    found.connection.close()
    return found.info


def _offline(root: str, command: str, options: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Runs one of the jar's own commands and returns the object that it prints; its errors come as objects too."""
    if not os.path.isdir(root):
        raise error_for("INVALID", f"{root} is not a directory", field="dir", reason="missing")
    line = java_command(find_java(arguments.java), root, command, [*options, "--json"])
    done = subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, cwd=root, env=scrubbed_environment(), check=False
    )
    told = _last_object(done.stdout.decode("utf-8", "replace"))
    if told is not None and isinstance(told.get("code"), str):
        fields = {name: value for name, value in told.items() if name not in ("code", "message", "retry", "ok")}
        raise error_for(told["code"], str(told.get("message")), **fields)
    if done.returncode != 0 or told is None:
        said = done.stderr.decode("utf-8", "replace").strip() or "it said nothing"
        raise GatewayUnavailable(f"{command} ended with exit code {done.returncode}: {said}", reason="start-failed")
    return told


def _last_object(text: str) -> dict[str, Any] | None:
    for line in reversed(text.splitlines()):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            return told
    return None
