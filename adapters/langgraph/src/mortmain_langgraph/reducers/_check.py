"""Finding what is wrong with a reducer, or with a graph that lacks one."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_type_hints

import mortmain

from ._algebra import Reducer, algebra_of

LAWS = ("pure", "associative", "commutative", "idempotent", "batching")


@dataclass(frozen=True)
class Counterexample:
    """A law that a reducer breaks, and where: `one` and `other` should be equal."""

    law: str
    state: Any
    updates: tuple[Any, ...]
    one: Any
    other: Any

    def __str__(self) -> str:
        return (
            f"not {self.law}: state {self.state!r}, updates {self.updates!r} give {self.one!r} and {self.other!r}"
        )


class _Raised:
    """An outcome: which error a fold raised."""

    def __init__(self, error: Exception) -> None:
        self.kind = type(error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Raised) and other.kind is self.kind

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"raises {self.kind.__name__}"


def check_reducer(
    reducer: Reducer, strategy: Any, *, laws: Iterable[str] = LAWS, examples: int = 200
) -> list[Counterexample]:
    """The laws that a reducer breaks, each with its smallest counter-example; an empty list if none was found.

    strategy: of updates, from Hypothesis, which must be installed. States are made of updates. laws: pure,
    associative, commutative, idempotent, batching.
    """
    unknown = set(laws) - set(LAWS)
    if unknown:
        raise mortmain.InvalidRequest(f"laws: {sorted(unknown)} are unknown", field="laws", reason="unknown")
    found = (_smallest(reducer, strategy, law, examples) for law in laws)
    return [one for one in found if one is not None]


def _smallest(reducer: Reducer, strategy: Any, law: str, examples: int) -> Counterexample | None:
    from hypothesis import HealthCheck, find, settings
    from hypothesis import strategies as st
    from hypothesis.errors import NoSuchExample

    triples = st.tuples(st.none() | strategy, strategy, strategy)
    options = settings(
        max_examples=examples, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    try:
        state, first, second = find(triples, lambda one: _breaks(reducer, law, *one) is not None, settings=options)
    except NoSuchExample:
        return None
    return _breaks(reducer, law, state, first, second)


def _breaks(reducer: Reducer, law: str, start: Any, first: Any, second: Any) -> Counterexample | None:
    state = copy.deepcopy(start) if start is None else _fold(reducer, None, start)
    if isinstance(state, _Raised):
        return None
    if law == "pure":
        before = copy.deepcopy((state, first))
        _fold(reducer, state, first, own=False)
        same = before == (state, first)
        return None if same else Counterexample(law, before[0], (first,), before[0], state)
    one = _fold(reducer, state, first, second)
    if law == "associative":
        both = _fold(reducer, first, second)
        other = both if isinstance(both, _Raised) else _fold(reducer, state, both)
    elif law == "commutative":
        other = _fold(reducer, state, second, first)
    elif law == "idempotent":
        one, other = _fold(reducer, state, first, first), _fold(reducer, state, first)
    else:
        joined = _joined(first, second)
        if joined is None:
            return None
        other = _fold(reducer, state, joined)
    updates = (first,) if law == "idempotent" else (first, second)
    return None if one == other else Counterexample(law, state, updates, one, other)


def _joined(first: Any, second: Any) -> Any:
    """Two updates in one, where their kind has such a form."""
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, set) and isinstance(second, set):
        return first | second
    return None


def _fold(reducer: Reducer, state: Any, *updates: Any, own: bool = True) -> Any:
    for update in updates:
        try:
            state = reducer(*copy.deepcopy((state, update))) if own else reducer(state, update)
        except Exception as error:
            return _Raised(error)
    return state


# -------------------------------------------------------------------- graphs


@dataclass(frozen=True)
class Finding:
    """A key of the state that nodes write in one step without a reducer that bears it.

    certain: the nodes' source shows that they write the key; otherwise they may.
    """

    key: str
    nodes: tuple[str, ...]
    reason: str
    certain: bool

    def __str__(self) -> str:
        return f"{self.key}: {', '.join(self.nodes)} {'write' if self.certain else 'may write'} it: {self.reason}"


def check_graph(graph: Any, strategies: dict[str, Any] | None = None) -> list[Finding]:
    """The keys that parallel nodes write without a reducer, or with one that fails its declared algebra.

    graph: a StateGraph or a compiled one. strategies: by key, of updates, from Hypothesis: the reducers of these keys
    are checked against what they declare.
    """
    builder = getattr(graph, "builder", graph)
    channels = builder.channels
    written = {name: _written(spec, set(channels)) for name, spec in builder.nodes.items()}
    found: dict[str, Finding] = {}
    for pair in sorted(_parallel(builder)):
        for key in sorted(set(channels)):
            marks = [written[name].get(key) for name in pair]
            if None in marks or type(channels[key]).__name__ != "LastValue":
                continue
            certain = all(bool(mark) for mark in marks)
            old = found.get(key)
            nodes = tuple(sorted({*(old.nodes if old else ()), *pair}))
            found[key] = Finding(key, nodes, "it has no reducer", certain or (old is not None and old.certain))
    findings = list(found.values())
    for key, strategy in (strategies or {}).items():
        findings += _failing(key, getattr(channels.get(key), "operator", None), strategy)
    return findings


def _failing(key: str, reducer: Reducer | None, strategy: Any) -> list[Finding]:
    algebra = algebra_of(reducer) if reducer is not None else None
    if reducer is None or algebra is None:
        return []
    laws = ["pure", *(law for law in LAWS[1:] if getattr(algebra, law))]
    name = getattr(reducer, "__name__", "reducer")
    return [Finding(key, (), f"{name} is {one}", True) for one in check_reducer(reducer, strategy, laws=laws)]


def _parallel(builder: Any) -> set[tuple[str, str]]:
    """Pairs of nodes that may run in one step."""
    after: dict[str, set[str]] = {}
    for start, end in builder.edges:
        after.setdefault(start, set()).add(end)
    for starts, end in builder.waiting_edges:
        for start in starts:
            after.setdefault(start, set()).add(end)
    for start, branches in builder.branches.items():
        for branch in branches.values():
            ends = branch.ends.values() if branch.ends else builder.nodes
            after.setdefault(start, set()).update(ends)
    nodes = set(builder.nodes)
    pairs: set[tuple[str, str]] = set()
    fresh = [(one, other) for ends in after.values() for one in ends for other in ends if one < other]
    while fresh:
        pair = fresh.pop()
        if pair in pairs or not set(pair) <= nodes:
            continue
        pairs.add(pair)
        for one in after.get(pair[0], ()):
            fresh += [(min(one, other), max(one, other)) for other in after.get(pair[1], ()) if one != other]
    return pairs


def _written(spec: Any, keys: set[str]) -> dict[str, bool]:
    """The keys that a node writes: True where its source says so, False where it only may."""
    function = getattr(spec.runnable, "func", None) or getattr(spec.runnable, "afunc", None)
    if function is None:
        return dict.fromkeys(keys, False)
    declared = _declared(function)
    if declared is not None and declared < keys:
        return dict.fromkeys(declared, True)
    literal = _literal_keys(function)
    if literal is not None:
        return dict.fromkeys(literal & keys, True)
    return dict.fromkeys(keys, False)


def _declared(function: Callable[..., Any]) -> set[str] | None:
    try:
        hint = get_type_hints(function).get("return")
    except (NameError, TypeError, AttributeError):
        return None
    fields = getattr(hint, "__annotations__", None)
    return set(fields) if isinstance(hint, type) and fields else None


def _literal_keys(function: Callable[..., Any]) -> set[str] | None:
    """The keys of the dicts that a function returns, if all of them are written out."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    found: set[str] = set()
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if not returned:
        returned = [node.body for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        if len(returned) != 1:
            return None
    for value in returned:
        if value is None or (isinstance(value, ast.Constant) and value.value is None):
            continue
        if not isinstance(value, ast.Dict):
            return None
        for key in value.keys:
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                return None
            found.add(key.value)
    return found
