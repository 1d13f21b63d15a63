"""A run of a flow stalls, two others do the work, and the first one wakes up."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crewai_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "note")
    with scene.process("slow", "note") as slow:
        slow.until_it_waits()
        slow.freeze()
        scene.run("second", "note")
        scene.run("third", "note")
        slow.thaw()
        slow.go_on().until_it_ends()
    scene.run("reader", "notes")


if __name__ == "__main__":
    on_both(story, "SQLiteFlowPersistence", "MortmainFlowPersistence")
