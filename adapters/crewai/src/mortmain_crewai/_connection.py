"""One connection per process and state directory, shared by every object of this package that names it."""

from __future__ import annotations

import os
import threading

import mortmain
from mortmain import Store

_lock = threading.Lock()
_shared: dict[str, Shared] = {}


class Shared:
    """A store of this package's own: opened at its first use, closed when its last user has left."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.users = 0
        self.lock = threading.Lock()
        self.store: Store | None = None

    def open(self) -> Store:
        with self.lock:
            if self.store is None:
                self.store = mortmain.open(self.directory)
            return self.store


class Place:
    """Where an object keeps its state: a Store that somebody else closes, or a directory. Thread-safe, fork-aware.

    After `close` the next use attaches again: CrewAI saves what comes late to a memory that it has closed.
    """

    def __init__(self, store: Store | str | os.PathLike[str]) -> None:
        self._given = store if isinstance(store, Store) else None
        if isinstance(store, Store):
            self.directory = store.directory
        else:
            name = os.fspath(store)
            self.directory = name if "://" in name else os.path.realpath(name)
        self._shared: Shared | None = None

    @property
    def store(self) -> Store:
        """The store; GatewayUnavailable and the like if it cannot be opened."""
        if self._given is not None:
            return self._given
        shared = self._shared
        if shared is None:
            with _lock:
                shared = self._shared
                if shared is None:
                    shared = _shared.setdefault(self.directory, Shared(self.directory))
                    shared.users += 1
                    self._shared = shared
        return shared.open()

    @property
    def is_given(self) -> bool:
        """Whether the store is somebody else's."""
        return self._given is not None

    def again(self) -> Place:
        """Another user of the same connection."""
        return Place(self.directory if self._given is None else self._given)

    def close(self) -> None:
        """One user less; the last one closes the sockets, never those of a store that was given."""
        with _lock:
            shared, self._shared = self._shared, None
            if shared is None:
                return
            shared.users -= 1
            if shared.users > 0:
                return
            if _shared.get(self.directory) is shared:
                del _shared[self.directory]
        with shared.lock:
            store, shared.store = shared.store, None
        if store is not None:
            store.close()


def _after_fork() -> None:
    """Another thread may have held a lock when this child was made."""
    global _lock
    _lock = threading.Lock()
    for shared in _shared.values():
        shared.lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
