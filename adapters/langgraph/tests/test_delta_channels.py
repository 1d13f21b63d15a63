"""Channels that LangGraph rebuilds from the writes of earlier checkpoints: no read, copy or pruning loses one."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import mortmain
import pytest

from mortmain_langgraph import MortmainSaver

try:
    from langgraph.channels import DeltaChannel
except ImportError:  # Older versions have none.
    DeltaChannel = None

if DeltaChannel is not None:
    from langgraph.graph import START, StateGraph

    def joined(state: list[str], writes: list[list[str]]) -> list[str]:
        return [*state, *(item for write in writes for item in write)]

    # As a class its annotation would be a string, which LangGraph resolves without this block's names.
    Notes = TypedDict("Notes", {"items": Annotated[list, DeltaChannel(joined, snapshot_frequency=5)]})  # noqa: UP013

    def graph_on(saver: Any) -> Any:
        builder = StateGraph(Notes)
        builder.add_node("add", lambda state: {"items": [f"{len(state['items'])} " + "x" * 900]})
        builder.add_edge(START, "add")
        return builder.compile(checkpointer=saver)

    def config(thread_id: str) -> Any:
        return {"configurable": {"thread_id": thread_id}}

    def numbers(saver: Any, thread_id: str = "t") -> list[str]:
        return [one.split()[0] for one in graph_on(saver).get_state(config(thread_id)).values["items"]]

    @pytest.mark.parametrize("durability", ["sync", "async", "exit"])
    async def test_a_growing_delta_channel_is_rebuilt_anywhere(
        saver: MortmainSaver, store: mortmain.Store, durability: Any
    ) -> None:
        graph = graph_on(saver)
        for n in range(12):
            if n % 2:
                await graph.ainvoke({"items": []}, config("t"), durability=durability)
            else:
                graph.invoke({"items": []}, config("t"), durability=durability)
        expected = [str(n) for n in range(12)]
        assert numbers(MortmainSaver(store, saver.prefix)) == expected
        lengths = [len(one.values["items"]) for one in graph.get_state_history(config("t"))]
        assert lengths == sorted(lengths, reverse=True)
        assert saver.fence_error is None

    def test_copies_and_pruned_threads_keep_what_a_delta_channel_needs(
        saver: MortmainSaver, store: mortmain.Store
    ) -> None:
        graph = graph_on(saver)
        for _ in range(13):
            graph.invoke({"items": []}, config("t"))
        expected = [str(n) for n in range(13)]
        saver.copy_thread("t", "copy")
        before = sum(one.checkpoints for one in saver.threads() if one.thread_id == "t")
        saver.prune(["t"])
        saver.retain(["copy"], keep=2)
        for thread_id in ("t", "copy"):
            assert numbers(MortmainSaver(store, saver.prefix), thread_id) == expected
            after = sum(one.checkpoints for one in saver.threads() if one.thread_id == thread_id)
            assert 1 < after < before
        graph.invoke({"items": []}, config("t"))
        assert numbers(saver) == [*expected, "13"]

    def test_an_overtaken_run_with_a_delta_channel_is_refused(saver: MortmainSaver, store: mortmain.Store) -> None:
        graph_on(saver).invoke({"items": []}, config("t"))
        other = graph_on(MortmainSaver(store, saver.prefix))
        builder = StateGraph(Notes)

        def slow(state: Any) -> Any:
            other.invoke({"items": ["other"]}, config("t"))
            return {"items": ["lost"]}

        builder.add_node("slow", slow)
        builder.add_node("last", lambda state: {"items": ["lost too"]})
        builder.add_edge(START, "slow")
        builder.add_edge("slow", "last")
        with pytest.raises(mortmain.VersionConflict):
            builder.compile(checkpointer=saver).invoke({"items": []}, config("t"), durability="sync")
        assert numbers(saver) == ["0", "other", "2"]
