"""Two writers on one thread: a kit that the author of any saver can run.

    report = run_two_writers("InMemorySaver", InMemorySaver)
    print(report)

`make()` gives a saver on the same state each time it is called within one case (for InMemorySaver: the same object).
Each case interleaves two writers of one thread and asks: was something that a caller was told is done lost? A saver
passes a case if nothing was, that is if one of the two was told by an error.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

__all__ = ["CASES", "Outcome", "Report", "run_two_writers"]

Saver = BaseCheckpointSaver[Any]
Make = Callable[[], Saver]


class _State(TypedDict):
    items: Annotated[list[str], operator.add]


@dataclass(frozen=True)
class Outcome:
    """One case: whether nothing acknowledged was lost, what is stored, and which errors the writers were told."""

    case: str
    passed: bool
    acknowledged: tuple[str, ...]
    stored: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass
class Report:
    """All cases of one saver. `str` is a table in Markdown."""

    saver: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing acknowledged was lost in any case."""
        return all(one.passed for one in self.outcomes)

    def __str__(self) -> str:
        lines = [f"| {self.saver} | result | told |", "|---|---|---|"]
        for one in self.outcomes:
            lost = [name for name in one.acknowledged if name not in one.stored]
            result = "kept" if one.passed else f"LOST {', '.join(lost) or 'the deletion'}"
            lines.append(f"| {one.case} | {result} | {', '.join(one.errors) or 'nobody'} |")
        return "\n".join(lines)


class _Scene:
    """One thread and its writers; `acknowledged` is what they were told is done."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.acknowledged: list[str] = []
        self.errors: list[str] = []
        self.config: Any = {"configurable": {"thread_id": "two-writers"}}

    def graph(self, name: str, middle: Callable[[], None] | None = None, asks: bool = False) -> Any:
        """A graph that adds `name` to the thread's items; `middle` runs while it is under way."""

        def work(state: _State) -> Any:
            answer = interrupt("?") if asks else name
            if middle is not None:
                middle()
            return {"items": [answer]}

        builder = StateGraph(_State)
        builder.add_node("work", work)
        builder.add_node("end", lambda state: {})
        builder.add_edge(START, "work")
        builder.add_edge("work", "end")
        return builder.compile(checkpointer=self.make())

    def told(self, name: str, action: Callable[[], Any]) -> None:
        """Do it, and note what the caller is told."""
        try:
            action()
        except Exception as error:
            self.errors.append(f"{name}: {type(error).__name__}")
        else:
            self.acknowledged.append(name)

    def run(self, name: str, durability: str = "sync", middle: Callable[[], None] | None = None) -> None:
        graph = self.graph(name, middle)
        self.told(name, lambda: graph.invoke({"items": []}, self.config, durability=durability))

    def latest(self) -> str | None:
        """The id of the newest checkpoint."""
        found = self.make().get_tuple(self.config)
        return found.checkpoint["id"] if found else None

    def began(self, before: str | None) -> bool:
        """Whether there is a newer checkpoint that is a step, not an input."""
        found = self.make().get_tuple(self.config)
        return found is not None and found.checkpoint["id"] != before and found.metadata.get("source") == "loop"

    def stored(self) -> list[str]:
        found = self.make().get_tuple(self.config)
        return list(found.checkpoint["channel_values"].get("items", [])) if found else []


def _until_it_wrote(scene: _Scene, durability: str, before: str | None) -> None:
    """An asynchronous run stores in the background what came before its node, its input and then its first step: wait
    for both, so that the case has one course."""
    end = time.monotonic() + 20.0
    while durability == "async" and not scene.began(before) and time.monotonic() < end:
        time.sleep(0.005)


def _stale_run(scene: _Scene, durability: str) -> None:
    scene.run("first")
    before = scene.latest()

    def others() -> None:
        _until_it_wrote(scene, durability, before)
        for name in ("b", "c", "d"):
            scene.run(name)

    scene.run("slow", durability, others)


def _first_runs(scene: _Scene) -> None:
    scene.run("slow", "exit", lambda: scene.run("quick", "exit"))


def _resumes(scene: _Scene) -> None:
    scene.graph("ask", asks=True).invoke({"items": []}, scene.config)

    def resume(name: str, middle: Callable[[], None] | None = None) -> None:
        graph = scene.graph(name, middle, asks=True)
        scene.told(name, lambda: graph.invoke(Command(resume=name), scene.config, durability="sync"))

    resume("slow", lambda: resume("quick"))


def _updates(scene: _Scene) -> None:
    scene.run("first")
    inner: list[bool] = []

    def add(left: list[str], right: list[str]) -> list[str]:
        # The reducer runs between the read and the write of update_state.
        if right == ["slow"] and not inner:
            inner.append(True)
            scene.told("quick", lambda: scene.graph("quick").update_state(scene.config, {"items": ["quick"]}, "work"))
        return left + right

    # As a class its annotation would be a string, in which `add` is not found.
    _Slow = TypedDict("_Slow", {"items": Annotated[list[str], add]})  # noqa: UP013
    builder = StateGraph(_Slow)
    builder.add_node("work", lambda state: {})
    builder.add_edge(START, "work")
    graph = builder.compile(checkpointer=scene.make())
    scene.told("slow", lambda: graph.update_state(scene.config, {"items": ["slow"]}, "work"))


def _update_under_a_run(scene: _Scene) -> None:
    scene.run("first")
    update = scene.graph("correction")
    scene.run(
        "slow",
        "sync",
        lambda: scene.told(
            "correction", lambda: update.update_state(scene.config, {"items": ["correction"]}, "work")
        ),
    )


def _delete_under_a_run(scene: _Scene) -> None:
    scene.run("first")
    scene.acknowledged.clear()
    scene.run("slow", "sync", lambda: scene.make().delete_thread("two-writers"))


CASES: dict[str, Callable[[_Scene], None]] = {
    "a stalled run wakes after three others (sync)": lambda scene: _stale_run(scene, "sync"),
    "a stalled run wakes after three others (async)": lambda scene: _stale_run(scene, "async"),
    "a stalled run wakes after three others (exit)": lambda scene: _stale_run(scene, "exit"),
    "two first runs at once": _first_runs,
    "two resumes of one interrupt": _resumes,
    "two update_state at once": _updates,
    "update_state under a run": _update_under_a_run,
    "delete_thread under a run": _delete_under_a_run,
}


def run_two_writers(name: str, make: Callable[[], Make]) -> Report:
    """Run every case on a saver. make: called once per case for a fresh state; what it returns is called for each
    writer and gives a saver on that state."""
    report = Report(name)
    for case, story in CASES.items():
        scene = _Scene(make())
        story(scene)
        stored = scene.stored()
        # Each that was acknowledged is there once, and nothing of those that were refused.
        expected = [] if story is _delete_under_a_run else sorted(scene.acknowledged)
        passed = sorted(stored) == expected
        report.outcomes.append(
            Outcome(case, passed, tuple(scene.acknowledged), tuple(stored), tuple(scene.errors))
        )
    return report
