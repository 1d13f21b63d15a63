"""A run that lost an update to overwrite=True, found out from its journal afterwards, and mended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from find_lost import bring_back, lost_updates  # noqa: E402
from mortmain.testing import temporary_store  # noqa: E402

from stage import Process, say  # noqa: E402

KEY = "plans/plan"


def the_run(directory: str) -> None:
    """Both read, then both write: the planner first, the critic after it."""
    program = HERE / "agent.py"
    with (
        Process("planner", program, directory, "cut", "wood") as planner,
        Process("critic", program, directory, "check", "quality") as critic,
    ):
        planner.until_it_waits()
        critic.until_it_waits()
        planner.go_on().until_it_ends()
        critic.go_on().until_it_ends()


def ask_contention(directory: str) -> None:
    line = [sys.executable, "-m", "mortmain._cli.main", "--dir", directory, "contention", "--within", "60", "--json"]
    for told in map(json.loads, subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()):
        writers = ", ".join(told["writers"])
        say(f"contention: {told['key']} written by {writers}, {told['overwrites']} times without a base")


if __name__ == "__main__":
    with temporary_store(agent="director") as store:
        store.create(KEY, {"steps": ["measure"], "owners": {}})
        say("Two agents that say overwrite=True:")
        the_run(store.directory)
        say(f"The plan: {store.read(KEY).value}. Nobody was told.")
        say("Afterwards, from the journal:")
        ask_contention(store.directory)
        found = list(lost_updates(store, KEY))
        for lost in found:
            say(f"version {lost.version} by {lost.writer} was lost by version {lost.by_version} by {lost.by}:")
            for change in lost.changes:
                say(f"  {change.kind} {'.'.join(map(str, change.path))} = {change.new!r}")
            receipt = bring_back(store.as_agent("operator"), KEY, lost)
            say(f"brought back as version {receipt.version}")
        plan = store.read(KEY).value
        whole = plan["steps"] == ["measure", "cut", "check"] and set(plan["owners"]) == {"wood", "quality"}
        say(f"The plan: {plan}. {'NOTHING IS MISSING.' if whole and len(found) == 1 else 'Something is missing.'}")
        newest = store.history(KEY, limit=1)[0]
        say(f"version {newest.version} says why: {newest.meta}")
