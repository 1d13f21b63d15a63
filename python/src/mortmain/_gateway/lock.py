"""run/start.lock: one starter at a time. Only a courtesy among starters; the JVM's lock on LOCK decides who serves.

So nobody waits for ever on a starter that is stopped (SIGSTOP, a debugger, a frozen container): each byte of the file
is one starter's, and who saw neither a gateway nor an end for `PATIENCE` goes for the next byte.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mortmain._errors import GatewayUnavailable

from .wait import Deadline, Pauses

_T = TypeVar("_T")

# Seconds for one starter until the next one may try: far more than a start takes. Too short costs a JVM that finds LOCK
# held and ends.
PATIENCE = 3.0

# fcntl locks belong to the process, and closing any descriptor of the file drops them: threads need a lock of their
# own.
_threads: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def _forget_threads() -> None:
    """In a forked child: the thread that held one of these is not there to release it."""
    global _guard
    _guard = threading.Lock()
    _threads.clear()


os.register_at_fork(after_in_child=_forget_threads)


@contextmanager
def start_lock(run: str, deadline: Deadline, look: Callable[[], _T | None]) -> Iterator[_T | None]:
    """Holds the lock and yields None, or yields what `look` found while somebody else held it. GatewayUnavailable
    (timeout) at the deadline.
    """
    with _guard:
        mine = _threads.setdefault(run, threading.Lock())
    pauses = Pauses()
    while not mine.acquire(blocking=False):
        found = _look(look, run, deadline, pauses)
        if found is not None:
            yield found
            return
    try:
        descriptor = os.open(os.path.join(run, "start.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            byte, enough = 0, Deadline(PATIENCE)
            while not _try(descriptor, byte):
                found = _look(look, run, deadline, pauses)
                if found is not None:
                    yield found
                    return
                if enough.passed:
                    byte, enough = byte + 1, Deadline(PATIENCE)
            try:
                yield None
            finally:
                fcntl.lockf(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
    finally:
        mine.release()


def _try(descriptor: int, byte: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _look(look: Callable[[], _T | None], run: str, deadline: Deadline, pauses: Pauses) -> _T | None:
    if deadline.passed:
        raise GatewayUnavailable(
            f"another process has been starting the gateway of {os.path.dirname(run)} for too long;"
            f" see {run}/gateway.log",
            reason="timeout",
        )
    pauses.sleep()
    return look()
