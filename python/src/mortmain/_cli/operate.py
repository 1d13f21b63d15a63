"""Commands for operators: serve, stop, verify, repair, backup, restore-backup, retain, config, compact."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from mortmain._backup import restore
from mortmain._errors import GatewayUnavailable, error_for
from mortmain._gateway import Reached, look
from mortmain._gateway.discover import run_directory
from mortmain._gateway.failure import forget_failures, refuse_poisoned
from mortmain._gateway.java import find_java
from mortmain._gateway.launch import prepare
from mortmain._gateway.offline import run_offline
from mortmain._gateway.process import gateway_command
from mortmain._gateway.reducers import checked_modules, what_is_missing
from mortmain._gateway.wait import Deadline
from mortmain._models import BackupReport

from .context import directory_of, open_store
from .render import OK, Progress, print_json, print_table

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
    modules = None
    if arguments.reducers:
        modules = checked_modules(name for names in arguments.reducers for name in names.split(","))
        missing = what_is_missing()
        if missing is not None:
            raise GatewayUnavailable(f"no function can run in the gateway: {missing}", reason="start-failed")
    if arguments.reducer_limit is not None:
        chosen += ["--reducer-limit", str(round(arguments.reducer_limit * 1000))]
    command, environment = gateway_command(find_java(arguments.java), root, chosen, modules)
    os.umask(0o077)
    os.chdir(root)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], command, environment)
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
    with Progress("read", arguments) as progress:
        if _ask(root) is not None:
            with open_store(arguments, start=False) as store:
                told: Any = store.verify(progress=progress)
            names = ("ok", "segments", "frames", "records", "bytes", "revision")
            counts = {name: getattr(told, name) for name in names}
        else:
            counts = _offline(root, "verify", [], arguments, progress)
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


def _offline(
    root: str, command: str, options: list[str], arguments: argparse.Namespace, progress: Progress | None = None
) -> dict[str, Any]:
    if not os.path.isdir(root):
        raise error_for("INVALID", f"{root} is not a directory", field="dir", reason="missing")
    return run_offline(root, command, options, java=arguments.java, progress=progress)


def retain(arguments: argparse.Namespace) -> int:
    """Without numbers the rule of the prefix is taken back."""
    with open_store(arguments) as store:
        settings = store.retain(arguments.prefix, versions=arguments.versions, days=arguments.days)
    return _show(settings, arguments)


def config(arguments: argparse.Namespace) -> int:
    """Shows the settings; NAME=VALUE changes one first."""
    given = {}
    for text in arguments.settings:
        name, _, number = text.partition("=")
        given[name] = _number(name, number)
    with open_store(arguments) as store:
        settings = store.config(**given)
    return _show(settings, arguments)


# By the last word of a setting's name.
_UNITS = {
    "bytes": {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40},
    "seconds": {"s": 1, "m": 60, "h": 3600, "d": 86400},
}


def _number(name: str, text: str) -> int:
    """A number, or one with a unit that fits the setting: 500M and 10G, 90s and 12h."""
    what = name.rpartition("_")[2]
    units = _UNITS.get(what, {})
    unit = units.get(text[-1:].lower())
    digits = text if unit is None else text[:-1]
    if not digits.isdecimal():
        reason = f"NAME=NUMBER{''.join(f', or with {letter.upper()}' for letter in units)}"
        wanted = f"a number of {what}" if units else "a number"
        raise error_for("INVALID", f"{name}: {text!r} is not {wanted}", field="settings", reason=reason)
    return int(digits) * (unit or 1)


def _show(settings: dict[str, Any], arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(settings)
        return OK
    for name, value in settings.items():
        if name != "retain":
            print(f"{name} = {value}")
    rows = ((prefix, rule["versions"], rule["seconds"] / 86400) for prefix, rule in settings["retain"].items())
    print_table(("prefix", "versions", "days"), rows)
    return OK


def compact(arguments: argparse.Namespace) -> int:
    """While agents go on committing."""
    with open_store(arguments) as store:
        report = store.compact()
    if arguments.json:
        print_json(report)
        return OK
    print(
        f"{report['bytes_before']} bytes in {report['segments_before']} segments became {report['bytes']} bytes in "
        f"{report['segments']}: {report['records_dropped']} records dropped"
    )
    return OK


def backup(arguments: argparse.Namespace) -> int:
    """While agents go on committing; the copy is read again before it counts."""
    with open_store(arguments) as store, Progress("copied", arguments) as progress:
        report = store.backup(arguments.target, progress=progress)
    if arguments.json:
        print_json(report)
    else:
        print(f"{report.directory} holds store {report.store_id} up to revision {report.revision}: {_size(report)}")
    return OK


def restore_backup(arguments: argparse.Namespace) -> int:
    """Verified first; into a directory that is empty or missing."""
    root = directory_of(arguments)
    with Progress("restored", arguments) as progress:
        report = restore(arguments.source, root, java=arguments.java, progress=progress)
    if arguments.json:
        print_json(report)
    else:
        print(f"{root} is a new store, {report.store_id}, up to revision {report.revision}: {_size(report)}")
        print("no claim, ticket or snapshot of the old one is valid in it")
    return OK


def _size(report: BackupReport) -> str:
    return f"{report.records} records, {report.segments} segments, {report.bytes} bytes"
