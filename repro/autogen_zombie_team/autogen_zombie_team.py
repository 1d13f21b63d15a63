"""A worker is stopped in the middle of a run, others take the team over, and then the first wakes up and saves."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autogen_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "research")
    with scene.process("slow", "research") as slow:
        slow.until_it_waits()
        slow.freeze()
        scene.run("second", "take_over")
        scene.run("third", "take_over")
        slow.thaw()
        slow.go_on().until_it_ends()
    scene.run("reader", "show")


if __name__ == "__main__":
    on_both(story, "save_state and a JSON file, as AutoGen's documentation shows it", "checkout")
