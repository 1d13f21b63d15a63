"""The contract of BaseStore, and what mortmain adds to it: versions, expected versions, atomic batches."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import mortmain
import pytest
from langgraph.config import get_store
from langgraph.graph import START, StateGraph
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from mortmain_langgraph import MortmainStore, _store

DOCS = ("docs", "a")


def letters(texts: list[str]) -> list[list[float]]:
    """A user's embedding: how often each letter occurs."""
    return [[float(text.count(letter)) for letter in "abcdefgh"] for text in texts]


# -------------------------------------------------------------------- contract


def test_an_overwrite_keeps_when_it_was_created(memory: MortmainStore) -> None:
    memory.put(DOCS, "k", {"n": 1})
    first = memory.get(DOCS, "k")
    memory.put(DOCS, "k", {"n": 2})
    second = memory.get(DOCS, "k")
    assert first is not None
    assert second is not None
    assert (second.value, second.key, second.namespace) == ({"n": 2}, "k", DOCS)
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    memory.delete(DOCS, "k")
    assert memory.get(DOCS, "k") is None


def test_a_batch_reads_before_it_writes_and_the_last_put_of_a_key_counts(memory: MortmainStore) -> None:
    memory.put(DOCS, "k", {"n": 0})
    got, found, *_, names = memory.batch(
        [
            GetOp(DOCS, "k"),
            SearchOp(("docs",)),
            PutOp(DOCS, "k", {"n": 1}),
            PutOp(DOCS, "k", {"n": 2}),
            PutOp(DOCS, "new", {"n": 3}),
            ListNamespacesOp(),
        ]
    )
    assert got is not None
    assert got.value == {"n": 0}  # type: ignore[union-attr]
    assert [one.key for one in found] == ["k"]  # type: ignore[union-attr]
    assert names == [DOCS]
    assert {one.key: one.value["n"] for one in memory.search(())} == {"k": 2, "new": 3}


@pytest.mark.parametrize("bad", [("a.b",), ("",), (1,), ("a\x00",)])
def test_bad_labels_are_refused_in_every_operation(memory: MortmainStore, bad: Any) -> None:
    for op in (
        PutOp(bad, "k", {}),
        GetOp(bad, "k"),
        SearchOp(bad),
        ListNamespacesOp((MatchCondition("prefix", bad),)),
    ):
        with pytest.raises(InvalidNamespaceError):
            memory.batch([op])
    with pytest.raises(InvalidNamespaceError):
        memory.put(("langgraph",), "k", {})
    with pytest.raises(InvalidNamespaceError):
        memory.put((), "k", {})


@pytest.mark.parametrize(
    "wanted",
    [
        {"n": 2},
        {"n": {"$gt": 1}},
        {"n": {"$gte": 2, "$lt": 3}},
        {"n": {"$lte": 1}},
        {"n": {"$ne": 2}},
        {"n": {"$eq": 3}},
        {"tags": ["x", "y"]},
        {"deep": {"a": 1}},
        {"missing": None},
        {"n": 1, "deep": {"a": 1}},
    ],
)
def test_filters_choose_what_the_store_in_memory_chooses(memory: MortmainStore, wanted: Any) -> None:
    theirs = InMemoryStore()
    for n in range(1, 4):
        value = {"n": n, "tags": ["x", "y"][:n], "deep": {"a": n % 2, "b": 0}}
        for one in (memory, theirs):
            one.put(DOCS, f"k{n}", value)
    chosen = [{item.key for item in one.search(("docs",), filter=wanted)} for one in (memory, theirs)]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"prefix": ("a",)},
        {"suffix": ("c",)},
        {"prefix": ("a", "*"), "max_depth": 2},
        {"max_depth": 1},
        {"limit": 2, "offset": 1},
        {"prefix": ("*", "b")},
    ],
)
def test_namespaces_are_listed_as_the_store_in_memory_lists_them(memory: MortmainStore, arguments: Any) -> None:
    theirs = InMemoryStore()
    for name in (("a",), ("a", "b"), ("a", "b", "c"), ("a", "x", "c"), ("b/%/ü", "b"), ("%I", "b")):
        for one in (memory, theirs):
            one.put(name, "key/with?anything", {})
    assert memory.list_namespaces(**arguments) == theirs.list_namespaces(**arguments)
    found = memory.get(("b/%/ü", "b"), "key/with?anything")
    assert found is not None
    assert found.key == "key/with?anything"


