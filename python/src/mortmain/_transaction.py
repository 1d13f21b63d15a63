"""Transactions: reads at one revision, writes kept here until the end, one commit that guards everything that
was read.

Serializable: no lost update, no read skew, no write skew, no phantom. Writes are local calls, in the
asynchronous twin too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from . import _replies as replies
from . import _requests as requests
from ._claim import ClaimView
from ._codec import JSON, decode, encode, to_json
from ._effects import Ask
from ._errors import StoreChanged, invalid
from ._flows import Flows, merge_patch
from ._folds import folded
from ._models import Receipt, Snapshot, Ticket
from ._requests import Draft

if TYPE_CHECKING:
    from ._async_store import AsyncStore
    from ._effects import Flow
    from ._store import Store


# One write, a method of Draft and what it gets: ("put", (key, type, bytes)) | ("delete", (key,)) |
# ("ensure", (key, type, bytes)) | ("append", (key, items, ids)) | ("increment", (key, text)) |
# ("add_to_set", (key, item)) | ("merge", (key, patch)).
Step = tuple[str, tuple[Any, ...]]


class Work:
    """What a transaction read and will write; the flows of its reads. For one thread or task at a time, as a
    transaction is.
    """

    # What most transactions never have. It is replaced, never changed.
    revision: int | None = None
    store_id: str | None = None
    prefixes: frozenset[str] = frozenset()
    deleted_prefixes: tuple[str, ...] = ()
    held: Mapping[str, tuple[str, int]] = MappingProxyType({})
    done = False

    def __init__(self, flows: Flows, timeout: float | None) -> None:
        self.flows = flows
        # Of each talk with the gateway, the reads as well as the commit.
        self.timeout = timeout
        self.reads: dict[str, Snapshot[Any]] = {}
        self.followed: dict[str, Ticket] = {}
        # The writes on each key, in the order in which they will be made.
        self.pending: dict[str, list[Step]] = {}
        # Keys that are put or deleted, which makes whatever was to be written before them void.
        self.whole: dict[str, None] = {}

    # ------------------------------------------------------------ reads

    def read_many(self, keys: Iterable[str]) -> Flow[list[Snapshot[Any]]]:
        self.open()
        names = [arguments.check_key(key) for key in keys]
        yield from self._fetch([name for name in dict.fromkeys(names) if name not in self.reads])
        return [self._with_writes(self.reads[name]) for name in names]

    def _fetch(self, names: list[str]) -> Flow[None]:
        if not names:
            return
        for snapshot in (yield from self.flows.read_many(names, self.timeout, at=self.revision)):
            self._at(snapshot.read_revision, snapshot.store_id)
            self.reads[snapshot.key] = snapshot

    def _at(self, revision: int, store_id: str) -> None:
        if self.revision is None:
            self.revision, self.store_id = revision, store_id
        elif store_id != self.store_id:
            raise _changed(
                "the store was restored or replaced during the transaction", store_id, self.store_id
            )

    def scan(self, prefix: str, limit: int | None, values: bool) -> Flow[list[Snapshot[Any]]]:
        self.open()
        found: dict[str, Snapshot[Any]] = {}
        after: str | None = None
        more = True
        while more:
            page, revision, store_id, more = yield from self.flows.scan_page(
                prefix, after, None, self.revision, values, self.timeout
            )
            self._at(revision, store_id)
            self.prefixes |= {prefix}
            for snapshot in page:
                found[snapshot.key] = snapshot
                after = snapshot.key
            if not page or (limit is not None and len(found) >= limit and not self._touches(prefix)):
                break
        for key in self.pending:
            if key.startswith(prefix) and key not in found:
                yield from self._fetch([key] if key not in self.reads else [])
                found[key] = self.reads[key]
        seen = (self._with_writes(found[key], values) for key in sorted(found, key=str.encode))
        return [snapshot for snapshot in seen if snapshot.exists][:limit]

    def _touches(self, prefix: str) -> bool:
        return bool(self.deleted_prefixes) or any(key.startswith(prefix) for key in self.pending)

    # ------------------------------------------------------------ own writes, as reads see them

    def _with_writes(self, snapshot: Snapshot[Any], values: bool = True) -> Snapshot[Any]:
        steps = self.pending.get(snapshot.key, ())
        gone = any(snapshot.key.startswith(prefix) for prefix in self.deleted_prefixes)
        if not steps and not gone:
            return snapshot
        if gone:
            snapshot = replace(snapshot, exists=False, value=None, content_type=None)
        for step in steps:
            snapshot = self._apply(snapshot, step)
        return snapshot if values else replace(snapshot, value=None)

    def _apply(self, snapshot: Snapshot[Any], step: Step) -> Snapshot[Any]:
        kind, (_, *told) = step
        if kind == "delete":
            return replace(snapshot, exists=False, value=None, content_type=None)
        if kind == "put" or (kind == "ensure" and not snapshot.exists):
            content_type, data = told
            value = decode(content_type, data, self.flows.codec)
            return replace(snapshot, exists=True, value=value, content_type=content_type)
        if kind == "ensure":
            return snapshot
        value = folded(snapshot, kind, *told)
        return replace(snapshot, exists=True, value=value, content_type=snapshot.content_type or JSON)

    # ------------------------------------------------------------ what writes are allowed

    def check(self, key: object) -> str:
        self.open()
        return arguments.check_key(key)

    def open(self) -> None:
        if self.done:
            raise invalid("transaction", "it is over: begin another one")

    # ------------------------------------------------------------ the end

    def commit(
        self,
        identity: bytes,
        meta: Mapping[str, str] | None,
        timeout: float | None,
        *,
        plain: bool,
        attempt: int = 0,
    ) -> Flow[Receipt]:
        self.done = True
        if not self.whole.keys() <= self.followed.keys():
            yield from self._fetch([key for key in self.whole if key not in self.followed and key not in self.reads])
        if self.deleted_prefixes and self.revision is None:
            _, revision, store_id, _ = yield from self.flows.scan_page(
                self.deleted_prefixes[0], None, 1, None, False, self.timeout
            )
            self._at(revision, store_id)
        draft = self._draft()
        flows = self.flows
        if draft.writes:
            request = draft.request(flows.author, identity, meta, plain=plain, attempt=attempt)
            reply, _ = yield Ask(flows.link, request, flows.deadline(timeout))
            return replies.parse_receipt(reply.fields)
        if self.followed or self.held:
            yield Ask(flows.link, draft.check(), flows.deadline(timeout))
        # Everything was read at one revision: there is nothing to judge.
        return Receipt("", 0, 0, 0, self.revision or 0, self.store_id or "", identity.decode())

    def _same_store(self, ticket: Ticket) -> None:
        if self.store_id is None:
            self.store_id = ticket.store_id
        elif ticket.store_id != self.store_id:
            what = f"the ticket on {ticket.key} comes from before the store was restored or replaced"
            raise _changed(what, self.store_id, ticket.store_id)

    def _draft(self) -> Draft:
        draft = Draft(self.flows.codec)
        for key, snapshot in self.reads.items():
            draft.guard("version", key, snapshot.version, snapshot.tag)
            draft.guard("epoch", key, snapshot.epoch)
        for ticket in self.followed.values():
            self._same_store(ticket)
            draft.base(ticket)
        for key, (claim_id, epoch) in self.held.items():
            draft.guard("holds", key, claim_id)
            # Which tells a claim that was reclaimed apart from one that nobody knows, for ever.
            draft.guard("epoch", key, epoch)
        if self.revision is not None and self.store_id is not None:
            for prefix in sorted(self.prefixes.union(self.deleted_prefixes)):
                draft.guard("unchanged", prefix, self.revision)
            draft.known(self.store_id, self.revision)
            for prefix in self.deleted_prefixes:
                draft.delete_prefix(prefix)
        for kind, told in chain.from_iterable(self.pending.values()):
            getattr(draft, kind)(*told)
        return draft


def _changed(what: str, now: str, expected: str | None) -> StoreChanged:
    return StoreChanged(f"{what}: read it again", store_id=now, expected=expected)


# -------------------------------------------------------------------- the handles


class Writes:
    """The writes of a transaction: local calls that the commit carries out."""

    _work: Work

    def put(self, key: str, value: Any) -> None:
        """Replace the value. A key that was not read is read at the commit, at the transaction's revision."""
        work = self._work
        if work.done or not isinstance(key, str):
            work.check(key)
        work.pending[key] = [("put", (key, *encode(value, work.flows.codec)))]
        work.whole[key] = None

    def ensure(self, key: str, value: Any) -> None:
        """Put the value if the key is absent, otherwise leave it alone."""
        work = self._work
        if work.done or not isinstance(key, str):
            work.check(key)
        told = (key, *encode(value, work.flows.codec))
        if key not in work.pending:
            work.pending[key] = [("ensure", told)]
        elif work.pending[key] == [("delete", (key,))]:
            work.pending[key] = [("put", told)]

    def delete(self, key: str | None = None, *, prefix: str | None = None) -> None:
        """Delete a key, or every key below a prefix, which is guarded as a scanned one."""
        work = self._work
        work.open()
        if (key is None) == (prefix is None):
            raise invalid("key", "either a key or prefix=")
        if prefix is None:
            name = arguments.check_key(key)
            work.pending[name] = [("delete", (name,))]
            work.whole[name] = None
            return
        prefix = arguments.check_key(prefix, "prefix")
        if any(name.startswith(prefix) for name in work.pending):
            raise invalid("prefix", "delete a prefix before writing keys below it")
        work.deleted_prefixes += (prefix,)

    def append(self, key: str, item: Any, unique: str | None = None) -> None:
        """Append one item to a list; an item whose id is in the list is not added again."""
        ids = None if unique is None else [arguments.check_unique(unique)]
        self._delta(key, "append", [to_json(item, "item")], ids)

    def extend(self, key: str, items: Iterable[Any], unique: Iterable[str] | None = None) -> None:
        """Append items; unique: one id per item."""
        data = [to_json(item, "items") for item in arguments.check_items(items)]
        ids = arguments.check_uniques(unique, len(data))
        if data:
            self._delta(key, "append", data, ids)

    def merge(self, key: str, patch: Mapping[str, Any]) -> None:
        """Apply a JSON merge patch."""
        self._delta(key, "merge", merge_patch(patch))

    def increment(self, key: str, by: int | float | Decimal = 1) -> None:
        """Add to a number."""
        self._delta(key, "increment", arguments.number_text(by))

    def add_to_set(self, key: str, item: Any) -> None:
        """Add a member to a list that is used as a set."""
        self._delta(key, "add_to_set", to_json(item, "item"))

    def follow(self, key: str, ticket: Ticket) -> None:
        """Commit only if nobody but the holder of the ticket moved the key; a write of the key then carries
        the ticket.
        """
        work = self._work
        if work.done or not isinstance(key, str):
            work.check(key)
        if not isinstance(ticket, Ticket):
            raise invalid("ticket", f"a Ticket, not {type(ticket).__name__}")
        if ticket.key != key:
            requests.resolve_base(ticket, key)
        work.followed[key] = ticket

    def hold(self, claim: ClaimView) -> None:
        """Commit only while the claim is live; it also lets this transaction write the claimed key."""
        work = self._work
        work.open()
        if not isinstance(claim, ClaimView):
            raise invalid("claim", f"a claim, not {type(claim).__name__}")
        claim._grant.ensure_ours()
        work.held = {**work.held, claim.key: (claim._grant.claim_id, claim.epoch)}

    def _delta(self, key: str, kind: str, *told: Any) -> None:
        name = self._work.check(key)
        self._work.pending.setdefault(name, []).append((kind, (name, *told)))


