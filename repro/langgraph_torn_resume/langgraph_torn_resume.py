"""Two people answer the same two questions of an interrupted run, and both processes die half-way."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from langgraph_stage import Scene, on_both
from langgraph_worker import THREAD, open_saver


def until_stored(scene: Scene, field: str) -> None:
    """Wait until an answer lies beside the checkpoint, where a later run finds it."""
    end = time.monotonic() + 60.0
    with open_saver(scene.kind, scene.place) as saver:
        while not any(channel == field for _, channel, _ in saver.get_tuple(THREAD).pending_writes):
            if time.monotonic() > end:
                raise SystemExit(f"{field} was never stored")


def story(scene: Scene) -> None:
    scene.run("setup", "ask")
    with scene.process("Ada", "answer", "ship_to") as ada, scene.process("Bob", "answer", "bill_to") as bob:
        ada.until_it_waits()
        bob.until_it_waits()
        ada.go_on()
        until_stored(scene, "ship_to")
        bob.go_on()
        if scene.kind == "sqlite":
            until_stored(scene, "bill_to")
        else:
            bob.until_it_waits().go_on().until_it_ends()
    # Both are killed here, if they still run.
    scene.run("third", "carry_on")


if __name__ == "__main__":
    on_both(story)
