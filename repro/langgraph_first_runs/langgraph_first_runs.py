"""Two processes start the first run of a thread at the same time."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both


def story(scene: Scene) -> None:
    with scene.process("one", "note", "exit") as one, scene.process("two", "note", "exit") as two:
        one.until_it_waits()
        two.until_it_waits()
        one.go_on().until_it_ends()
        two.go_on().until_it_ends()
    scene.run("reader", "show", "notes")


if __name__ == "__main__":
    on_both(story)
