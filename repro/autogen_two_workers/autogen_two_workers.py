"""Two workers load one team, run it and save it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from autogen_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("first", "research")
    with scene.process("one", "research") as one:
        one.until_it_waits()
        with scene.process("two", "research") as two:
            if scene.kind == "json":
                two.until_it_waits()
                one.go_on().until_it_ends()
                two.go_on()
            two.until_it_ends()
        if scene.kind == "mortmain":
            one.go_on().until_it_ends()
            scene.run("second try", "research")
    scene.run("reader", "show")


if __name__ == "__main__":
    on_both(story, "save_state and a JSON file, as AutoGen's documentation shows it", "checkout")
