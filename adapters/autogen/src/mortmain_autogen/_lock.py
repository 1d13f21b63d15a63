"""A lock that a forked child gets unlocked: the thread that held it stayed in the parent."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

_all: WeakSet[ForkLock] = WeakSet()


class ForkLock:
    """`with lock:`, as threading.Lock."""

    def __init__(self) -> None:
        self.renew()
        _all.add(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _after_fork() -> None:
    for lock in list(_all):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
