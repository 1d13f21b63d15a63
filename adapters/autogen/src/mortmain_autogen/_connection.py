"""One connection per process and state directory, shared by every object of this package that names it."""

from __future__ import annotations

import asyncio
import copy
import os
from typing import TYPE_CHECKING, TypeVar

import mortmain

from ._lock import ForkLock

if TYPE_CHECKING:
    from mortmain import Store

_lock = ForkLock()
_shared: dict[str, Connection] = {}


class Connection:
    """A store that is attached at its first use. Thread-safe, usable in a forked child; counts who uses it, and
    closes only what it opened."""

    def __init__(self, directory: str, store: Store | None) -> None:
        self.directory = directory
        self._store = store
        self._owned = store is None
        self._users = 0
        self._lock = ForkLock()

    @property
    def place(self) -> Store | str:
        """What `connect` takes to give the same connection again."""
        return self.directory if self._owned or self._store is None else self._store

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
        """The store; opening it may start a gateway, which is left to a thread."""
        if self._store is not None:
            return self._store
        return await asyncio.get_running_loop().run_in_executor(None, lambda: self.store)

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
    try:
        name = os.fspath(place)
    except TypeError:
        name = ""
    if not isinstance(name, str) or not name:
        raise mortmain.InvalidRequest(
            f"store: a state directory or an open mortmain.Store, not {place!r:.60}", field="store", reason="type"
        )
    if "://" not in name:
        name = os.path.realpath(name)
    with _lock:
        connection = _shared.get(name)
        if connection is None:
            connection = _shared[name] = Connection(name, None)
        connection._users += 1
    return connection


# -------------------------------------------------------------------- objects that use one

S = TypeVar("S", bound="Attached")


class Attached:
    """What every object of this package has of a connection. Thread-safe."""

    _connection: Connection
    _open = False

    def _attach(self, place: Store | str | os.PathLike[str]) -> None:
        self._connection = connect(place)
        self._open = True

    def _detach(self) -> None:
        with _lock:
            was_open, self._open = self._open, False
        if was_open:
            self._connection.leave()

    def _check_open(self) -> None:
        if not self._open:
            raise mortmain.StoreClosed(f"{type(self).__name__} is closed: make another one", operation="use")

    @property
    def directory(self) -> str:
        """The absolute path of the state directory."""
        return self._connection.directory

    @property
    def _opened(self) -> Store:
        self._check_open()
        return self._connection.store

    async def _opening(self) -> Store:
        self._check_open()
        return await self._connection.attached()

    def __copy__(self: S) -> S:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        if self._open:
            self._connection.enter()
        return twin

    def __deepcopy__(self: S, memo: dict[int, object]) -> S:
        # Frameworks copy what they are given: the copy is the same connection.
        twin = memo[id(self)] = copy.copy(self)
        return twin


def checked_prefix(prefix: str) -> str:
    """"" or a prefix that ends in "/"."""
    if not isinstance(prefix, str) or prefix.startswith("/") or len(prefix.encode()) > 400:
        raise mortmain.InvalidRequest(
            f"prefix: at most 400 bytes of text, without a leading slash, not {prefix!r:.60}",
            field="prefix",
            reason="a prefix of keys",
        )
    name = prefix.rstrip("/")
    return f"{name}/" if name else ""


def key_below(prefix: str, name: str) -> str:
    """The key of a foreign name; different names never give the same one."""
    if not isinstance(name, str):
        raise mortmain.InvalidRequest(f"name: text, not {type(name).__name__}", field="name", reason="type")
    part = mortmain.key(name)
    if len((prefix + part).encode()) > 1024:
        # `mortmain.key` hashes what would be too long; the padding counts the prefix in.
        part = mortmain.key(name + "\0" * 1024)
    return prefix + part
