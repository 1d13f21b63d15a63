"""A cache that is shared: what it gives back, and what happens where two set one key."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
import threading
from importlib.metadata import version
from typing import Any

import mortmain
import pytest
from autogen_core import CacheStore, ComponentModel, FunctionCall
from autogen_core.models import CreateResult, RequestUsage, UserMessage
from autogen_ext.models.cache import CHAT_CACHE_VALUE_TYPE, ChatCompletionCache
from autogen_ext.models.replay import ReplayChatCompletionClient
from mortmain import Store
from pydantic import BaseModel

from mortmain_autogen import MortmainCacheStore


class Point(BaseModel):
    x: int
    label: str | None = None


class Shape(BaseModel):
    points: list[Point]
    raw: bytes = b"\xff"


class Vague(BaseModel):
    inner: BaseModel


@pytest.fixture
def cache(store: Store, prefix: str) -> MortmainCacheStore[Any]:
    return MortmainCacheStore[Any](store, prefix=prefix)


def result(content: Any) -> CreateResult:
    usage = RequestUsage(prompt_tokens=3, completion_tokens=4)
    return CreateResult(finish_reason="stop", content=content, usage=usage, cached=False)


VALUES = [
    42, 0, -1.5, 10**30, True, None, "", "text", '{"no": "json"}', "ü\N{SNOWMAN}\0",
    [], {}, [1, "a", None, [2.5]], {"a": {"b": [1]}}, b"", bytes(range(256)), (1, (2,)), {1: "int key"},
    {"__mortmain__": 1},
    Point(x=1), [Point(x=1), "text", 3, Shape(points=[Point(x=2, label="l")])],
    result("answer"), ["chunk ", "chunk", result("chunk chunk")],
    result([FunctionCall(id="1", arguments="{}", name="tool")]),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_values_read_back_exactly(cache: MortmainCacheStore[Any], store: Store, value: Any) -> None:
    cache.set("key", value)
    found = MortmainCacheStore[Any](store, prefix=cache.prefix).get("key", "default")
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, list):
        assert [type(one) for one in found] == [type(one) for one in value]


def test_a_value_that_would_not_read_back_is_refused(cache: MortmainCacheStore[Any]) -> None:
    for value in (object(), {"a": [{1, object()}]}, Vague(inner=Point(x=1)), [print]):
        with pytest.raises(mortmain.InvalidRequest, match=r"\$"):
            cache.set("key", value)
    assert cache.get("key") is None


def test_as_the_store_in_memory(cache: MortmainCacheStore[Any]) -> None:
    cache.set("key", 42)
    cache.set("key", 2)
    assert cache.get("key") == 2
    assert cache.get("other", 99) == 99
    assert cache.get("other") is None


def test_a_class_is_found_in_another_process_and_its_data_where_it_is_not(
    cache: MortmainCacheStore[Any], store: Store
) -> None:
    class Local(BaseModel):
        x: int

    cache.set("known", result("answer"))
    cache.set("local", Local(x=1))
    assert cache.get("local") == Local(x=1)
    program = (
        "import sys; from mortmain_autogen import MortmainCacheStore as C; c = C(sys.argv[1], prefix=sys.argv[2]);"
        "print(type(c.get('known')).__name__, c.get('local'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, store.directory, cache.prefix], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "CreateResult {'x': 1}"


def test_a_model_that_does_not_fit_its_class_any_more_is_a_miss(cache: MortmainCacheStore[Any], store: Store) -> None:
    cache.set("key", Point(x=1))
    form = store.read(f"{cache.prefix}key").value
    store.commit(f"{cache.prefix}key", {**form, "value": {"y": 1}}, overwrite=True)
    assert cache.get("key", "default") == "default"
    store.commit(f"{cache.prefix}key", {"__mortmain__": "of the future", "value": 1}, overwrite=True)
    with pytest.raises(mortmain.Unsupported):
        cache.get("key")


# -------------------------------------------------------------------- two that set one key


def pair(store: Store, prefix: str, on_conflict: str) -> tuple[MortmainCacheStore[Any], MortmainCacheStore[Any]]:
    one, two = (MortmainCacheStore[Any](store, prefix=prefix, on_conflict=on_conflict) for _ in range(2))
    assert (one.get("key"), two.get("key")) == (None, None)
    return one, two


def test_overwrite_takes_the_last_and_records_it(store: Store, prefix: str) -> None:
    one, two = pair(store, prefix, "overwrite")
    one.set("key", 1)
    two.set("key", 2)
    assert one.get("key") == 2
    assert [event.overwrite for event in store.history(f"{prefix}key")] == [True, True]


def test_keep_takes_the_first(store: Store, prefix: str) -> None:
    one, two = pair(store, prefix, "keep")
    one.set("key", 1)
    two.set("key", 2)
    assert (one.get("key"), two.get("key")) == (1, 1)


def test_raise_tells_the_second_and_lets_him_decide_again(store: Store, prefix: str) -> None:
    one, two = pair(store, prefix, "raise")
    one.set("key", 1)
    one.set("key", 11)
    with pytest.raises(mortmain.VersionConflict):
        two.set("key", 2)
    assert isinstance(two.fence_error, mortmain.VersionConflict)
    assert two.get("key") == 11
    two.set("other", 1)
    assert two.fence_error is not None
    two.set("key", 2)
    assert two.fence_error is None
    with pytest.raises(mortmain.VersionConflict):
        one.set("key", 3)
    with pytest.raises(mortmain.VersionConflict):
        one.raise_if_fenced()
    one.raise_if_fenced()
    store.reclaim(f"{prefix}key")
    with pytest.raises(mortmain.Fenced):
        two.set("key", 4)


def test_a_key_that_was_not_read_is_only_created(store: Store, prefix: str) -> None:
    one, two = (MortmainCacheStore[Any](store, prefix=prefix, on_conflict="raise") for _ in range(2))
    one.set("key", 1)
    one.set("key", 2)
    with pytest.raises(mortmain.VersionConflict):
        two.set("key", 3)


def test_of_threads_and_tasks_that_share_one_store_exactly_one_wins(store: Store, prefix: str) -> None:
    cache = MortmainCacheStore[int](store, prefix=prefix, on_conflict="raise")
    told: list[str] = []
    together = threading.Barrier(4)

    def work(number: int) -> None:
        cache.get("key")
        together.wait(30.0)
        try:
            cache.set("key", number)
            told.append("won")
        except mortmain.VersionConflict:
            told.append("lost")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["lost", "lost", "lost", "won"]

    async def tasks() -> list[Any]:
        read = asyncio.Barrier(3) if hasattr(asyncio, "Barrier") else None

        async def task(number: int) -> None:
            cache.get("other")
            await (read.wait() if read else asyncio.sleep(0.2))
            cache.set("other", number)

        return await asyncio.gather(*(task(n) for n in range(3)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in asyncio.run(tasks())) == [
        "NoneType", "VersionConflict", "VersionConflict",
    ]  # fmt: skip


# -------------------------------------------------------------------- under ChatCompletionCache, and the object


async def ask(client: ChatCompletionCache, stream: bool) -> tuple[Any, bool]:
    messages = [UserMessage(content="why?", source="user")]
    if not stream:
        answer = await client.create(messages)
        return answer.content, answer.cached
    chunks = [one async for one in client.create_stream(messages)]
    last = chunks[-1]
    assert isinstance(last, CreateResult)
    return last.content, last.cached


# Before 0.7.4 ChatCompletionCache stores the list of a stream before it is filled, which serves a store in memory only.
STREAMS = [False] if version("autogen-ext") < "0.7.4" else [False, True]


@pytest.mark.parametrize("first", STREAMS)
@pytest.mark.parametrize("second", STREAMS)
async def test_the_second_process_pays_for_no_call(
    cache: MortmainCacheStore[Any], store: Store, first: bool, second: bool
) -> None:
    replay = ReplayChatCompletionClient(["because of that"])
    replay.set_cached_bool_value(False)
    assert await ask(ChatCompletionCache(replay, cache), first) == ("because of that", False)
    other = MortmainCacheStore[CHAT_CACHE_VALUE_TYPE](store, prefix=cache.prefix)
    empty = ReplayChatCompletionClient([])
    assert await ask(ChatCompletionCache(empty, other), second) == ("because of that", True)


def test_a_component_round_trip_is_the_same_cache(store: Store, prefix: str) -> None:
    cache = MortmainCacheStore[int](store, prefix=prefix, on_conflict="keep")
    cache.set("key", 5)
    config = cache.dump_component()
    assert (config.provider, config.component_type) == ("mortmain_autogen.MortmainCacheStore", "cache_store")
    again = CacheStore.load_component(ComponentModel.model_validate_json(config.model_dump_json()))
    assert isinstance(again, MortmainCacheStore)
    assert again.get("key") == 5
    assert again.dump_component() == config
    again.close()
    client = ChatCompletionCache(ReplayChatCompletionClient(["one"]), cache)
    twin = ChatCompletionCache.load_component(client.dump_component())
    assert twin.dump_component() == client.dump_component()
    twin.store.close()  # type: ignore[attr-defined]


async def test_it_is_copied_and_closed_as_one_connection(cache: MortmainCacheStore[Any], store: Store) -> None:
    cache.set("key", 1)
    for again in (copy.copy(cache), copy.deepcopy([cache])[0], pickle.loads(pickle.dumps(cache))):
        with again:
            assert again.get("key") == 1
    async with cache:
        assert store.directory in repr(cache)
    with pytest.raises(mortmain.StoreClosed):
        cache.get("key")
    assert store.read(f"{cache.prefix}key").value == 1
    with pytest.raises(mortmain.InvalidRequest, match="on_conflict"):
        MortmainCacheStore(store, on_conflict="merge")
