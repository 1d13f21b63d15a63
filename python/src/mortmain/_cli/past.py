"""Commands that look back and on: log, blame, diff, restore, watch."""

from __future__ import annotations

import argparse
import difflib
import json
import shutil
import sys
from typing import Any

from mortmain._errors import InvalidRequest
from mortmain._models import Event

from .change import base_of, print_receipt, request_options
from .context import open_store
from .render import OK, cell, coloured, fitted, plain, print_json, print_table, printable

_RED, _GREEN, _DIM = "\x1b[31m", "\x1b[32m", "\x1b[2m"


def log(arguments: argparse.Namespace) -> int:
    """Newest first. The value of an append is what was appended."""
    with open_store(arguments) as store:
        events = store.history(
            arguments.key, limit=arguments.limit, before=arguments.before, values=arguments.values
        )
    if arguments.json:
        for event in events:
            print_json(event_object(event, arguments.values))
        return OK
    heads = ["version", "kind", "epoch", "revision", "committed (UTC)", "size", "writer", "meta"]
    rows = [
        [
            event.version, event.kind + (" overwrite" if event.overwrite else ""), event.epoch, event.revision,
            event.committed_at, event.size, event.writer, _pairs(event.meta),
        ]
        for event in events
    ]  # fmt: skip
    if arguments.values:
        heads.append("value")
        for row, event in zip(rows, events, strict=True):
            row.append(_short(event.value))
    print_table(heads, rows)
    return OK


def event_object(event: Event, values: bool) -> dict[str, Any]:
    shown: dict[str, Any] = plain(event)
    if not values:
        shown.pop("value")
    return {name: value for name, value in shown.items() if value is not None or name == "value"}


def blame(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        parts = store.blame(arguments.key, version=arguments.version, limit=arguments.limit)
    if arguments.json:
        for part in parts:
            print_json(part)
        return OK
    rows = (
        (p.version or "older", p.writer, p.committed_at, "" if p.where is None else p.where, _short(p.value))
        for p in parts
    )
    print_table(("version", "writer", "committed (UTC)", "where", "value"), rows)
    return OK


def diff(arguments: argparse.Namespace) -> int:
    """As --json one object per place; else as a unified diff of what `cat` prints."""
    with open_store(arguments) as store:
        if arguments.json:
            for difference in store.diff(arguments.key, arguments.old, arguments.new):
                print_json(difference)
            return OK
        old = store.read(arguments.key, version=arguments.old)
        new = store.read(arguments.key, version=arguments.new)
    before, after = (
        f"{arguments.key} version {snap.version} ({snap.writer}, {cell(snap.committed_at)})" for snap in (old, new)
    )
    for line in difflib.unified_diff(_lines(old.value), _lines(new.value), before, after, lineterm=""):
        print(coloured(printable(line), {"-": _RED, "+": _GREEN, "@": _DIM}.get(line[:1])))
    return OK


def restore(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        base = base_of(store, arguments.key, arguments.base, arguments.request_id)
        receipt = store.restore(arguments.key, arguments.version, base=base, **request_options(arguments))
    return print_receipt(arguments, receipt)


def watch(arguments: argparse.Namespace) -> int:
    """Until Ctrl-C, --count events or --silence seconds without one."""
    with open_store(arguments) as store, store.watch(
        arguments.prefix, after=arguments.after, values=arguments.values, timeout=arguments.silence
    ) as events:
        for number, event in enumerate(events, 1):
            if arguments.json:
                print_json(event_object(event, arguments.values))
            else:
                _print_event(event, arguments.values)
            if number == arguments.count:
                break
    return OK


def _print_event(event: Event, values: bool) -> None:
    what = f"{event.kind:<7} {event.key}"
    if event.version:
        what += f" version {event.version}"
    if event.kind == "reclaim":
        what += f" epoch {event.epoch}" + (f" from {event.holder}" if event.holder else "")
        what += f": {event.reason}" if event.reason else ""
    if event.overwrite:
        what += " overwrite"
    line = f"{event.revision:>8}  {cell(event.committed_at)}  {what}  by {event.writer}"
    if values and event.kind != "reclaim":
        line += f"  {_short(event.value)}"
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    line = fitted(printable(line), room)
    print(coloured(line, _RED if event.kind in ("delete", "reclaim") else None), flush=True)


def _pairs(meta: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in meta.items())


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise InvalidRequest("a diff is of text or JSON, not of bytes", field="key", reason="bytes")
    return json.dumps(plain(value), ensure_ascii=False, indent=2).splitlines()


def _short(value: Any) -> str:
    """One line, as wide as a terminal has room for; all of it where nobody looks."""
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
    text = printable(" ".join(text.rstrip("\n").split("\n")))
    room = max(20, shutil.get_terminal_size().columns - 60) if sys.stdout.isatty() else None
    return text if room is None or len(text) <= room else text[: room - 1] + "…"
