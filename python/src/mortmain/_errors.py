"""The errors of mortmain.

MortmainError
├── Conflict                      try again: see .retry
│   ├── VersionConflict           VERSION_CONFLICT   reread
│   ├── Fenced                    FENCED             claim (through a claim), reread (a snapshot)
│   ├── ClaimHeld                 CLAIM_HELD         wait
│   ├── ClaimLost                 CLAIM_LOST         claim
│   ├── StoreChanged              STORE_CHANGED      reread
│   └── ForeignEdit               FOREIGN_EDIT       adopt
├── CommitUnconfirmed             UNCONFIRMED        resolve
├── RequestIdReused               REQUEST_ID_REUSED  never
├── RequestIdExpired              REQUEST_ID_EXPIRED never
├── InvalidRequest                INVALID            never
├── ValueTooLarge                 TOO_LARGE          never
├── WrongType                     WRONG_TYPE         never
├── ValueRefused                  REFUSED_VALUE      never
│   └── ReducerFailed
├── RevisionCompacted             COMPACTED          never
├── StoreReadOnly                 READ_ONLY          never
├── JournalCorrupt                CORRUPT            never
├── GatewayUnavailable            UNAVAILABLE        again
│   ├── JavaNotFound
│   └── ProtocolMismatch
├── Unsupported                   UNSUPPORTED        never
└── StoreClosed                   CLOSED             never

One code on the wire is one class here, with one advice (`.retry`). Every error pickles, holds plain scalars
and one sentence that says what is known
and what to do. None derives from ValueError, TypeError, AttributeError or RuntimeError: some agent frameworks
swallow or retype those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from ._models import Snapshot

_E = TypeVar("_E", bound="MortmainError")


def _rebuild(cls: type[_E], message: str, state: dict[str, Any]) -> _E:
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class MortmainError(Exception):
    """The root of every error that mortmain raises.

    code: the stable code of the wire contract. retry: the advice, one of reread, claim, wait, adopt, resolve,
    again, never.
    key: the key it is about, or None. failures: every guard that failed, the first of which named the class;
    each a dict of plain scalars.
    """

    code: str = "UNKNOWN"
    retry: str = "never"
    _fields: ClassVar[tuple[str, ...]] = ()

    key: str | None

    def __init__(
        self,
        message: str = "",
        *,
        retry: str | None = None,
        failures: Sequence[Mapping[str, Any]] = (),
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.failures: tuple[dict[str, Any], ...] = tuple(dict(failure) for failure in failures)
        if retry is not None:
            self.retry = retry
        self.key = fields.get("key")
        for name in self._fields:
            setattr(self, name, fields.get(name))

    @property
    def message(self) -> str:
        """The sentence, as str(error) gives it."""
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__.copy())


class Conflict(MortmainError):
    """The state moved on: a program handles it by trying again, as `.retry` says.

    attempts: how many rounds `update`, `transact` or `retry` made before they gave up; 1 for a single call.
    """

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message, **fields)
        self.attempts: int = 1


class VersionConflict(Conflict):
    """Another commit came first. current: the Snapshot it was judged against; above 64 KiB its value is None
    and `.partial` True.
    """

    code = "VERSION_CONFLICT"
    retry = "reread"
    _fields = ("expected", "actual", "winner", "current")
    expected: int | None
    actual: int | None
    winner: str | None
    current: Snapshot[Any] | None


class Fenced(Conflict):
    """The key was reclaimed since the base was read or the claim was granted: its epoch moved on, although
    its version may not have.
    """

    code = "FENCED"
    retry = "reread"
    _fields = ("epoch", "current_epoch", "reclaimed_by", "reclaimed_at", "reclaimed_reason")
    epoch: int | None
    current_epoch: int | None
    reclaimed_by: str | None
    reclaimed_at: datetime | None
    reclaimed_reason: str | None


class ClaimHeld(Conflict):
    """Another agent holds a live claim on the key. retry_after: seconds until it would expire, if it is not
    renewed.
    """

    code = "CLAIM_HELD"
    retry = "wait"
    _fields = ("holder", "retry_after")
    holder: str | None
    retry_after: float | None


class ClaimLost(Conflict):
    """The claim was released, is unknown, or belongs to the process before a fork. why: released, unknown,
    forked.
    """

    code = "CLAIM_LOST"
    retry = "claim"
    _fields = ("why",)
    why: str | None


class StoreChanged(Conflict):
    """The base comes from another store: a backup was restored, or the directory was replaced."""

    code = "STORE_CHANGED"
    retry = "reread"
    _fields = ("store_id", "expected")
    store_id: str | None
    expected: str | None


class ForeignEdit(Conflict):
    """The mirrored file was edited by somebody who went around mortmain. Raised at once, never repeated by
    us.
    """

    code = "FOREIGN_EDIT"
    retry = "adopt"
    _fields = ("path",)
    path: str | None


class CommitUnconfirmed(MortmainError):
    """The request was sent and no answer came: it may have happened. `store.resolve(error.request_id)` gives
    the final answer.
    """

    code = "UNCONFIRMED"
    retry = "resolve"
    _fields = ("request_id",)
    request_id: str | None


class RequestIdReused(MortmainError):
    """The requestId already names another commit, or (reason "refused") was resolved as not committed."""

    code = "REQUEST_ID_REUSED"
    _fields = ("request_id", "reason")
    request_id: str | None
    reason: str | None


class RequestIdExpired(MortmainError):
    """The requestId is older than the horizon: whether it was committed is no longer known, so it is never
    run.
    """

    code = "REQUEST_ID_EXPIRED"
    _fields = ("request_id",)
    request_id: str | None


class InvalidRequest(MortmainError):
    """The call is malformed. field: the argument; reason: what is wrong with it, with the path inside a
    value.
    """

    code = "INVALID"
    _fields = ("field", "reason")
    field: str | None
    reason: str | None


class ValueTooLarge(MortmainError):
    """A value, a commit or a frame is above its limit. size, limit: bytes (of encoded values)."""

    code = "TOO_LARGE"
    _fields = ("size", "limit")
    size: int | None
    limit: int | None


class WrongType(MortmainError):
    """A delta met a value of another type. expected, actual: list, number, object, ..."""

    code = "WRONG_TYPE"
    _fields = ("expected", "actual")
    expected: str | None
    actual: str | None


class ValueRefused(MortmainError):
    """The value breaks a rule of its key. where: the place inside the value."""

    code = "REFUSED_VALUE"
    _fields: ClassVar[tuple[str, ...]] = ("where", "reason")
    where: str | None
    reason: str | None


class ReducerFailed(ValueRefused):
    """The function given to `reduce` raised, ran past its time limit, or returned what cannot be stored. traceback: of
    Python inside the gateway; empty where there is none. Nothing changed.
    """

    _fields = ("where", "reason", "function", "traceback")
    function: str | None
    traceback: str | None


class RevisionCompacted(MortmainError):
    """The state at that revision is gone. oldest: the oldest revision that is still there."""

    code = "COMPACTED"
    _fields = ("oldest",)
    oldest: int | None


class StoreReadOnly(MortmainError):
    """The store takes reads only: the disk is nearly full, or a force failed."""

    code = "READ_ONLY"
    _fields = ("reason",)
    reason: str | None


class JournalCorrupt(MortmainError):
    """Acknowledged data on disk is damaged. file is relative to the state directory; offset in bytes."""

    code = "CORRUPT"
    _fields = ("file", "offset", "first_revision", "last_revision")
    file: str | None
    offset: int | None
    first_revision: int | None
    last_revision: int | None


class GatewayUnavailable(MortmainError):
    """No gateway answered. reason: refused, stalled, unreachable, locked, insecure-directory, bad-token, too-
    many-connections, start-failed, timeout.
    """

    code = "UNAVAILABLE"
    retry = "again"
    _fields: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str | None


class JavaNotFound(GatewayUnavailable):
    """No usable Java was found. looked_at: where it was looked for, one place per line."""

    _fields = ("reason", "looked_at")
    looked_at: str | None


class ProtocolMismatch(GatewayUnavailable):
    """Client and gateway share no protocol version. ours, theirs: "min..max"."""

    _fields = ("reason", "ours", "theirs")
    ours: str | None
    theirs: str | None


class Unsupported(MortmainError):
    """The engine or this build lacks the operation."""

    code = "UNSUPPORTED"
    _fields = ("operation",)
    operation: str | None


class StoreClosed(MortmainError):
    """The store object was closed, or the gateway is stopping."""

    code = "CLOSED"
    _fields = ("operation",)
    operation: str | None


BY_CODE: dict[str, type[MortmainError]] = {
    cls.code: cls
    for cls in (
        VersionConflict,
        Fenced,
        ClaimHeld,
        ClaimLost,
        StoreChanged,
        ForeignEdit,
        CommitUnconfirmed,
        RequestIdReused,
        RequestIdExpired,
        InvalidRequest,
        ValueTooLarge,
        WrongType,
        ValueRefused,
        RevisionCompacted,
        StoreReadOnly,
        JournalCorrupt,
        GatewayUnavailable,
        Unsupported,
        StoreClosed,
    )
}


def error_for(code: str, message: str, **fields: Any) -> MortmainError:
    """The error of a wire code; a code that this version does not know is a plain MortmainError that carries
    it.
    """
    cls = BY_CODE.get(code)
    if cls is ValueRefused and "function" in fields:
        cls = ReducerFailed
    if cls is not None:
        return cls(message, **fields)
    error = MortmainError(message, **fields)
    error.code = code
    return error


def invalid(field: str, reason: str, *, key: str | None = None) -> InvalidRequest:
    """An InvalidRequest whose sentence names the argument and what is wrong with it."""
    return InvalidRequest(f"{field}: {reason}", field=field, reason=reason, key=key)
