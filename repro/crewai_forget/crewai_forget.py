"""A process forgets what another one is consolidating."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crewai_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("setup", "first")
    with scene.process("slow", "tide") as slow:
        slow.until_it_waits()
        scene.run("owner", "forget")
        slow.go_on().until_it_ends()
    scene.run("reader", "show")


if __name__ == "__main__":
    on_both(story, "LanceDBStorage", "FencedMemory")
