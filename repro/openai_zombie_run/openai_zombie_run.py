"""A run stalls in its model, another one answers the customer, and then it wakes up and writes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openai_stage import Scene, on_both, on_mortmain
from stage import say


def story(scene: Scene) -> None:
    with scene.process("slow", "chat", "Monday") as slow:
        slow.until_it_waits()
        slow.freeze()
        scene.run("second", "chat", "Friday")
        slow.thaw()
        slow.go_on().until_it_ends()
    scene.run("reader", "show")


def claimed(scene: Scene) -> None:
    """The second one waits until the claim of the frozen one has expired."""
    with scene.process("slow", "claimed_chat", "Monday") as slow:
        slow.until_it_waits()
        slow.freeze()
        scene.run("second", "claimed_chat", "Friday")
        slow.thaw()
        slow.go_on().until_it_ends()
    scene.run("reader", "show")


if __name__ == "__main__":
    on_both(story)
    say("")
    say("With a claim:")
    on_mortmain(claimed)
