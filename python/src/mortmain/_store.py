"""The store: what a program calls. Each method makes a flow and runs it in the calling thread; `_async_store`
is its asynchronous twin."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from . import _arguments as arguments
from ._backup import backed_up, verified
from ._blame import blamed, differences
from ._call import Call
from ._claim import Claim
from ._errors import MortmainError, invalid
from ._flows import Flows
from ._grant import acquire
from ._link import Flow, Link, drive
from ._models import (
    BackupReport,
    Blame,
    ClaimInfo,
    Committed,
    Contention,
    Difference,
    Event,
    Mount,
    NotCommitted,
    Receipt,
    Snapshot,
    Ticket,
    VerifyReport,
)
from ._replies import with_result
from ._request_id import encode_request_id
from ._requests import Author
from ._rounds import before_another_run, updated
from ._stop import stop_gateway
from ._transaction import Block, Transaction, Work
from ._watch import Watch

if TYPE_CHECKING:
    from ._async_store import AsyncStore

T = TypeVar("T")
Meta = Mapping[str, str] | None
Base = Snapshot[Any] | Receipt | Ticket


class Store:
    """One agent's view of a state directory. Thread-safe; a forked child may use it, with connections of its
    own.

    Every mutating call takes `request_id` (a str of 1-128 bytes: the call happens at most once under it),
    `timeout` (seconds of talk with the gateway, None for the store's) and `meta` (at most 32 pairs of str
    that are recorded with the commit).
    Errors: `mortmain.MortmainError` and what derives from it; a `Conflict` is handled by trying again as
    its `.retry` says. It pickles as (directory, agent).
    """

    def __init__(self, link: Link, author: Author) -> None:
        self._link = link
        self._author = author
        self._flows = Flows(link, author)

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

    def _run(self, name: str, key: str | None, flow: Flow[T]) -> T:
        call = Call(self._link, name, key, self._author.name)
        try:
            result = drive(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(result)
        return result

    # ------------------------------------------------------------ reads

    def read(
        self,
        key: str,
        *,
        last: int | None = None,
        version: int | None = None,
        revision: int | None = None,
        timeout: float | None = None,
    ) -> Snapshot[Any]:
        """The key as of now, as a version left it, or as it was at a revision; absent or deleted: `exists` False,
        `value` None.

        last: only the last n items of a list; such a snapshot is partial and no base. InvalidRequest for a bad key and
        for a version that never was, RevisionCompacted for one that is gone, StoreChanged for a revision of the future.
        """
        return self._run("read", key, self._flows.read(key, last, timeout, version, revision))

    def read_many(self, keys: Iterable[str], *, timeout: float | None = None) -> dict[str, Snapshot[Any]]:
        """The keys at one revision: a consistent cut."""
        names = list(keys)
        found = self._run("read_many", None, self._flows.read_many(names, timeout))
        return dict(zip(names, found, strict=True))

    def scan(
        self,
        prefix: str = "",
        *,
        limit: int | None = None,
        values: bool = True,
        timeout: float | None = None,
    ) -> Iterator[Snapshot[Any]]:
        """The keys below a prefix ("" or one that ends in "/"), all of one revision, in the order of their
        UTF-8 bytes.

        They are fetched page by page; timeout counts per page. RevisionCompacted if the iteration takes longer
        than history is kept.
        """
        after: str | None = None
        at: int | None = None
        left = arguments.check_limit(limit)
        while left is None or left > 0:
            page, at, _, more = self._run(
                "scan", prefix, self._flows.scan_page(prefix, after, left, at, values, timeout)
            )
            yield from page
            if not more or not page:
                return
            after = page[-1].key
            left = None if left is None else left - len(page)

    # ------------------------------------------------------------ history

    def history(
        self,
        key: str,
        limit: int | None = 20,
        *,
        before: int | None = None,
        values: bool = False,
        timeout: float | None = None,
    ) -> list[Event]:
        """The versions of a key as Events, newest first; reclaims are not among them.

        limit: None for all. before: only versions below this one. values: with what was written (see `Event`).
        """
        return self._run("history", key, self._flows.history(key, limit, before, values, timeout))

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

    def diff(self, key: str, old: int, new: int, *, timeout: float | None = None) -> list[Difference]:
        """Where two versions of a key differ; a version in which it is deleted counts as None."""
        before = self._run("diff", key, self._flows.read(key, None, timeout, old))
        after = self._run("diff", key, self._flows.read(key, None, timeout, new))
        return differences(before.value, after.value)

    def blame(
        self, key: str, *, version: int | None = None, limit: int | None = None, timeout: float | None = None
    ) -> list[Blame]:
        """Which commit wrote each list item, object field or line of text of a value, now or as of a version.

        limit: versions to look at; what is older than those has no writer. timeout: per question to the gateway.
        """
        return self._run("blame", key, blamed(self._flows, key, version, limit, timeout))

    def watch(
        self, prefix: str = "", *, after: int | None = None, values: bool = False, timeout: float | None = None
    ) -> Watch:
        """An iterator over Events below a prefix ("" or one that ends in "/"): writes, deletes and reclaims behind a
        revision, in order, never a part of a commit.

        after: a revision, None for now. values: with what was written. timeout: seconds of silence after which the
        iteration ends; None waits for ever. It reconnects by itself, without a gap or a double. RevisionCompacted when
        it asks for what is gone, StoreChanged when the store is another one.
        """
        return Watch(self._flows, prefix, after, values, timeout)

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
        flow = self._flows.commit(key, value, base, overwrite, request_id, timeout, meta)
        return self._run("commit", key, flow)

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
        return self._run("create", key, self._flows.create(key, value, request_id, timeout, meta))

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
        return self._run("ensure", key, self._flows.ensure(key, value, request_id, timeout, meta))

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
        if inspect.iscoroutinefunction(fn):
            raise invalid("fn", "an async function: use store.aio.update")
        return self._run_rounds(
            "update", key, updated(self._flows, key, fn, default, request_id, timeout, meta)
        )

    def _run_rounds(self, name: str, key: str | None, flow: Flow[tuple[Receipt, int]]) -> Receipt:
        call = Call(self._link, name, key, self._author.name)
        try:
            receipt, call.attempts = drive(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(receipt)
        return receipt

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
        return self._run("append", key, self._flows.append(key, [item], ids, request_id, timeout, meta))

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
        return self._run("extend", key, self._flows.append(key, found, ids, request_id, timeout, meta))

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
        return self._run("increment", key, self._flows.increment(key, by, request_id, timeout, meta))

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
        return self._run("add_to_set", key, self._flows.add_to_set(key, item, request_id, timeout, meta))

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
        return self._run("reduce", key, self._flows.reduce(key, function, argument, request_id, timeout, meta))

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
        work = Work(self._flows)
        commit = functools.partial(work.commit, encode_request_id(request_id), meta, timeout, plain=True)
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
        if inspect.iscoroutinefunction(fn):
            raise invalid("fn", "an async function: use store.aio.transact")
        identity = encode_request_id(request_id)
        over = self._flows.deadline(timeout)
        call = Call(self._link, "transact", None, self._author.name)
        try:
            while True:
                work = Work(self._flows)
                try:
                    result = fn(Transaction(self, work))
                    commit = work.commit(identity, meta, timeout, plain=False, attempt=call.attempts - 1)
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

    # ------------------------------------------------------------ mirrored files

    def mount(
        self,
        prefix: str,
        directory: str | os.PathLike[str],
        sync: bool = True,
        foreign: str = "raise",
        *,
        timeout: float | None = None,
    ) -> Mount:
        """Keep every key below a prefix also as a plain file in a directory, which is relative to the caller; mounting
        again changes the settings.

        sync: a commit is acknowledged after its files were written (receipt.mirrored), else soon. foreign: what happens
        when somebody else edits a file: "raise" ForeignEdit for the next read or commit of the key, or "adopt" the
        edit first; files that are in the directory already become keys then. InvalidRequest for a directory that is
        not the user's, that others can write, or that is a link, and for keys that cannot be files side by side.
        """
        return self._run("mount", prefix, self._flows.mount(prefix, directory, sync, foreign, timeout))

    def unmount(self, prefix: str, *, timeout: float | None = None) -> None:
        """End a mount; its files stay as they are. InvalidRequest when there is none."""
        self._run("unmount", prefix, self._flows.unmount(prefix, timeout))

    def adopt(
        self, key: str, *, request_id: str | None = None, timeout: float | None = None, meta: Meta = None
    ) -> Receipt:
        """Make what somebody else wrote into the file of a mounted key its next version, by the writer "foreign".

        Without an edit nothing changes, and the receipt carries the current version. InvalidRequest when the key is
        not mounted, or the file is no JSON and the key is.
        """
        return self._run("adopt", key, self._flows.adopt(key, request_id, timeout, meta))

    # ------------------------------------------------------------ operators

    def resolve(self, request_id: str, *, timeout: float | None = None) -> Committed | NotCommitted:
        """Whether a request was committed, finally: an unknown id is refused from now on before the answer is
        NotCommitted. RequestIdExpired for an unknown id that may be older than what is remembered.

        GatewayUnavailable after the timeout while the gateway is away.
        """
        return self._run("resolve", None, self._flows.resolve(request_id, timeout))

    def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Facts about gateway and store: pid, version, store_id, revision, limits, counters, latencies and
        more.
        """
        return self._run("info", None, self._flows.info(timeout))

    def verify(
        self, *, progress: Callable[[int, int], Any] | None = None, timeout: float | None = None
    ) -> VerifyReport:
        """Read the whole journal again. The report has `.ok`; damage is JournalCorrupt.

        progress: called with bytes read and bytes in all. timeout: of each question to the gateway, not of the whole.
        """
        return self._run("verify", None, verified(self._flows, progress, timeout))

    def backup(
        self,
        directory: str | os.PathLike[str],
        *,
        progress: Callable[[int, int], Any] | None = None,
        timeout: float | None = None,
    ) -> BackupReport:
        """Copy everything that is durable into an empty or missing directory, while commits go on; what was
        acknowledged before the call is in it, and it is one state of the whole store. The copy is read again and
        checked. `mortmain.restore` makes a store of it.

        directory: relative to this process. progress: called with bytes copied and bytes in all. timeout: of each
        question to the gateway, not of the whole. InvalidRequest: the directory is not empty, lies inside the store or
        has no room. JournalCorrupt: the store is damaged.
        """
        return self._run("backup", None, backed_up(self._flows, directory, progress, timeout))

    def contention(
        self, window: float = 60.0, within: float = 0.1, *, timeout: float | None = None
    ) -> list[Contention]:
        """The keys that agents fought over in the last `window` seconds, the most contested first: with a rejection, or
        written by different agents at most `within` seconds apart.

        The newest 10,000 rejections and 20,000 writes are known, since the gateway started.
        """
        return self._run("contention", None, self._flows.contention(window, within, timeout))

    def retain(
        self, prefix: str, *, versions: int | None = None, days: float | None = None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Say what history of the keys below a prefix is kept: the last `versions` of each, and whatever was current
        within the last `days`. The newest version, and what is younger than a minute, always are. The longest prefix
        that a key has decides; without both numbers the rule of the prefix is taken back. Returns all settings, as
        `config` does.

        What is not kept is dropped in the background; asking for it is RevisionCompacted.
        """
        return self._run("retain", None, self._flows.retain(prefix, versions, days, timeout))

    def config(self, *, timeout: float | None = None, **settings: int) -> dict[str, Any]:
        """The settings of the store; those that are given are changed first. They are part of the journal, so whoever
        starts the gateway has no say in them. They hold from the next commit on.

        history_bytes: bytes of history that are kept at most, of all keys together. value_bytes: of the largest value,
        1 KiB to 128 MiB; what is there already stays. horizon_seconds (60 to a year), horizon_ids (1,000 to 4,000,000):
        request ids are remembered as long, and as many; whichever ends first. `retain`: the rules, by prefix.
        InvalidRequest: there is no such setting, or it cannot have the value; those before it are changed.
        """
        return self._run("config", None, self._flows.config(settings, timeout))

    def compact(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Drop what retention does not keep, now and not when it is worth it. Commits go on meanwhile.

        timeout: of each question to the gateway, not of the whole. Returns segments, bytes and records_dropped.
        """
        return self._run("compact", None, self._flows.compact(timeout))

    def stop(self, *, timeout: float | None = None) -> None:
        """Stop the gateway, if one runs: what it began is finished. Whoever needs it next starts it again."""
        self._run("stop", None, stop_gateway(self._flows, timeout))
