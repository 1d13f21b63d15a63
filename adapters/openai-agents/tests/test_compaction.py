"""Compaction replaces what it has read, or nothing."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import mortmain
import pytest
from agents import Agent, Runner
from agents.extensions.memory import EncryptedSession
from agents.memory import OpenAIResponsesCompactionSession

from conftest import Opener
from mortmain_openai_agents import MortmainCompactionSession, MortmainSession
from scripted import Scripted, says
from test_fence import ANSWER, HELLO, context, other_run, texts

OLDEST = version("openai-agents").startswith("0.20.")
SUMMARY: list[Any] = [{"type": "compaction", "id": "cmp_1", "encrypted_content": "summary"}]


class Client:
    """What of the OpenAI client compaction uses; meanwhile: what happens during the call."""

    def __init__(self, meanwhile: Any = None) -> None:
        self.responses = self
        self.asked: list[Any] = []
        self._meanwhile = meanwhile

    async def compact(self, **request: Any) -> Any:
        self.asked.append(request)
        if self._meanwhile is not None:
            await self._meanwhile()
        return type("Compacted", (), {"output": list(SUMMARY), "usage": None})()


def compacting(underlying: Any, client: Client, **options: Any) -> MortmainCompactionSession:
    options = {"should_trigger_compaction": lambda _: True, "compaction_mode": "input", **options}
    return MortmainCompactionSession("s", underlying, client=client, **options)


def one_turn(text: str = "answer") -> Agent[Any]:
    return Agent(name="a", model=Scripted([says(text)], response_id="resp_1"))


def test_the_constructor_is_the_parents() -> None:
    with pytest.raises(ValueError, match="Unsupported model"):
        MortmainCompactionSession("s", MortmainSession("s"), model="claude")
    for name in ("get_items", "add_items", "pop_item", "clear_session", "run_compaction"):
        assert "wrapper" in inspect.signature(getattr(MortmainCompactionSession, name)).parameters


async def test_a_run_is_compacted_and_goes_on(session: MortmainSession) -> None:
    client = Client()
    compaction = compacting(session, client)
    await Runner.run(one_turn(), "question", session=compaction)
    assert await session.get_items() == SUMMARY
    assert len(client.asked) == 1
    await Runner.run(one_turn("more"), "and?", session=compaction)
    assert compaction.skipped == 0
    assert await session.get_items() == SUMMARY


async def test_a_turn_that_came_meanwhile_stays(session: MortmainSession, opened: Opener) -> None:
    async def meanwhile() -> None:
        await other_run(opened)

    compaction = compacting(session, Client(meanwhile))
    await Runner.run(one_turn(), "question", session=compaction)
    assert texts(await session.get_items()) == ["question", "answer", "other", "other answer"]
    assert compaction.skipped == 1
    await session.add_items(HELLO)
    assert len(await compaction.get_items()) == 5


@pytest.mark.parametrize("mode", ["input", "previous_response_id"])
async def test_a_forced_compaction_deletes_no_concurrent_turn(
    mode: Any, session: MortmainSession, opened: Opener
) -> None:
    client = Client(lambda: other_run(opened))
    compaction = compacting(session, client, compaction_mode=mode)
    await compaction.add_items(HELLO + ANSWER)
    await compaction.run_compaction({"force": True, "response_id": "resp_1"})
    assert texts(await session.get_items()) == ["hello", "answer", "other", "other answer"]
    assert compaction.skipped == 1
    client._meanwhile = None
    await compaction.get_items()
    await compaction.run_compaction({"force": True, "response_id": "resp_1"})
    assert await session.get_items() == SUMMARY
    assert compaction.skipped == 1


async def test_a_chain_that_does_not_know_a_turn_is_not_stored_over_it(
    session: MortmainSession, opened: Opener
) -> None:
    """The server's chain of responses holds this process's turns only."""
    client = Client()
    compaction = compacting(session, client, compaction_mode="previous_response_id", should_trigger_compaction=None)
    await Runner.run(one_turn(), "question", session=compaction)
    await other_run(opened)
    await compaction.run_compaction({"force": True, "response_id": "resp_1"})
    assert client.asked == []
    assert compaction.skipped == 1
    assert len(await session.get_items()) == 4


async def test_the_fence_is_on_through_a_compaction_session(session: MortmainSession, opened: Opener) -> None:
    async def slow() -> list[Any]:
        await other_run(opened)
        return [says("mine")]

    compaction = compacting(session, Client(), should_trigger_compaction=lambda _: False)
    with pytest.raises(mortmain.VersionConflict):
        await Runner.run(Agent(name="a", model=Scripted(slow)), "mine", session=compaction)
    assert texts(await session.get_items()) == ["mine", "other", "other answer"]
    with pytest.raises(mortmain.VersionConflict):
        compaction.raise_if_fenced()
    assert compaction.fence_error is None
    mine = context()
    await compaction.get_items(wrapper=mine)
    await opened().add_items(HELLO)
    with pytest.raises(mortmain.VersionConflict):
        await compaction.pop_item(wrapper=mine)
    with pytest.raises(mortmain.VersionConflict):
        await compaction.clear_session(wrapper=mine)


async def test_the_sdks_own_compaction_works_on_it_and_loses_nothing(session: MortmainSession, opened: Opener) -> None:
    client = Client()
    compaction = OpenAIResponsesCompactionSession(
        "s", session, client=client, should_trigger_compaction=lambda _: True, compaction_mode="input"  # type: ignore[arg-type]
    )
    await Runner.run(one_turn(), "question", session=compaction)
    assert await session.get_items() == SUMMARY


# In 0.20 the SDK stores what an EncryptedSession around a compaction compacts as plain text.
@pytest.mark.parametrize("outer", [False] if OLDEST else [False, True])
async def test_an_encrypted_session_is_fenced_and_compacted(
    outer: bool, session: MortmainSession, opened: Opener
) -> None:
    key = "k" * 32

    def encrypted(underlying: Any) -> Any:
        return EncryptedSession("s", underlying, encryption_key=key, ttl=600)

    def build(client: Client) -> tuple[Any, MortmainCompactionSession]:
        if outer:
            compaction = compacting(opened(), client)
            return encrypted(compaction), compaction
        compaction = compacting(encrypted(opened()), client)
        return compaction, compaction

    top, compaction = build(Client())
    await Runner.run(one_turn(), "question", session=top)
    assert await top.get_items() == SUMMARY
    raw = await session.get_items()
    assert all(item.get("__enc__") == 1 for item in raw)
    assert compaction.skipped == 0

    top, compaction = build(Client(lambda: encrypted(opened()).add_items(HELLO)))
    await Runner.run(one_turn(), "question", session=top)
    assert texts((await top.get_items())[1:]) == ["question", "answer", "hello"]
    assert compaction.skipped == 1

    async def slow() -> list[Any]:
        await opened().add_items(raw)
        return [says("mine")]

    with pytest.raises(mortmain.VersionConflict):
        await Runner.run(Agent(name="a", model=Scripted(slow)), "mine", session=encrypted(opened()))


async def test_a_session_that_changes_what_it_stores_is_not_bypassed(
    opened: Opener, store: mortmain.Store, prefix: str
) -> None:
    class Marking(MortmainSession):
        async def add_items(self, items: Any, *, wrapper: Any = None) -> None:
            await super().add_items([{**item, "marked": True} for item in items], wrapper=wrapper)

    compaction = compacting(Marking("s", store, prefix=prefix), Client())
    await Runner.run(one_turn(), "question", session=compaction)
    await compaction.run_compaction({"force": True})
    assert await opened().get_items() == [{**SUMMARY[0], "marked": True}]


async def test_another_kind_of_session_below_is_as_with_the_parent() -> None:
    from agents import SQLiteSession

    below = SQLiteSession("s")
    compaction = compacting(below, Client())
    await compaction.add_items(HELLO)
    await compaction.run_compaction({"force": True})
    assert await below.get_items() == SUMMARY
    below.close()
