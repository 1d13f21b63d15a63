"""The items of one session in a store, and the guards with which each change of them is committed.

Nothing is decided here: a run's write carries the ticket of its first read, a claimed session's the claim, and the
coordinator judges both. For tasks of any number of event loops; changes of one object go one after the other.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import mortmain
from mortmain import Conflict, Receipt, Snapshot, VersionConflict
from mortmain.aio import AsyncStore

from . import _keys
from ._base import Base, answered, is_input, outputs, second_outputs
from ._connection import Connection
from ._turns import Turns

# A bare append goes in whatever others did; these only say that it moves no base along.
_OVERTAKEN = (VersionConflict, mortmain.Fenced, mortmain.StoreChanged)
_TOOLS_RAN = "the tools of this run have run already, and what they did outside of the session stays done"
_INPUT_STAYS = "what this run stored before stays in the session"


class Stage:
    """Items that a task puts together before they replace those of a session in one commit."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.items: list[Any] = []


staging: contextvars.ContextVar[Stage | None] = contextvars.ContextVar("mortmain_staging", default=None)


class History:
    """What one session object and its copies share."""

    def __init__(self, connection: Connection, prefix: str, session_id: str, agent: str | None, mode: str) -> None:
        self.connection = connection
        self.main = _keys.session_key(prefix, session_id)
        self.branches = _keys.branches_prefix(prefix, session_id)
        self.key = self.main
        self.claim: Any = None
        self.closed = False
        self.rebases = 0
        self.error: Conflict | None = None
        self._agent = agent
        self._mode = mode
        self._turns = Turns()
        self._store: AsyncStore | None = None
        # The runs by their context; and the freshest base, which belongs to a run or to a read without one.
        self._runs: WeakKeyDictionary[Any, Base] = WeakKeyDictionary()
        self._seen: Base | None = None

    async def store(self) -> AsyncStore:
        """The store; GatewayUnavailable and the like if it cannot be opened."""
        if self.closed:
            raise RuntimeError("MortmainSession is closed")
        if self._store is None:
            # Starting a gateway takes a moment, which is not the event loop's.
            store = await asyncio.to_thread(lambda: self.connection.store)
            self._store = (store if self._agent is None else store.as_agent(self._agent)).aio
        return self._store

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.connection.leave()

    def switch(self, key: str) -> None:
        """Go on with another branch; runs that began on this one stay on it."""
        self.key = key
        self._seen = None

    # ------------------------------------------------------------ reads

    async def read(self, run: object | None, limit: int | None) -> list[Any]:
        """The items. A run's first read is what it goes on from: ClaimHeld if somebody else claims the session."""
        store = await self.store()
        async with self._turns:
            base = None if run is None else self._runs.get(run)
            snapshot = await store.read(self.key if base is None else base.key)
            items = _items(snapshot)
            if base is not None:
                return _cut(items + base.held, limit)
            if run is not None:
                items = _items(await self._begin(store, run, snapshot))
            elif self._seen is None or self._seen.at != (snapshot.version, snapshot.tag) or self._seen.stale:
                self._seen = Base(snapshot)
        return _cut(items, limit)

    async def _begin(self, store: AsyncStore, run: object, snapshot: Snapshot[Any]) -> Snapshot[Any]:
        while True:
            base = Base(snapshot)
            try:
                if not self._holds(base.key):
                    await store.check(base.ticket)
            except _OVERTAKEN:
                snapshot = await store.read(base.key)
                continue
            except Conflict as error:
                raise self._told(error) from None
            self._runs[run] = self._seen = base
            return snapshot

    def _stage(self) -> Stage | None:
        stage = staging.get()
        return stage if stage is not None and stage.history is self else None

    def _holds(self, key: str) -> bool:
        return self.claim is not None and self.claim.key == key

    # ------------------------------------------------------------ appends

    async def append(self, run: object | None, items: list[Any]) -> None:
        """Add items in one commit: on the run's base, or without one whatever others did."""
        store = await self.store()
        if not items:
            return
        if (stage := self._stage()) is not None:
            stage.items += items
            return
        async with self._turns:
            if run is None:
                await self._append_bare(store, items)
                return
            base = self._runs.get(run)
            if base is None:
                # A resumed run may write before it reads.
                self._runs[run] = self._seen = await self._append_anew(store, items, None)
                return
            await self._append_on(store, base, items)

    async def _append_on(self, store: AsyncStore, base: Base, items: list[Any]) -> None:
        try:
            if not self._holds(base.key):
                # A delta would wait for the end of somebody's claim; a run is told at once.
                await store.check(base.ticket)
            if self._mode == "abort_turn" and is_input(items):
                base.held += items
                return
            again = second_outputs(items, base.answered - base.own)
            if not again:
                batch = base.held + items
                base.appended(await self._extend(store, base.key, batch, base), batch)
                base.held = []
                self._seen = base
        except VersionConflict as error:
            if self._mode != "rebase":
                raise self._told(error, base, items) from None
            self._seen = await self._append_anew(store, items, base)
            self.rebases += 1
            return
        except Conflict as error:
            raise self._told(error, base, items) from None
        if again:
            raise self._told(_second_output(again, await store.read(base.key)), base, items)

    async def _append_anew(self, store: AsyncStore, items: list[Any], base: Base | None) -> Base:
        """Append whatever is there now, and go on from it."""
        key = self.key if base is None else base.key

        async def work(txn: Any) -> tuple[Snapshot[Any], Base, list[str]]:
            snapshot = await txn.read(key)
            fresh = Base(snapshot)
            again = second_outputs(items, answered(_items(snapshot)) - (set() if base is None else base.own))
            if not again:
                self._guard(txn, key, fresh)
                txn.extend(key, items)
            return snapshot, fresh, again

        try:
            receipt = await store.transact(work)
        except Conflict as error:
            raise self._told(error, base, items) from None
        result: tuple[Snapshot[Any], Base, list[str]] = receipt.result
        snapshot, fresh, again = result
        if again:
            raise self._told(_second_output(again, snapshot), base, items)
        if base is not None:
            base.rebased(snapshot)
            base.ticket = fresh.ticket
            fresh = base
        fresh.appended(receipt, items)
        return fresh

    async def _append_bare(self, store: AsyncStore, items: list[Any]) -> None:
        base = self._seen
        try:
            if base is not None and not base.stale and not second_outputs(items, base.answered):
                before = base.at
                try:
                    receipt = await self._extend(store, self.key, items, base)
                except _OVERTAKEN:
                    base.stale = True
                else:
                    base.appended(receipt, items)
                    await self._move_along(store, base, before, items)
                    return
            if outputs(items):
                await self._append_anew(store, items, None)
            else:
                await self._extend(store, self.key, items, None)
        except Conflict as error:
            raise self._told(error) from None

    async def _move_along(self, store: AsyncStore, moved: Base, before: tuple[int, int], items: list[Any]) -> None:
        """This object's own append refuses none of its runs: those that were good until then go on from it."""
        others = [base for base in self._runs.values() if base is not moved and base.at == before]
        others = [base for base in others if base.key == moved.key]
        if not others:
            return
        snapshot = await store.read(moved.key)
        if (snapshot.version, snapshot.tag) == moved.at:
            for base in others:
                base.rebased(snapshot)

    async def _extend(self, store: AsyncStore, key: str, items: list[Any], base: Base | None) -> Receipt:
        async with store.transaction() as txn:
            self._guard(txn, key, base)
            txn.extend(key, items)
        return _receipt(txn)

    def _guard(self, txn: Any, key: str, base: Base | None) -> None:
        if base is not None:
            txn.follow(key, base.ticket)
        if self._holds(key):
            txn.hold(self.claim)

    # ------------------------------------------------------------ other changes

    async def pop(self, run: object | None) -> Any:
        """Take the last item off, on what the run or this object last saw; None if there is none."""
        store = await self.store()
        async with self._turns:
            base = await self._base(store, run)
            if base.held:
                return base.held.pop()
            try:
                async with store.transaction() as txn:
                    items = _items(await txn.read(base.key))
                    if items:
                        self._guard(txn, base.key, base)
                        txn.put(base.key, items[:-1])
            except Conflict as error:
                raise self._told(error) from None
            if not items:
                return None
            base.replaced(_receipt(txn), items[:-1])
            self._seen = base
        return items[-1]

    async def clear(self, run: object | None) -> None:
        """Delete the session with its branches, on what the run or this object last saw."""
        store = await self.store()
        if (stage := self._stage()) is not None:
            stage.items = []
            return
        async with self._turns:
            base = await self._base(store, run)
            base.held = []
            try:
                async with store.transaction() as txn:
                    txn.delete(prefix=self.branches)
                    found = await txn.read_many([self.main, base.key])
                    self._guard(txn, base.key, base)
                    if found[base.key].exists and base.key == self.main:
                        txn.delete(base.key)
                    elif found[self.main].exists:
                        txn.delete(self.main)
            except Conflict as error:
                raise self._told(error) from None
            receipt = _receipt(txn).keys.get(base.key)
            if receipt is not None:
                base.replaced(receipt, [])
            self.key = self.main
            self._seen = base if base.key == self.main else None

    async def _base(self, store: AsyncStore, run: object | None) -> Base:
        found = self._seen if run is None else self._runs.get(run)
        if found is None:
            found = self._seen = Base(await store.read(self.key))
            if run is not None:
                self._runs[run] = found
        return found

    async def pin(self, run: object | None, *, fresh: bool = False) -> Pin:
        """Where the session is now, for a replacement that takes its time. It is on the run's base, or on what this
        object last saw; fresh: on what is there now."""
        store = await self.store()
        async with self._turns:
            base = None if run is None else self._runs.get(run)
            if base is None and not fresh:
                base = self._seen
            snapshot = await store.read(self.key if base is None else base.key)
            if base is None:
                base = self._seen = Base(snapshot)
        return Pin(base, snapshot, _items(snapshot))

    async def replace(self, pin: Pin, change: Callable[[list[Any]], list[Any]]) -> bool:
        """Commit change(items) if nothing at all happened to the session since the pin; otherwise False."""
        store = await self.store()
        if not pin.good:
            return False
        async with self._turns:
            try:
                async with store.transaction() as txn:
                    now = await txn.read(pin.base.key)
                    if (now.version, now.tag) != pin.at:
                        return False
                    items = change(pin.items)
                    self._guard(txn, pin.base.key, pin.base)
                    txn.put(pin.base.key, items)
            except Conflict as error:
                self.error = error
                return False
            pin.base.replaced(_receipt(txn), items)
            self._seen = pin.base
        return True

    # ------------------------------------------------------------ what the caller is told

    def _told(self, error: Conflict, base: Base | None = None, items: list[Any] | None = None) -> Conflict:
        """Keep the conflict, for frameworks that hide it; and say what has happened already."""
        if items and outputs(items):
            error.args = (f"{error}; {_TOOLS_RAN}",)
        elif base is not None and base.stored:
            error.args = (f"{error}; {_INPUT_STAYS}",)
        self.error = error
        return error


