"""What calls return: frozen, picklable records. All of them are immutable and so safe to share between
threads and processes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from ._errors import invalid

T = TypeVar("T")
# Past the frozen class: all fields at once, which costs a third of a keyword per field.
_fill = object.__setattr__


class _Delete:
    """What a function given to `update` returns to delete the key."""

    def __repr__(self) -> str:
        return "mortmain.DELETE"

    def __reduce__(self) -> str:
        return "DELETE"


DELETE = _Delete()


@dataclass(frozen=True, init=False)
class Snapshot(Generic[T]):
    """A key as one read saw it, and the base that a commit presents.

    value: None where the key is absent (`exists` is False) or only part of it was asked for. version, epoch:
    64-bit, increasing, not gapless.
    tag: tells apart two histories. revision: of the key's last commit; read_revision: of this read.
    committed_at: aware, UTC.
    partial: the value is cut (the end of a list, or left out), and such a snapshot is no base. Nobody builds
    one: it comes from a read.
    """

    key: str
    value: T = field(hash=False)
    version: int
    tag: int
    epoch: int
    revision: int
    read_revision: int
    store_id: str
    writer: str | None = None
    committed_at: datetime | None = None
    content_type: str | None = None
    exists: bool = True
    partial: bool = False
    meta: dict[str, str] = field(default_factory=dict, hash=False)

    def __init__(
        self,
        key: str,
        value: T,
        version: int,
        tag: int,
        epoch: int,
        revision: int,
        read_revision: int,
        store_id: str,
        writer: str | None = None,
        committed_at: datetime | None = None,
        content_type: str | None = None,
        exists: bool = True,
        partial: bool = False,
        meta: dict[str, str] | None = None,
    ) -> None:
        # At once: a frozen dataclass's own __init__ takes twice as long, and every read and commit makes one of these.
        _fill(self, "__dict__", {
            "key": key, "value": value, "version": version, "tag": tag, "epoch": epoch,
            "revision": revision, "read_revision": read_revision, "store_id": store_id, "writer": writer,
            "committed_at": committed_at, "content_type": content_type, "exists": exists,
            "partial": partial, "meta": {} if meta is None else meta,
        })  # fmt: skip

    def ticket(self) -> Ticket:
        """A new right to go on from this read: commits that carry it pass as long as only they moved the key."""
        if self.partial:
            raise invalid("base", "a partial snapshot is no base: read the whole value first", key=self.key)
        return Ticket(
            key=self.key,
            ticket_id=secrets.token_hex(16),
            version=self.version,
            tag=self.tag,
            epoch=self.epoch,
            revision=self.read_revision,
            store_id=self.store_id,
        )


_TICKET_PREFIX = "mortmain-ticket-1"


@dataclass(frozen=True, slots=True)
class Ticket:
    """ "I go on from this read; only my own commits move me." `str(ticket)` round-trips through
    `Ticket.parse`.

    revision: the durable revision of the read that it was made from.
    """

    key: str
    ticket_id: str
    version: int
    tag: int
    epoch: int
    revision: int
    store_id: str

    def __str__(self) -> str:
        numbers = f"{self.version}:{self.tag}:{self.epoch}:{self.revision}"
        return f"{_TICKET_PREFIX}:{self.ticket_id}:{numbers}:{self.store_id}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> Ticket:
        """The ticket that `str` wrote; anything else is InvalidRequest."""
        parts = text.split(":", 7) if isinstance(text, str) else []
        if len(parts) != 8 or parts[0] != _TICKET_PREFIX:
            raise invalid("ticket", "not the text of a ticket")
        try:
            version, tag, epoch, revision = (int(part) for part in parts[2:6])
        except ValueError:
            raise invalid("ticket", "not the text of a ticket") from None
        return cls(parts[7], parts[1], version, tag, epoch, revision, parts[6])


@dataclass(frozen=True, init=False)
class Receipt:
    """The acknowledgement of a durable commit. It is also a base for the next one.

    revision: of the commit, shared by all its keys. replayed: the requestId was already committed, and this
    is the original receipt.
    result: new length of a list | new number | whether an item was added | None; of `transact` what the
    function returned.
    mirrored: whether every mirrored file was written before the answer (None: no key of it is mounted).
    A commit over several keys has an empty `key`, zero version, tag and epoch, and one Receipt per key in
    `keys`.
    """

    key: str
    version: int
    tag: int
    epoch: int
    revision: int
    store_id: str
    request_id: str
    replayed: bool = False
    result: Any = field(default=None, hash=False)
    mirrored: bool | None = None
    _parts: tuple[Receipt, ...] = field(default=(), repr=False)

    def __init__(
        self,
        key: str,
        version: int,
        tag: int,
        epoch: int,
        revision: int,
        store_id: str,
        request_id: str,
        replayed: bool = False,
        result: Any = None,
        mirrored: bool | None = None,
        _parts: tuple[Receipt, ...] = (),
    ) -> None:
        _fill(self, "__dict__", {
            "key": key, "version": version, "tag": tag, "epoch": epoch, "revision": revision,
            "store_id": store_id, "request_id": request_id, "replayed": replayed, "result": result,
            "mirrored": mirrored, "_parts": _parts,
        })  # fmt: skip

    @property
    def keys(self) -> dict[str, Receipt]:
        """One receipt per key of the commit, in the order in which they were written."""
        if self._parts:
            return {part.key: part for part in self._parts}
        return {self.key: self} if self.key else {}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one key at one revision: a version was written, or the key was reclaimed.

    kind: put | delete | delta (append, increment, add to set, merge: evaluated by the engine) | reclaim. The keys of
    one commit
    share a revision.
    version: after the event. epoch: of a reclaim the new one, of a write the one it was committed under.
    committed_at: aware, UTC.
    key: of a reclaim of a whole prefix the prefix itself, with version and epoch 0. writer: who committed or reclaimed.
    size: bytes of what was written. value (on request): the value that was put or computed; of an append the list of
    the appended
    items, and `before` says how many were in the list before them (None of everything else).
    overwrite: the writer said overwrite=True. holder, reason: of a reclaim, whose claim ended and why.
    """

    kind: str
    key: str
    version: int
    epoch: int
    revision: int
    writer: str
    committed_at: datetime
    size: int
    request_id: str | None = None
    meta: dict[str, str] = field(default_factory=dict, hash=False)
    value: Any = field(default=None, hash=False)
    content_type: str | None = None
    before: int | None = None
    overwrite: bool = False
    holder: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Blame:
    """Who wrote one part of a value: a list item (where: its index), an object field (its name), a line of a text
    (its number, from
    1) or the whole value (None).

    Of a part that is older than the versions that were looked at, writer and committed_at are None and version and
    revision 0.
    """

    where: int | str | None
    value: Any = field(hash=False)
    writer: str | None
    version: int
    revision: int
    committed_at: datetime | None
    request_id: str | None = None
    meta: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two values differ. kind: added | removed | changed. path: field names and list indices from the
    outside in;
    of a text the number of the line, from 1. Indices and lines are those of the new value, of what was removed those
    of the old one.
    """

    kind: str
    path: tuple[str | int, ...]
    old: Any = field(default=None, hash=False)
    new: Any = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class ClaimInfo:
    """A live claim as anybody may see it. ttl, remaining: seconds. since: when it was granted, aware, UTC."""

    key: str
    holder: str
    epoch: int
    ttl: float
    remaining: float
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Mount:
    """A prefix whose keys are plain files of a directory too.

    sync: a commit is acknowledged after its files were written. foreign: raise | adopt, what becomes of an edit from
    outside. through: everything up to this revision lies in forced files.
    files: that are looked after. behind: files that do not show the newest version yet. edited: files that somebody
    else edited, and edited_keys the first of their keys. problem: why files cannot be written, None if they can.
    """

    prefix: str
    directory: str
    sync: bool
    foreign: str
    through: int
    files: int
    behind: int
    edited: int
    edited_keys: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """The final answer of `resolve`: it happened, once, and this is its receipt."""

    receipt: Receipt

    @property
    def replayed(self) -> bool:
        """True where the receipt is the original one, remembered by the store."""
        return self.receipt.replayed


@dataclass(frozen=True, slots=True)
class NotCommitted:
    """The final answer of `resolve`: it did not happen and never will; the requestId is refused from now on."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` counted. Damage is raised as JournalCorrupt, so `ok` is True here."""

    ok: bool
    segments: int
    frames: int
    records: int
    bytes: int
    revision: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was taken and read again, or (of `mortmain.restore`) the store that was made of one.

    directory: where it lies. store_id: of the store that was copied; of a restore the new one, and `restored_from` the
    one of the backup. revision: the last one in it. bytes: of the frames.
    """

    directory: str
    store_id: str
    revision: int
    segments: int
    frames: int
    records: int
    bytes: int
    taken_at: datetime | None = None
    restored_from: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rejected request: who presented which version (None: none), what it got, who had won or holds the key, and
    how many
    seconds ago.
    """

    agent: str
    code: str
    ago: float
    base: int | None = None
    winner: str | None = None


@dataclass(frozen=True, slots=True)
class Contention:
    """A key that several agents wanted at the same time.

    writers: how often each agent wrote it. conflicts: how often a request got each error code. rejected: how often each
    agent was rejected. overwrites: how many of the writes said overwrite=True. last: the newest rejection.
    """

    key: str
    writers: dict[str, int] = field(hash=False)
    conflicts: dict[str, int] = field(hash=False)
    rejected: dict[str, int] = field(default_factory=dict, hash=False)
    overwrites: int = 0
    last: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One finished call, as `observe` is told of it. outcome: ok, or the code of the error. seconds: wall
    time of the whole call.

    attempts: rounds of an `update` or `transact`. revision: the durable revision that it led to or was judged
    at, 0 where there is none.
    """

    name: str
    key: str | None
    outcome: str
    seconds: float
    attempts: int
    revision: int
