"""The asynchronous twin of `_store`: the same flows, awaited. Signatures are equal, which a test pins."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from . import _arguments as arguments
from . import _drafts as drafts
from ._async_claim import AsyncClaim, PendingClaim
from ._async_drive import Done, drive_async
from ._async_operating import AsyncOperating
from ._async_reading import AsyncReading
from ._call import Call
from ._errors import MortmainError
from ._grant import acquire
from ._models import ClaimInfo, Receipt, Snapshot, Ticket
from ._replies import with_result
from ._request_id import encode_request_id
from ._requests import Author
from ._rounds import before_another_run, of_a_talk, updated
from ._transaction import AsyncTransaction, Work

Meta = Mapping[str, str] | None
Base = Snapshot[Any] | Receipt | Ticket


class AsyncStore(AsyncReading, AsyncOperating):
    """One agent's view of a state directory, for coroutines. Bound to no event loop; safe for any number of
    tasks.

    Every mutating call takes `request_id` (a str of 1-128 bytes: the call happens at most once under it),
    `timeout` (seconds of talk with the gateway, None for the store's) and `meta` (at most 32 pairs of str
    that are recorded with the commit).
    Errors: `mortmain.MortmainError` and what derives from it; a `Conflict` is handled by trying again as
    its `.retry` says. It pickles as (directory, agent).
    """

    # ------------------------------------------------------------ the object

    @property
    def directory(self) -> str:
        """The absolute path of the state directory."""
        return self._link.directory

    @property
    def agent(self) -> str:
        """The name that goes with each commit and claim."""
        return self._author.name

    def as_agent(self, agent: str, meta: Meta = None) -> AsyncStore:
        """The same connections under another identity; meta is recorded with each of its commits."""
        return AsyncStore(self._link, Author(agent, meta))

    def close(self) -> Awaitable[None]:
        """Close the sockets of this store and of all that share them; never the gateway. Awaited or not: it is
        done at once.
        """
        self._link.close()
        return Done()

    def __enter__(self) -> AsyncStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<mortmain.AsyncStore {self._link.directory} agent={self._author.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from ._open import reopen_async

        return reopen_async, (self._link.directory, self._author.name)

    # ------------------------------------------------------------ commits

    async def commit(
        self,
        key: str,
        value: Any,
        *,
        base: Base | None = None,
        overwrite: bool = False,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write a value that was made from `base`, a Snapshot, Receipt or Ticket of the key; durable when it
        returns.

        VersionConflict: somebody wrote since. Fenced: the key was reclaimed since. ClaimHeld: another agent
        holds it. StoreChanged: the base is of another store. overwrite=True: read and commit until nobody
        came between, recorded as such.
        """
        flow = self._flows.commit(key, value, base, overwrite, request_id, timeout, meta)
        return await self._run("commit", key, flow)

    async def create(
        self,
        key: str,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write a key that does not exist, VersionConflict if it does. Unfenced: there is no base to judge."""
        return await self._send("create", key, drafts.create(self._flows.codec, key, value), request_id, timeout, meta)

    async def ensure(
        self,
        key: str,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write a key that does not exist and keep what is there otherwise: no conflict."""
        return await self._send("ensure", key, drafts.ensure(self._flows.codec, key, value), request_id, timeout, meta)

    async def delete(
        self,
        key: str | None = None,
        *,
        prefix: str | None = None,
        base: Base | None = None,
        overwrite: bool = False,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Delete a key on a base, or with prefix= every key below it on a ticket of one of them."""
        flow = self._flows.delete(key, prefix, base, overwrite, request_id, timeout, meta)
        return await self._run("delete", prefix if key is None else key, flow)

    async def restore(
        self,
        key: str,
        version: int,
        *,
        base: Base | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write what an old version held, as a new commit on `base`, a Snapshot, Receipt or Ticket of the key as it is
        now; restoring a delete deletes.

        InvalidRequest for a version that never was, RevisionCompacted for one that is gone, else as `commit`.
        """
        flow = self._flows.restore(key, version, base, request_id, timeout, meta)
        return await self._run("restore", key, flow)

    async def update(
        self,
        key: str,
        fn: Callable[[Any], Awaitable[Any]],
        default: Any = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Commit fn(value), read again and recomputed until it is accepted; fn gets `default` where the key
        is absent.

        fn is an async function and may run several times. It returns the new value or mortmain.DELETE; None
        is InvalidRequest. Conflicts are repeated and claims waited for until the timeout, checked between
        rounds, after at least one; then the last Conflict is raised, with `.attempts`.
        """
        return await self._run_rounds(
            "update", key, updated(self._flows, key, fn, default, request_id, timeout, meta)
        )

    # ------------------------------------------------------------ deltas

    async def append(
        self,
        key: str,
        item: Any,
        unique: str | None = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Append to a list (an absent key becomes one); never a VersionConflict. receipt.result: the new
        length.

        unique: an id; an item whose id is in the list is not added again. Waits while the key is claimed,
        then ClaimHeld.
        """
        ids = None if unique is None else [arguments.check_unique(unique)]
        return await self._send("append", key, drafts.append(key, [item], ids), request_id, timeout, meta)

    async def extend(
        self,
        key: str,
        items: Iterable[Any],
        unique: Iterable[str] | None = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Append several items in one commit; unique: one id per item."""
        found = arguments.check_items(items)
        ids = arguments.check_uniques(unique, len(found))
        return await self._send("extend", key, drafts.append(key, found, ids), request_id, timeout, meta)

    async def merge(
        self,
        key: str,
        patch: Mapping[str, Any],
        *,
        base: Base | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Apply a JSON merge patch (RFC 7386) to an object. Bare: the last write of a field wins; on a base
        the fields that the patch names are guarded."""
        return await self._run("merge", key, self._flows.merge(key, patch, base, request_id, timeout, meta))

    async def increment(
        self,
        key: str,
        by: int | float | Decimal = 1,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Add to a number (an absent key counts as 0). receipt.result: the new number."""
        return await self._send("increment", key, drafts.increment(key, by), request_id, timeout, meta)

    async def add_to_set(
        self,
        key: str,
        item: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Add a member to a list that is used as a set. receipt.result: whether it was added."""
        return await self._send("add_to_set", key, drafts.add_to_set(key, item), request_id, timeout, meta)

    async def reduce(
        self,
        key: str,
        function: str,
        argument: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write what a trusted Python function makes of the current value inside the gateway:
        `function(value, argument)` returns the new value; value is None where the key is absent. Never a
        VersionConflict, and nothing is sent twice.

        function: "package.module:function", of a module that the gateway was started with (`mortmain serve
        --reducers`); Unsupported without any. argument: JSON. It may run several times, and only the result counts.
        ReducerFailed, with its `.traceback`, if it raises, runs past its time limit or returns what cannot be
        stored; nothing has changed then. Waits while the key is claimed, then ClaimHeld.
        """
        return await self._send("reduce", key, drafts.reduce(key, function, argument), request_id, timeout, meta)

    # ------------------------------------------------------------ claims

    def claim(
        self,
        key: str,
        ttl: float = 30.0,
        wait: float | None = 0.0,
        max_hold: float | None = 600.0,
        *,
        timeout: float | None = None,
    ) -> PendingClaim:
        """An exclusive write grant: `async with store.claim(key) as claim: await
        claim.commit(revise(claim.value))`.

        Nothing is asked for before it is entered or awaited.

        ttl: seconds without a renewal until it expires, at least 0.1. wait: seconds in the queue, 0 raises
        ClaimHeld at once, None waits as long as it takes. A background thread renews it until max_hold
        seconds are over, so that a hung agent does lose it.
        """
        return PendingClaim(self, key, lambda: acquire(self._flows, key, ttl, wait, max_hold, timeout))

    async def reclaim(
        self,
        key: str | None = None,
        *,
        prefix: str | None = None,
        holder: str | None = None,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> list[tuple[str, int, str | None]]:
        """Take a key, all keys below a prefix, or all claims of a holder away: epochs move on and old bases
        are fenced.

        Returns (key, its new epoch, who held it or None) for each.
        """
        flow = self._flows.reclaim(key, prefix, holder, reason, request_id, timeout)
        return await self._run("reclaim", key or prefix, flow)

    async def claims(self, prefix: str = "", *, timeout: float | None = None) -> list[ClaimInfo]:
        """The live claims below a prefix."""
        return await self._run("claims", prefix or None, self._flows.claims(prefix, timeout))

    async def check(self, base: Base | AsyncClaim, *, timeout: float | None = None) -> None:
        """Raise what a commit on this base would raise now: "may I still act?", for effects outside the
        store.
        """
        if isinstance(base, AsyncClaim):
            await base.check(timeout=timeout)
            return
        await self._run("check", getattr(base, "key", None), self._flows.check(base, timeout))

    # ------------------------------------------------------------ transactions

    @asynccontextmanager
    async def transaction(
        self, *, request_id: str | None = None, timeout: float | None = None, meta: Meta = None
    ) -> AsyncIterator[AsyncTransaction]:
        """Read at one revision, write locally, commit on exit; nothing on an exception. `txn.receipt`
        afterwards.

        Serializable: every key that was read and every prefix that was scanned is guarded.
        """
        work = Work(self._flows, timeout)
        identity = encode_request_id(request_id)
        txn = AsyncTransaction(self, work)
        try:
            yield txn
        except BaseException:
            work.done = True
            raise
        txn.receipt = await self._run("transaction", None, work.commit(identity, meta, timeout, plain=True))

    async def transact(
        self,
        fn: Callable[[AsyncTransaction], Awaitable[Any]],
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Await fn(txn) in a transaction, again on a conflict, as `update` does. receipt.result is what fn
        returned.
        """
        identity = encode_request_id(request_id)
        over, talk = self._flows.deadline(timeout), of_a_talk(timeout)
        call = Call(self._link, "transact", None, self._author.name)
        try:
            while True:
                work = Work(self._flows, talk)
                try:
                    returned: Any = fn(AsyncTransaction(self, work))
                    result = await returned if inspect.isawaitable(returned) else returned
                    commit = work.commit(identity, meta, talk, plain=False, attempt=call.attempts - 1)
                    receipt = with_result(await drive_async(commit), result)
                    break
                except MortmainError as error:
                    work.done = True
                    await drive_async(before_another_run(error, call.attempts, over))
                    call.attempts += 1
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(receipt)
        return receipt
