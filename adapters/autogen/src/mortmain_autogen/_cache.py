"""An AutoGen cache store that several processes share."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import mortmain
from autogen_core import CacheStore, Component
from pydantic import BaseModel
from typing_extensions import Self

from ._connection import Attached, checked_prefix, key_below
from ._latch import Latch, Latched, current_task
from ._lock import ForkLock
from ._seen import ticket_of
from ._values import Unreadable, pack, unpack

if TYPE_CHECKING:
    from mortmain import Store, Ticket

T = TypeVar("T")
_MODES = ("overwrite", "keep", "raise")
# Keys whose last read one task or thread remembers; a forgotten one counts as not read.
_REMEMBERED = 10_000


class MortmainCacheStoreConfig(BaseModel):
    """What `dump_component` says of a MortmainCacheStore. store: the absolute path of the state directory."""

    store: str = "state"
    prefix: str = "cache/"
    on_conflict: str = "overwrite"


class MortmainCacheStore(Attached, Latched, CacheStore[T], Component[MortmainCacheStoreConfig]):
    """A cache that any number of processes share.

        client = ChatCompletionCache(client, MortmainCacheStore[CHAT_CACHE_VALUE_TYPE]("state"))

    store: a state directory or an open mortmain.Store, which is never closed. prefix: of the keys. on_conflict: what
    `set` does where somebody else wrote the key: "overwrite" (the last one stays, and is recorded as an overwrite),
    "keep" (the first one stays), "raise" (VersionConflict unless the task or thread that sets has read what is there).
    Values: JSON, pydantic models, lists of both, and what else reads back exactly; InvalidRequest otherwise. A model
    comes back as its class, as plain data where that class cannot be imported, and as a miss where it has changed so
    that the data does not fit. `.fence_error` and `raise_if_fenced()` give an error that a team turned into text.
    Thread-safe; bound to no event loop; a copy is the same connection. Works plain and as a context manager.
    """

    component_type = "cache_store"
    component_provider_override = "mortmain_autogen.MortmainCacheStore"
    component_config_schema = MortmainCacheStoreConfig

    def __init__(
        self,
        store: Store | str | os.PathLike[str] = "state",
        *,
        prefix: str = "cache/",
        on_conflict: str = "overwrite",
    ) -> None:
        if on_conflict not in _MODES:
            raise mortmain.InvalidRequest(
                f"on_conflict: one of {', '.join(_MODES)}, not {on_conflict!r:.60}",
                field="on_conflict",
                reason="unknown",
            )
        self._prefix = checked_prefix(prefix)
        self._on_conflict = on_conflict
        self._bases = _Bases()
        self._latch = Latch()
        self._attach(store)

    # ------------------------------------------------------------ the object

    @property
    def prefix(self) -> str:
        """Below which key prefix everything lies."""
        return self._prefix

    def __repr__(self) -> str:
        return f"<MortmainCacheStore {self.directory} {self._prefix} on_conflict={self._on_conflict!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._connection.place, self._prefix, self._on_conflict)

    def close(self) -> None:
        """Give the connection back; one that was opened here for nobody else is closed. Afterwards StoreClosed."""
        self._detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ CacheStore

    def get(self, key: str, default: T | None = None) -> T | None:
        """The value of a key, or the default."""
        with self._latch.around(("get", key)):
            snapshot = self._opened.read(key_below(self._prefix, key))
            if self._on_conflict == "raise":
                self._bases.knows(snapshot.ticket())
            if not snapshot.exists:
                return default
            try:
                return unpack(snapshot.value)  # type: ignore[no-any-return]
            except Unreadable:
                return default

    def set(self, key: str, value: T) -> None:
        """Store a value; durable when it returns."""
        with self._latch.around(("set", key)):
            store, name, form = self._opened, key_below(self._prefix, key), pack(value)
            if self._on_conflict == "overwrite":
                store.commit(name, form, overwrite=True)
            elif self._on_conflict == "keep":
                store.ensure(name, form)
            else:
                self._set_on_base(store, name, form)

    def _set_on_base(self, store: Store, name: str, form: Any) -> None:
        ticket = self._bases.of(name)
        if ticket is not None:
            store.commit(name, form, base=ticket)
            return
        self._bases.knows(ticket_of(store.create(name, form)))

    # ------------------------------------------------------------ Component

    def _to_config(self) -> MortmainCacheStoreConfig:
        return MortmainCacheStoreConfig(
            store=self.directory, prefix=self._prefix, on_conflict=self._on_conflict
        )

    @classmethod
    def _from_config(cls, config: MortmainCacheStoreConfig) -> Self:
        return cls(config.store, prefix=config.prefix, on_conflict=config.on_conflict)


def _again(
    cls: type[MortmainCacheStore[Any]], place: Store | str, prefix: str, on_conflict: str
) -> MortmainCacheStore[Any]:
    return cls(place, prefix=prefix, on_conflict=on_conflict)


class _Bases:
    """What each task, or thread where there is none, has last read of which key. Two that share one cache store do not
    share what they know. Thread-safe."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._by_caller: WeakKeyDictionary[object, OrderedDict[str, Ticket]] = WeakKeyDictionary()

    def knows(self, ticket: Ticket) -> None:
        with self._lock:
            known = self._by_caller.setdefault(_caller(), OrderedDict())
            known[ticket.key] = ticket
            known.move_to_end(ticket.key)
            if len(known) > _REMEMBERED:
                known.popitem(last=False)

    def of(self, key: str) -> Ticket | None:
        with self._lock:
            known = self._by_caller.get(_caller())
            return None if known is None else known.get(key)


def _caller() -> object:
    return current_task() or threading.current_thread()
