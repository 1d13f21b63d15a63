"""Two processes call update_state on one thread at the same time."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("setup", "raise_budget", "100")
    with scene.process("one", "raise_budget", "10") as one:
        one.until_it_waits()
        with scene.process("two", "raise_budget", "5") as two:  # the newer one wins at its first write
            two.until_it_waits()
            one.go_on().until_it_ends()
            two.go_on().until_it_ends()
    scene.run("reader", "show", "budget")


if __name__ == "__main__":
    on_both(story)
