"""A broken store must be caught: histories with one fault each, and the name that the checker gives it.

The histories begin as what a correct store does, made by a few lines of simulation; each test then breaks one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import checks
import pytest
from history import History, Operation, Recorder, Written, load, operations_of, save
from marks import ABSENT, list_mark, list_sum, make, mark
from search import Step, search


class Correct:
    """A store in a few lines, and the history of those who use it. Each call takes 10 ns, one after the other."""

    def __init__(self) -> None:
        self.history = History(total=200)
        self.now = 0
        self.revision = 0
        self.state: dict[str, list[Any]] = {}

    def key(self, key: str) -> list[Any]:
        """Version, epoch, mark, items."""
        return self.state.setdefault(key, [0, 0, ABSENT, None])

    def call(self, process: str, kind: str, keys: list[str], **fields: Any) -> Operation:
        one = Operation(f"calls-{process}", kind, keys, self.now, ended=self.now + 5, **{"outcome": "ok", **fields})
        self.now += 10
        self.history.operations.append(one)
        return one

    def write(self, process: str, kind: str, keys: list[str], request_id: str, **fields: Any) -> Operation:
        """Registers, all in one commit."""
        self.revision += 1
        tries = {0: {key: self.key(key)[2] for key in keys}}
        seen = fields.pop("seen", {})
        wrote = {}
        for key in keys:
            state = self.key(key)
            state[0] += 1
            before, state[2] = state[2], ABSENT if kind == "delete" else f"{request_id}#0"
            what = "delete" if kind == "delete" else "put"
            prev = None if kind == "delete" else before
            event = Written(
                what, key, state[0], state[1], self.revision, process, request_id, state[2], prev, dict(seen)
            )
            self.history.journal.append(event)
            wrote[key] = [state[0], state[1], None]
        return self.call(
            process,
            kind,
            keys,
            request_id=request_id,
            tries=tries,
            revision=self.revision,
            keys_written=wrote,
            **fields,
        )

    def append(self, process: str, key: str, item: str) -> Operation:
        self.revision += 1
        state = self.key(key)
        before = list(state[3] or [])
        state[0], state[3] = state[0] + 1, [*before, item]
        state[2] = list_mark(len(state[3]), list_sum(state[3]))
        self.history.journal.append(
            Written("delta", key, state[0], state[1], self.revision, process, item, items=[item], before=len(before))
        )
        wrote = {key: [state[0], state[1], len(state[3])]}
        return self.call(
            process, "append", [key], request_id=item, item=item, revision=self.revision, keys_written=wrote
        )

    def read(self, process: str, *keys: str, holds: int | None = None) -> Operation:
        reads = {key: [*self.key(key)[:3], holds] for key in keys}
        kind = "read" if len(keys) == 1 else "read_many"
        return self.call(process, kind, list(keys), reads=reads, revision=self.revision)

    def base(self, key: str) -> dict[str, int]:
        state = self.key(key)
        return {"version": state[0], "epoch": state[1], "revision": self.revision, "read_ended": self.now - 1}

    def reclaim(self, key: str) -> Operation:
        self.revision += 1
        self.key(key)[1] += 1
        state = self.key(key)
        self.history.journal.append(Written("reclaim", key, state[0], state[1], self.revision, "operator", None))
        return self.call("operator", "reclaim", [key], request_id=f"reclaim-{self.revision}")

    def end(self) -> History:
        self.history.final = {key: list(state) for key, state in self.state.items() if state[0]}
        self.history.watched = [(e.kind, e.key, e.version, e.revision) for e in self.history.journal]
        return self.history


def sound() -> tuple[Correct, dict[str, Operation]]:
    """Something of everything, without a fault."""
    store = Correct()
    made: dict[str, Operation] = {}
    for account in ("acct/0", "acct/1"):
        store.write("a", "create", [account], f"open-{account}")
    made["first"] = store.write("a", "commit", ["reg/0"], "a-1", base=store.base("reg/0"))
    made["read"] = store.read("b", "reg/0")
    made["second"] = store.write("b", "commit", ["reg/0"], "b-1", base=store.base("reg/0"))
    made["rejected"] = store.call(
        "a", "commit", ["reg/0"], request_id="a-2", outcome="version_conflict", base=made["second"].base
    )
    made["item"] = store.append("a", "log/0", "a-3")
    store.append("b", "log/0", "b-2")
    seen = {key: store.key(key)[2] for key in ("acct/0", "acct/1")}
    made["transfer"] = store.write("c", "transact", ["acct/0", "acct/1"], "c-1", seen=seen)
    made["cut"] = store.read("a", "acct/0", "acct/1", holds=100)
    made["before"] = store.read("c", "reg/0")
    store.reclaim("reg/0")
    made["fenced"] = store.call("c", "commit", ["reg/0"], request_id="c-2", outcome="fenced", base=made["before"].base)
    made["claimed"] = store.write("c", "claim.commit", ["reg/0"], "c-3", base=store.base("reg/0"), claim="c-claim")
    made["claimed again"] = store.write(
        "c", "claim.commit", ["reg/0"], "c-4", base=store.base("reg/0"), claim="c-claim"
    )
    made["open"] = store.write("d", "update", ["reg/1"], "d-1")
    made["open"].outcome, made["open"].ended, made["open"].keys_written = "crashed", None, {}
    store.call("director", "resolve", [], request_id="d-1", settled="committed", revision=made["open"].revision)
    store.call("d", "update", ["reg/1"], request_id="d-2", outcome="unconfirmed")
    made["settled"] = store.call("director", "resolve", [], request_id="d-2", settled="not committed")
    store.write("d", "delete", ["reg/1"], "d-3", base=store.base("reg/1"))
    made["last"] = store.read("a", "reg/0")
    return store, made


def names(history: History) -> set[str]:
    return {fault.name for fault in checks.faults_of(history)}


def test_a_sound_history_has_no_fault() -> None:
    assert checks.faults_of(sound()[0].end()) == []


Break = Callable[[Correct, dict[str, Operation]], object]


def lost_commit(store: Correct, made: dict[str, Operation]) -> None:
    store.history.journal = [event for event in store.history.journal if event.request_id != "c-4"]
    store.state["reg/0"] = [3, 1, "c-3#0", None]
    store.history.operations.remove(made["last"])


def lost_item(store: Correct, made: dict[str, Operation]) -> None:
    store.state["log/0"] = [1, 0, list_mark(1, list_sum(["b-2"])), ["b-2"]]
    store.history.journal = [event for event in store.history.journal if event.request_id != "a-3"]


def lost_at_the_restart(store: Correct, made: dict[str, Operation]) -> None:
    store.state["reg/0"] = [2, 1, "b-1#0", None]


def lost_key(store: Correct, made: dict[str, Operation]) -> None:
    del store.state["log/0"]


def committed_and_unknown(store: Correct, made: dict[str, Operation]) -> None:
    store.history.operations.remove(made["open"])
    store.history.journal = [event for event in store.history.journal if event.key != "reg/1"]
    del store.state["reg/1"]


def applied_twice(store: Correct, made: dict[str, Operation]) -> None:
    store.write("a", "update", ["reg/2"], "a-1")


def item_twice(store: Correct, made: dict[str, Operation]) -> None:
    store.append("a", "log/0", "a-3")


def another_receipt_for_the_same_id(store: Correct, made: dict[str, Operation]) -> None:
    store.call("a", "resend", ["reg/0"], request_id="a-1", revision=999, keys_written={"reg/0": [9, 0, None]})


def both_win_a_version(store: Correct, made: dict[str, Operation]) -> None:
    made["rejected"].outcome = "ok"
    made["rejected"].keys_written = {"reg/0": [2, 0, None]}
    made["rejected"].revision = made["second"].revision


def overwrites_what_it_had_not_read(store: Correct, made: dict[str, Operation]) -> None:
    event = next(event for event in store.history.journal if event.request_id == "c-3")
    event.prev = "a-1#0"


def zombie_by_epoch(store: Correct, made: dict[str, Operation]) -> None:
    assert made["claimed"].base is not None
    made["claimed"].base["epoch"] = 0


def zombie_by_revision(store: Correct, made: dict[str, Operation]) -> None:
    assert made["claimed"].base is not None
    made["claimed"].base["revision"] = 1


def zombie_by_the_clock(store: Correct, made: dict[str, Operation]) -> None:
    """The store forgot the reclamation altogether, so only the calls themselves show it."""
    assert made["claimed"].base is not None
    made["claimed"].base.update(epoch=0, read_ended=1)
    made["claimed again"].base = None
    store.history.journal = [replace(event, epoch=0) for event in store.history.journal if event.kind != "reclaim"]
    store.state["reg/0"][1] = 0
    for name in ("claimed", "claimed again"):
        made[name].keys_written["reg/0"][1] = 0
    made["last"].reads["reg/0"][1] = 0


def rejected_write_is_there(store: Correct, made: dict[str, Operation]) -> None:
    store.write("a", "update", ["reg/3"], "c-2")
    store.history.operations.pop()


def refused_id_is_there(store: Correct, made: dict[str, Operation]) -> None:
    store.write("d", "update", ["reg/3"], "d-2")
    store.history.operations.pop()


def settled_in_two_ways(store: Correct, made: dict[str, Operation]) -> None:
    store.call("director", "resolve", [], request_id="d-2", settled="committed", keys_written={"log/0": [1, 0, None]})


def never_settled(store: Correct, made: dict[str, Operation]) -> None:
    store.history.operations.remove(made["settled"])


def version_goes_back(store: Correct, made: dict[str, Operation]) -> None:
    store.key("reg/0")[0] -= 2
    store.write("a", "update", ["reg/0"], "a-9")


def epoch_is_forgotten(store: Correct, made: dict[str, Operation]) -> None:
    store.key("reg/0")[1] = 0
    store.write("a", "update", ["reg/0"], "a-9")


def cut_of_two_revisions(store: Correct, made: dict[str, Operation]) -> None:
    made["cut"].reads["acct/0"] = [1, 0, "open-acct/0#0", 100]


def accounts_do_not_add_up(store: Correct, made: dict[str, Operation]) -> None:
    made["cut"].reads["acct/0"][3] = 99


def torn_value(store: Correct, made: dict[str, Operation]) -> None:
    made["read"].reads["reg/0"][2] = "damaged a-1#0"


def value_of_nobody(store: Correct, made: dict[str, Operation]) -> None:
    made["read"].reads["reg/0"][2] = "x-1#0"


def reads_the_past(store: Correct, made: dict[str, Operation]) -> None:
    made["last"].reads["reg/0"], made["last"].revision = [1, 0, "a-1#0", None], made["first"].revision


def commit_before_what_had_ended(store: Correct, made: dict[str, Operation]) -> None:
    made["first"].began, made["first"].ended = made["last"].began + 100, made["last"].began + 105


def decided_on_what_had_changed(store: Correct, made: dict[str, Operation]) -> None:
    event = next(event for event in store.history.journal if event.request_id == "c-1")
    event.seen["reg/0"] = "a-1#0"


def written_behind_a_claim(store: Correct, made: dict[str, Operation]) -> None:
    event = next(event for event in store.history.journal if event.request_id == "c-4")
    made["claimed again"].keys_written = {"reg/0": [event.version + 1, 1, None]}
    event.version += 1
    event.revision = made["claimed again"].revision = 100
    at = store.history.journal.index(event)
    store.history.journal.insert(at, replace(event, version=event.version - 1, revision=99, request_id="z", mark="z#0"))


def lost_under_its_claim(store: Correct, made: dict[str, Operation]) -> None:
    store.call("a", "claim.commit", ["reg/0"], outcome="version_conflict", request_id="a-9", claim="a-8")


def watcher_missed_one(store: Correct, made: dict[str, Operation]) -> None:
    store.end().watched.pop(2)  # type: ignore[union-attr]


def answer_without_a_name(store: Correct, made: dict[str, Operation]) -> None:
    made["rejected"].outcome = "corrupt"


def client_that_never_ended(store: Correct, made: dict[str, Operation]) -> None:
    store.history.failures.append("client c0.1 did not end")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (lost_commit, checks.LOST),
        (lost_item, checks.LOST),
        (lost_at_the_restart, checks.LOST),
        (lost_key, checks.LOST),
        (committed_and_unknown, checks.LOST),
        (applied_twice, checks.DUPLICATED),
        (item_twice, checks.DUPLICATED),
        (another_receipt_for_the_same_id, checks.DUPLICATED),
        (both_win_a_version, checks.TWO_WINNERS),
        (overwrites_what_it_had_not_read, checks.TWO_WINNERS),
        (zombie_by_epoch, checks.ZOMBIE),
        (zombie_by_revision, checks.ZOMBIE),
        (zombie_by_the_clock, checks.ZOMBIE),
        (rejected_write_is_there, checks.REJECTED_APPLIED),
        (refused_id_is_there, checks.REJECTED_APPLIED),
        (settled_in_two_ways, checks.NOT_SETTLED),
        (never_settled, checks.NOT_SETTLED),
        (version_goes_back, checks.NOT_INCREASING),
        (epoch_is_forgotten, checks.NOT_INCREASING),
        (cut_of_two_revisions, checks.TORN_CUT),
        (accounts_do_not_add_up, checks.TORN_CUT),
        (torn_value, checks.WRONG_READ),
        (value_of_nobody, checks.WRONG_READ),
        (reads_the_past, checks.STALE),
        (commit_before_what_had_ended, checks.STALE),
        (decided_on_what_had_changed, checks.WRITE_SKEW),
        (written_behind_a_claim, checks.CLAIM_BROKEN),
        (lost_under_its_claim, checks.CLAIM_BROKEN),
        (watcher_missed_one, checks.WATCH_GAP),
        (answer_without_a_name, checks.UNEXPECTED),
        (client_that_never_ended, checks.UNEXPECTED),
        # And by what the clients saw alone, whatever the store says of itself.
        (value_of_nobody, checks.NOT_LINEARIZABLE),
        (reads_the_past, checks.NOT_LINEARIZABLE),
        (commit_before_what_had_ended, checks.NOT_LINEARIZABLE),
    ],
    ids=lambda given: given.__name__ if callable(given) else given,
)
def test_a_fault_is_named(fault: Break, name: str) -> None:
    store, made = sound()
    fault(store, made)
    history = store.history if store.history.watched is not None else store.end()
    assert name in names(history)


# ------------------------------------------------------------ the search


def step(began: float, ended: float, before: str, after: str, certain: bool = True) -> Step:
    return Step(began, ended, ((before, after),), certain, f"{before}->{after}")


def test_overlapping_calls_may_be_put_in_either_order() -> None:
    assert search([step(0, 10, "-", "b"), step(1, 9, "b", "a"), step(2, 12, "a", "a")]) is None


def test_two_winners_of_one_value_have_no_order() -> None:
    assert search([step(0, 1, "-", "a"), step(2, 9, "a", "b"), step(3, 9, "a", "c")]) is not None


def test_a_read_of_what_is_over_has_no_order() -> None:
    assert search([step(0, 1, "-", "a"), step(2, 3, "a", "b"), step(4, 5, "a", "a")]) is not None


def test_an_unanswered_write_may_come_late_or_never() -> None:
    lost = step(0, float("inf"), "-", "a", certain=False)
    assert search([lost, step(1, 2, "-", "-"), step(3, 4, "a", "a")]) is None
    assert search([lost, step(1, 2, "-", "-"), step(3, 4, "-", "b")]) is None
    assert search([lost, step(1, 2, "a", "a"), step(3, 4, "-", "-")]) is not None


# ------------------------------------------------------------ marks and files


def test_a_value_with_other_bytes_is_damaged() -> None:
    value = make("a-1", 0, ABSENT, 1000)
    assert mark(value) == "a-1#0"
    assert mark({**value, "pad": value["pad"][:-1] + "!"}).startswith("damaged")
    assert mark({**value, "op": "a-2"}).startswith("damaged")


def test_a_history_comes_back_from_its_files_without_the_line_that_a_kill_cut(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "calls-c0.1.jsonl")
    first = recorder.begin("update", ["reg/0"], id="c0.1-1")
    recorder.attempt(first, 0, {"reg/0": ABSENT})
    recorder.end(first, "ok", rev=7, wrote={"reg/0": [1, 0, None]})
    recorder.begin("append", ["log/0"], id="c0.1-2", item="x")
    with (tmp_path / "calls-c0.1.jsonl").open("a") as file:
        file.write('{"i":3,"at"')
    (done, crashed) = operations_of(tmp_path / "calls-c0.1.jsonl")
    assert (done.outcome, done.tries, done.revision) == ("ok", {0: {"reg/0": ABSENT}}, 7)
    assert (crashed.outcome, crashed.ended, crashed.item) == ("crashed", None, "x")
    history = sound()[0].end()
    save(tmp_path, history)
    loaded = load(tmp_path)
    assert (loaded.journal, loaded.final, loaded.watched) == (history.journal, history.final, history.watched)
    assert [one.request_id for one in loaded.operations] == ["c0.1-1", "c0.1-2"]
