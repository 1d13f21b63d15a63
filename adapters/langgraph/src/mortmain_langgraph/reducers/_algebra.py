"""What a reducer promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import langgraph.types

Reducer = Callable[[Any, Any], Any]
_SENTINEL = "__overwrite__"
# LangGraph 1.0.0 has no such class, and nothing is an instance of ().
_Overwrite: Any = getattr(langgraph.types, "Overwrite", ())


@dataclass(frozen=True)
class Algebra:
    """The laws of a reducer r, for a state s and updates a, b.

    associative: r(r(s, a), b) == r(s, r(a, b)), so updates may be folded before they reach the state.
    commutative: r(r(s, a), b) == r(r(s, b), a), so the order of parallel nodes does not matter.
    idempotent: r(r(s, a), a) == r(s, a), so a step that ran twice did no harm.
    batching: r(r(s, a), b) == r(s, a and b in one update), so it does not matter how updates are cut.
    """

    associative: bool
    commutative: bool
    idempotent: bool
    batching: bool


def declare(algebra: Algebra) -> Callable[[Reducer], Reducer]:
    """Attach an algebra, and handle None and Overwrite once for all."""

    def decorate(fold: Reducer) -> Reducer:
        def reducer(left: Any, right: Any) -> Any:
            replaces, value = overwrite_of(right)
            if replaces:
                return value
            _, left = overwrite_of(left)
            if right is None:
                return left
            return fold(left, right)

        reducer.__name__ = fold.__name__.lstrip("_")
        reducer.__qualname__ = reducer.__name__
        reducer.__doc__ = fold.__doc__
        reducer.algebra = algebra  # type: ignore[attr-defined]
        return reducer

    return decorate


def algebra_of(reducer: Reducer) -> Algebra | None:
    """What a reducer of this module, or one with an `algebra` attribute, promises."""
    found = getattr(reducer, "algebra", None)
    return found if isinstance(found, Algebra) else None


def overwrite_of(value: Any) -> tuple[bool, Any]:
    """(whether it is an Overwrite in one of its forms, the value)."""
    if isinstance(value, _Overwrite):
        return True, value.value
    if isinstance(value, Mapping):
        if len(value) == 1 and _SENTINEL in value:
            return True, value[_SENTINEL]
        if value.get("type") == _SENTINEL and "value" in value:
            return True, value["value"]
    return False, value
