"""What every command needs: the directory, the store, who it speaks as."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from mortmain import _open
from mortmain._open_path import directory_of as path_of
from mortmain._store import Store


def directory_of(arguments: argparse.Namespace) -> str:
    """--dir, else MORTMAIN_DIR, as `mortmain.open` understands it; InvalidRequest where neither is given."""
    return path_of(arguments.dir or None)


def user() -> str:
    """The agent of the command line, cli:USER; the number of a user that has no name."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return f"cli:{os.geteuid()}"


def open_store(arguments: argparse.Namespace, *, start: bool | None = None, create: bool = False) -> Store:
    """The store, as a context manager. Commands that only look never make one: a mistyped directory stays empty."""
    directory = directory_of(arguments)
    return _open.open(
        directory, agent=user(), start=start, create=create, java=arguments.java, timeout=arguments.timeout
    )


def read_input(text: str | None) -> bytes | str:
    """An argument, or standard input for `-` and for a missing one."""
    if text is not None and text != "-":
        return text
    return sys.stdin.buffer.read()
