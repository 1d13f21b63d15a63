"""mortmain keeps shared agent state from being silently lost: fenced, durable commits over plain files.

    store = mortmain.open("state", agent="planner")
    snap = store.read("plans/plan.md")
    store.commit("plans/plan.md", revise(snap.value), base=snap)

Of the writers that commit on one base exactly one wins; the others get a typed Conflict that says how to try
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._backup import restore
from ._claim import Claim
from ._codec import Codec, codec
from ._errors import (
    ClaimHeld,
    ClaimLost,
    CommitUnconfirmed,
    Conflict,
    Fenced,
    ForeignEdit,
    GatewayUnavailable,
    InvalidRequest,
    JavaNotFound,
    JournalCorrupt,
    MortmainError,
    ProtocolMismatch,
    ReducerFailed,
    RequestIdExpired,
    RequestIdReused,
    RevisionCompacted,
    StoreChanged,
    StoreClosed,
    StoreReadOnly,
    Unsupported,
    ValueRefused,
    ValueTooLarge,
    VersionConflict,
    WrongType,
)
from ._key import key
from ._models import (
    DELETE,
    BackupReport,
    Blame,
    ClaimInfo,
    Committed,
    Contention,
    Difference,
    Event,
    Mount,
    NotCommitted,
    Operation,
    Receipt,
    Rejection,
    Snapshot,
    Ticket,
    VerifyReport,
)
from ._open import open
from ._retry import retry
from ._store import Store
from ._transaction import Transaction
from ._watch import Watch

if TYPE_CHECKING:
    import os

    from . import aio

__version__ = "0.1.0"

__all__ = [
    "DELETE",
    "BackupReport",
    "Blame",
    "Claim",
    "ClaimHeld",
    "ClaimInfo",
    "ClaimLost",
    "Codec",
    "CommitUnconfirmed",
    "Committed",
    "Conflict",
    "Contention",
    "Difference",
    "Event",
    "Fenced",
    "ForeignEdit",
    "GatewayUnavailable",
    "InvalidRequest",
    "JavaNotFound",
    "JournalCorrupt",
    "MortmainError",
    "Mount",
    "NotCommitted",
    "Operation",
    "ProtocolMismatch",
    "Receipt",
    "ReducerFailed",
    "Rejection",
    "RequestIdExpired",
    "RequestIdReused",
    "RevisionCompacted",
    "Snapshot",
    "Store",
    "StoreChanged",
    "StoreClosed",
    "StoreReadOnly",
    "Ticket",
    "Transaction",
    "Unsupported",
    "ValueRefused",
    "ValueTooLarge",
    "VerifyReport",
    "VersionConflict",
    "Watch",
    "WrongType",
    "aio",
    "codec",
    "key",
    "open",
    "py4j_gateway",
    "restore",
    "retry",
]


def py4j_gateway(directory: str | os.PathLike[str] | None = None, *, timeout: float = 30.0) -> Any:
    """A stock py4j JavaGateway to the gateway of a directory, over either transport; its entry point has
    `call`, `ping`, `info`.

    py4j's own re-sending of a command whose answer was lost is off. timeout: seconds to find or start the
    gateway.
    """
    from ._gateway import ensure_gateway
    from ._open_path import directory_of
    from ._transport.py4j import open_gateway

    return open_gateway(ensure_gateway(directory_of(directory), timeout=timeout))


def __getattr__(name: str) -> Any:
    # asyncio costs more to import than everything else here, so the twin comes only when it is asked for; the tests'
    # helper, which imports pytest where it is installed, likewise.
    if name in ("aio", "testing"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
