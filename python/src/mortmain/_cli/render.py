"""What a command prints: text for people, one JSON object (or one per line) for programs."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timezone
from pathlib import PurePath
from typing import Any

from mortmain._errors import Conflict, MortmainError

OK, ERROR, USAGE, CONFLICT = 0, 1, 2, 3


def print_json(value: Any) -> None:
    """One line on standard output. Bytes become {"base64": …}, times ISO 8601 in UTC."""
    print(json.dumps(plain(value), ensure_ascii=False), flush=True)


def plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in fields(value) if not field.name.startswith("_")
        }
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns, the last one not padded; nothing at all where there are no rows."""
    cells = [[printable(cell(part)) for part in row] for row in rows]
    if not cells:
        return
    widths = [max(columns(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in [list(heads), *cells]:
        padded = (part + " " * (width - columns(part)) for part, width in zip(row, widths, strict=True))
        print(fitted("  ".join(padded).rstrip(), room))


def columns(text: str) -> int:
    """How wide a terminal shows it: East Asian wide characters take two columns, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def fitted(line: str, room: int | None) -> str:
    """Cut to the room, with an ellipsis; whole where nobody looks."""
    if room is None or columns(line) <= room:
        return line
    while line and columns(line) > room - 1:
        line = line[:-1]
    return line + "…"


def printable(text: str) -> str:
    """What another agent wrote must not steer this terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def coloured(line: str, colour: str | None) -> str:
    """Colour on a terminal only, and not where NO_COLOR is set or the terminal is dumb."""
    wanted = colour and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"{colour}{line}\x1b[0m" if wanted else line


def cell(value: Any) -> str:
    """How a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


class Progress:
    """How far long work is, on one line of a terminal, gone when it is done; nothing where nobody looks. For one
    thread.
    """

    def __init__(self, what: str, arguments: Any) -> None:
        self._what = what
        self._shown = sys.stderr.isatty() and not arguments.json
        self._width = 0

    def __call__(self, done: int, of: int) -> None:
        if self._shown and of:
            text = f"{self._what} {done >> 20} of {of >> 20} MiB ({100 * done // of} %)"
            text = text[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write("\r" + text.ljust(self._width))
            sys.stderr.flush()
            self._width = len(text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()


def print_value(value: Any) -> None:
    """A value as `cat` shows it: text and bytes as they are, JSON indented."""
    if isinstance(value, (bytes, bytearray)):
        sys.stdout.flush()
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()
    elif isinstance(value, str):
        sys.stdout.write(value if value.endswith("\n") else value + "\n")
    else:
        print(json.dumps(value, ensure_ascii=False, indent=2))


def report(error: MortmainError, as_json: bool) -> int:
    """Prints an error and returns the exit code: 3 for a conflict, else 1. As JSON it is the command's one object."""
    if as_json:
        print_json(error_object(error))
    else:
        print(f"mortmain: {error}", file=sys.stderr)
    return CONFLICT if isinstance(error, Conflict) else ERROR


def error_object(error: MortmainError) -> dict[str, Any]:
    """code, message, retry, and the error's own fields where they are set."""
    own = {
        name: value
        for name, value in vars(error).items()
        if not name.startswith("_") and name not in ("retry", "code") and value is not None and value != ()
    }
    return {"code": error.code, "message": str(error), "retry": error.retry, **own}
