"""Other ways on from a user message."""

from __future__ import annotations

from typing import Any

import mortmain
import pytest
from agents import Agent, Runner

from conftest import Opener
from mortmain_openai_agents import MortmainSession
from scripted import Scripted, says
from test_fence import texts


async def turns(session: MortmainSession, *names: str) -> None:
    for name in names:
        await Runner.run(Agent(name="a", model=Scripted([says(f"to {name}")])), name, session=session)


async def test_a_branch_goes_its_own_way(session: MortmainSession, opened: Opener) -> None:
    await turns(session, "one", "two", "three")
    assert await session.create_branch_from_turn(2, "other/way") == "other/way"
    assert session.branch_id == "other/way"
    await turns(session, "zwei")
    assert texts(await session.get_items()) == ["one", "to one", "zwei", "to zwei"]
    assert len(await opened().get_items()) == 6
    await session.switch_to_branch("main")
    assert len(await session.get_items()) == 6
    second = opened()
    await second.switch_to_branch("other/way")
    assert texts(await second.get_items())[2] == "zwei"
    listed = await second.list_branches()
    assert [(one["branch_id"], one["message_count"], one["user_turns"], one["is_current"]) for one in listed] == [
        ("main", 6, 3, False),
        ("other/way", 4, 2, True),
    ]


async def test_turns_are_found_by_their_text(session: MortmainSession) -> None:
    parts: Any = [{"role": "user", "content": [{"type": "input_text", "text": "In Parts"}]}]
    await turns(session, "First", "second")
    await session.add_items(parts)
    assert [turn["content"] for turn in await session.get_conversation_turns()] == ["First", "second", "In Parts"]
    assert [turn["turn"] for turn in await session.find_turns_by_content("FIRST")] == [1]
    assert [turn["turn"] for turn in await session.find_turns_by_content("parts")] == [3]
    await session.create_branch_from_content("second")
    assert texts(await session.get_items()) == ["First", "to First"]


async def test_what_is_not_there_or_is_there_already_is_refused(session: MortmainSession, opened: Opener) -> None:
    await turns(session, "one")
    await session.create_branch_from_turn(1, "b")
    other = opened()
    with pytest.raises(mortmain.VersionConflict):
        await other.create_branch_from_turn(1, "b")
    for call in (
        other.create_branch_from_turn(2, "c"),
        other.create_branch_from_turn(0, "c"),
        other.create_branch_from_turn(1, "main"),
        other.create_branch_from_turn(1, " "),
        other.create_branch_from_turn(1, "x" * 400),
        other.create_branch_from_content("nowhere"),
        other.switch_to_branch("c"),
        other.delete_branch("c"),
        other.delete_branch("main"),
        session.delete_branch("b"),
    ):
        with pytest.raises(mortmain.InvalidRequest):
            await call
    await session.delete_branch("b", force=True)
    assert session.branch_id == "main"
    assert [one["branch_id"] for one in await session.list_branches()] == ["main"]


async def test_clear_takes_the_branches_along(session: MortmainSession, opened: Opener) -> None:
    await turns(session, "one", "two")
    await turns(opened("another"), "one")
    await session.create_branch_from_turn(2, "b")
    await session.clear_session()
    assert session.branch_id == "main"
    assert await session.get_items() == []
    assert [one["message_count"] for one in await opened().list_branches()] == [0]
    assert len(await opened("another").get_items()) == 2
    await turns(session, "again")


async def test_runs_stay_on_the_branch_that_they_began_on(session: MortmainSession, opened: Opener) -> None:
    await turns(session, "one")

    async def switches() -> list[Any]:
        await session.create_branch_from_turn(1, "b")
        return [says("late")]

    await Runner.run(Agent(name="a", model=Scripted(switches)), "two", session=session)
    assert texts(await session.get_items()) == []
    assert texts(await opened().get_items()) == ["one", "to one", "two", "late"]


async def test_a_branch_is_fenced_as_the_session_is(session: MortmainSession, opened: Opener) -> None:
    await turns(session, "one", "two")
    await session.create_branch_from_turn(2, "b")
    other = opened()
    await other.switch_to_branch("b")

    async def slow() -> list[Any]:
        await turns(opened(), "main is elsewhere")
        await turns(other, "here")
        return [says("mine")]

    with pytest.raises(mortmain.VersionConflict):
        await Runner.run(Agent(name="a", model=Scripted(slow)), "two", session=session)
