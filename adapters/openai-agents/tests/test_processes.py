"""Real agents in separate processes, a gateway that is killed, and a fence that is taken away.

The stories are the claims of the folder repro, which also show what the session that the SDK ships does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mortmain
import pytest
from agents import Agent, Runner, function_tool
from mortmain.testing import temporary_store

import test_fence
from conftest import Opener
from mortmain_openai_agents import MortmainSession
from mortmain_openai_agents._history import History
from scripted import Scripted, calls, says
from test_fence import texts

REPRO = Path(__file__).resolve().parents[3] / "repro"
OLDEST = version("openai-agents").startswith("0.20.")


@pytest.mark.timeout(180)
# Starting a process with the SDK takes two seconds: the oldest version tells the stories that differ most.
@pytest.mark.parametrize("story", ["two_runs"] if OLDEST else ["two_runs", "zombie_run", "compaction", "double_resume"])
def test_the_claim_holds(story: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPRO / "run.py"), f"openai_{story}"],
        capture_output=True,
        text=True,
        timeout=175,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_without_its_guards_the_test_of_an_overtaken_run_turns_red(
    monkeypatch: pytest.MonkeyPatch, opened: Opener
) -> None:
    """Sabotage: the tickets are neither sent nor asked about."""
    guard = History._guard
    monkeypatch.setattr(History, "_guard", lambda self, txn, key, base: guard(self, txn, key, None))

    async def passes(*_: Any, **__: Any) -> None: ...

    monkeypatch.setattr(mortmain.aio.AsyncStore, "check", passes)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await test_fence.test_an_overtaken_run_is_refused("run", "raise", opened)
    assert texts(await opened().get_items()) == ["my question", "other", "other answer", "mine"]


async def test_without_the_ticket_an_overtaken_run_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is what refuses it: with it the write is refused, without it both histories are one heap."""
    with temporary_store() as store:
        told = [await _overtaken(store, "guarded")]
        guard = History._guard
        monkeypatch.setattr(History, "_guard", lambda self, txn, key, base: guard(self, txn, key, None))
        told.append(await _overtaken(store, "not guarded"))
    assert told == ["VersionConflict", "done"]


async def _overtaken(store: mortmain.Store, name: str) -> str:
    session = MortmainSession(name, store)
    mine: Any = Scripted()
    await session.get_items(wrapper=mine)

    # Between the check of the write and its commit, where only the guard of the commit is left.
    checked = mortmain.aio.AsyncStore.check

    async def check(self: Any, base: Any, **options: Any) -> None:
        await checked(self, base, **options)
        store.append(session.key, {"role": "user", "content": "other"})

    mortmain.aio.AsyncStore.check = check  # type: ignore[method-assign]
    try:
        await session.add_items([{"role": "user", "content": "mine"}], wrapper=mine)
    except mortmain.Conflict as error:
        return type(error).__name__
    finally:
        mortmain.aio.AsyncStore.check = checked  # type: ignore[method-assign]
    return "done"


def kill_gateway(store: mortmain.Store) -> None:
    os.kill(store.info()["pid"], signal.SIGKILL)


@pytest.mark.parametrize("on_conflict", ["raise", "abort_turn"])
async def test_a_gateway_that_is_killed_during_a_run_costs_nothing(on_conflict: str) -> None:
    with temporary_store() as store:
        session = MortmainSession("s", store, on_conflict=on_conflict)

        @function_tool
        async def work() -> str:
            kill_gateway(store)
            return "worked"

        agent = Agent(name="a", model=Scripted([calls("work")], [says("done")]), tools=[work])
        async with session.claim(ttl=300.0):
            await Runner.run(agent, "go", session=session)
        assert texts(await session.get_items()) == ["go", "work", "worked", "done"]
        overtaken = MortmainSession("s", store)

        def other() -> list[Any]:
            kill_gateway(store)
            store.append(session.key, {"role": "user", "content": "other"})
            return [says("late")]

        with pytest.raises(mortmain.VersionConflict):
            await Runner.run(Agent(name="a", model=Scripted(other)), "more", session=overtaken)


WORKER = '''
import asyncio, sys
sys.path.insert(0, {tests!r})
import mortmain
from agents import Agent, Runner, set_tracing_disabled
from mortmain_openai_agents import MortmainSession
from scripted import Scripted, says

set_tracing_disabled(True)
name, place, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def main():
    session = MortmainSession("s", place, on_conflict="abort_turn")
    for number in range(turns):
        while True:
            try:
                agent = Agent(name="a", model=Scripted([says(f"answer {{name}}{{number}}")]))
                await Runner.run(agent, f"ask {{name}}{{number}}", session=session)
                break
            except mortmain.Conflict:
                pass
        print(f"{{name}}{{number}}", flush=True)

asyncio.run(main())
'''


@contextmanager
def workers(place: str, count: int, turns: int) -> Iterator[list[subprocess.Popen[str]]]:
    program = WORKER.format(tests=str(Path(__file__).parent))
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, "abc"[number], place, str(turns)], stdout=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]
    try:
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


@pytest.mark.timeout(170)
def test_each_acknowledged_turn_is_there_once_and_whole_though_the_gateway_is_killed() -> None:
    turns = 4
    with temporary_store() as store, workers(store.directory, 2, turns) as children:
        acknowledged = []
        for number in range(turns):
            for child in children:
                assert child.stdout is not None
                acknowledged.append(child.stdout.readline().strip())
            if number in (0, 2):
                kill_gateway(store)
        assert all(child.wait(60.0) == 0 for child in children)
        found = texts(asyncio.run(MortmainSession("s", store).get_items()))
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert sorted(acknowledged) == [f"{name}{number}" for name in "ab" for number in range(turns)]
    assert sorted(pairs) == [(f"ask {one}", f"answer {one}") for one in sorted(acknowledged)]
