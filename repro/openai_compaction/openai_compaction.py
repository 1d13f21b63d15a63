"""A session is compacted, and a turn comes in while the summary is being made."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openai_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "chat", "Monday")
    scene.run("second", "chat", "Tuesday")
    with scene.process("nightly", "compact") as nightly:
        nightly.until_it_waits()
        scene.run("third", "chat", "Friday")
        nightly.go_on().until_it_ends()
    scene.run("reader", "show")


if __name__ == "__main__":
    on_both(story)
