"""What the fence refuses, how it is told, and what it must let pass. One process: a node runs the other writer."""

from __future__ import annotations

import copy
import functools
import pickle
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import mortmain
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from graphs import State, config, ten_steps
from mortmain_langgraph import MortmainSaver

OLDEST = version("langgraph").startswith("1.0.")


def pair(saver: Any, middle: Callable[[State], Any]) -> Any:
    """first -> second; `middle` runs inside first."""

    def first(state: State) -> Any:
        middle(state)
        return {"items": ["first"]}

    builder = StateGraph(State)
    builder.add_node("first", first)
    builder.add_node("second", lambda state: {"items": ["second"]})
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    return builder.compile(checkpointer=saver)


def other_run(saver: MortmainSaver, thread_id: object = "t", after: str | None = "mine", then: Any = None) -> None:
    """Another run of the thread, from its beginning to its end, as another process would make it.

    after: what the overtaken run must have stored, which it does in the background.
    """
    end = time.monotonic() + 20.0
    while after is not None and after not in stored_items(saver, thread_id):
        assert time.monotonic() < end, "the first run stored nothing"
    if then is not None:
        then()
    graph = pair(MortmainSaver(saver._shared.connection.store, saver.prefix), lambda state: None)
    graph.invoke({"items": ["other"]}, config(thread_id))


def stored_items(saver: MortmainSaver, thread_id: object) -> list[str]:
    found = saver.get_tuple({"configurable": {"thread_id": thread_id}})
    return list(found.checkpoint["channel_values"].get("items", [])) if found else []


def items(saver: MortmainSaver, thread_id: object = "t") -> list[str]:
    found = saver.get_tuple({"configurable": {"thread_id": thread_id}})
    assert found is not None
    return list(found.checkpoint["channel_values"]["items"])


OTHERS = ["other", "first", "second"]


# -------------------------------------------------------------------- refused


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("thread_id", ["t", 7])
def test_an_overtaken_run_is_refused(saver: MortmainSaver, durability: Any, thread_id: object) -> None:
    after = None if durability == "exit" else "mine"
    graph = pair(saver, lambda state: other_run(saver, thread_id, after))
    with pytest.raises(mortmain.VersionConflict):
        graph.invoke({"items": ["mine"]}, config(thread_id), durability=durability)
    expected = OTHERS if durability == "exit" else ["mine", *OTHERS]
    assert items(saver, thread_id) == expected
    assert isinstance(saver.fence_error, mortmain.VersionConflict)
    with pytest.raises(mortmain.VersionConflict):
        saver.raise_if_fenced(str(thread_id))
    saver.raise_if_fenced()


async def test_an_overtaken_async_run_is_refused(saver: MortmainSaver) -> None:
    graph = pair(saver, lambda state: other_run(saver))
    with pytest.raises(mortmain.VersionConflict):
        await graph.ainvoke({"items": ["mine"]}, config())
    assert items(saver) == ["mine", *OTHERS]


def test_a_refused_run_ends_at_its_next_step(saver: MortmainSaver) -> None:
    ran: list[int] = []

    graph = ten_steps(saver, ran, lambda: other_run(saver))
    with pytest.raises(mortmain.VersionConflict):
        graph.invoke({"items": ["mine"]}, config(), durability="async")
    assert len(ran) <= 4, ran


# Before 1.2 a run has no control by which the graph around a subgraph is found if the thread id is no str.
@pytest.mark.parametrize("thread_id", ["t"] if OLDEST else ["t", 7])
def test_a_fenced_run_does_not_write_through_its_subgraph(saver: MortmainSaver, thread_id: object) -> None:
    inner = StateGraph(State)
    inner.add_node("deep", lambda state: {"items": ["deep"]})
    inner.add_edge(START, "deep")
    compiled = inner.compile()

    def first(state: State) -> Any:
        other_run(saver, thread_id)
        return {}

    builder = StateGraph(State)
    builder.add_node("first", first)
    builder.add_node("sub", compiled)
    builder.add_edge(START, "first")
    builder.add_edge("first", "sub")
    graph = builder.compile(checkpointer=saver)
    with pytest.raises(mortmain.VersionConflict):
        graph.invoke({"items": ["mine"]}, config(thread_id), durability="async")
    stored = {one.config["configurable"]["checkpoint_ns"] for one in saver.list(config(thread_id))}
    assert stored == {""}


def test_a_read_inside_the_run_does_not_launder_it(saver: MortmainSaver) -> None:
    holder: list[Any] = []

    def middle(state: State) -> None:
        other_run(saver)
        holder[0].get_state(config())
        from langgraph.config import get_config

        holder[0].get_state(get_config())

    holder.append(pair(saver, middle))
    with pytest.raises(mortmain.VersionConflict):
        holder[0].invoke({"items": ["mine"]}, config())


