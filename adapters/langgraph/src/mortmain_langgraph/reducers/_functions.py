"""The reducers."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import mortmain

from ._algebra import Algebra, Reducer, declare

_DELETED = "__deleted__"
_ALL = Algebra(associative=True, commutative=True, idempotent=True, batching=True)
_ORDERED = Algebra(associative=True, commutative=False, idempotent=False, batching=True)
_KEYED = Algebra(associative=True, commutative=False, idempotent=True, batching=True)


def _listed(value: Any) -> list[Any]:
    """A list as it is; anything else is one item."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


@declare(_ORDERED)
def append(left: Any, right: Any) -> Any:
    """Items at the end of a list; an update is a list of items or one item."""
    return [*_listed(left), *_listed(right)]


def bounded_append(limit: int) -> Reducer:
    """`append` that keeps the last `limit` items."""
    if limit < 1:
        raise mortmain.InvalidRequest("limit: at least 1", field="limit", reason="too small")

    @declare(_ORDERED)
    def bounded_append(left: Any, right: Any) -> Any:
        return [*_listed(left), *_listed(right)][-limit:]

    return bounded_append


def removed(id: Hashable, key: str = "id") -> dict[str, Any]:
    """The update that removes the item with this id. The state keeps it as a tombstone, so that it also removes what a
    parallel branch adds later; `remaining` leaves the tombstones out."""
    return {key: id, _DELETED: True}


def remaining(items: Iterable[Any]) -> list[Any]:
    """The items that were not removed."""
    return [item for item in items if not _is_tombstone(item)]


def _is_tombstone(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get(_DELETED) is True


def _id(item: Any, key: str) -> Any:
    found = item.get(key) if isinstance(item, Mapping) else getattr(item, key, None)
    if found is None:
        raise mortmain.ReducerFailed(
            f"an item has no {key!r}: give it one, or use append", where=key, reason="no id"
        )
    return found


def upsert_by(key: str = "id") -> Reducer:
    """A list of items with ids: an item with a known id replaces the old one in its place, others come at the end."""

    @declare(_KEYED)
    def upsert_by(left: Any, right: Any) -> Any:
        items = {_id(item, key): item for item in _listed(left)}
        for item in _listed(right):
            items[_id(item, key)] = item
        return list(items.values())

    return upsert_by


def dedupe_by(key: str = "id") -> Reducer:
    """A list of items with ids: the first item of an id stays, whatever comes later; a removal always wins."""

    @declare(_KEYED)
    def dedupe_by(left: Any, right: Any) -> Any:
        items: dict[Any, Any] = {}
        for item in [*_listed(left), *_listed(right)]:
            name = _id(item, key)
            if name not in items or (_is_tombstone(item) and not _is_tombstone(items[name])):
                items[name] = item
        return list(items.values())

    return dedupe_by


@declare(Algebra(associative=False, commutative=False, idempotent=True, batching=False))
def deep_merge(left: Any, right: Any) -> Any:
    """Objects field by field, at any depth; of two other values the later one stays. Not associative where one field is
    an object here and a plain value there."""
    if not isinstance(left, Mapping) or not isinstance(right, Mapping):
        return right
    merged = dict(left)
    for name, value in right.items():
        merged[name] = deep_merge(merged[name], value) if name in merged else value
    return merged


@declare(_ALL)
def set_union(left: Any, right: Any) -> Any:
    """A set of members; an update is a collection of members or one member."""
    return _members(left) | _members(right)


def _members(value: Any) -> set[Any]:
    if value is None:
        return set()
    return set(value) if isinstance(value, (set, frozenset, list, tuple)) else {value}


@declare(Algebra(associative=True, commutative=True, idempotent=False, batching=True))
def counter(left: Any, right: Any) -> Any:
    """A sum of numbers, or of numbers by name. (Sums of floats depend on the order in their last digits.)"""
    if isinstance(right, Mapping):
        totals = dict(left or {})
        for name, number in right.items():
            totals[name] = totals.get(name, 0) + number
        return totals
    return right if left is None else left + right


@declare(_ALL)
def maximum(left: Any, right: Any) -> Any:
    """The greater one."""
    return right if left is None or right > left else left


@declare(_ALL)
def minimum(left: Any, right: Any) -> Any:
    """The lesser one."""
    return right if left is None or right < left else left


def latest_by(field: str) -> Reducer:
    """The object whose field is greatest; of equals the one whose JSON is, so that the order does not matter."""

    def rank(value: Any) -> tuple[Any, str]:
        at = value.get(field) if isinstance(value, Mapping) else getattr(value, field)
        return at, json.dumps(value, sort_keys=True, default=repr)

    @declare(_ALL)
    def latest_by(left: Any, right: Any) -> Any:
        return right if left is None or rank(right) > rank(left) else left

    return latest_by


@declare(_KEYED)
def first_write_wins(left: Any, right: Any) -> Any:
    """What was there first stays."""
    return right if left is None else left


@declare(_KEYED)
def last_write_wins(left: Any, right: Any) -> Any:
    """What came last stays; of parallel nodes the one whose name is last."""
    return right


@declare(_ALL)
def raise_on_conflict(left: Any, right: Any) -> Any:
    """A value that is set once: another one is ReducerFailed, the same one is not. `Overwrite` sets it anew."""
    if left is None or left == right:
        return right
    raise mortmain.ReducerFailed(
        f"two writers set different values, {left!r:.60} and {right!r:.60}: let one of them decide",
        where="$",
        reason="conflict",
    )
