"""What checkout claims, loads, saves and refuses; and that errors which a team flattened arrive as what they were."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import mortmain
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_core.model_context import BufferedChatCompletionContext
from autogen_core.models import UserMessage
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.replay import ReplayChatCompletionClient
from mortmain import Store

from mortmain_autogen import MortmainCacheStore, MortmainMemory, checkout
from teams import answers, team, team_with_tool, text


class Custom:
    """A target that is no class of AutoGen."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.saves = 0

    async def save_state(self) -> Mapping[str, Any]:
        self.saves += 1
        return self.state  # type: ignore[no-any-return]

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.state = state


@pytest.fixture
def key(prefix: str) -> str:
    return f"{prefix}team"


# -------------------------------------------------------------------- one after the other


async def test_a_run_goes_on_where_the_last_one_ended(store: Store, key: str) -> None:
    first = checkout(store, key, team("one"))
    async with first as crew:
        await crew.run(task="go on")
    assert (first.existed, first.receipt.version if first.receipt else 0) == (False, 1)
    second = checkout(store, key, team("two"))
    async with second as crew:
        await crew.run(task="go on")
    assert second.existed
    assert answers(store.read(key).value) == ["one", "two"]
    assert store.claims(key.rpartition("/")[0] + "/") == []


async def test_the_stored_value_is_what_save_state_gives(store: Store, key: str) -> None:
    crew = team("one")
    async with checkout(store, key, crew):
        await crew.run(task="go on")
    assert store.read(key).value == await crew.save_state()


async def test_a_directory_serves_as_well_as_a_store(store: Store, key: str) -> None:
    async with checkout(store.directory, key, team("one")) as crew:
        await crew.run(task="go on")
    assert answers(store.read(key).value) == ["one"]


async def test_agents_contexts_and_runtimes_are_targets(store: Store, key: str) -> None:
    agent = AssistantAgent("agent", ReplayChatCompletionClient(["one"]))
    async with checkout(store, f"{key}/agent", agent):
        await agent.run(task="go on")
    context = BufferedChatCompletionContext(buffer_size=5)
    async with checkout(store, f"{key}/context", context):
        await context.add_message(UserMessage(content="one", source="user"))
    async with checkout(store, f"{key}/runtime", SingleThreadedAgentRuntime()):
        pass
    again = AssistantAgent("agent", ReplayChatCompletionClient(["two"]))
    async with checkout(store, f"{key}/agent", again):
        assert await again.save_state() == await agent.save_state()
    assert store.read(f"{key}/context").value == await context.save_state()


async def test_states_that_json_cannot_say_read_back_exactly(store: Store, key: str) -> None:
    state = {"when": datetime(2026, 1, 2, tzinfo=timezone.utc), "raw": b"\0\xff", "pair": (1, 2.5), "n": {1: None}}
    async with checkout(store, key, Custom(state)):
        pass
    target = Custom(None)
    async with checkout(store, key, target):
        assert target.state == state
        assert type(target.state["pair"]) is tuple


async def test_save_commits_in_the_middle(store: Store, key: str) -> None:
    run = checkout(store, key, Custom({"step": 1}))
    with pytest.raises(ZeroDivisionError):
        async with run as target:
            await run.save()
            target.state = {"step": 2}
            raise ZeroDivisionError
    assert store.read(key).value == {"step": 1}


# -------------------------------------------------------------------- refused


async def test_a_second_worker_gets_claim_held_before_any_call_of_the_model(store: Store, key: str) -> None:
    calls = []

    async def count() -> None:
        calls.append(1)

    async with checkout(store, key, team("one")):
        with pytest.raises(mortmain.ClaimHeld):
            async with checkout(store, key, team("two", on_call=count)) as crew:
                await crew.run(task="go on")
    assert calls == []


async def test_a_second_worker_that_waits_goes_on_from_the_first(store: Store, key: str) -> None:
    async def work(answer: str) -> None:
        async with checkout(store, key, team(answer), wait=30.0) as crew:
            await crew.run(task="go on")

    await asyncio.gather(*(work(answer) for answer in "abc"))
    assert sorted(answers(store.read(key).value)) == ["a", "b", "c"]


async def test_a_reclaimed_run_is_fenced_and_its_body_can_ask(store: Store, key: str) -> None:
    run = checkout(store, key, team("one"))
    with pytest.raises(mortmain.Fenced):
        async with run as crew:
            store.reclaim(key, reason="stalled")
            await crew.run(task="go on")
    assert not store.read(key).exists
    asked = checkout(store, key, Custom({}))
    with pytest.raises(mortmain.Fenced):
        async with asked as target:
            store.reclaim(key)
            await asked.check()
    assert target.saves == 0


async def test_a_body_that_raises_commits_nothing_and_gives_the_key_back(store: Store, key: str) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with checkout(store, key, team("one")) as crew:
            await crew.run(task="go on")
            raise KeyError("mine")
    assert not store.read(key).exists
    async with checkout(store, key, team("two")):
        pass


