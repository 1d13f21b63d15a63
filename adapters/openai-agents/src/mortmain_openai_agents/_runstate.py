"""RunStateStore: interrupted runs, each of which exactly one process resumes."""

from __future__ import annotations

import asyncio
import json
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any

import mortmain
from agents import RunState

from . import _keys
from ._connection import connect
from ._session import acquired, give_back
from ._turns import finish

if TYPE_CHECKING:
    from agents import Agent
    from mortmain import Store
    from mortmain.aio import AsyncClaim, AsyncStore


class RunStateStore:
    """Where the states of interrupted runs wait for their approvals.

    Who resumes one claims it, so that no tool is called by two; what was resumed is gone. store: an open
    `mortmain.Store`, which stays open, or a state directory. Thread-safe, bound to no event loop; a copy is the same
    store. The states are trusted: they hold approvals and pending calls, and the SDK does not authenticate them.
    """

    def __init__(
        self, store: Store | str | os.PathLike[str] = "state", *, prefix: str = "runs/", agent: str | None = None
    ) -> None:
        self.prefix = _keys.clean_prefix(prefix)
        self._agent = agent
        self._connection = connect(store)
        self._claims: dict[str, StateClaim] = {}
        self._closed = False

    async def save(
        self, key: str, state: RunState[Any, Any], *, context_serializer: Any = None, strict_context: bool = False
    ) -> None:
        """Store the state of an interrupted run. VersionConflict if one is pending under the key.

        Inside `async with states.claim(key, …)` of this object it replaces the claimed one, which then stays pending.
        """
        text = state.to_string(context_serializer=context_serializer, strict_context=strict_context)
        value = {"key": key, "state": json.loads(text)}
        store = await self._store()
        live = self._claims.get(key)
        if live is None:
            await finish(store.create(self._key(key), value))
        else:
            await finish(live.keep(value))

    def claim(
        self, key: str, agent: Agent[Any], *, ttl: float = 30.0, wait: float | None = 0.0, **options: Any
    ) -> StateClaim:
        """`async with states.claim(key, agent) as state:` approve and run it; leaving consumes it, unless the body
        raised.

        ClaimHeld while another one is at it, VersionConflict if nothing is pending (any more). options: of
        `RunState.from_json`, such as context_override.
        """
        return StateClaim(self, key, agent, ttl, wait, options)

    async def pending(self) -> list[str]:
        """The keys of the states that wait, in order."""
        store = await self._store()
        return sorted([one.value["key"] async for one in store.scan(self.prefix)])

    def close(self) -> None:
        """End the use of this object; the sockets go with the last one of the directory, the gateway stays."""
        if not self._closed:
            self._closed = True
            self._connection.leave()

    async def _store(self) -> AsyncStore:
        if self._closed:
            raise RuntimeError("RunStateStore is closed")
        store = await asyncio.to_thread(lambda: self._connection.store)
        return (store if self._agent is None else store.as_agent(self._agent)).aio

    def _key(self, key: str) -> str:
        return self.prefix + _keys.part(key)

    def __enter__(self) -> RunStateStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> RunStateStore:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> RunStateStore:
        return self

    def __repr__(self) -> str:
        return f"<RunStateStore {self._connection.directory} prefix={self.prefix!r}>"


class StateClaim:
    """What `states.claim` gives; for one `async with`, which gives the RunState."""

    def __init__(
        self,
        states: RunStateStore,
        key: str,
        agent: Agent[Any],
        ttl: float,
        wait: float | None,
        options: dict[str, Any],
    ) -> None:
        self._states = states
        self._key = key
        self._agent = agent
        self._terms = (ttl, wait)
        self._options = options
        self._claim: AsyncClaim | None = None
        self._kept = False

    async def check(self) -> None:
        """Raise Fenced if the claim is gone: before effects outside of the store."""
        await self._live().check()

    async def keep(self, value: Any) -> None:
        """Replace the claimed state; it stays pending."""
        await self._live().commit(value)
        self._kept = True

    def _live(self) -> AsyncClaim:
        if self._claim is None:
            raise mortmain.InvalidRequest(
                "claim: use it inside its async with block", field="claim", reason="not entered"
            )
        return self._claim

    async def __aenter__(self) -> RunState[Any, Any]:
        store = await self._states._store()
        asking = asyncio.ensure_future(acquired(store.claim(self._states._key(self._key), *self._terms)))
        try:
            self._claim = claim = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(give_back)
            raise
        try:
            if claim.value is None:
                raise _nothing_pending(self._key, await store.read(claim.key))
            state = await RunState.from_json(self._agent, claim.value["state"], **self._options)
        except BaseException:
            await finish(claim.release())
            raise
        self._states._claims[self._key] = self
        return state

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._states._claims.pop(self._key, None)
        claim = self._live()
        try:
            if kind is None and not self._kept:
                await finish(claim.delete())
        finally:
            await finish(claim.release())


def _nothing_pending(key: str, snapshot: mortmain.Snapshot[Any]) -> mortmain.VersionConflict:
    by = f" since version {snapshot.version} by {snapshot.writer}" if snapshot.writer else ""
    return mortmain.VersionConflict(
        f"no run is pending under {key}{by}: somebody resumed it already, or it was never saved",
        key=snapshot.key,
        actual=snapshot.version,
        winner=snapshot.writer,
        current=snapshot,
    )
