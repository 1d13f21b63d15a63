"""Two agents add to one memory, and a third clears what it has read while a fourth adds."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autogen_stage import Scene, on_both


def story(scene: Scene) -> None:
    with scene.process("one", "remember") as one, scene.process("two", "remember") as two:
        one.until_it_waits()
        two.until_it_waits()
        one.go_on().until_it_ends()
        two.go_on().until_it_ends()
    scene.run("reader", "recall")
    with scene.process("tidy", "forget") as tidy:
        tidy.until_it_waits()
        with scene.process("late", "remember") as late:
            late.until_it_waits().go_on().until_it_ends()
        tidy.go_on().until_it_ends()
    scene.run("reader", "recall")


if __name__ == "__main__":
    on_both(story, "ListMemory, kept as the configuration of a component", "MortmainMemory")
