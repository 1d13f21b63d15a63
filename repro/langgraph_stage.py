"""What the langgraph_* claims share: the same story on the saver that LangGraph ships and on mortmain's.

The runs that nobody else interleaves are made by the director's own process, on a saver that it opens for each.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from mortmain.testing import temporary_store

import langgraph_worker
from stage import REPRO, Process, say

WORKER = REPRO / "langgraph_worker.py"


class Scene:
    """Processes on one saver."""

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place

    def process(self, name: str, action: str, mode: str = "sync") -> Process:
        return Process(name, WORKER, self.kind, self.place, action, mode)

    def run(self, name: str, action: str, mode: str = "sync") -> None:
        """In this process, from its beginning to its end."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            getattr(langgraph_worker, action)(name, self.kind, self.place, mode)
        for line in printed.getvalue().splitlines():
            say(f"  {name} | {line}")


def on_both(story: Callable[[Scene], None]) -> None:
    """Tell a story twice."""
    say("On SqliteSaver, which LangGraph ships:")
    with tempfile.TemporaryDirectory() as scratch:
        story(Scene("sqlite", str(Path(scratch, "checkpoints.db"))))
    say("")
    on_mortmain(story)


def on_mortmain(story: Callable[[Scene], None]) -> None:
    say("On MortmainSaver:")
    with temporary_store() as store:
        story(Scene("mortmain", store.directory))
