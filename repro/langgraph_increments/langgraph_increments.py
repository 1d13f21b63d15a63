"""Five processes increment one counter of one thread at the same time."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both


def story(scene: Scene) -> None:
    scene.run("setup", "count")
    with ExitStack() as stack:
        workers = [stack.enter_context(scene.process(f"worker-{n}", "count")).until_it_waits() for n in range(5)]
        for worker in workers:
            worker.go_on().until_it_ends()
    scene.run("reader", "show", "count")


if __name__ == "__main__":
    on_both(story)
