"""Of several runs on one session exactly one goes on, and the others are told so."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import mortmain
import pytest
from agents import Agent, RunContextWrapper, Runner, function_tool

from conftest import Opener
from mortmain_openai_agents import MortmainSession
from scripted import Scripted, calls, says
from test_protocol import run

METHODS = pytest.mark.parametrize("method", ["run", "run_sync", "run_streamed"])
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
ANSWER: list[Any] = [{"role": "assistant", "content": "answer"}]


def output(call_id: str = "call-1", text: str = "done") -> Any:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def texts(items: list[Any]) -> list[Any]:
    found = []
    for item in items:
        content = item.get("content", item.get("output", item.get("name")))
        found.append(content if isinstance(content, str) else content[0]["text"])
    return found


def context() -> RunContextWrapper[Any]:
    return RunContextWrapper(None)


async def other_run(opened: Opener, text: str = "other") -> None:
    """A whole run as another process would make it."""
    await Runner.run(Agent(name="b", model=Scripted([says(f"{text} answer")])), text, session=opened())


# -------------------------------------------------------------------- refused


@METHODS
@pytest.mark.parametrize("on_conflict", ["raise", "abort_turn"])
async def test_an_overtaken_run_is_refused(method: str, on_conflict: str, opened: Opener) -> None:
    session = opened(on_conflict=on_conflict)

    async def slow() -> list[Any]:
        await other_run(opened)
        return [says("mine")]

    with pytest.raises(mortmain.VersionConflict) as caught:
        await run(method, Agent(name="a", model=Scripted(slow)), "my question", session=session)
    left = ["other", "other answer"]
    assert texts(await session.get_items()) == (["my question", *left] if on_conflict == "raise" else left)
    assert ("stays in the session" in str(caught.value)) is (on_conflict == "raise")
    assert session.fence_error is caught.value
    with pytest.raises(mortmain.VersionConflict):
        session.raise_if_fenced()
    session.raise_if_fenced()


async def test_a_run_that_lost_before_its_first_write_calls_no_model(opened: Opener) -> None:
    model = Scripted([says("never")])

    async def overtaken(history: Any, new: Any) -> Any:
        await other_run(opened)
        return history + new

    from agents import RunConfig

    for mode in ("raise", "abort_turn"):
        with pytest.raises(mortmain.VersionConflict):
            await Runner.run(
                Agent(name="a", model=model),
                "mine",
                session=opened(on_conflict=mode),
                run_config=RunConfig(session_input_callback=overtaken),
            )
    assert model.inputs == []
    assert texts(await opened().get_items()) == ["other", "other answer"] * 2


async def test_two_runs_of_one_object_and_of_two(opened: Opener) -> None:
    """Both have asked their model before one of them is done: one wins."""
    for second in (None, opened()):
        first = opened()
        together = asyncio.Event()
        started: list[str] = []

        def step(name: str, together: asyncio.Event = together, started: list[str] = started) -> Any:
            async def think() -> list[Any]:
                started.append(name)
                if len(started) == 2:
                    together.set()
                await together.wait()
                return [says(name)]

            return think

        sessions = (first, second or first)
        runs = [
            asyncio.ensure_future(
                Runner.run(Agent(name=name, model=Scripted(step(name))), name, session=session)
            )
            for name, session in zip("ab", sessions, strict=True)
        ]
        # The second one's input may already be refused, and then its model is never asked.
        both = asyncio.ensure_future(together.wait())
        await asyncio.wait([both, *runs], return_when=asyncio.FIRST_COMPLETED)
        together.set()
        told = await asyncio.gather(*runs, return_exceptions=True)
        refused = [one for one in told if isinstance(one, mortmain.VersionConflict)]
        assert len(refused) == 1, told
        found = texts(await first.get_items())
        assert sum(found.count(name) for name in "ab") in (2, 3), found
        await first.clear_session()


async def test_a_conflict_after_a_tool_says_that_the_tool_ran(opened: Opener) -> None:
    ran: list[int] = []

    @function_tool
    async def pay() -> str:
        ran.append(1)
        await other_run(opened)
        return "paid"

    agent = Agent(name="a", model=Scripted([calls("pay")], [says("done")]), tools=[pay])
    with pytest.raises(mortmain.VersionConflict, match="tools of this run have run already"):
        await Runner.run(agent, "pay it", session=opened())
    assert ran == [1]


async def test_a_later_read_does_not_launder_the_base(session: MortmainSession, opened: Opener) -> None:
    mine = context()
    await session.get_items(wrapper=mine)
    await opened().add_items(HELLO)
    await session.get_items(wrapper=mine)
    await session.get_items()
    for write in (session.add_items(ANSWER, wrapper=mine), session.pop_item(wrapper=mine)):
        with pytest.raises(mortmain.VersionConflict):
            await write
    with pytest.raises(mortmain.VersionConflict):
        await session.clear_session(wrapper=mine)
    assert await session.get_items() == HELLO


async def test_a_limited_read_is_a_whole_base(session: MortmainSession, opened: Opener) -> None:
    await session.add_items(HELLO * 5)
    mine = context()
    assert await session.get_items(1, wrapper=mine) == HELLO
    await session.add_items(ANSWER, wrapper=mine)
    await opened().pop_item()
    with pytest.raises(mortmain.VersionConflict):
        await session.add_items(ANSWER, wrapper=mine)


async def test_a_reclaimed_session_fences_the_run(session: MortmainSession, store: mortmain.Store) -> None:
    for mode in ("raise", "rebase", "abort_turn"):
        other = MortmainSession("s", store, prefix=session.prefix, on_conflict=mode)
        mine = context()
        await other.get_items(wrapper=mine)
        store.reclaim(session.key, reason="stalled")
        with pytest.raises(mortmain.Fenced, match="reclaimed by"):
            await other.add_items(ANSWER, wrapper=mine)
        # Without a run it is an append like any other.
        await other.add_items(HELLO)
    assert await session.get_items() == HELLO * 3


async def test_an_error_that_a_tool_hides_is_found(opened: Opener) -> None:
    inner_session = opened("inner")
    thief = opened("inner")

    async def overtaken() -> list[Any]:
        await thief.add_items(HELLO)
        return [says("inner")]

    inner = Agent(name="inner", model=Scripted(overtaken))
    tool = inner.as_tool("ask", "asks", session=inner_session)
    agent = Agent(name="a", model=Scripted([calls("ask", '{"input": "?"}')], [says("done")]), tools=[tool])
    result = await Runner.run(agent, "go", session=opened())
    assert result.final_output == "done"
    with pytest.raises(mortmain.VersionConflict):
        inner_session.raise_if_fenced()


# -------------------------------------------------------------------- rebase and abort_turn


async def test_rebase_appends_anyway_and_counts(opened: Opener) -> None:
    session = opened(on_conflict="rebase")

    async def slow() -> list[Any]:
        await other_run(opened)
        return [says("mine")]

    await Runner.run(Agent(name="a", model=Scripted(slow)), "my question", session=session)
    assert texts(await session.get_items()) == ["my question", "other", "other answer", "mine"]
    assert session.rebased == 1
    await Runner.run(Agent(name="a", model=Scripted([says("again")])), "more", session=session)
    assert session.rebased == 1
    assert len(await session.get_items()) == 6


async def test_abort_turn_keeps_the_input_back_until_its_answer(opened: Opener) -> None:
    session = opened(on_conflict="abort_turn")
    mine = context()
    assert await session.get_items(wrapper=mine) == []
    await session.add_items(HELLO, wrapper=mine)
    await session.add_items(HELLO, wrapper=mine)
    assert await session.get_items(wrapper=mine) == HELLO * 2
    assert await session.get_items() == []
    assert await session.pop_item(wrapper=mine) == HELLO[0]
    await session.add_items(ANSWER, wrapper=mine)
    assert await opened().get_items() == HELLO + ANSWER

    def fails() -> list[Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Runner.run(Agent(name="a", model=Scripted(fails)), "lost", session=session)
    assert await opened().get_items() == HELLO + ANSWER


def test_an_unknown_mode_is_refused(opened: Opener) -> None:
    with pytest.raises(mortmain.InvalidRequest):
        opened(on_conflict="ignore")


# -------------------------------------------------------------------- without a run


async def test_a_bare_append_never_conflicts(session: MortmainSession, opened: Opener, store: mortmain.Store) -> None:
    await session.get_items()
    await opened().add_items(HELLO)
    await session.add_items(ANSWER)
    store.reclaim(session.key, reason="test")
    await session.add_items(ANSWER)
    await opened().clear_session()
    await session.add_items(ANSWER)
    assert await session.get_items() == ANSWER


async def test_bare_pop_and_clear_go_on_from_what_this_object_saw(session: MortmainSession, opened: Opener) -> None:
    await session.add_items(HELLO)
    assert await session.get_items() == HELLO
    await session.add_items(ANSWER)
    assert await session.pop_item() == ANSWER[0]
    await opened().add_items(ANSWER)
    await session.add_items(HELLO)
    with pytest.raises(mortmain.VersionConflict):
        await session.pop_item()
    with pytest.raises(mortmain.VersionConflict):
        await session.clear_session()
    assert await session.get_items() == HELLO + ANSWER + HELLO
    assert await session.pop_item() == HELLO[0]
    await session.clear_session()


async def test_an_append_of_the_same_object_moves_its_runs(session: MortmainSession, opened: Opener) -> None:
    one, two = context(), context()
    await session.get_items(wrapper=one)
    await session.get_items(wrapper=two)
    await session.add_items(HELLO)
    await session.get_items()
    await session.add_items(HELLO)
    await session.add_items(ANSWER, wrapper=one)
    await session.add_items(HELLO)
    await session.add_items(ANSWER, wrapper=one)
    with pytest.raises(mortmain.VersionConflict):
        await session.add_items(ANSWER, wrapper=two)
    await opened().add_items(HELLO)
    await session.add_items(HELLO)
    with pytest.raises(mortmain.VersionConflict):
        await session.add_items(ANSWER, wrapper=one)


async def test_what_a_tool_appends_to_its_session_does_not_refuse_the_run(session: MortmainSession) -> None:
    @function_tool
    async def note() -> str:
        await session.get_items()
        await session.add_items([{"role": "user", "content": "noted"}])
        return "ok"

    agent = Agent(name="a", model=Scripted([calls("note")], [says("done")]), tools=[note])
    await Runner.run(agent, "go", session=session)
    assert texts(await session.get_items()) == ["go", "noted", "note", "ok", "done"]


async def test_runs_that_are_over_are_forgotten(session: MortmainSession) -> None:
    for number in range(3):
        await Runner.run(Agent(name="a", model=Scripted([says("ok")])), str(number), session=session)
    gc.collect()
    assert len(session._history._runs) == 0


# -------------------------------------------------------------------- one output for one call


async def test_a_second_output_for_one_call_is_refused(opened: Opener) -> None:
    call: Any = {"type": "function_call", "call_id": "call-1", "name": "pay", "arguments": "{}"}
    await opened().add_items([*HELLO, call])
    await opened().add_items([output()])
    for mode in ("raise", "rebase", "abort_turn"):
        late, mine = opened(on_conflict=mode), context()
        for write in (late.add_items([output()], wrapper=mine), late.add_items([output(text="again")])):
            with pytest.raises(mortmain.VersionConflict, match="call-1"):
                await write
        await late.get_items(wrapper=mine)
        with pytest.raises(mortmain.VersionConflict, match="call-1") as caught:
            await late.add_items([output()], wrapper=mine)
        assert caught.value.current is not None
        assert late.rebased == 0
    assert len(await opened().get_items()) == 3


async def test_an_id_that_a_provider_uses_again_is_a_new_call(session: MortmainSession) -> None:
    @function_tool
    def pay() -> str:
        return "paid"

    for _ in range(2):
        agent = Agent(name="a", model=Scripted([calls("pay")], [says("done")]), tools=[pay])
        await Runner.run(agent, "pay", session=session)
    found = await session.get_items()
    assert sum(item.get("type") == "function_call_output" for item in found) == 2


# -------------------------------------------------------------------- claims


async def test_a_claim_keeps_a_second_run_from_its_model(opened: Opener) -> None:
    first, second = opened(agent="first"), opened(agent="second")
    model = Scripted([says("never")])
    async with first.claim(ttl=20.0) as claim:
        await Runner.run(Agent(name="a", model=Scripted([says("ok")])), "go", session=first)
        with pytest.raises(mortmain.ClaimHeld, match="first"):
            await second.claim().__aenter__()
        with pytest.raises(mortmain.ClaimHeld):
            await Runner.run(Agent(name="b", model=model), "go", session=second)
        assert model.inputs == []
        assert isinstance(second.fence_error, mortmain.ClaimHeld)
        assert len(await second.get_items()) == 2
        await first.add_items(HELLO)
        assert await first.pop_item() == HELLO[0]
        await claim.check()
    await Runner.run(Agent(name="b", model=model), "go", session=second)
    assert len(model.inputs[0]) == 3


async def test_a_run_that_began_before_the_claim_is_told_at_once(opened: Opener) -> None:
    late, mine = opened(), context()
    await late.get_items(wrapper=mine)
    async with opened().claim(ttl=20.0):
        with pytest.raises(mortmain.ClaimHeld):
            await asyncio.wait_for(late.add_items(HELLO, wrapper=mine), 5.0)
    await late.add_items(HELLO, wrapper=mine)


async def test_a_claimer_that_lost_its_claim_is_fenced(opened: Opener, store: mortmain.Store) -> None:
    session = opened()

    async def slow() -> list[Any]:
        store.reclaim(session.key, reason="stalled")
        await other_run(opened)
        return [says("mine")]

    async with session.claim(ttl=20.0) as claim:
        with pytest.raises(mortmain.Fenced):
            await Runner.run(Agent(name="a", model=Scripted(slow)), "go", session=session)
        with pytest.raises(mortmain.Fenced):
            await claim.check()
    assert texts(await session.get_items()) == ["go", "other", "other answer"]


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.1])
async def test_a_claim_that_is_cancelled_at_any_moment_is_given_back(opened: Opener, pause: float) -> None:
    async with opened().claim():
        waiting = asyncio.ensure_future(opened().claim(wait=20.0).__aenter__())
        await asyncio.sleep(pause)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with opened().claim(wait=10.0):
        pass


# -------------------------------------------------------------------- cancellation


async def test_a_cancelled_task_stores_all_or_nothing_and_finishes(session: MortmainSession) -> None:
    writing = asyncio.ensure_future(session.add_items(HELLO * 50))
    await asyncio.sleep(0)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await session.get_items() == HELLO * 50
    clearing = asyncio.ensure_future(session.clear_session())
    await asyncio.sleep(0)
    clearing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await clearing
    assert await session.get_items() == []


async def test_cancelled_runs_leave_whole_batches_and_a_session_that_works(session: MortmainSession) -> None:
    @function_tool
    async def work() -> str:
        await asyncio.sleep(0)
        return "worked"

    for pause in range(12):
        agent = Agent(name="a", model=Scripted([calls("work", call_id=f"c{pause}")], [says("done")]), tools=[work])
        running = asyncio.ensure_future(Runner.run(agent, "go", session=session))
        await asyncio.sleep(pause * 0.004)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    found: list[Any] = await session.get_items()
    called = [item["call_id"] for item in found if item.get("type") == "function_call"]
    assert called == [item["call_id"] for item in found if item.get("type") == "function_call_output"]
    result = await Runner.run(Agent(name="a", model=Scripted([says("fine")])), "still there?", session=session)
    assert result.final_output == "fine"


async def test_a_cancelled_waiter_passes_its_turn_on(session: MortmainSession) -> None:
    writes = [asyncio.ensure_future(session.add_items([{"role": "user", "content": str(n)}])) for n in range(30)]
    readers = [asyncio.ensure_future(session.get_items()) for _ in range(30)]
    await asyncio.sleep(0)
    for reader in readers[::2]:
        reader.cancel()
    await asyncio.gather(*writes, *readers, return_exceptions=True)
    assert len(await asyncio.wait_for(session.get_items(), 10.0)) == 30
