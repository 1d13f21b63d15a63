"""Two processes answer the same customer at the same time; both have read the session before one of them goes on."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openai_stage import Scene, on_both


def story(scene: Scene) -> None:
    with scene.process("one", "book_once") as one, scene.process("two", "book_once") as two:
        one.until_it_waits()
        two.until_it_waits()
        one.go_on().until_it_ends()
        two.go_on().until_it_ends()
    scene.run("reader", "count")


if __name__ == "__main__":
    on_both(story)
