"""What the autogen_* claims share: the same story with state in a JSON file, as AutoGen's documentation keeps it, and
with mortmain's.

What nobody else interleaves is done by the director's own process.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable

from mortmain.testing import temporary_store

import autogen_worker
from stage import REPRO, Process, say

WORKER = REPRO / "autogen_worker.py"


class Scene:
    """Processes on one place."""

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place

    def process(self, name: str, action: str) -> Process:
        return Process(name, WORKER, self.kind, self.place, action)

    def run(self, name: str, action: str) -> None:
        """In this process, from its beginning to its end."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            getattr(autogen_worker, action)(name, self.kind, self.place)
        for line in printed.getvalue().splitlines():
            say(f"  {name} | {line}")


def on_both(story: Callable[[Scene], None], shipped: str, ours: str) -> None:
    """Tell a story twice."""
    say(f"With {shipped}:")
    with tempfile.TemporaryDirectory() as scratch:
        story(Scene("json", scratch))
    say("")
    say(f"With {ours}:")
    with temporary_store() as store:
        story(Scene("mortmain", store.directory))
