"""Real CrewAI code in separate processes: of two writers exactly one wins, a stopped one is refused when it wakes up,
and a gateway that is killed loses nothing.

The stories are the claims of the folder repro, which also show what the storages that CrewAI ships do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from crewai.flow.flow import Flow, FlowState, listen, start
from crewai.flow.persistence import persist
from mortmain.testing import temporary_store
from pydantic import Field

from fakes import FIELDS, Model, embed, record
from mortmain_crewai import FencedMemory, MortmainFlowPersistence, MortmainStorage

REPRO = Path(__file__).resolve().parents[3] / "repro"
OLDEST = version("crewai").startswith("1.14.")
# Importing CrewAI takes seconds: the oldest version tells the stories that differ most.
STORIES = ["consolidation", "forget", "zombie_flow", "feedback"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", ["consolidation", "zombie_flow"] if OLDEST else STORIES)
def test_the_claim_holds(story: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPRO / "run.py"), f"crewai_{story}"],
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_gateway_that_is_killed_while_the_model_thinks_loses_nothing() -> None:
    with temporary_store() as store:
        model = Model()
        memory: Any = FencedMemory(storage=store, llm=model, embedder=embed)  # type: ignore[arg-type]
        memory.remember("plan a", **FIELDS)
        model.meanwhile = lambda: os.kill(store.info()["pid"], signal.SIGKILL)
        memory.remember("plan b", **FIELDS)
        assert [one.content for one in memory.list_records()] == ["plan a, plan b"]
        os.kill(store.info()["pid"], signal.SIGKILL)
        memory.remember_many([f"subject{n} is new" for n in range(20)], **FIELDS)
        memory.drain_writes()
        os.kill(store.info()["pid"], signal.SIGKILL)
        assert memory.recall("subject7", depth="shallow")[0].record.content == "subject7 is new"
        fresh = MortmainStorage(store)
        assert fresh.count() == 21
        assert memory.dead_letters() == []
        memory.close()


def test_a_gateway_that_is_killed_between_the_steps_of_a_flow_loses_nothing() -> None:
    with temporary_store() as store:
        persistence = MortmainFlowPersistence(store)

        class Notes(FlowState):
            notes: list[str] = Field(default_factory=list)

        @persist(persistence)
        class Research(Flow[Notes]):
            @start()
            def think(self) -> None:
                self.state.notes = ["thought"]

            @listen(think)
            def suffer(self) -> None:
                found = persistence.load_state("research")
                assert found is not None
                assert found["notes"] == ["thought"]
                os.kill(store.info()["pid"], signal.SIGKILL)
                self.state.notes = [*self.state.notes, "survived"]

        Research(persistence=persistence, suppress_flow_events=True).kickoff(inputs={"id": "research"})
        found = persistence.load_state("research")
        assert found is not None
        assert found["notes"] == ["thought", "survived"]
        persistence.close()


def test_an_index_follows_other_processes(storage: MortmainStorage) -> None:
    """A forked child writes; this process finds it at its next search."""
    storage.save([record("mine")])
    assert storage.count() == 1
    child = os.fork()
    if child == 0:
        code = 1
        try:
            storage.save([record("theirs")])
            code = 0 if storage.count() == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(one.content for one in storage.list_records()) == ["mine", "theirs"]
