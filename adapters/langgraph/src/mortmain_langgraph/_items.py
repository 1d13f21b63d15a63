"""How the store's items lie in mortmain, and the pure parts of its contract: namespaces, filters, similarity.

    PREFIX/i/LABEL/…/%I/KEY    the item: namespace, key, value, when it was created
    PREFIX/x/LABEL/…/%I/KEY    its vectors, if it is indexed
    PREFIX/e/LABEL/…/%I/KEY    its ttl and when it was last touched: a read that refreshes it moves no version
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import mortmain
import ormsgpack
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)

from ._layout import part

if TYPE_CHECKING:
    from mortmain import Snapshot

# Bytes of UTF-8: together with prefix and key they stay below the limit of a key.
_NAMESPACE_BYTES = 640
_KEY_BYTES = 240
# No escaped label looks like this, so an item is never taken for a namespace.
_ITEMS = "%I"


class VersionedItem(Item):
    """An item and its version, which the next write of it can expect."""

    __slots__ = ("version",)

    def __init__(self, *, version: int, **fields: Any) -> None:
        super().__init__(**fields)
        self.version = version

    def dict(self) -> Any:
        return {**super().dict(), "version": self.version}


class VersionedSearchItem(SearchItem):
    """What a search finds: an item with its score, if any, and its version."""

    __slots__ = ("version",)

    def __init__(self, *, version: int, **fields: Any) -> None:
        super().__init__(**fields)
        self.version = version

    def dict(self) -> Any:
        return {**super().dict(), "version": self.version}


# -------------------------------------------------------------------- keys


def check_labels(labels: Iterable[object]) -> None:
    """InvalidNamespaceError for what LangGraph does not allow as a label."""
    for label in labels:
        if not isinstance(label, str) or not label or "." in label or "\x00" in label:
            raise InvalidNamespaceError(
                f"Invalid namespace label {label!r}: labels are strings, not empty, without periods and NUL"
            )


def check_op(op: object) -> None:
    """Every operation, also one that was given to `batch` directly."""
    if isinstance(op, (GetOp, PutOp)):
        check_labels(op.namespace)
    elif isinstance(op, SearchOp):
        check_labels(op.namespace_prefix)
    elif isinstance(op, ListNamespacesOp):
        for condition in op.match_conditions or ():
            check_labels(condition.path)
    else:
        raise ValueError(f"Unknown operation type: {type(op)}")


class Keys:
    """The keys of one store. Immutable, thread-safe."""

    def __init__(self, prefix: str) -> None:
        self.prefix = f"{prefix.strip('/')}/"

    def below(self, kind: str, namespace: Sequence[str]) -> str:
        path = "".join(f"{mortmain.key(label)}/" for label in namespace)
        if len(path.encode()) > _NAMESPACE_BYTES:
            raise mortmain.InvalidRequest(
                f"namespace: longer than {_NAMESPACE_BYTES} bytes", field="namespace", reason="length"
            )
        return f"{self.prefix}{kind}/{path}"

    def of(self, kind: str, namespace: Sequence[str], key: str) -> str:
        return f"{self.below(kind, namespace)}{_ITEMS}/{part(key, _KEY_BYTES)}"

    def namespace_of(self, key: str) -> tuple[str, ...]:
        labels = key[len(self.prefix) + 2 :].split("/")[:-2]
        return tuple(unquote(label) for label in labels)

    def name_of(self, key: str) -> str:
        """What the item of a key is called; the key's own last segment where that is a hash."""
        name = key.rsplit("/", 1)[1]
        return "" if name == "%" else unquote(name)

    def is_hashed(self, key: str) -> bool:
        """Whether the item's own key was too long for a segment."""
        return key.rsplit("/", 1)[1].startswith("%H")

    def sibling(self, key: str, kind: str) -> str:
        """The key of the same item's record of another kind."""
        return f"{self.prefix}{kind}{key[len(self.prefix) + 1 :]}"


# -------------------------------------------------------------------- records


def record(namespace: Sequence[str], key: str, value: Mapping[str, Any], created: str) -> dict[str, Any]:
    return {"namespace": list(namespace), "key": key, "value": dict(value), "created_at": created}


def now() -> datetime:
    return datetime.now(timezone.utc)


def _fields(snapshot: Snapshot[Any]) -> dict[str, Any]:
    stored = snapshot.value
    return {
        "namespace": tuple(stored["namespace"]),
        "key": stored["key"],
        "value": stored["value"],
        "created_at": datetime.fromisoformat(stored["created_at"]),
        "updated_at": snapshot.committed_at or now(),
        "version": snapshot.version,
    }


def item_of(snapshot: Snapshot[Any]) -> VersionedItem:
    return VersionedItem(**_fields(snapshot))


def search_item_of(snapshot: Snapshot[Any], score: float | None) -> VersionedSearchItem:
    return VersionedSearchItem(score=score, **_fields(snapshot))


def is_expired(touch: Snapshot[Any] | None, at: float) -> bool:
    """Whether the ttl (minutes) of an item is over."""
    if touch is None or not touch.exists or touch.value.get("ttl") is None:
        return False
    return bool(touch.value["at"] + 60.0 * touch.value["ttl"] <= at)


def pack_vectors(vectors: Mapping[str, Sequence[float]]) -> bytes:
    return ormsgpack.packb({path: array("f", vector).tobytes() for path, vector in vectors.items()})


def unpack_vectors(data: bytes) -> list[list[float]]:
    found = []
    for raw in ormsgpack.unpackb(data).values():
        vector = array("f")
        vector.frombytes(raw)
        found.append(list(vector))
    return found


# -------------------------------------------------------------------- filters


def matches(value: Any, wanted: Any) -> bool:
    """Whether a field is what a filter asks for: a value, or operators ($eq, $ne, $gt, $gte, $lt, $lte)."""
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_operator(value, name, other) for name, other in wanted.items())
        return isinstance(value, Mapping) and all(matches(value.get(name), one) for name, one in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(wanted)
            and all(matches(one, other) for one, other in zip(value, wanted, strict=True))
        )
    return bool(value == wanted)


def _operator(value: Any, name: str, other: Any) -> bool:
    if name == "$eq":
        return bool(value == other)
    if name == "$ne":
        return bool(value != other)
    if name not in ("$gt", "$gte", "$lt", "$lte"):
        raise ValueError(f"Unsupported operator: {name}")
    try:
        left, right = float(value), float(other)
    except (TypeError, ValueError):
        # What is no number is neither more nor less.
        return False
    return {"$gt": left > right, "$gte": left >= right, "$lt": left < right, "$lte": left <= right}[name]


def namespace_matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    path = condition.path
    if len(namespace) < len(path):
        return False
    if condition.match_type == "prefix":
        pairs = zip(namespace, path, strict=False)
    elif condition.match_type == "suffix":
        pairs = zip(reversed(namespace), reversed(path), strict=False)
    else:
        raise ValueError(f"Unsupported match type: {condition.match_type}")
    return all(wanted in ("*", label) for label, wanted in pairs)


# -------------------------------------------------------------------- similarity


def best_score(query: Sequence[float], vectors: Sequence[Sequence[float]]) -> float:
    """The greatest cosine similarity of a query to one of an item's vectors."""
    return max(_cosine(query, vector) for vector in vectors)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.sqrt(math.fsum(a * a for a in one)) * math.sqrt(math.fsum(b * b for b in other))
    if lengths == 0.0:
        return 0.0
    return math.fsum(a * b for a, b in zip(one, other, strict=False)) / lengths