def test_a_deleted_thread_stays_deleted_even_before_its_first_write(saver: MortmainSaver) -> None:
    graph = pair(saver, lambda state: saver.delete_thread("t"))
    with pytest.raises(mortmain.Fenced):
        graph.invoke({"items": ["mine"]}, config(), durability="exit")
    assert saver.get_tuple(config()) is None


def test_the_conflict_of_a_run_is_found_where_another_error_hid_it(saver: MortmainSaver) -> None:
    def middle(state: State) -> None:
        other_run(saver)
        raise ZeroDivisionError

    with pytest.raises((ZeroDivisionError, mortmain.Conflict)):
        pair(saver, middle).invoke({"items": ["mine"]}, config())
    with pytest.raises(mortmain.VersionConflict):
        saver.raise_if_fenced("t")


def test_a_graph_that_did_not_read_is_refused_by_name(saver: MortmainSaver, store: mortmain.Store) -> None:
    class Forgetful(MortmainSaver):
        def get_tuple(self, config: Any) -> Any:
            return super().get_tuple(copy.deepcopy({"configurable": {"thread_id": "t"}}))

    with pytest.raises(mortmain.InvalidRequest, match=version("langgraph")):
        pair(Forgetful(store, saver.prefix), lambda state: None).invoke({"items": []}, config())
    loose = Forgetful(store, saver.prefix, strict=False)
    pair(loose, lambda state: None).invoke({"items": []}, config())


# -------------------------------------------------------------------- claims and guarded updates


def test_a_claim_keeps_a_second_run_from_starting(saver: MortmainSaver, store: mortmain.Store) -> None:
    graph = pair(saver, lambda state: None)
    second = MortmainSaver(store.as_agent("second"), saver.prefix)
    with saver.claim("t", ttl=30.0) as claim:
        with pytest.raises(mortmain.ClaimHeld):
            second.claim("t").__enter__()
        started: list[int] = []
        with pytest.raises(mortmain.ClaimHeld):
            pair(second, lambda state: started.append(1)).invoke({"items": []}, config(), durability="sync")
        assert started == []
        graph.invoke({"items": ["mine"]}, claim.config)
        graph.invoke({"items": ["again"]}, claim.config)
        claim.check()
    assert items(saver) == ["mine", "first", "second", "again", "first", "second"]
    pair(second, lambda state: None).invoke({"items": []}, config())
    with pytest.raises(mortmain.ClaimLost):
        graph.invoke({"items": []}, claim.config)


async def test_a_stalled_claimer_is_fenced(saver: MortmainSaver, store: mortmain.Store) -> None:
    async with saver.claim("t", ttl=30.0) as claim:
        reclaim = functools.partial(store.reclaim, claim.claim.key, reason="stalled")
        graph = pair(saver, lambda state: other_run(saver, then=reclaim))
        with pytest.raises(mortmain.Fenced):
            await graph.ainvoke({"items": ["mine"]}, claim.config)
        with pytest.raises(mortmain.Fenced):
            claim.check()
    assert items(saver) == ["mine", *OTHERS]


def test_an_update_on_an_old_snapshot_is_refused_if_asked(saver: MortmainSaver) -> None:
    graph = pair(saver, lambda state: None)
    graph.invoke({"items": []}, config())
    old = graph.get_state(config())
    guarded = saver.if_unchanged(old)
    other_run(saver, after=None)
    with pytest.raises(mortmain.VersionConflict):
        graph.update_state(guarded, {"items": ["late"]})
    with pytest.raises(mortmain.VersionConflict):
        saver.if_unchanged(old)
    assert "late" not in items(saver)
    graph.update_state(saver.if_unchanged(graph.get_state(config())), {"items": ["in time"]})
    assert items(saver)[-1] == "in time"


# -------------------------------------------------------------------- allowed


def test_runs_one_after_the_other_and_time_travel_pass(saver: MortmainSaver) -> None:
    graph = pair(saver, lambda state: None)
    for name in ("a", "b"):
        graph.invoke({"items": [name]}, config())
    history = list(graph.get_state_history(config()))
    before_second = next(one for one in history if one.next == ("second",))
    graph.invoke(None, before_second.config)
    fork = graph.update_state(history[-1].config, {"items": ["fork"]})
    graph.invoke(None, fork)
    graph.update_state(history[3].config, None, as_node="__copy__")
    graph.invoke({"items": ["c"]}, config())


def test_interrupts_resume_and_sends_pass(saver: MortmainSaver) -> None:
    def ask(state: State) -> Any:
        answer = interrupt("?")
        return Command(goto=[Send("each", {"items": [f"{answer}{n}"]}) for n in range(4)])

    builder = StateGraph(State)
    builder.add_node("ask", ask, destinations=("each",))
    builder.add_node("each", lambda state: {"items": state["items"]})
    builder.add_edge(START, "ask")
    builder.add_edge("each", END)
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"items": []}, config())
    assert graph.invoke(Command(resume="x"), config())["items"] == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("thread_id", ["t", 7])
