"""A run waits for an approval; two processes resume it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openai_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "ask_for_approval")
    with scene.process("one", "approve") as one:
        one.until_it_waits()
        scene.run("two", "approve")
        one.go_on().until_it_ends()
    if scene.kind == "mortmain":
        scene.run("three", "approve")
    scene.run("reader", "count")


if __name__ == "__main__":
    on_both(story)
