"""Two processes resume one flow that waits for a human."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crewai_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("shop", "order")
    with scene.process("one", "answer") as one:
        one.until_it_waits()
        with scene.process("two", "answer") as two:
            if scene.kind == "mortmain":
                two.until_it_ends()
                one.go_on().until_it_ends()
                return
            two.until_it_waits()
            one.go_on().until_it_ends()
            two.go_on().until_it_ends()


if __name__ == "__main__":
    on_both(story, "SQLiteFlowPersistence", "MortmainFlowPersistence")
