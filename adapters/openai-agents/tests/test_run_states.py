"""An interrupted run is resumed by exactly one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import mortmain
import pytest
from agents import Agent, Runner, RunState, function_tool
from mortmain import Store

from conftest import Opener
from mortmain_openai_agents import MortmainSession, RunStateStore
from scripted import Scripted, calls, says


class Bank:
    """An agent whose tool needs an approval, and how often it ran."""

    def __init__(self) -> None:
        self.paid = 0

        @function_tool(needs_approval=True)
        def pay(amount: int) -> str:
            self.paid += amount
            return f"paid {amount}"

        self.agent = Agent(name="bank", model=Scripted(), tools=[pay])

    def script(self, *steps: Any) -> Agent[Any]:
        self.agent.model = Scripted(*steps)
        return self.agent


PAY = [calls("pay", '{"amount": 7}', "call-7")]


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def states(store: Store, prefix: str) -> RunStateStore:
    return RunStateStore(store, prefix=prefix + "runs/")


async def interrupted(bank: Bank, session: MortmainSession | None = None) -> RunState[Any, Any]:
    result = await Runner.run(bank.script(PAY), "pay 7", session=session)
    assert len(result.interruptions) == 1
    return result.to_state()


def approved(state: RunState[Any, Any]) -> RunState[Any, Any]:
    for item in state.get_interruptions():
        state.approve(item)
    return state


async def test_a_state_is_resumed_once(
    states: RunStateStore, bank: Bank, session: MortmainSession, store: Store
) -> None:
    state = await interrupted(bank, session)
    await states.save("order/7", state)
    assert await states.pending() == ["order/7"]
    with pytest.raises(mortmain.VersionConflict):
        await states.save("order/7", state)
    async with states.claim("order/7", bank.script([says("done")])) as mine:
        assert json.loads(mine.to_string()) == json.loads(state.to_string())
        with pytest.raises(mortmain.ClaimHeld):
            await RunStateStore(store, prefix=states.prefix).claim("order/7", bank.agent).__aenter__()
        result = await Runner.run(bank.agent, approved(mine), session=session)
    assert result.final_output == "done"
    assert bank.paid == 7
    assert await states.pending() == []
    with pytest.raises(mortmain.VersionConflict, match="order/7"):
        await states.claim("order/7", bank.agent).__aenter__()
    kinds = [item.get("type", item.get("role")) for item in await session.get_items()]
    assert kinds == ["user", "function_call", "function_call_output", "message"]


async def test_one_of_many_resumers_pays(store: Store, states: RunStateStore, bank: Bank) -> None:
    await states.save("k", await interrupted(bank))

    async def resume(number: int) -> str:
        one = RunStateStore(store.as_agent(f"worker {number}"), prefix=states.prefix)
        agent = bank.agent.clone(model=Scripted([says("done")]))
        try:
            async with one.claim("k", agent) as state:
                await Runner.run(agent, approved(state))
                return "paid"
        except mortmain.Conflict as error:
            return type(error).__name__

    told = sorted(await asyncio.gather(*(resume(number) for number in range(8))))
    assert told.count("paid") == 1
    assert set(told) <= {"paid", "ClaimHeld", "VersionConflict"}
    assert bank.paid == 7


async def test_what_was_never_saved_cannot_be_resumed(states: RunStateStore, bank: Bank) -> None:
    with pytest.raises(mortmain.VersionConflict, match="never saved"):
        await states.claim("k", bank.agent).__aenter__()
    await states.save("k", await interrupted(bank))
    async with states.claim("k", bank.agent):
        pass


async def test_a_body_that_raises_leaves_it_pending(states: RunStateStore, bank: Bank) -> None:
    await states.save("k", await interrupted(bank))
    with pytest.raises(ZeroDivisionError):
        async with states.claim("k", bank.agent):
            raise ZeroDivisionError
    entered = asyncio.Event()
    task = asyncio.ensure_future(_hold(states, bank, entered))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await states.pending() == ["k"]
    async with states.claim("k", bank.agent):
        pass


async def _hold(states: RunStateStore, bank: Bank, entered: asyncio.Event) -> None:
    async with states.claim("k", bank.agent):
        entered.set()
        await asyncio.Event().wait()


async def test_a_run_that_is_interrupted_again_is_saved_under_its_claim(states: RunStateStore, bank: Bank) -> None:
    await states.save("k", await interrupted(bank))
    agent = bank.script([calls("pay", '{"amount": 1}', "call-8")], [says("done")])
    async with states.claim("k", agent) as state:
        result = await Runner.run(agent, approved(state))
        assert len(result.interruptions) == 1
        await states.save("k", result.to_state())
    assert await states.pending() == ["k"]
    async with states.claim("k", agent) as state:
        assert (await Runner.run(agent, approved(state))).final_output == "done"
    assert bank.paid == 8
    assert await states.pending() == []


async def test_a_resumer_that_stalled_too_long_is_told(states: RunStateStore, bank: Bank, store: Store) -> None:
    await states.save("k", await interrupted(bank))
    with pytest.raises(mortmain.Fenced):
        async with states.claim("k", bank.agent):
            store.reclaim(prefix=states.prefix, reason="stalled")
    assert await states.pending() == ["k"]


async def test_a_state_that_cannot_be_read_gives_its_claim_back(
    states: RunStateStore, bank: Bank, store: Store
) -> None:
    store.create(states.prefix + "k", {"key": "k", "state": {"no": "state"}})
    for _ in range(2):
        with pytest.raises(Exception, match=r"(?i)schema"):
            await states.claim("k", bank.agent).__aenter__()


async def test_two_copies_of_one_state_store_one_output(bank: Bank, opened: Opener) -> None:
    """Without a claim both tools run; the session takes one output for the call, and says so to the other run."""
    state = await interrupted(bank, opened())
    text = state.to_string()
    agent = bank.script([says("done")])
    copies: list[Any] = [approved(await RunState.from_string(agent, text)) for _ in range(2)]
    await Runner.run(agent, copies[0], session=opened())
    with pytest.raises(mortmain.VersionConflict, match=r"call-7 .* run already"):
        await Runner.run(agent, copies[1], session=opened())
    assert bank.paid == 14
    found = await opened().get_items()
    assert [item["output"] for item in found if item.get("type") == "function_call_output"] == ["paid 7"]  # type: ignore[typeddict-item]


async def test_closed_and_shown(store: Store, prefix: str) -> None:
    async with RunStateStore(store.directory, prefix=prefix) as states:
        assert await states.pending() == []
        assert store.directory in repr(states)
    with pytest.raises(RuntimeError, match="RunStateStore is closed"):
        await states.pending()
