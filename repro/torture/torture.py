"""Torture: processes write, are killed, frozen and robbed, the gateway too; then the history of all calls is checked.

.venv/bin/python repro/torture/torture.py [--minutes M] [--seed N] [--clients N] [--profile NAME] [--json]
.venv/bin/python repro/torture/torture.py --check FOLDER        # judge the history of an earlier run again
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

import disk  # noqa: E402
import mortmain  # noqa: E402
from checks import Fault, faults_of  # noqa: E402
from history import CRASHED, MUTATIONS, OPEN, History, Recorder, Written, load, operations_of, save  # noqa: E402
from marks import make, mark  # noqa: E402
from mortmain.testing import temporary_store  # noqa: E402
from nemesis import Clients, Nemesis  # noqa: E402
from timeline import draw  # noqa: E402
from workload import ACCOUNTS, HOLDS, PROFILES  # noqa: E402

_END = "zz/end"
# Above the timeout of the clients' calls; seconds.
_PATIENCE = 90.0
# A run in which nothing was refused, or nothing was left without an answer, is made again, twice as long.
_TRIES = 3


def main() -> int:
    options = arguments()
    options.no_disk = "" if options.check else disk.why_not()
    if options.check:
        faults, told = judged(load(options.check), options.check)
    else:
        for again in range(_TRIES):
            faults, told = judged(recorded(options), options.out)
            if faults or not told["vacuous"] or again + 1 == _TRIES:
                break
            options.minutes *= 2  # chance spared it something: it neither passes nor fails
    told["no_disk_faults"] = options.no_disk
    print(json.dumps(told) if options.json else text_of(told, faults, options.check or options.out))
    return 1 if faults or told["vacuous"] else 0


def recorded(options: argparse.Namespace) -> History:
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    history = run(options, options.out)
    save(options.out, history)
    return history


def judged(history: History, folder: Path) -> tuple[list[Fault], dict[str, Any]]:
    began = time.monotonic()
    faults = faults_of(history)
    draw(history, folder / "timeline.svg")
    told = summary(history, faults)
    told["check_seconds"] = round(time.monotonic() - began, 1)
    (folder / "summary.json").write_text(json.dumps(told, indent=1))
    return faults, told


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=0.25, help="how long the clients run (0.25)")
    parser.add_argument(
        "--seed", type=int, default=1, help="of everything that is drawn (1); timing stays the machine's"
    )
    parser.add_argument("--clients", type=int, default=5, help="processes (5)")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed", help="what the clients do (mixed)")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    parser.add_argument("--out", type=Path, default=Path("target/torture"), help="history and picture (target/torture)")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="run nothing, judge the history in this folder")
    options = parser.parse_args()
    if options.minutes <= 0 or options.clients < 2:
        parser.error("more than 0 minutes and at least 2 clients")
    return options


# ------------------------------------------------------------ the run


def run(options: argparse.Namespace, folder: Path) -> History:
    recorder = Recorder(folder / "calls-director.jsonl")
    history = History(total=len(ACCOUNTS) * HOLDS)
    with temporary_store(agent="director", timeout=60.0) as store:
        open_accounts(store, recorder)
        watcher = Watcher(store)
        until = time.monotonic() + options.minutes * 60
        order = (store.directory, str(folder), str(until), str(options.seed), options.profile)
        clients = Clients(options.clients, order, folder)
        nemesis = Nemesis(store, clients, recorder, random.Random(options.seed), disk_faults=not options.no_disk)
        try:
            nemesis.run(until)
            clients.await_all(_PATIENCE)
        finally:
            clients.end()
        history.failures, history.nemesis = clients.failures, nemesis.log
        settle(store, recorder, folder)
        nemesis.kill_gateway(until)
        settle(store, recorder, folder, again=True)
        store.create(_END, 1, request_id="end")
        history.watched = watcher.result(history.failures)
        nemesis.kill_gateway(until)
        extract(store, history)
    for path in sorted(folder.glob("calls-*.jsonl")):
        history.operations += operations_of(path)
    return history


def open_accounts(store: mortmain.Store, recorder: Recorder) -> None:
    for account in ACCOUNTS:
        request_id = f"director-{account}"
        call = recorder.begin("create", [account], id=request_id, prev={account: "-"})
        receipt = store.create(account, make(request_id, 0, "-", 0, holds=HOLDS), request_id=request_id)
        wrote = {account: [receipt.version, receipt.epoch, None]}
        recorder.end(call, "ok", rev=receipt.revision, wrote=wrote)


class Watcher:
    """Follows the store through everything that happens to its gateway, in a thread of its own."""

    def __init__(self, store: mortmain.Store) -> None:
        self._events: list[tuple[str, str, int, int]] = []
        self._error: Exception | None = None
        self._watch = store.watch("", after=0)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for event in self._watch:
                self._events.append((event.kind, event.key, event.version, event.revision))
                if event.key == _END:
                    return
        except mortmain.MortmainError as error:
            self._error = error

    def result(self, failures: list[str]) -> list[tuple[str, str, int, int]]:
        self._thread.join(_PATIENCE)
        if self._error is not None:
            failures.append(f"the watcher failed: {self._error}")
        return list(self._events)


def settle(store: mortmain.Store, recorder: Recorder, folder: Path, *, again: bool = False) -> None:
    """Ask what became of every call without an answer. Again: of all that were ever asked for, after another kill."""
    asked = []
    for path in sorted(folder.glob("calls-*.jsonl")):
        for one in operations_of(path):
            if one.request_id and (
                (one.kind in MUTATIONS and one.outcome in OPEN) or (again and one.kind == "resolve")
            ):
                asked.append(one.request_id)
    for request_id in dict.fromkeys(asked):
        call = recorder.begin("resolve", [], id=request_id)
        try:
            answer = store.resolve(request_id)
        except mortmain.MortmainError as error:
            recorder.end(call, error.code.lower(), text=str(error))
            continue
        if isinstance(answer, mortmain.Committed):
            receipt = answer.receipt
            wrote = {key: [one.version, one.epoch, one.result] for key, one in receipt.keys.items()}
            recorder.end(call, "ok", settled="committed", rev=receipt.revision, wrote=wrote)
        else:
            recorder.end(call, "ok", settled="not committed")


def extract(store: mortmain.Store, history: History) -> None:
    """The journal and the final state, from a gateway that has just been started again."""
    keys = {}
    for event in store.watch("", after=0, values=True, timeout=60.0):
        history.journal.append(written(event))
        if event.kind != "reclaim":
            keys[event.key] = None
        if event.key == _END:
            break
    for key in keys:
        found = store.read(key)
        items = found.value if isinstance(found.value, list) else None
        history.final[key] = [found.version, found.epoch, mark(found.value, found.exists), items]
    try:
        store.verify()
    except mortmain.JournalCorrupt as error:
        history.failures.append(f"the journal is damaged: {error}")


def written(event: mortmain.Event) -> Written:
    told = Written(
        event.kind,
        event.key,
        event.version,
        event.epoch,
        event.revision,
        event.writer,
        event.request_id,
        before=event.before,
    )
    if event.kind == "delta" and isinstance(event.value, list):
        told.items = event.value
    else:
        told.mark = mark(event.value, event.kind != "delete")
        if isinstance(event.value, dict):
            told.prev, told.seen = event.value["prev"], event.value.get("seen", {})
    return told


# ------------------------------------------------------------ what is told


def summary(history: History, faults: list[Fault]) -> dict[str, Any]:
    outcomes = Counter(one.outcome for one in history.operations)
    by_name = Counter(fault.name for fault in faults)
    told: dict[str, Any] = {
        "operations": len(history.operations),
        "acknowledged": sum(one.ok and one.kind in MUTATIONS for one in history.operations),
        "conflicts": outcomes["version_conflict"] + outcomes["claim_held"],
        "fenced": outcomes["fenced"] + outcomes["claim_lost"],
        "unconfirmed": sum(outcomes[name] for name in OPEN),
        "crashed": outcomes[CRASHED],
        "settled": len({one.request_id for one in history.operations if one.settled}),
        "blows": dict(Counter(f"{blow['whom'].rstrip('0123456789')}: {blow['what']}" for blow in history.nemesis)),
        "revisions": max((event.revision for event in history.journal), default=0),
        "lost": by_name["lost"],
        "duplicated": by_name["duplicated"],
        "faults": dict(by_name),
    }
    told["vacuous"] = [
        name for name in ("acknowledged", "conflicts", "fenced", "unconfirmed", "blows") if not told[name]
    ]
    return told


def text_of(told: dict[str, Any], faults: list[Fault], folder: Path) -> str:
    numbers = ", ".join(f"{name}: {told[name]}" for name in ("operations", "acknowledged", "conflicts", "fenced"))
    text = [f"{numbers}, unconfirmed: {told['unconfirmed']} (settled: {told['settled']})"]
    text.append("done to them: " + ", ".join(f"{what} x {times}" for what, times in sorted(told["blows"].items())))
    text.append(f"lost: {told['lost']}, duplicated: {told['duplicated']}, other faults: {other(told)}")
    for name, times in told["faults"].items():
        shown = [fault.text for fault in faults if fault.name == name][:5]
        text += [f"FAULT {name} ({times}):", *(f"    {line}" for line in shown)]
    if told["no_disk_faults"]:
        text.append(f"no faults of the disk: {told['no_disk_faults']}")
    if told["vacuous"]:
        text.append(f"The run shows nothing: no {', no '.join(told['vacuous'])}.")
    text.append(f"history and picture: {os.path.relpath(folder)}")
    return "\n".join(text)


def other(told: dict[str, Any]) -> int:
    return sum(times for name, times in told["faults"].items() if name not in ("lost", "duplicated"))


if __name__ == "__main__":
    sys.exit(main())