async def test_a_state_that_does_not_load_gives_the_key_back(store: Store, key: str) -> None:
    store.commit(key, {"agent_states": {}}, overwrite=True)
    with pytest.raises(ValueError, match="agent"):
        async with checkout(store, key, team("one")):
            pass
    store.commit(key, [1], overwrite=True)
    with pytest.raises(mortmain.WrongType):
        async with checkout(store, key, team("one")):
            pass
    store.claim(key).release()


async def test_a_running_team_is_refused_unless_asked_for(store: Store, key: str) -> None:
    inside, on = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        inside.set()
        await on.wait()

    crew = team("one", on_call=stall)
    with pytest.raises(mortmain.InvalidRequest) as saved:
        async with checkout(store, key, crew):
            run = asyncio.create_task(crew.run(task="go on"))
            await inside.wait()
    assert saved.value.reason == "running"
    with pytest.raises(mortmain.InvalidRequest):
        async with checkout(store, key, crew):
            pass
    assert not store.read(key).exists
    async with checkout(store, key, crew, allow_running=True):
        pass
    assert store.read(key).version == 1
    with pytest.raises(mortmain.InvalidRequest):
        async with checkout(store, key, crew, allow_running=True):
            pass
    assert store.read(key).version == 1
    on.set()
    await run


@pytest.mark.parametrize("state", [{"what": object()}, [1], None, {"deep": {"lock": asyncio.Lock}}])
async def test_a_state_that_would_not_read_back_is_refused(store: Store, key: str, state: Any) -> None:
    store.create(key, {"kept": True})
    with pytest.raises(mortmain.InvalidRequest):
        async with checkout(store, key, Custom(None)) as target:
            target.state = state
    assert store.read(key).value == {"kept": True}


async def test_what_is_no_target_or_place_is_named(store: Store, key: str) -> None:
    with pytest.raises(mortmain.InvalidRequest, match="save_state"):
        checkout(store, key, object())  # type: ignore[type-var]
    with pytest.raises(mortmain.InvalidRequest, match="store"):
        async with checkout(3, key, Custom({})):  # type: ignore[arg-type]
            pass
    used = checkout(store, key, Custom({}))
    async with used:
        pass
    with pytest.raises(mortmain.InvalidRequest, match="one use"):
        async with used:
            pass
    with pytest.raises(mortmain.InvalidRequest, match="inside"):
        await used.save()


# -------------------------------------------------------------------- cancelled


async def test_a_cancelled_run_commits_nothing_and_gives_the_key_back(store: Store, key: str) -> None:
    inside, token = asyncio.Event(), CancellationToken()

    async def stall() -> None:
        inside.set()
        await asyncio.Event().wait()

    async def work(cancelled_by: str) -> None:
        async with checkout(store, key, team("one", on_call=stall)) as crew:
            if cancelled_by == "token":
                await crew.run(task="go on", cancellation_token=token)
            await stall()

    for cancelled_by in ("token", "task"):
        inside.clear()
        task = asyncio.create_task(work(cancelled_by))
        await inside.wait()
        if cancelled_by == "token":
            token.cancel()
        else:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not store.read(key).exists
        store.claim(key).release()


async def test_a_task_cancelled_while_it_commits_is_stored_whole(store: Store, key: str) -> None:
    class Late(Custom):
        async def save_state(self) -> Mapping[str, Any]:
            # Delivered at the next await, which is the commit's.
            task.cancel()
            return {"items": list(range(1000))}

    async def work() -> None:
        async with checkout(store, key, Late(None)):
            pass

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.read(key).value == {"items": list(range(1000))}
    store.claim(key).release()


# -------------------------------------------------------------------- flattened by the team


async def test_a_team_flattens_and_checkout_raises_what_it_was(store: Store, key: str, memory: MortmainMemory) -> None:
    store.commit(memory.key, 3, overwrite=True)
    with pytest.raises(RuntimeError) as flat:
        await team("one", memory=[memory]).run(task="go on")
    assert flat.value.__cause__ is None
    with pytest.raises(mortmain.WrongType) as found:
        async with checkout(store, key, team("one", memory=[memory])) as crew:
            await crew.run(task="go on")
    assert type(found.value.__cause__) is RuntimeError
    assert not store.read(key).exists


@pytest.mark.parametrize("started_before", [False, True])
async def test_a_conflict_of_a_memory_arrives_typed(
    store: Store, key: str, memory: MortmainMemory, started_before: bool
) -> None:
    class Tidy(MortmainMemory):
        async def update_context(self, model_context: Any) -> Any:
            await self.clear()

    tidy = Tidy("findings", store, prefix=memory.key.rpartition("/")[0])
    await tidy.add(text("mine"))
    await memory.add(text("theirs"))
    runtime = SingleThreadedAgentRuntime() if started_before else None
    crew = team("one", memory=[tidy])
    if runtime is not None:
        # It does not know of the checkout: nothing was inherited.
        runtime.start()
        crew._runtime, crew._embedded_runtime = runtime, False
    with pytest.raises(mortmain.VersionConflict):
        async with checkout(store, key, crew):
            await crew.run(task="go on")
    assert isinstance(tidy.fence_error, mortmain.VersionConflict)
    with pytest.raises(mortmain.VersionConflict):
        tidy.raise_if_fenced()
    tidy.raise_if_fenced()
    if runtime is not None:
        with contextlib.suppress(mortmain.VersionConflict):
            await runtime.stop()


