"""One plan and one list of findings that a LangGraph graph and an OpenAI agent share: in files, and in a store.

A worker looks at the plan, takes the first step that is open, works, and reports: its step is done, and a finding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mortmain

STEPS = ("tides", "currents", "winds")
PLAN, FINDINGS = "plans/survey", "findings"


@dataclass
class Look:
    """What a worker saw. base: what its next write goes on from."""

    plan: dict[str, str]
    findings: list[str]
    base: Any = None

    def open_step(self) -> str | None:
        return next((step for step, state in self.plan.items() if state == "open"), None)


class OnFiles:
    """plan.json and findings.json, as a program keeps them that does not expect anybody else."""

    def __init__(self, place: str) -> None:
        self._plan, self._findings = Path(place, "plan.json"), Path(place, "findings.json")

    def begin(self) -> None:
        self._plan.write_text(json.dumps(dict.fromkeys(STEPS, "open")))
        self._findings.write_text("[]")

    def look(self) -> Look:
        return Look(json.loads(self._plan.read_text()), json.loads(self._findings.read_text()))

    def take(self, look: Look, step: str, worker: str) -> None:
        look.plan[step] = f"taken by {worker}"
        self._plan.write_text(json.dumps(look.plan))

    def report(self, look: Look, step: str, worker: str) -> None:
        look.plan[step] = f"done by {worker}"
        self._plan.write_text(json.dumps(look.plan))
        self._findings.write_text(json.dumps([*look.findings, finding(step, worker)]))


class OnMortmain:
    """Two keys of a store, next to the threads of the graph and the session of the agent."""

    def __init__(self, store: mortmain.Store) -> None:
        self._store = store

    def begin(self) -> None:
        self._store.create(PLAN, dict.fromkeys(STEPS, "open"))
        self._store.create(FINDINGS, [])

    def look(self) -> Look:
        found = self._store.read_many([PLAN, FINDINGS])
        return Look(found[PLAN].value, found[FINDINGS].value, found[PLAN])

    def take(self, look: Look, step: str, worker: str) -> None:
        """VersionConflict if somebody wrote the plan since that look."""
        self._store.commit(PLAN, {**look.plan, step: f"taken by {worker}"}, base=look.base)

    def report(self, look: Look, step: str, worker: str) -> None:
        """The step and the finding in one commit, whatever became of the other steps."""

        def write(txn: mortmain.Transaction) -> None:
            plan = txn.read(PLAN).value
            txn.put(PLAN, {**plan, step: f"done by {worker}"})
            txn.append(FINDINGS, finding(step, worker))

        self._store.transact(write)


def finding(step: str, worker: str) -> str:
    return f"{step}, seen by {worker}"
