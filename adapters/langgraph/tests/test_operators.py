"""Retention, listing, moving between savers, size on disk, and the two-writer kit."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import mortmain
import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from mortmain.testing import temporary_store

from graphs import State, config
from mortmain_langgraph import MortmainSaver, export_to, import_from
from mortmain_langgraph.conformance import CASES, run_two_writers


def graph_on(saver: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("add", lambda state: {"items": [f"{len(state['items'])} " + "x" * 900]})
    builder.add_edge(START, "add")
    return builder.compile(checkpointer=saver)


def history(saver: Any, thread_id: str) -> list[Any]:
    return [
        (one.checkpoint, one.metadata, one.parent_config, one.pending_writes) for one in saver.list(config(thread_id))
    ]


# -------------------------------------------------------------------- storage


def test_two_hundred_growing_steps_take_a_fifth_of_what_sqlite_takes(tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(str(tmp_path / "c.db")) as saver:
        graph = graph_on(saver)
        for _ in range(200):
            graph.invoke({"items": []}, config("t"), durability="exit")
    theirs = sum(one.stat().st_size for one in tmp_path.iterdir())
    with temporary_store() as store:
        empty = used(store.directory)
        graph = graph_on(MortmainSaver(store))
        for _ in range(200):
            graph.invoke({"items": []}, config("t"), durability="exit")
        ours = used(store.directory) - empty
        assert len(graph.get_state(config("t")).values["items"]) == 200
        fresh = graph_on(MortmainSaver(store)).get_state(config("t")).values["items"]
        assert [one.split()[0] for one in fresh] == [str(n) for n in range(200)]
        written = sum(len(bytes(one.value)) for one in store.scan("langgraph/t/") if isinstance(one.value, bytes))
    print(f"sqlite {theirs} B, mortmain {ours} B on disk, {written} B in values")
    assert written <= theirs / 5
    assert ours <= theirs / 5


def used(directory: str) -> int:
    """Bytes on disk, preallocated room that was never written left out."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            data = Path(folder, name).read_bytes() if "journal" in folder else b""
            total += len(data.rstrip(b"\0"))
    return total


@pytest.mark.parametrize("value", [[1] * 5000, {"a": "x" * 200_000}, "ü" * 70_000, b"\0" * 3_000_000, list("abc")])
def test_values_of_any_size_come_back(saver: MortmainSaver, value: Any) -> None:
    from langgraph.checkpoint.base import empty_checkpoint

    other = MortmainSaver(saver._shared.connection.store, saver.prefix)
    for n, grown in enumerate([value, value + value[:1] if not isinstance(value, dict) else {**value, "b": 1}]):
        checkpoint: Any = {**empty_checkpoint(), "id": str(n), "channel_values": {"v": grown}}
        saver.put(config("t"), checkpoint, {}, {"v": str(n)})
        for one in (saver, other):
            found = one.get_tuple(config("t"))
            assert found is not None
            assert found.checkpoint["channel_values"]["v"] == grown


def test_an_encrypted_thread_holds_no_plain_text(store: mortmain.Store, prefix: str) -> None:
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"1234567890123456")
    saver = MortmainSaver(store, prefix, serde=serde)
    graph_on(saver).invoke({"items": ["a secret of some length"]}, config("t"))
    stored = b"".join(bytes(one.value) for one in store.scan(f"{prefix}/") if isinstance(one.value, bytes))
    assert b"secret" not in stored
    assert graph_on(saver).get_state(config("t")).values["items"][0] == "a secret of some length"


# -------------------------------------------------------------------- operators


def test_retention_by_count_and_age_keeps_the_newest(saver: MortmainSaver) -> None:
    graph = graph_on(saver)
    for _ in range(4):
        graph.invoke({"items": []}, config("t"))
    whole = history(saver, "t")
    saver.retain(keep=3)
    assert history(saver, "t") == whole[:3]
    saver.retain(["t"], max_age=timedelta(0))
    assert history(saver, "t") == whole[:1]
    assert len(graph.invoke({"items": []}, config("t"))["items"]) == 5
    with pytest.raises(mortmain.InvalidRequest):
        saver.retain(["t"])


