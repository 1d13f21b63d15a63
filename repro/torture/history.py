"""The history of a run: one file of JSON lines per process, written as things happen, and read back as records.

A line is written before a call and another one after it; a process that is killed leaves a call without an end. Times
are `time.monotonic_ns()`, which all processes of a host share.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Of a call that has no end: the process was killed.
CRASHED = "crashed"
# What leaves it open whether the call happened.
OPEN = (CRASHED, "unconfirmed")

# The calls that write and can be settled by their request id.
MUTATIONS = ("commit", "late commit", "claim.commit", "delete", "update", "append", "increment", "transact", "resend")


class Recorder:
    """Writes the lines of one process; a line is one write to a file, so that kill -9 loses none. For one thread."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._calls = 0

    def line(self, **fields: Any) -> None:
        os.write(self._file, json.dumps(fields, separators=(",", ":")).encode() + b"\n")

    def begin(self, kind: str, keys: list[str], **fields: Any) -> int:
        self._calls += 1
        self.line(i=self._calls, at=time.monotonic_ns(), f=kind, keys=keys, **fields)
        return self._calls

    def attempt(self, call: int, number: int, previous: dict[str, str]) -> None:
        """A try of a call: the marks that it was made from, by key."""
        self.line(i=call, n=number, prev=previous)

    def end(self, call: int, outcome: str, **fields: Any) -> None:
        self.line(i=call, at=time.monotonic_ns(), out=outcome, **fields)


@dataclass
class Operation:
    """One call of one client.

    kind: the name of the method. began, ended: ns. outcome: ok, an error code in lower case, or "crashed".
    base: what it was made from ({"version", "epoch", "revision", "read_ended"}), if it presents a base. item: what it
    appends. tries: per try, the marks it was made from. keys_written: key -> [version, epoch, result]. reads: key ->
    [version, epoch, mark, what an account holds]. revision: of the commit, or at which it read.
    """

    process: str
    kind: str
    keys: list[str]
    began: int
    request_id: str | None = None
    base: dict[str, int] | None = None
    claim: str | None = None
    item: str | None = None
    ended: int | None = None
    outcome: str = CRASHED
    tries: dict[int, dict[str, str]] = field(default_factory=dict)
    revision: int | None = None
    replayed: bool = False
    keys_written: dict[str, list[Any]] = field(default_factory=dict)
    reads: dict[str, list[Any]] = field(default_factory=dict)
    settled: str | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def __str__(self) -> str:
        name = f" {self.request_id}" if self.request_id else ""
        return f"{self.process}: {self.kind}{name} of {', '.join(self.keys[:4])}"


@dataclass
class Written:
    """One event of the journal. items: what an append added. seen: what else a transaction had read (marks by key)."""

    kind: str
    key: str
    version: int
    epoch: int
    revision: int
    writer: str
    request_id: str | None
    mark: str = ""
    prev: str | None = None
    seen: dict[str, str] = field(default_factory=dict)
    items: list[str] | None = None
    before: int | None = None


@dataclass
class History:
    """Everything that is known of a run. journal: in the order in which the store gave it out, final: key ->
    [version, epoch, mark, items or None] as read after the last restart; watched: what a watcher saw meanwhile.
    """

    operations: list[Operation] = field(default_factory=list)
    journal: list[Written] = field(default_factory=list)
    final: dict[str, list[Any]] = field(default_factory=dict)
    watched: list[tuple[str, str, int, int]] | None = None
    # Instants and spans of what was done to the processes: {"what", "whom", "at", "until"}.
    nemesis: list[dict[str, Any]] = field(default_factory=list)
    # What went wrong outside of any call: a client that failed or never ended.
    failures: list[str] = field(default_factory=list)
    # What the accounts hold together in every consistent cut; None where the run had none.
    total: int | None = None


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file but for one that a kill cut off."""
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def operations_of(path: Path) -> list[Operation]:
    calls: dict[int, Operation] = {}
    for line in lines(path):
        call = calls.get(line["i"])
        if call is None:
            calls[line["i"]] = _begun(path.stem, line)
        elif "n" in line:
            call.tries[line["n"]] = line["prev"]
        else:
            _end(call, line)
    return list(calls.values())


def _begun(process: str, line: dict[str, Any]) -> Operation:
    tries = {0: line["prev"]} if "prev" in line else {}
    more = {
        "request_id": line.get("id"),
        "base": line.get("base"),
        "claim": line.get("claim"),
        "item": line.get("item"),
    }
    return Operation(process, line["f"], line["keys"], line["at"], tries=tries, **more)


def _end(call: Operation, line: dict[str, Any]) -> None:
    call.ended, call.outcome = line["at"], line["out"]
    call.revision, call.replayed = line.get("rev"), line.get("replayed", False)
    call.keys_written, call.reads = line.get("wrote", {}), line.get("reads", {})
    call.settled, call.text = line.get("settled"), line.get("text", "")


def save(folder: Path, history: History) -> None:
    """Beside the files of the clients: what the director knows."""
    with (folder / "journal.jsonl").open("w") as file:
        file.writelines(json.dumps(vars(event), separators=(",", ":")) + "\n" for event in history.journal)
    known = {name: getattr(history, name) for name in ("final", "nemesis", "failures", "total", "watched")}
    (folder / "run.json").write_text(json.dumps(known))


def load(folder: Path) -> History:
    known = json.loads((folder / "run.json").read_text())
    if known["watched"] is not None:
        known["watched"] = [tuple(event) for event in known["watched"]]
    history = History(**known)
    history.journal = [Written(**line) for line in lines(folder / "journal.jsonl")]
    for path in sorted(folder.glob("calls-*.jsonl")):
        history.operations += operations_of(path)
    return history
