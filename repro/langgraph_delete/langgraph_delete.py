"""A thread is deleted, on a person's request, while a run is in flight on it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "note")
    with scene.process("slow", "note") as slow:
        slow.until_it_waits()
        scene.run("eraser", "forget")
        slow.go_on().until_it_ends()
    scene.run("reader", "show", "notes")


if __name__ == "__main__":
    on_both(story)