async def test_tasks_list_and_retain_too(saver: MortmainSaver) -> None:
    graph = graph_on(saver)
    for name in ("a", "b"):
        await graph.ainvoke({"items": []}, config(name))
    assert [(one.thread_id, one.checkpoints) async for one in saver.athreads()] == [("a", 3), ("b", 3)]
    await saver.aretain(keep=1)
    assert [one.checkpoints async for one in saver.athreads()] == [1, 1]
    await saver.aretain(["a"], max_age=timedelta(days=1))
    with pytest.raises(mortmain.InvalidRequest):
        await saver.aretain(keep=0)


def test_pruning_removes_the_pieces_that_nothing_needs(saver: MortmainSaver, store: mortmain.Store) -> None:
    graph = graph_on(saver)
    for _ in range(6):
        graph.invoke({"items": []}, config("t"))
    before = len(list(store.scan(saver.prefix, values=False)))
    saver.prune(["t"])
    after = len(list(store.scan(saver.prefix, values=False)))
    assert after < before / 2
    fresh = MortmainSaver(store, saver.prefix)
    assert len(graph_on(fresh).get_state(config("t")).values["items"]) == 6
    with pytest.raises(mortmain.InvalidRequest):
        saver.prune(["t"], strategy="some")
    saver.prune(["t"], strategy="delete_all")
    assert list(store.scan(saver.prefix)) == []


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_what_a_subgraph_stored_goes_with_the_checkpoint_it_was_called_from(
    saver: MortmainSaver, store: mortmain.Store, durability: Any
) -> None:
    inner = StateGraph(State)
    inner.add_node("ask", lambda state: {"items": [interrupt("?")] if "ask" in state["items"][-1:] else ["inner"]})
    inner.add_edge(START, "ask")
    lasting = StateGraph(State)
    lasting.add_node("note", lambda state: {"items": ["noted"]})
    lasting.add_edge(START, "note")
    builder = StateGraph(State)
    builder.add_node("inner", inner.compile())
    builder.add_node("lasting", lasting.compile(checkpointer=True))
    builder.add_edge(START, "inner")
    builder.add_edge("inner", "lasting")
    graph = builder.compile(checkpointer=saver)
    for question in ("a", "b", "c", "ask"):
        graph.invoke({"items": [question]}, config(), durability=durability)
    saver.retain(["t"], keep=1)
    spaces = {one.config["configurable"]["checkpoint_ns"] for one in saver.list(config())}
    called = [space for space in spaces if ":" in space]
    assert spaces == {"", "lasting", *called}
    assert len(called) == 1
    assert len({key.key.split("/")[3] for key in store.scan(saver.prefix, values=False)}) == 3
    # The call that waits for its answer is still there.
    resumed = builder.compile(checkpointer=MortmainSaver(store, saver.prefix)).invoke(Command(resume="yes"), config())
    assert "yes" in resumed["items"]
    saver.prune(["t"])
    assert {one.config["configurable"]["checkpoint_ns"] for one in saver.list(config())} == {"", "lasting"}


async def test_one_id_instead_of_several_is_refused(saver: MortmainSaver) -> None:
    for name in ("ab", "a", "b"):
        graph_on(saver).invoke({"items": []}, config(name))
    for strategy in ("keep_latest", "delete"):
        with pytest.raises(TypeError, match="not a str"):
            saver.prune("ab", strategy=strategy)
        with pytest.raises(TypeError, match="not a str"):
            await saver.aprune("ab", strategy=strategy)
    with pytest.raises(TypeError, match="not a str"):
        saver.delete_for_runs("ab")
    with pytest.raises(TypeError, match="not a str"):
        saver.retain("ab", keep=1)
    assert [one.checkpoints for one in saver.threads()] == [3, 3, 3]


