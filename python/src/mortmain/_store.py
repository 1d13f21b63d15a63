"""The store: what a program calls. Each method makes a flow and runs it in the calling thread; `_async_store`
is its asynchronous twin."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from . import _direct
from . import _drafts as drafts
from ._call import Call
from ._claim import Claim
from ._effects import drive
from ._errors import MortmainError
from ._grant import acquire
from ._models import ClaimInfo, Receipt, Snapshot, Ticket
from ._operating import Operating
from ._reading import Reading
from ._replies import with_result
from ._request_id import encode_request_id
from ._requests import Author
from ._rounds import before_another_run, of_a_talk
from ._transaction import Block, Transaction, Work

if TYPE_CHECKING:
    from ._async_store import AsyncStore

Meta = Mapping[str, str] | None
Base = Snapshot[Any] | Receipt | Ticket


class Store(Reading, Operating):
    """One agent's view of a state directory. Thread-safe; a forked child may use it, with connections of its
    own.

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

    def as_agent(self, agent: str, meta: Meta = None) -> Store:
        """The same connections under another identity; meta is recorded with each of its commits."""
        return Store(self._link, Author(agent, meta))

    @functools.cached_property
    def aio(self) -> AsyncStore:
        """The asynchronous twin, over the same connections."""
        from ._async_store import AsyncStore

        return AsyncStore(self._link, self._author)

    def close(self) -> None:
        """Close the sockets of this store and of all that share them; never the gateway."""
        self._link.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<mortmain.Store {self._link.directory} agent={self._author.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from ._open import reopen

        return reopen, (self._link.directory, self._author.name)

    # ------------------------------------------------------------ commits

    def commit(
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
        return self._call(
            "commit", key, _direct.commit, self._flows, key, value, base, overwrite, request_id, timeout, meta
        )

    def create(
        self,
        key: str,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write a key that does not exist, VersionConflict if it does. Unfenced: there is no base to judge."""
        return self._send("create", key, drafts.create(self._flows.codec, key, value), request_id, timeout, meta)

    def ensure(
        self,
        key: str,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Write a key that does not exist and keep what is there otherwise: no conflict."""
        return self._send("ensure", key, drafts.ensure(self._flows.codec, key, value), request_id, timeout, meta)

    def delete(
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
        return self._run("delete", prefix if key is None else key, flow)

    def restore(
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
        return self._run("restore", key, flow)

    def update(
        self,
        key: str,
        fn: Callable[[Any], Any],
        default: Any = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Commit fn(value), read again and recomputed until it is accepted; fn gets `default` where the key
        is absent.

        fn may run several times. It returns the new value or mortmain.DELETE; None is InvalidRequest.
        Conflicts are repeated and claims waited for until the timeout, checked between rounds, after at
        least one; then the last Conflict is raised, with `.attempts`.
        """
        arguments.check_not_async(fn, "update")
        return self._call_rounds(
            "update", key, _direct.update, self._flows, key, fn, default, request_id, timeout, meta
        )

    # ------------------------------------------------------------ deltas

    def append(
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
        return self._send("append", key, drafts.append(key, [item], ids), request_id, timeout, meta)

    def extend(
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
        return self._send("extend", key, drafts.append(key, found, ids), request_id, timeout, meta)

    def merge(
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
        return self._run("merge", key, self._flows.merge(key, patch, base, request_id, timeout, meta))

    def increment(
        self,
        key: str,
        by: int | float | Decimal = 1,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Add to a number (an absent key counts as 0). receipt.result: the new number."""
        return self._send("increment", key, drafts.increment(key, by), request_id, timeout, meta)

    def add_to_set(
        self,
        key: str,
        item: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Add a member to a list that is used as a set. receipt.result: whether it was added."""
        return self._send("add_to_set", key, drafts.add_to_set(key, item), request_id, timeout, meta)

    def reduce(
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
        return self._send("reduce", key, drafts.reduce(key, function, argument), request_id, timeout, meta)

    # ------------------------------------------------------------ claims

    def claim(
        self,
        key: str,
        ttl: float = 30.0,
        wait: float | None = 0.0,
        max_hold: float | None = 600.0,
        *,
        timeout: float | None = None,
    ) -> Claim:
        """An exclusive write grant: `with store.claim(key) as claim: claim.commit(revise(claim.value))`.

        ttl: seconds without a renewal until it expires, at least 0.1. wait: seconds in the queue, 0 raises
        ClaimHeld at once, None waits as long as it takes. A background thread renews it until max_hold
        seconds are over, so that a hung agent does lose it.
        """
        grant = self._run("claim", key, acquire(self._flows, key, ttl, wait, max_hold, timeout))
        return Claim(self, grant)

    def reclaim(
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
        return self._run("reclaim", key or prefix, flow)

    def claims(self, prefix: str = "", *, timeout: float | None = None) -> list[ClaimInfo]:
        """The live claims below a prefix."""
        return self._run("claims", prefix or None, self._flows.claims(prefix, timeout))

    def check(self, base: Base | Claim, *, timeout: float | None = None) -> None:
        """Raise what a commit on this base would raise now: "may I still act?", for effects outside the
        store.
        """
        if isinstance(base, Claim):
            base.check(timeout=timeout)
            return
        self._run("check", getattr(base, "key", None), self._flows.check(base, timeout))

    # ------------------------------------------------------------ transactions

    def transaction(
        self, *, request_id: str | None = None, timeout: float | None = None, meta: Meta = None
    ) -> AbstractContextManager[Transaction]:
        """Read at one revision, write locally, commit on exit; nothing on an exception. `txn.receipt`
        afterwards.

        Serializable: every key that was read and every prefix that was scanned is guarded.
        """
        work = Work(self._flows, timeout)
        commit = work.commit(encode_request_id(request_id), meta, timeout, plain=True)
        return Block(Transaction(self, work), commit)

    def transact(
        self,
        fn: Callable[[Transaction], Any],
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Meta = None,
    ) -> Receipt:
        """Run fn(txn) in a transaction, again on a conflict, as `update` does. receipt.result is what fn
        returned.
        """
        arguments.check_not_async(fn, "transact")
        identity = encode_request_id(request_id)
        over, talk = self._flows.deadline(timeout), of_a_talk(timeout)
        call = Call(self._link, "transact", None, self._author.name)
        try:
            while True:
                work = Work(self._flows, talk)
                try:
                    result = fn(Transaction(self, work))
                    commit = work.commit(identity, meta, talk, plain=False, attempt=call.attempts - 1)
                    receipt = with_result(drive(commit), result)
                    break
                except MortmainError as error:
                    work.done = True
                    drive(before_another_run(error, call.attempts, over))
                    call.attempts += 1
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(receipt)
        return receipt
