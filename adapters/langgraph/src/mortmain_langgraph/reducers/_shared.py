"""Reducers whose fold happens in the coordinator: for workers that share state outside of one graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import mortmain

from mortmain_langgraph._connection import connect

if TYPE_CHECKING:
    from mortmain import Receipt, Store


class SharedState:
    """Named values that any number of processes fold into without a conflict: lists, objects, counters, sets.

        findings = SharedState("state", "research/")
        findings.append("sources", {"url": url}, unique=url)

    Every call is one durable commit. A plain assignment has no place here; it would lose updates. Thread-safe.
    """

    def __init__(self, store: Store | str | os.PathLike[str], prefix: str = "shared/") -> None:
        self._connection = connect(store)
        self.prefix = f"{prefix.strip('/')}/"

    def key(self, name: str) -> str:
        """The key that a name stands for."""
        return f"{self.prefix}{mortmain.key(name)}"

    def append(self, name: str, item: Any, unique: str | None = None) -> Receipt:
        """An item at the end of a list; with an id that is in the list already it is not added again."""
        return self._connection.store.append(self.key(name), item, unique)

    def merge(self, name: str, patch: Mapping[str, Any]) -> Receipt:
        """A JSON merge patch on an object: the last write of a field wins."""
        return self._connection.store.merge(self.key(name), patch)

    def count(self, name: str, by: int | float | Decimal = 1) -> Receipt:
        """Add to a number."""
        return self._connection.store.increment(self.key(name), by)

    def add(self, name: str, member: Any) -> Receipt:
        """A member of a set."""
        return self._connection.store.add_to_set(self.key(name), member)

    def get(self, name: str, default: Any = None) -> Any:
        """The value as of now."""
        snapshot = self._connection.store.read(self.key(name))
        return snapshot.value if snapshot.exists else default

    # The twins, for coroutines.

    async def aappend(self, name: str, item: Any, unique: str | None = None) -> Receipt:
        """The twin of `append`."""
        return await (await self._connection.attached()).aio.append(self.key(name), item, unique)

    async def amerge(self, name: str, patch: Mapping[str, Any]) -> Receipt:
        """The twin of `merge`."""
        return await (await self._connection.attached()).aio.merge(self.key(name), patch)

    async def acount(self, name: str, by: int | float | Decimal = 1) -> Receipt:
        """The twin of `count`."""
        return await (await self._connection.attached()).aio.increment(self.key(name), by)

    async def aadd(self, name: str, member: Any) -> Receipt:
        """The twin of `add`."""
        return await (await self._connection.attached()).aio.add_to_set(self.key(name), member)

    async def aget(self, name: str, default: Any = None) -> Any:
        """The twin of `get`."""
        snapshot = await (await self._connection.attached()).aio.read(self.key(name))
        return snapshot.value if snapshot.exists else default

    def close(self) -> None:
        """Give the connection back."""
        self._connection.leave()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connection.directory} {self.prefix}>"
