"""A LangGraph graph and an OpenAI agent, each in its own process, share one plan and one list of findings."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mortmain.testing import temporary_store

from shared import OnFiles, OnMortmain
from stage import Process, say

HERE = Path(__file__).resolve().parent


def story(kind: str, place: str) -> None:
    with (
        Process("graph", HERE / "graph_worker.py", kind, place) as graph,
        Process("agent", HERE / "agent_worker.py", kind, place) as agent,
    ):
        graph.until_it_waits()
        agent.until_it_waits()
        agent.go_on().until_it_ends()
        graph.go_on()
        if kind == "mortmain":
            graph.until_it_waits().go_on()
        graph.until_it_ends()


def show(shared: OnFiles | OnMortmain) -> None:
    look = shared.look()
    say(f"the plan: {look.plan}")
    say(f"the findings: {look.findings}")


def main() -> None:
    say("In files:")
    with tempfile.TemporaryDirectory() as scratch:
        files = OnFiles(scratch)
        files.begin()
        story("files", scratch)
        show(files)
    say("")
    say("In a store:")
    with temporary_store() as store:
        shared = OnMortmain(store)
        shared.begin()
        story("mortmain", store.directory)
        show(shared)
        kinds = sorted({snapshot.key.partition("/")[0] for snapshot in store.scan("", values=False)})
        say(f"one gateway keeps {', '.join(kinds)}")


if __name__ == "__main__":
    main()