async def test_parallel_and_nested_subgraphs_pass(
    saver: MortmainSaver, durability: Any, thread_id: object
) -> None:
    def leaf(name: str) -> Any:
        builder = StateGraph(State)
        builder.add_node("a", lambda state: {"items": [f"{name}a"]})
        builder.add_node("b", lambda state: {"items": [f"{name}b"]})
        builder.add_edge(START, "a")
        builder.add_edge("a", "b")
        return builder.compile()

    middle = StateGraph(State)
    middle.add_node("leaf", leaf("n"))
    middle.add_edge(START, "leaf")
    twice = leaf("twice")

    def call_twice(state: State) -> Any:
        twice.invoke({"items": []})
        return {"items": twice.invoke({"items": []})["items"]}

    builder = StateGraph(State)
    for name, graph in (("p", leaf("p")), ("q", leaf("q")), ("nested", middle.compile()), ("twice", call_twice)):
        builder.add_node(name, graph)
        builder.add_edge(START, name)
    graph = builder.compile(checkpointer=saver)
    for _ in range(2):
        graph.invoke({"items": []}, config(thread_id), durability=durability)
        await graph.ainvoke({"items": []}, config(thread_id), durability=durability)
    assert saver.fence_error is None


def test_other_threads_and_readers_disturb_nobody(saver: MortmainSaver) -> None:
    graph = pair(saver, lambda state: other_run(saver, "another thread", None))
    seen: list[Any] = []
    graph = pair(saver, lambda state: (other_run(saver, "u", None), seen.append(graph.get_state(config()))))
    graph.invoke({"items": ["mine"]}, config())
    assert seen
    assert seen[0].values["items"] == ["mine"]


# -------------------------------------------------------------------- no trace


def test_the_ticket_is_seen_nowhere(saver: MortmainSaver) -> None:
    mine = config()
    graph = pair(saver, lambda state: None)
    for mode in ("values", "updates", "checkpoints", "tasks", "debug"):
        for chunk in graph.stream({"items": ["x"]}, mine, stream_mode=mode):
            assert "mortmain_" not in repr(chunk)
    state = graph.get_state(mine)
    assert "mortmain_" not in repr(state)
    assert "mortmain_" not in repr(list(graph.get_state_history(mine)))
    assert mine == config()
    assert all("mortmain_" not in repr(one) for one in saver.list(mine))
    plain = config()
    saver.get_tuple(plain)
    assert plain == config()


def test_the_same_program_gives_the_same_state_as_the_saver_in_memory(saver: MortmainSaver) -> None:
    results = []
    for one in (saver, InMemorySaver()):
        graph = pair(one, lambda state: None)
        graph.invoke({"items": ["a"]}, config())
        graph.update_state(config(), {"items": ["u"]})
        graph.invoke({"items": ["b"]}, config())
        history = list(graph.get_state_history(config()))
        results.append([(h.values, h.next, h.metadata["source"], h.metadata["step"]) for h in history])
    assert results[0] == results[1]


def test_objects_are_copied_and_closed_as_one_connection(store: mortmain.Store, tmp_path: Any) -> None:
    saver = MortmainSaver(store, "copied")
    assert copy.deepcopy(saver)._shared is saver._shared
    assert saver.with_allowlist([])._shared is saver._shared if hasattr(saver, "with_allowlist") else True
    assert store.directory in repr(saver)
    with MortmainSaver.open(store.directory, "one") as one, MortmainSaver.open(store.directory, "two") as two:
        assert one._shared.connection is two._shared.connection
        one.put({"configurable": {"thread_id": "t"}}, _checkpoint("1"), {}, {})
    with MortmainSaver(store, "one") as again:
        assert again.get_tuple(config()) is not None
    assert store.read("anything").exists is False


def _checkpoint(checkpoint_id: str, **values: Any) -> Any:
    from langgraph.checkpoint.base import empty_checkpoint

    return {**empty_checkpoint(), "id": checkpoint_id, "channel_values": values}


def test_a_ticket_does_not_travel_by_pickle(saver: MortmainSaver) -> None:
    kept: list[Any] = []

    def node(state: State, config: Any) -> Any:
        kept.append(config["configurable"])
        return {}

    from langchain_core.runnables import RunnableConfig

    node.__annotations__["config"] = RunnableConfig
    builder = StateGraph(State)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.compile(checkpointer=saver).invoke({"items": []}, config())
    ticket = kept[0]["__pregel_mortmain_ticket"]
    assert pickle.loads(pickle.dumps(ticket)) is None
    assert copy.deepcopy(ticket) is ticket