def test_a_filter_reaches_into_metadata_as_of_the_sqlite_saver(saver: MortmainSaver) -> None:
    for checkpoint_id, metadata in (("1", {"user": {"id": "7"}}), ("2", {"user.id": "7"}), ("3", {"user": "7"})):
        checkpoint: Any = {**empty_checkpoint(), "id": checkpoint_id}
        saver.put({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}, checkpoint, cast("Any", metadata), {})
    assert [one.checkpoint["id"] for one in saver.list(None, filter={"user.id": "7"})] == ["2", "1"]


def test_threads_are_listed(saver: MortmainSaver) -> None:
    for name in ("a/b", "ü" * 400, "plain"):
        graph_on(saver).invoke({"items": []}, config(name))
    found = {one.thread_id: one for one in saver.threads()}
    assert set(found) == {"a/b", "ü" * 400, "plain"}
    assert found["plain"].checkpoints == 3
    latest = saver.get_tuple(config("plain"))
    assert latest is not None
    assert found["plain"].latest == latest.checkpoint["id"]
    assert found["plain"].updated_at is not None


def test_threads_move_to_mortmain_and_back(saver: MortmainSaver) -> None:
    seen: list[tuple[int, int]] = []
    with SqliteSaver.from_conn_string(":memory:") as old, SqliteSaver.from_conn_string(":memory:") as new:
        for thread_id in ("a", "b"):
            graph_on(old).invoke({"items": ["first"]}, config(thread_id))
        assert import_from(saver, old, lambda done, whole: seen.append((done, whole))) == 6
        assert seen == [(n, 6) for n in range(1, 7)]
        assert graph_on(saver).get_state(config("a")).values == graph_on(old).get_state(config("a")).values
        assert export_to(saver, new) == 6
        for thread_id in ("a", "b"):
            assert history(saver, thread_id) == history(new, thread_id)
            assert [one[0]["id"] for one in history(old, thread_id)] == [
                one[0]["id"] for one in history(saver, thread_id)
            ]
        assert len(graph_on(saver).invoke({"items": []}, config("a"))["items"]) == 3


def test_a_moved_thread_keeps_the_order_of_what_its_tasks_wrote(saver: MortmainSaver, store: mortmain.Store) -> None:
    checkpoint: Any = {**empty_checkpoint(), "id": "1"}
    at = saver.put({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}, checkpoint, {}, {})
    saver.put_writes(at, [("items", "first")], "task z", "~pull, a")
    saver.put_writes(at, [("items", "second")], "task a", "~pull, b")
    other = MortmainSaver(store, f"{saver.prefix}moved")
    export_to(saver, other)
    found = other.get_tuple(config("t"))
    assert found is not None
    assert [value for _, _, value in found.pending_writes or []] == ["first", "second"]


# -------------------------------------------------------------------- the kit


def test_the_kit_finds_what_the_shipped_savers_lose_and_nothing_in_ours(
    store: mortmain.Store, prefix: str, tmp_path: Path
) -> None:
    numbers = itertools.count()

    def ours() -> Callable[[], Any]:
        name = f"{prefix}-{next(numbers)}"
        return lambda: MortmainSaver(store, name)

    def in_memory() -> Callable[[], Any]:
        one = InMemorySaver()
        return lambda: one

    report = run_two_writers("MortmainSaver", ours)
    assert report.passed, str(report)
    assert len(report.outcomes) == len(CASES)
    assert all(len(one.errors) == 1 for one in report.outcomes), str(report)
    with ExitStack() as stack:

        def in_sqlite() -> Callable[[], Any]:
            place = str(tmp_path / f"{next(numbers)}.db")
            one = stack.enter_context(SqliteSaver.from_conn_string(place))
            return lambda: one

        for name, make in (("InMemorySaver", in_memory), ("SqliteSaver", in_sqlite)):
            lost = run_two_writers(name, make)
            assert not any(one.passed for one in lost.outcomes), str(lost)
            assert not any(one.errors for one in lost.outcomes), str(lost)
            assert "LOST" in str(lost)
