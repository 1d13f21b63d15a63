"""Two processes answer the same customer at the same time: the second has read the session before the first is done."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openai_stage import Scene, on_both


def story(scene: Scene) -> None:
    with scene.process("two", "book_once") as two:
        two.until_it_waits()
        scene.run("one", "book_once")
        two.go_on().until_it_ends()
    scene.run("reader", "count")


if __name__ == "__main__":
    on_both(story)