class Pin:
    """A session as it was when something that takes long began. good: the base was still at it."""

    def __init__(self, base: Base, snapshot: Snapshot[Any], items: list[Any]) -> None:
        self.base = base
        self.at = (snapshot.version, snapshot.tag)
        self.items = items
        self.good = base.at == self.at and not base.stale


def _second_output(again: list[str], snapshot: Snapshot[Any]) -> VersionConflict:
    """One call got a second output: two runs went on from the same state, and the other one was faster."""
    return VersionConflict(
        f"{', '.join(again)} has its output in {snapshot.key} already (version {snapshot.version} by "
        f"{snapshot.writer}): another run went on from the same state; read the session again",
        key=snapshot.key,
        actual=snapshot.version,
        winner=snapshot.writer,
        current=snapshot,
    )


def _receipt(txn: Any) -> Receipt:
    receipt = txn.receipt
    assert isinstance(receipt, Receipt)
    return receipt


def _items(snapshot: Snapshot[Any]) -> list[Any]:
    value = snapshot.value if snapshot.exists else []
    if not isinstance(value, list):
        raise mortmain.WrongType(
            f"{snapshot.key} holds no list of items: another program writes it, choose another prefix",
            key=snapshot.key,
            expected="list",
            actual=type(value).__name__,
        )
    return value


def _cut(items: list[Any], limit: int | None) -> list[Any]:
    """The latest items; as with SQLite a negative limit means all."""
    if limit is None or limit < 0:
        return items
    return items[-limit:] if limit else []
