"""What the SDK's own session tests ask of a store, asked of this one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import pickle
from typing import Any

import mortmain
import pytest
from agents import Agent, RunConfig, Runner, SessionSettings
from agents.memory import Session

from conftest import Opener
from mortmain_openai_agents import MortmainSession
from scripted import Scripted, says

ITEMS: list[Any] = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi there!"},
    {"role": "user", "content": "How are you?"},
]
EVERY_KIND: list[Any] = [
    {"role": "user", "content": "こんにちは 😊 O'Reilly \"; DROP TABLE x; -- \u0000 \u2028"},
    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1.0}', "status": "completed"},
    {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": ""}]},
    {"z": None, "a": [True, False, 0, -1, 1.5, 1e300, 12345678901234567890123], "": {"nested": {"empty": {}}}},
]


def test_it_is_a_session(session: MortmainSession) -> None:
    assert isinstance(session, Session)
    assert session.session_settings == SessionSettings()


async def test_items_round_trip_exactly(session: MortmainSession, opened: Opener) -> None:
    await session.add_items(copy.deepcopy(EVERY_KIND))
    found = await opened().get_items()
    assert found == EVERY_KIND
    assert [list(item) for item in found] == [list(item) for item in EVERY_KIND]
    assert [type(one) for one in found[-1]["a"]] == [type(one) for one in EVERY_KIND[-1]["a"]]  # type: ignore[typeddict-item]


async def test_pop_takes_the_latest_and_clear_all(session: MortmainSession) -> None:
    assert await session.pop_item() is None
    await session.add_items(ITEMS)
    assert [await session.pop_item() for _ in range(4)] == [*reversed(ITEMS), None]
    assert await session.get_items() == []
    await session.add_items(ITEMS)
    await session.clear_session()
    await session.clear_session()
    assert await session.get_items() == []
    await session.add_items(ITEMS[:1])
    assert await session.get_items() == ITEMS[:1]


@pytest.mark.parametrize(("limit", "expected"), [(None, 3), (2, 2), (3, 3), (10, 3), (0, 0), (-1, 3)])
async def test_a_limit_gives_the_latest_in_order(session: MortmainSession, limit: int | None, expected: int) -> None:
    await session.add_items(ITEMS)
    assert await session.get_items(limit) == ITEMS[len(ITEMS) - expected :]
    session.session_settings = SessionSettings(limit=limit)
    assert await session.get_items() == ITEMS[len(ITEMS) - expected :]
    assert await session.get_items(limit=1) == ITEMS[-1:]


def test_settings_may_be_a_dict_and_unknown_ones_are_refused(opened: Opener) -> None:
    assert opened(session_settings={"limit": 4}).session_settings == SessionSettings(limit=4)
    with pytest.raises(TypeError, match="limitt"):
        opened(session_settings={"limitt": 4})


async def test_sessions_are_apart_whatever_their_ids(opened: Opener) -> None:
    names = ["a", "a/b", "a/b/", "A", "~branches/a/x", "", "..", "ü" * 700, "ü" * 701, "a\x00"]
    for number, name in enumerate(names):
        await opened(name).add_items([{"role": "user", "content": str(number)}])
    for number, name in enumerate(names):
        assert await opened(name).get_items() == [{"role": "user", "content": str(number)}]
    assert len({opened(name).key for name in names}) == len(names)


async def test_after_close_every_call_is_refused(session: MortmainSession) -> None:
    session.close()
    session.close()
    for call in (session.get_items(), session.add_items([]), session.pop_item(), session.clear_session()):
        with pytest.raises(RuntimeError, match="MortmainSession is closed"):
            await call
    with pytest.raises(RuntimeError, match="MortmainSession is closed"):
        await session.claim().__aenter__()


async def test_only_what_it_opened_is_closed(store: mortmain.Store, prefix: str) -> None:
    with MortmainSession("one", store.directory, prefix=prefix) as one:
        async with MortmainSession("two", store.directory, prefix=prefix) as two:
            await two.add_items(ITEMS)
        assert await one.get_items() == []
    with MortmainSession("two", store, prefix=prefix) as again:
        assert await again.get_items() == ITEMS
    assert store.read(again.key).value == ITEMS


async def test_a_copy_is_the_same_session(session: MortmainSession, store: mortmain.Store) -> None:
    twin = copy.deepcopy(session)
    await twin.add_items(ITEMS)
    assert await session.get_items() == ITEMS
    assert twin.session_settings is not session.session_settings
    assert store.directory in repr(session)
    assert session.key in repr(session)
    with pickle.loads(pickle.dumps(session)) as far:
        assert far.key == session.key
        assert await far.get_items() == ITEMS


async def test_a_value_that_is_no_json_is_refused_whole(session: MortmainSession) -> None:
    for content in (object(), float("nan"), {1: 2}):
        with pytest.raises(mortmain.InvalidRequest):
            await session.add_items([ITEMS[0], {"role": "user", "content": content}])  # type: ignore[typeddict-item]
    assert await session.get_items() == []


async def test_what_another_program_wrote_there_is_named(session: MortmainSession, store: mortmain.Store) -> None:
    store.create(session.key, {"a": 1})
    with pytest.raises(mortmain.WrongType, match="prefix"):
        await session.get_items()


def test_threads_with_loops_of_their_own_lose_nothing(session: MortmainSession) -> None:
    def add(number: int) -> None:
        asyncio.run(session.add_items([{"role": "user", "content": f"{number}"}]))

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(40)))
    found = asyncio.run(session.get_items())
    assert sorted(int(item["content"]) for item in found) == list(range(40))  # type: ignore[arg-type, typeddict-item]


def _sync(agent: Agent[Any], text: str, **options: Any) -> Any:
    asyncio.set_event_loop(asyncio.new_event_loop())
    return Runner.run_sync(agent, text, **options)


async def run(method: str, agent: Agent[Any], text: Any, **options: Any) -> Any:
    if method == "run":
        return await Runner.run(agent, text, **options)
    if method == "run_sync":
        return await asyncio.to_thread(_sync, agent, text, **options)
    result = Runner.run_streamed(agent, text, **options)
    async for _ in result.stream_events():
        pass
    return result


METHODS = pytest.mark.parametrize("method", ["run", "run_sync", "run_streamed"])


@METHODS
async def test_a_run_remembers_the_one_before(method: str, session: MortmainSession, opened: Opener) -> None:
    model = Scripted([says("San Francisco")], [says("California")])
    agent = Agent(name="a", model=model)
    await run(method, agent, "Which city?", session=session)
    result = await run(method, agent, "Which state?", session=opened())
    assert result.final_output == "California"
    assert [item.get("role") for item in model.inputs[-1]] == ["user", "assistant", "user"]
    assert len(await session.get_items()) == 4
    other = Scripted([says("?")])
    await run(method, Agent(name="b", model=other), "Which?", session=opened("other"))
    assert len(other.inputs[0]) == 1


@METHODS
@pytest.mark.parametrize(("limit", "expected"), [(0, 1), (2, 3), (None, 5), (100, 5)])
async def test_the_runner_overrides_the_limit(
    method: str, limit: int | None, expected: int, session: MortmainSession
) -> None:
    await session.add_items([*ITEMS, {"role": "assistant", "content": "Fine"}])
    model = Scripted([says("ok")])
    config = RunConfig(session_settings=SessionSettings(limit=limit))
    await run(method, Agent(name="a", model=model), "New", session=session, run_config=config)
    assert len(model.inputs[0]) == expected
    assert len(await session.get_items()) == 6


@METHODS
async def test_an_input_callback_does_not_grow_the_session(method: str, session: MortmainSession) -> None:
    model = Scripted(*([says(str(n))] for n in range(3)))
    config = RunConfig(session_input_callback=lambda history, new: history + history[:1] + new)
    for number in range(3):
        await run(method, Agent(name="a", model=model), f"user {number}", session=session, run_config=config)
    stored = await session.get_items()
    assert len(stored) == 6
    assert [item["content"] for item in stored if item.get("role") == "user"] == ["user 0", "user 1", "user 2"]  # type: ignore[typeddict-item]
