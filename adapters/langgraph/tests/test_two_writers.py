"""Real graphs in separate processes: of two writers exactly one wins, and the other one is told.

The stories are the claims of the folder repro, which also show what the saver that LangGraph ships does.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

REPRO = Path(__file__).resolve().parents[3] / "repro"
OLDEST = version("langgraph").startswith("1.0.")
# Starting a process with LangGraph takes a second: the oldest version tells the stories that differ most.
STORIES = ["zombie_run", "increments", "first_runs", "update_state", "delete", "torn_resume"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("story", ["first_runs", "delete"] if OLDEST else STORIES)
def test_the_claim_holds(story: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPRO / "run.py"), f"langgraph_{story}"],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["async-loop"] if OLDEST else ["async", "exit", "async-loop"])
def test_a_zombie_is_refused_however_durable_its_run_is(mode: str) -> None:
    program = REPRO / "langgraph_zombie_run" / "langgraph_zombie_run.py"
    done = subprocess.run(
        [sys.executable, str(program), mode], capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slow | VersionConflict" in done.stdout, done.stdout
    assert "second | done: acknowledged" in done.stdout, done.stdout
    assert done.stdout.count("VersionConflict") == 1, done.stdout
    assert "reader | the thread holds ['found by first', 'found by second']" in done.stdout, done.stdout
