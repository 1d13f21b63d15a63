"""Real teams in separate processes: of two workers exactly one wins, and the other one is told.

The stories are the claims of the folder repro, which also show what state in a JSON file does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mortmain
import pytest
from autogen_core.memory import MemoryContent, MemoryMimeType
from mortmain import Store
from mortmain.testing import temporary_store

from mortmain_autogen import MortmainMemory

REPRO = Path(__file__).resolve().parents[3] / "repro"
KEY = "teams/research"
# Starting a process with AutoGen takes a second: the oldest version tells the story that differs most.
OLDEST = version("autogen-core") == "0.7.0"

# A worker whose checkout was tampered with; run instead of autogen_worker.py, which it imports.
SABOTEUR = '''
import sys
sys.path.insert(0, {repro!r})
import autogen_worker
from mortmain.aio import AsyncClaim

async def commit(self, value):
    """Writes as a program does that has no claim."""
    await self.release()
    return await self._store.commit(self.key, value, overwrite=True)

{sabotage}
_, name, kind, place, action = sys.argv
getattr(autogen_worker, action)(name, kind, place)
'''
NOTHING = ""
NO_GUARD = "AsyncClaim.commit = commit"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("story", ["zombie_team"] if OLDEST else ["two_workers", "zombie_team", "shared_memory"])
def test_the_claim_holds(story: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPRO / "run.py"), f"autogen_{story}"],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Worker:
    """A process that runs a team until its model waits."""

    def __init__(self, program: Path, name: str, store: Store, action: str = "research") -> None:
        self._child = subprocess.Popen(
            [sys.executable, str(program), name, "mortmain", store.directory, action],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPRO)},
        )
        self.lines: list[str] = []

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.communicate()

    def until_it_waits(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if "waiting" in line:
                return
            self.lines.append(line.strip())
        pytest.fail(f"it ended without waiting: {self.lines}")

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._child.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on_to_the_end(self) -> str:
        self._child.send_signal(signal.SIGCONT)
        output, _ = self._child.communicate("\n" * 3, timeout=60)
        self.lines += [line.strip() for line in output.splitlines() if "waiting" not in line]
        return self.lines[-1]


def until(condition: Any) -> None:
    end = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def a_zombie_saves(program: Path) -> tuple[str, list[str]]:
    """(what a worker is told that was stopped until its claim expired and another one had saved, what is stored)."""
    with temporary_store() as store, Worker(program, "slow", store) as slow:
        slow.until_it_waits()
        slow.freeze()
        until(lambda: not store.claims("teams/"))
        with Worker(program, "second", store) as second:
            assert second.go_on_to_the_end() == "done: acknowledged"
        told = slow.go_on_to_the_end()
        return told, answers(store)


def answers(store: Store) -> list[str]:
    state = store.read(KEY).value
    messages = state["agent_states"]["researcher"]["agent_state"]["llm_context"]["messages"]
    return [one["content"] for one in messages if one["type"] == "AssistantMessage"]


@pytest.mark.timeout(180)
def test_without_the_claims_guard_the_zombie_wins(tmp_path: Path) -> None:
    """The test of the test: the same story with the guard sabotaged must come out wrong."""
    outcomes = {}
    for name, sabotage in (("whole", NOTHING), ("sabotaged", NO_GUARD)):
        program = tmp_path / f"{name}.py"
        program.write_text(SABOTEUR.format(repro=str(REPRO), sabotage=sabotage))
        outcomes[name] = a_zombie_saves(program)
    told, kept = outcomes["whole"]
    assert told.startswith("Fenced: ")
    assert kept == ["found by second"]
    assert outcomes["sabotaged"] == ("done: acknowledged", ["found by slow"])


def test_a_gateway_that_is_killed_during_a_run_costs_nothing() -> None:
    with temporary_store() as store, Worker(REPRO / "autogen_worker.py", "one", store) as worker:
        store.commit("teams/other", {"kept": True}, overwrite=True)
        worker.until_it_waits()
        os.kill(store.info()["pid"], signal.SIGKILL)
        assert worker.go_on_to_the_end() == "done: acknowledged"
        assert answers(store) == ["found by one"]
        assert store.read(KEY).version == 1
        assert store.read("teams/other").value == {"kept": True}


def test_what_a_memory_acknowledged_is_there_once_after_the_gateway_was_killed() -> None:
    with temporary_store() as store:
        memory = MortmainMemory("findings", store)

        async def add(number: int) -> None:
            if number == 20:
                os.kill(store.info()["pid"], signal.SIGKILL)
            await memory.add(MemoryContent(content=str(number), mime_type=MemoryMimeType.TEXT))

        async def work() -> list[str]:
            await asyncio.gather(*(add(number) for number in range(40)))
            return sorted(str(one.content) for one in (await memory.query()).results)

        assert asyncio.run(work()) == sorted(map(str, range(40)))


def test_a_worker_that_is_killed_leaves_nothing_half_written_and_its_claim_expires() -> None:
    with temporary_store() as store:
        with Worker(REPRO / "autogen_worker.py", "one", store) as worker:
            worker.until_it_waits()
            with pytest.raises(mortmain.ClaimHeld):
                store.claim(KEY)
        assert not store.read(KEY).exists
        with store.claim(KEY, wait=20.0) as claim:
            assert claim.value is None