class Transaction(Writes):
    """What `store.transaction()` and `store.transact` give. For one thread at a time; not picklable.

    receipt: of the commit, once the block is left without an exception.
    """

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        self.receipt: Receipt | None = None

    def read(self, key: str) -> Snapshot[Any]:
        """The key at the transaction's revision, with this transaction's own writes."""
        return self._store._run("txn.read", key, self._work.read_many((key,)))[0]

    def read_many(self, keys: Iterable[str]) -> dict[str, Snapshot[Any]]:
        """Several keys in one round trip."""
        names = list(keys)
        found = self._store._run("txn.read_many", None, self._work.read_many(names))
        return dict(zip(names, found, strict=True))

    def scan(
        self, prefix: str = "", *, limit: int | None = None, values: bool = True
    ) -> Iterator[Snapshot[Any]]:
        """The keys below a prefix, in order; the commit is refused if any of them, or a new one, was written
        since.
        """
        return iter(self._store._run("txn.scan", prefix, self._work.scan(prefix, limit, values)))


class Block:
    """What `with store.transaction()` enters: committed where the block ends without an exception. For one thread.

    Written out, because one that is made of a generator takes a tenth of the time of a whole transaction's Python.
    """

    __slots__ = ("_commit", "_txn")

    def __init__(self, txn: Transaction, commit: Flow[Receipt]) -> None:
        self._txn = txn
        self._commit = commit

    def __enter__(self) -> Transaction:
        return self._txn

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        txn = self._txn
        if kind is not None:
            txn._work.done = True
        else:
            txn.receipt = txn._store._run("transaction", None, self._commit)


class AsyncTransaction(Writes):
    """The twin of Transaction; only its reads are awaited. For one task at a time."""

    def __init__(self, store: AsyncStore, work: Work) -> None:
        self._store = store
        self._work = work
        self.receipt: Receipt | None = None

    async def read(self, key: str) -> Snapshot[Any]:
        """The key at the transaction's revision, with this transaction's own writes."""
        return (await self._store._run("txn.read", key, self._work.read_many((key,))))[0]

    async def read_many(self, keys: Iterable[str]) -> dict[str, Snapshot[Any]]:
        """Several keys in one round trip."""
        names = list(keys)
        found = await self._store._run("txn.read_many", None, self._work.read_many(names))
        return dict(zip(names, found, strict=True))

    async def scan(
        self, prefix: str = "", *, limit: int | None = None, values: bool = True
    ) -> AsyncIterator[Snapshot[Any]]:
        """The keys below a prefix, in order; the commit is refused if any of them, or a new one, was written
        since.
        """
        for snapshot in await self._store._run("txn.scan", prefix, self._work.scan(prefix, limit, values)):
            yield snapshot