def test_pages_of_a_search_do_not_overlap(memory: MortmainStore) -> None:
    for n in range(7):
        memory.put(DOCS, str(n), {"n": n})
    pages = [memory.search(("docs",), limit=3, offset=at) for at in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {item.key for page in pages for item in page} == {str(n) for n in range(7)}
    assert memory.search(("doc",)) == []


def test_the_nearest_text_comes_first(store: mortmain.Store, prefix: str) -> None:
    index: Any = {"dims": 8, "embed": letters, "fields": ["text", "more[*]"]}
    memory, theirs = MortmainStore(store, prefix=prefix, index=index), InMemoryStore(index=index)
    for one in (memory, theirs):
        one.put(DOCS, "ab", {"text": "aab", "more": ["h", "g"]})
        one.put(DOCS, "c", {"text": "ccc"})
        one.put(DOCS, "plain", {"text": "cc"}, index=False)
        one.put(DOCS, "own", {"text": "e", "title": "ddd"}, index=["title"])
    for query in ("aa", "c", "g", "d"):
        ours = [(item.key, item.score) for item in memory.search(("docs",), query=query)]
        expected = [(item.key, item.score) for item in theirs.search(("docs",), query=query)]
        assert ours[0][0] == expected[0][0]
        assert {key for key, score in ours if score is None} == {"plain"}
        mine = {key: score for key, score in ours if score is not None}
        assert mine == pytest.approx({key: score for key, score in expected if score is not None}, abs=1e-6)
    memory.put(DOCS, "c", {"text": "ccc"}, index=False)
    assert memory.search(("docs",), query="c")[-1].score is None


async def test_the_twins_do_the_same(store: mortmain.Store, prefix: str) -> None:
    memory = MortmainStore(store, prefix=prefix, index={"dims": 8, "embed": letters, "fields": ["text"]})
    await memory.aput(DOCS, "k", {"text": "abc"})
    found = await memory.asearch(("docs",), query="abc")
    assert found[0].score == pytest.approx(1.0)
    item = await memory.aupdate(DOCS, "k", lambda value: {**(value or {}), "seen": True})
    assert item is not None
    assert item.value == {"text": "abc", "seen": True}
    with pytest.raises(mortmain.VersionConflict):
        await memory.aput(DOCS, "k", {}, expected_version=1)
    assert await memory.alist_namespaces() == [DOCS]
    await memory.adelete(DOCS, "k")
    assert await memory.aget(DOCS, "k") is None


def test_none_deletes_as_in_every_store(memory: MortmainStore) -> None:
    memory.put(DOCS, "k", {"n": 1})
    memory.put(DOCS, "k", None)
    memory.put(DOCS, "never there", None)
    assert memory.search(DOCS) == []


async def test_calls_beyond_some_wait_their_turn(memory: MortmainStore, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = []
    inside: list[bool] = []
    most = 0
    drive_async = _store.drive_async

    async def counted(*arguments: Any) -> Any:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        # Such as an embedding that is cached in the store itself.
        if len(under_way) == 64 and not inside:
            inside.append(True)
            assert await memory.aget(DOCS, "0") is None
        try:
            return await drive_async(*arguments)
        finally:
            under_way.pop()

    monkeypatch.setattr(_store, "drive_async", counted)
    await asyncio.gather(*(memory.aput(DOCS, str(number), {"n": number}) for number in range(1, 300)))
    # The call in the 64th call adds one.
    assert most == 65
    assert len(await memory.asearch(DOCS, limit=1000)) == 299


# -------------------------------------------------------------------- ttl


def test_what_expired_is_swept_and_a_read_keeps_it(store: mortmain.Store, prefix: str) -> None:
    memory = MortmainStore(store, prefix=prefix, ttl={"default_ttl": 0.02, "refresh_on_read": True})
    strict = MortmainStore(store, prefix=prefix, ttl={"omit_expired": True})
    memory.put(DOCS, "short", {"n": 1})
    memory.put(DOCS, "for ever", {"n": 1}, ttl=None)
    memory.put(DOCS, "touched", {"n": 1}, ttl=0.02)
    before = memory.get(DOCS, "touched")
    assert memory.sweep_ttl() == 0
    time.sleep(0.7)
    after = memory.get(DOCS, "touched")
    assert before is not None
    assert after is not None
    assert after.version == before.version
    time.sleep(0.7)
    assert strict.get(DOCS, "short") is None
    assert {item.key for item in strict.search(("docs",), refresh_ttl=False)} == {"for ever", "touched"}
    assert memory.sweep_ttl() == 1
    assert {item.key for item in memory.search(("docs",))} == {"for ever", "touched"}


def test_the_sweeper_sweeps_until_it_is_stopped(store: mortmain.Store, prefix: str) -> None:
    memory = MortmainStore(store, prefix=prefix, ttl={"default_ttl": 0.001})
    memory.put(DOCS, "k", {"n": 1})
    future = memory.start_ttl_sweeper(0.002)
    end = time.monotonic() + 20.0
    while memory.get(DOCS, "k", refresh_ttl=False) is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert memory.stop_ttl_sweeper(5.0)
    assert future.done()


async def test_a_program_that_awaits_the_sweeper_as_of_an_async_store_runs_unchanged(
    store: mortmain.Store, prefix: str
) -> None:
    memory = MortmainStore(store, prefix=prefix, ttl={"default_ttl": 0.0001})
    await memory.aput(DOCS, "k", {"n": 1})
    swept, end = 0, time.monotonic() + 20.0
    while not swept:
        assert time.monotonic() < end
        swept = await memory.sweep_ttl()
    assert swept == 1
    sweeping = await memory.start_ttl_sweeper(5.0)
    assert not sweeping.done()
    assert await memory.stop_ttl_sweeper(5.0) is True
    assert sweeping.done()


def test_a_filter_reaches_into_a_field_as_of_the_sqlite_store(memory: MortmainStore) -> None:
    memory.put(DOCS, "nested", {"user": {"access-level": "mine", "ids": [1]}})
    memory.put(DOCS, "literal", {"user.access-level": "mine", "user": 7})
    memory.put(DOCS, "neither", {"user": "x"})
    assert {item.key for item in memory.search(DOCS, filter={"user.access-level": "mine"})} == {"nested", "literal"}
    assert [item.key for item in memory.search(DOCS, filter={"user.ids": [1]})] == ["nested"]
    assert memory.search(DOCS, filter={"user.ids.more": 1}) == []


# -------------------------------------------------------------------- versions


def test_an_expected_version_is_refused_once_somebody_wrote(memory: MortmainStore) -> None:
    memory.put(DOCS, "k", {"n": 1}, expected_version=0)
    item = memory.get(DOCS, "k")
    assert item is not None
    memory.put(DOCS, "k", {"n": 2}, expected_version=item.version)
    with pytest.raises(mortmain.VersionConflict) as caught:
        memory.put(DOCS, "k", {"n": 3}, expected_version=item.version)
    assert (caught.value.expected, caught.value.actual) == (item.version, item.version + 1)
    with pytest.raises(mortmain.VersionConflict):
        memory.put(DOCS, "k", {"n": 3}, expected_version=0)
    found = memory.get(DOCS, "k")
    assert found is not None
    assert found.value == {"n": 2}


def test_concurrent_updates_are_all_counted(memory: MortmainStore, store: mortmain.Store, prefix: str) -> None:
    def add() -> None:
        own = MortmainStore(store, prefix=prefix)
        for _ in range(10):
            own.update(DOCS, "k", lambda value: {"n": (value or {"n": 0})["n"] + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = memory.get(DOCS, "k")
    assert found is not None
    assert found.value == {"n": 40}
    assert memory.update(DOCS, "k", lambda value: mortmain.DELETE) is None
    assert memory.get(DOCS, "k") is None


def test_a_batch_is_one_commit(memory: MortmainStore, store: mortmain.Store) -> None:
    before = store.info()["revision"]
    memory.batch([PutOp(DOCS, str(n), {"n": n}) for n in range(20)])
    assert store.info()["revision"] == before + 1
    with pytest.raises(mortmain.InvalidRequest):
        memory.batch([PutOp(DOCS, "good", {"n": 1}), PutOp(DOCS, "bad", {"n": float("nan")})])
    assert memory.get(DOCS, "good") is None


def test_a_graph_uses_it(memory: MortmainStore) -> None:
    def node(state: dict[str, Any]) -> dict[str, Any]:
        get_store().put(DOCS, "k", {"from": "node"})
        return {}

    builder = StateGraph(dict)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    builder.compile(store=memory).invoke({})
    found = memory.get(DOCS, "k")
    assert found is not None
    assert found.value == {"from": "node"}


# -------------------------------------------------------------------- watch


def test_a_watcher_sees_each_item_once_and_in_order(memory: MortmainStore) -> None:
    long = "k" * 300
    memory.put(("users", "8"), "before", {"n": 0})
    with memory.watch(("users",), timeout=5.0) as events:
        memory.put(("users", "7"), "a/b %?", {"n": 1})
        memory.put(("users", "7"), "a/b %?", {"n": 2})
        memory.put(("other",), "unseen", {})
        memory.put(("users", "7"), long, {"n": 3}, ttl=5)
        memory.batch([PutOp(("users", "7"), long, None), PutOp(("users", "8", "deep"), "", {"n": 4})])
        memory.delete(("users", "7"), "a/b %?")
        seen = [next(events) for _ in range(6)]
        item = memory.get(("users", "8", "deep"), "")
        done = events.revision
    assert [(one.kind, one.namespace, one.key, one.value) for one in seen] == [
        ("put", ("users", "7"), "a/b %?", {"n": 1}),
        ("put", ("users", "7"), "a/b %?", {"n": 2}),
        ("put", ("users", "7"), long, {"n": 3}),
        ("delete", ("users", "7"), long, None),
        ("put", ("users", "8", "deep"), "", {"n": 4}),
        ("delete", ("users", "7"), "a/b %?", None),
    ]
    assert seen[3].revision == seen[4].revision > seen[2].revision
    assert item is not None
    assert (item.version, item.updated_at) == (seen[4].version, seen[4].committed_at)
    assert list(events) == []
    assert list(memory.watch(("users",), after=done, timeout=0)) == []
    again = list(memory.watch(("users", "7"), after=seen[0].revision, timeout=0))
    assert again == [one for one in seen[1:] if one.namespace == ("users", "7")]
    with pytest.raises(InvalidNamespaceError):
        memory.watch(("a.b",))


def test_what_is_touched_or_reclaimed_is_no_event_and_what_expired_is(store: mortmain.Store, prefix: str) -> None:
    memory = MortmainStore(store, prefix=prefix, ttl={"default_ttl": 0.0001, "refresh_on_read": True})
    with memory.watch(timeout=5.0) as events:
        memory.put(DOCS, "k", {"n": 1})
        memory.get(DOCS, "k")
        store.reclaim(prefix=memory.prefix, reason="stalled")
        end = time.monotonic() + 20.0
        while not memory.sweep_ttl():
            assert time.monotonic() < end
        assert [(next(events).kind, next(events).kind)] == [("put", "delete")]


async def test_a_task_watches_too(memory: MortmainStore) -> None:
    long = "k" * 300
    events = await memory.awatch(("docs",), timeout=5.0)
    await memory.aput(DOCS, long, {"n": 1})
    await memory.adelete(DOCS, long)
    first = await anext(events)
    assert (first.kind, first.key, first.value) == ("put", long, {"n": 1})
    second = await anext(events)
    assert (second.kind, second.key, second.namespace) == ("delete", long, DOCS)
    after = events.revision
    await events.close()
    await memory.aput(DOCS, "k", {"n": 2})
    async with memory.awatch(("docs",), after=after, timeout=0) as later:
        assert [one.key async for one in later] == ["k"]
    with pytest.raises(InvalidNamespaceError):
        memory.awatch(("",))
