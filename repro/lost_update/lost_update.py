"""A lost update between two processes that share a JSON file, and the same two processes on mortmain."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from mortmain.testing import temporary_store  # noqa: E402

from stage import Process, say  # noqa: E402

PLAN = {"steps": ["measure"]}


def two_agents(program: Path, place: str) -> None:
    """Both read, then both write: the planner first, the critic after it."""
    with Process("planner", program, place, "cut") as planner, Process("critic", program, place, "check") as critic:
        planner.until_it_waits()
        critic.until_it_waits()
        planner.go_on().until_it_ends()
        critic.go_on().until_it_ends()


def with_a_file(directory: str) -> None:
    say("A plan in a JSON file, two processes:")
    path = Path(directory, "plan.json")
    path.write_text(json.dumps(PLAN))
    two_agents(HERE / "with_a_file.py", str(path))
    steps = json.loads(path.read_text())["steps"]
    say(f"The file: {steps}. {'LOST: cut, and nobody was told.' if 'cut' not in steps else 'Nothing is lost.'}")


def with_mortmain() -> None:
    say("The same plan in mortmain, two processes:")
    with temporary_store(agent="director") as store:
        store.create("plans/plan.json", PLAN)
        two_agents(HERE / "with_mortmain.py", store.directory)
        snap = store.read("plans/plan.json")
        kept = {"cut", "check"} <= set(snap.value["steps"])
        say(f"The key: {snap.value['steps']}, version {snap.version}. {'BOTH KEPT.' if kept else 'A change is lost.'}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        with_a_file(scratch)
    say("")
    with_mortmain()