async def test_a_conflict_that_the_model_was_told_as_text_is_not_lost(
    store: Store, key: str, memory: MortmainMemory
) -> None:
    await memory.query()
    store.append(memory.key, "theirs")

    async def tidy_up() -> str:
        await memory.clear()
        return "tidy"

    with pytest.raises(mortmain.VersionConflict):
        async with checkout(store, key, team_with_tool(tidy_up)) as crew:
            result = await crew.run(task="go on")
    assert result.stop_reason is not None, "the team did not notice"
    assert not store.read(key).exists


async def test_a_conflict_is_raised_once_by_checkouts_in_each_other(
    store: Store, key: str, memory: MortmainMemory
) -> None:
    await memory.query()
    store.append(memory.key, "theirs")

    async def tidy_up() -> str:
        await memory.clear()
        return "tidy"

    async with checkout(store, key, Custom({"outer": True})):
        with pytest.raises(mortmain.VersionConflict):
            async with checkout(store, f"{key}/inner", team_with_tool(tidy_up)) as crew:
                await crew.run(task="go on")
    assert store.read(key).value == {"outer": True}


async def test_a_flattened_error_is_found_in_an_exception_group(
    store: Store, key: str, memory: MortmainMemory
) -> None:
    class Group(Exception):
        """As a task group raises; Python 3.10 has none."""

        exceptions: tuple[BaseException, ...] = ()

    async def together(*work: Any) -> None:
        group = Group("unhandled errors")
        group.exceptions = tuple(await asyncio.gather(*work, return_exceptions=True))
        raise group

    store.commit(memory.key, 3, overwrite=True)
    with pytest.raises(mortmain.WrongType):
        async with checkout(store, key, team("one", memory=[memory])) as crew:
            await together(crew.run(task="go on"))
    assert not store.read(key).exists


async def test_a_conflict_that_was_dealt_with_does_not_end_the_checkout(
    store: Store, key: str, memory: MortmainMemory
) -> None:
    await memory.query()
    store.append(memory.key, "theirs")

    async def tidy_up() -> str:
        try:
            await memory.clear()
        except mortmain.VersionConflict:
            await memory.query()
            await memory.clear()
        return "tidy"

    async with checkout(store, key, team_with_tool(tidy_up)) as crew:
        await crew.run(task="go on")
    async with checkout(store, key, team("two")):
        store.append(memory.key, "theirs")
        with pytest.raises(mortmain.VersionConflict):
            await memory.clear()
    assert memory.fence_error is not None
    assert store.read(key).version == 2


async def test_an_error_of_the_cache_under_a_team_arrives_typed(store: Store, key: str, prefix: str) -> None:
    cache: MortmainCacheStore[Any] = MortmainCacheStore(store, prefix=prefix, on_conflict="raise")

    class Slow(ReplayChatCompletionClient):
        async def create(self, *arguments: Any, **named: Any) -> Any:
            for name in asked:
                store.commit(f"{prefix}{name}", "somebody else's", overwrite=True)
            return await super().create(*arguments, **named)

    asked: list[str] = []
    get = cache.get
    cache.get = lambda name, default=None: asked.append(name) or get(name, default)  # type: ignore[method-assign,func-returns-value]
    crew = team("unused")
    crew._participants[0]._model_client = ChatCompletionCache(Slow(["one"]), cache)  # type: ignore[union-attr]
    with pytest.raises(mortmain.VersionConflict):
        async with checkout(store, key, crew):
            await crew.run(task="go on")


async def test_an_error_that_is_not_ours_stays_what_it_is(store: Store, key: str, memory: MortmainMemory) -> None:
    store.append(memory.key, "one")
    await memory.query()
    store.append(memory.key, "two")
    with pytest.raises(mortmain.VersionConflict):
        await memory.clear()
    with pytest.raises(RuntimeError, match="No more mock responses"):
        async with checkout(store, key, team()) as crew:
            await crew.run(task="go on")


# -------------------------------------------------------------------- memory inside of a checkout


async def test_a_fenced_run_adds_nothing_to_the_memory(store: Store, key: str, memory: MortmainMemory) -> None:
    await memory.add(text("before"))
    with pytest.raises(mortmain.Fenced):
        async with checkout(store, key, Custom({})):
            await memory.add(text("inside"))
            store.reclaim(key)
            await memory.add(text("by a zombie"))
    with pytest.raises(mortmain.Fenced):
        async with checkout(store, key, Custom({})):
            await memory.query()
            store.reclaim(key)
            await memory.clear()
    await memory.add(text("after"))
    assert [one.content for one in (await memory.query()).results] == ["before", "inside", "after"]


async def test_a_checkout_on_another_store_does_not_fence_the_memory(
    store: Store, key: str, memory: MortmainMemory, mortmain_store: Store
) -> None:
    async with checkout(mortmain_store, key, Custom({})):
        async with checkout(store, key, Custom({})):
            await memory.add(text("one"))
        await memory.add(text("two"))
    assert len((await memory.query()).results) == 2
