"""A run stalls in a node, three others do their work on the thread, and then it wakes up and writes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both, on_mortmain

# With a durability (sync, async, exit) or async-loop as its argument it tells a shorter story, on mortmain only.
SHORT = len(sys.argv) > 1
DURABILITY = sys.argv[1] if SHORT else "sync"


def story(scene: Scene) -> None:
    scene.run("first", "note")
    with scene.process("slow", "note", DURABILITY) as slow:
        slow.until_it_waits()
        for name in ("second",) if SHORT else ("second", "third", "fourth"):
            scene.run(name, "note")
        slow.go_on().until_it_ends()
    scene.run("reader", "show", "notes")


if __name__ == "__main__":
    (on_mortmain if SHORT else on_both)(story)
