"""What every command needs: the directory, the store, who it speaks as."""

from __future__ import annotations

import argparse
import getpass
import importlib
import os
import sys
from typing import Any

from mortmain._errors import InvalidRequest


def directory_of(arguments: argparse.Namespace) -> str:
    """--dir, else MORTMAIN_DIR; InvalidRequest where neither is given."""
    chosen = arguments.dir or os.environ.get("MORTMAIN_DIR")
    if not chosen:
        raise InvalidRequest("which store? Give --dir DIR or set MORTMAIN_DIR", field="dir", reason="missing")
    if chosen.startswith("file://"):
        chosen = chosen[len("file://") :]
    elif "://" in chosen:
        raise InvalidRequest(f"{chosen}: only directories are supported", field="dir", reason="an unknown kind of URL")
    return os.path.realpath(chosen)


def user() -> str:
    """The agent of the command line, cli:USER; the number of a user that has no name."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return f"cli:{os.geteuid()}"


def open_store(arguments: argparse.Namespace, *, start: bool | None = None, create: bool = False) -> Any:
    """The store, as a context manager. Commands that only look never make one: a mistyped directory stays empty."""
    directory = directory_of(arguments)
    mortmain = importlib.import_module("mortmain")
    return mortmain.open(
        directory, agent=user(), start=start, create=create, java=arguments.java, timeout=arguments.timeout
    )


def read_input(text: str | None) -> bytes | str:
    """An argument, or standard input for `-` and for a missing one."""
    if text is not None and text != "-":
        return text
    return sys.stdin.buffer.read()
