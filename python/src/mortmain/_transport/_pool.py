"""Idle connections, last in, first out: a warm one is used again, and few are open.

One pool serves every thread; a connection per thread would add up to workers times threads.
"""

from __future__ import annotations

import os
import weakref

from ._greeted import Greeted

_MAX_IDLE = 64
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


class Pool:
    """Thread-safe: it relies on the atomicity of list.append and list.pop. A forked child starts with an
    empty pool.
    """

    def __init__(self) -> None:
        self._idle: list[Greeted] = []
        self._all: weakref.WeakSet[Greeted] = weakref.WeakSet()
        self._closed = False
        _pools.add(self)

    def take(self) -> Greeted | None:
        """A connection that the peer has not closed, or None."""
        idle = self._idle
        while idle:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            if connection.usable():
                return connection
            connection.close()
        return None

    def adopt(self, connection: Greeted) -> None:
        """Know a new connection, so that a forked child can drop its copy even while it is in use here."""
        self._all.add(connection)

    def give(self, connection: Greeted | None) -> None:
        """Put a connection back after a whole exchange; None is none."""
        if connection is None:
            return
        idle = self._idle
        if connection.closed or self._closed or len(idle) >= _MAX_IDLE:
            connection.close()
        else:
            idle.append(connection)

    def drain(self) -> None:
        """Close the idle connections, for example because their gateway is gone."""
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def close(self) -> None:
        """Close the idle connections now and the others when they come back."""
        self._closed = True
        self.drain()

    def _drop_after_fork(self) -> None:
        # Parent and child would read each other's answers. close() sends nothing, so the parent's side lives
        # on.
        connections = list(self._all)
        self._idle = []
        self._all = weakref.WeakSet()
        for connection in connections:
            connection.close()


def _after_fork() -> None:
    for pool in list(_pools):
        pool._drop_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
