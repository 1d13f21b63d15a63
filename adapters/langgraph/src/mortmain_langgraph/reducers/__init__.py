"""Reducers for graph states, each with a declared algebra that property tests prove.

    class State(TypedDict):
        findings: Annotated[list[dict], upsert_by("id")]
        cost: Annotated[float, counter]

All are pure: the left value is never changed. None on either side means nothing, an `Overwrite` replaces. LangGraph
folds parallel writes in the order of the nodes' names, then Sends in the order of their calls; a reducer that is
commutative does not depend on it.
"""

from __future__ import annotations

from ._algebra import Algebra, algebra_of
from ._check import Counterexample, Finding, check_graph, check_reducer
from ._functions import (
    append,
    bounded_append,
    counter,
    dedupe_by,
    deep_merge,
    first_write_wins,
    last_write_wins,
    latest_by,
    maximum,
    minimum,
    raise_on_conflict,
    remaining,
    removed,
    set_union,
    upsert_by,
)
from ._shared import SharedState

__all__ = [
    "Algebra",
    "Counterexample",
    "Finding",
    "SharedState",
    "algebra_of",
    "append",
    "bounded_append",
    "check_graph",
    "check_reducer",
    "counter",
    "dedupe_by",
    "deep_merge",
    "first_write_wins",
    "last_write_wins",
    "latest_by",
    "maximum",
    "minimum",
    "raise_on_conflict",
    "remaining",
    "removed",
    "set_union",
    "upsert_by",
]
