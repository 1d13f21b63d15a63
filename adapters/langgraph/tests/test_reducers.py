"""Each reducer keeps what it declares, and breaks what it does not declare; the checks find what is planted."""

from __future__ import annotations

import asyncio
import operator
from dataclasses import fields
from typing import Annotated, Any, TypedDict

import langgraph.types
import mortmain
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.graph import START, StateGraph

from mortmain_langgraph import reducers as r

SMALL = st.integers(0, 3)
ITEMS = st.lists(SMALL, max_size=4)
WITH_IDS = st.lists(
    st.builds(lambda id, n: {"id": id, "n": n}, st.sampled_from("ab"), SMALL) | st.sampled_from("ab").map(r.removed),
    max_size=3,
)
# Few enough that every triple is tried.
OBJECTS = st.sampled_from([{"k": 0}, {"k": 1}, {"k": {"x": 1}}, {"k": {"y": 2}}])
CASES: dict[str, tuple[Any, Any]] = {
    "append": (r.append, ITEMS),
    "bounded_append": (r.bounded_append(3), ITEMS),
    "upsert_by": (r.upsert_by(), WITH_IDS),
    "dedupe_by": (r.dedupe_by(), WITH_IDS),
    "deep_merge": (r.deep_merge, OBJECTS),
    "set_union": (r.set_union, st.sets(SMALL)),
    "counter": (r.counter, st.integers()),
    "counter by name": (r.counter, st.dictionaries(st.sampled_from("ab"), st.integers())),
    "maximum": (r.maximum, st.integers()),
    "minimum": (r.minimum, st.integers()),
    "latest_by": (r.latest_by("at"), st.fixed_dictionaries({"at": SMALL, "n": SMALL})),
    "first_write_wins": (r.first_write_wins, st.integers()),
    "last_write_wins": (r.last_write_wins, st.integers()),
    "raise_on_conflict": (r.raise_on_conflict, SMALL),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reducer_keeps_its_declared_laws_and_no_other(name: str) -> None:
    reducer, strategy = CASES[name]
    algebra = r.algebra_of(reducer)
    assert algebra is not None
    declared = {field.name: getattr(algebra, field.name) for field in fields(algebra)}
    broken = {one.law for one in r.check_reducer(reducer, strategy, examples=100)}
    assert "pure" not in broken
    kept = {law: law not in broken for law in declared}
    # Batching is tried only where two updates have a form in one.
    if kept["batching"] and not declared["batching"]:
        kept["batching"] = False
    assert kept == declared


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_none_means_nothing_and_overwrite_replaces(name: str, data: Any) -> None:
    reducer, strategy = CASES[name]
    state = reducer(None, data.draw(strategy))
    assert reducer(state, None) == state
    assert reducer(None, None) is None
    typed = [langgraph.types.Overwrite(7)] if hasattr(langgraph.types, "Overwrite") else []
    for form in (*typed, {"__overwrite__": 7}, {"value": 7, "type": "__overwrite__"}):
        assert reducer(state, form) == 7


def test_a_removed_item_is_gone_even_for_a_parallel_branch() -> None:
    upsert = r.upsert_by()
    state = upsert([{"id": "a", "n": 1}, {"id": "b", "n": 2}], [{"id": "a", "n": 3}, r.removed("b")])
    assert r.remaining(state) == [{"id": "a", "n": 3}]
    assert r.remaining(r.dedupe_by()(state, [{"id": "b", "n": 9}])) == [{"id": "a", "n": 3}]
    with pytest.raises(mortmain.ReducerFailed):
        upsert([], [{"n": 1}])


def test_one_value_cannot_be_set_twice() -> None:
    assert r.raise_on_conflict("x", "x") == "x"
    with pytest.raises(mortmain.ReducerFailed):
        r.raise_on_conflict("x", "y")


def test_a_counter_example_is_found_and_small() -> None:
    def average(left: Any, right: Any) -> Any:
        return right if left is None else (left + right) / 2

    def careless(left: Any, right: Any) -> Any:
        left = left if left is not None else []
        left.extend(right)
        return left

    broken = {one.law: one for one in r.check_reducer(average, st.integers(0, 9))}
    assert {"associative", "commutative"} <= set(broken)
    assert "not commutative" in str(broken["commutative"])
    assert {one.law for one in r.check_reducer(careless, ITEMS)} >= {"pure", "commutative", "idempotent"}
    assert r.check_reducer(max_or, st.integers(), laws=["pure", "associative", "commutative", "idempotent"]) == []
    with pytest.raises(mortmain.InvalidRequest):
        r.check_reducer(max_or, st.integers(), laws=["lawful"])


def max_or(left: int | None, right: int) -> int:
    return right if left is None else max(left, right)


class State(TypedDict):
    plain: str
    other: str
    summed: Annotated[list[int], operator.add]
    counted: Annotated[int, r.counter]


class Plain(TypedDict):
    plain: str


def writes_plain(state: State) -> Plain:
    return {"plain": "a"}


def writes_both(state: State) -> Any:
    return {"plain": "b", "summed": [1]}


def writes_other(state: State) -> Any:
    return {"other": "c"}


def test_keys_that_parallel_nodes_write_without_a_reducer_are_listed() -> None:
    builder = StateGraph(State)
    builder.add_node("one", writes_plain)
    builder.add_node("two", writes_both)
    builder.add_node("three", writes_other)
    builder.add_edge(START, "one")
    builder.add_edge(START, "two")
    builder.add_edge("one", "three")
    [found] = r.check_graph(builder.compile())
    assert (found.key, found.nodes, found.certain) == ("plain", ("one", "two"), True)
    assert "plain: one, two write it" in str(found)
    assert r.check_graph(builder, {"counted": st.integers()}) == [found]


def test_nodes_that_run_one_after_the_other_are_not_listed() -> None:
    builder = StateGraph(State)
    builder.add_node("one", writes_plain)
    builder.add_node("two", writes_both)
    builder.add_edge(START, "one")
    builder.add_edge("one", "two")
    assert r.check_graph(builder.compile()) == []


def liar(left: Any, right: Any) -> Any:
    return right


liar.algebra = r.Algebra(True, True, True, True)  # type: ignore[attr-defined]


class Lying(TypedDict):
    key: Annotated[list[int], liar]


def test_a_reducer_that_breaks_its_word_is_listed() -> None:
    builder = StateGraph(Lying)
    found = r.check_graph(builder, {"key": ITEMS})
    assert found
    assert "liar is not commutative" in str(found[0])


def test_folds_of_other_processes_are_all_kept(store: mortmain.Store, prefix: str) -> None:
    one, other = r.SharedState(store, prefix), r.SharedState(store.directory, prefix)
    one.append("list", 1)
    other.append("list", 2, unique="two")
    one.append("list", 2, unique="two")
    assert other.get("list") == [1, 2]
    assert one.count("n").result == 1
    assert other.count("n", 2).result == 3
    assert one.add("set", "x").result is True
    assert other.add("set", "x").result is False
    one.merge("object", {"a": 1})
    other.merge("object", {"b": 2})
    assert one.get("object") == {"a": 1, "b": 2}
    assert one.get("missing", 0) == 0
    other.close()


async def test_tasks_fold_in_the_coordinator_too(store: mortmain.Store, prefix: str) -> None:
    shared = r.SharedState(store, prefix)
    await asyncio.gather(*(shared.acount("n") for _ in range(5)), *(shared.aappend("list", n) for n in range(5)))
    await shared.aadd("set", "x")
    await shared.amerge("object", {"a": 1})
    assert await shared.aget("n") == 5
    assert sorted(await shared.aget("list")) == list(range(5))
    assert (await shared.aget("set"), await shared.aget("object")) == (["x"], {"a": 1})
    assert await shared.aget("missing", 0) == 0
