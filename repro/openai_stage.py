"""What the openai_* claims share: the same story on the session that the Agents SDK ships and on mortmain's.

The turns that nobody else interleaves are made by the director's own process, on a session that it opens for each.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from collections.abc import Callable

from mortmain.testing import temporary_store

import openai_worker
from stage import REPRO, Process, say

WORKER = REPRO / "openai_worker.py"


class Scene:
    """Processes on one session."""

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place

    def process(self, name: str, action: str, what: str = "-") -> Process:
        return Process(name, WORKER, self.kind, self.place, action, what)

    def run(self, name: str, action: str, what: str = "-") -> None:
        """In this process, from its beginning to its end."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            asyncio.run(getattr(openai_worker, action)(name, self.kind, self.place, what))
        for line in printed.getvalue().splitlines():
            say(f"  {name} | {line}")


def on_both(story: Callable[[Scene], None]) -> None:
    """Tell a story twice."""
    say("On SQLiteSession, which the Agents SDK ships:")
    with tempfile.TemporaryDirectory() as scratch:
        story(Scene("sqlite", scratch))
    say("")
    on_mortmain(story)


def on_mortmain(story: Callable[[Scene], None]) -> None:
    say("On MortmainSession:")
    with temporary_store() as store:
        story(Scene("mortmain", store.directory))
