"""Deltas as the engine folds them, for the reads of a transaction that made some. The commit is the engine's fold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ._codec import from_json
from ._errors import WrongType, invalid
from ._models import Snapshot


def folded(snapshot: Snapshot[Any], kind: str, change: Any, ids: list[str] | None = None) -> Any:
    """The value after a delta, for a read of the transaction itself; the engine's own fold is what gets
    committed.
    """
    value = snapshot.value if snapshot.exists else None
    if kind == "append":
        if ids is not None:
            raise invalid(
                "key", "read it before an append with unique ids: which are new is known at the commit"
            )
        return _a(list, value, snapshot, "a list") + [from_json(item) for item in change]
    if kind == "add_to_set":
        members, member = _a(list, value, snapshot, "a list"), from_json(change)
        known = {_canonical(one) for one in members}
        return members if _canonical(member) in known else [*members, member]
    if kind == "merge":
        return _merged(_a(dict, value, snapshot, "an object"), from_json(change))
    return _incremented(value, change, snapshot)


class _Number:
    """No value is one: for the error of `_a` only."""


def _a(kind: type, value: Any, snapshot: Snapshot[Any], name: str) -> Any:
    if not snapshot.exists:
        return kind()
    if not isinstance(value, kind):
        actual = _named(value)
        raise WrongType(
            f"{snapshot.key} holds {actual}, the write needs {name}",
            key=snapshot.key,
            expected=name,
            actual=actual,
        )
    return value


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


def _merged(value: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7386."""
    result = dict(value)
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        elif isinstance(change, dict):
            inner = result.get(name)
            result[name] = _merged(inner if isinstance(inner, dict) else {}, change)
        else:
            result[name] = change
    return result


def _incremented(value: Any, by: str, snapshot: Snapshot[Any]) -> Any:
    number = 0 if not snapshot.exists else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        _a(_Number, value, snapshot, "a number")
    change = from_json(by.encode())
    if isinstance(number, int) and isinstance(change, int):
        return number + change
    return float(Decimal(repr(number)) + Decimal(by))


def _canonical(value: Any) -> str:
    """Equal for equal members: 1 and 1.0 are one number, the order of fields does not matter."""
    return json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain_numbers(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain_numbers(one) for name, one in value.items()}
    return value
