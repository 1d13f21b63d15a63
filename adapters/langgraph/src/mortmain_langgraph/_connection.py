"""One connection per process and state directory, shared by every object of this package that names it."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import mortmain

if TYPE_CHECKING:
    from mortmain import Store

_lock = threading.Lock()
_shared: dict[str, Connection] = {}


class Connection:
    """A store that is attached at its first use. Thread-safe; counts who uses it, and closes only what it
    opened."""

    def __init__(self, directory: str, store: Store | None) -> None:
        self.directory = directory
        self._store = store
        self._owned = store is None
        self._users = 0
        self._lock = threading.Lock()

    @property
    def store(self) -> Store:
        """The store; GatewayUnavailable and the like if it cannot be opened."""
        store = self._store
        if store is not None:
            return store
        with self._lock:
            if self._store is None:
                self._store = mortmain.open(self.directory)
            return self._store

    async def attached(self) -> Store:
        """The same without blocking an event loop: finding or starting a gateway looks at files and waits."""
        store = self._store
        return store if store is not None else await asyncio.to_thread(lambda: self.store)

    def enter(self) -> Connection:
        with _lock:
            self._users += 1
        return self

    def leave(self) -> None:
        """One user less; the last one closes the sockets."""
        with _lock:
            self._users -= 1
            if self._users > 0 or not self._owned:
                return
            if _shared.get(self.directory) is self:
                del _shared[self.directory]
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()


def connect(place: Store | str | os.PathLike[str]) -> Connection:
    """The connection of a store or a directory; nothing is attached yet."""
    if isinstance(place, mortmain.Store):
        return Connection(place.directory, place).enter()
    name = os.fspath(place)
    if "://" not in name:
        name = os.path.realpath(name)
    with _lock:
        connection = _shared.get(name)
        if connection is None:
            connection = _shared[name] = Connection(name, None)
    return connection.enter()
