"""Serializable: no lost update, no read skew, no write skew, no phantom; and an exception writes nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import mortmain

from . import workers


def test_transfers_by_many_processes_keep_the_sum(store, at):
    with store.transaction() as txn:
        for number in range(5):
            txn.put(f"{at}{number}", 100)
    running = [workers.start("transfer", store, at, 5, 15, seed) for seed in range(4)]
    for process in running:
        assert workers.result_of(process) == "done"
    found = list(store.scan(at))
    assert sum(snap.value for snap in found) == 500
    assert sum(snap.version for snap in found) == 5 + 4 * 15 * 2


def test_write_skew_is_prevented(store, at):
    """Two doctors on call, each may leave while the other stays."""
    with store.transaction() as txn:
        txn.put(f"{at}alice", "on")
        txn.put(f"{at}bob", "on")

    def leave(txn: mortmain.Transaction, who: str, other: str) -> None:
        if txn.read(f"{at}{other}").value == "on":
            txn.put(f"{at}{who}", "off")

    with pytest.raises(mortmain.VersionConflict), store.transaction() as one:
        leave(one, "alice", "bob")
        with store.transaction() as two:
            leave(two, "bob", "alice")
    assert [snap.value for snap in store.scan(at)] == ["on", "off"]


def test_a_phantom_is_prevented(store, at):
    with pytest.raises(mortmain.VersionConflict), store.transaction() as txn:
        count = len(list(txn.scan(f"{at}jobs/")))
        store.create(f"{at}jobs/new", 1)
        txn.put(f"{at}count", count)
    assert not store.read(f"{at}count").exists


def test_reads_are_of_one_revision(store, at):
    store.create(f"{at}a", 1)
    store.create(f"{at}b", 1)
    with store.transaction() as txn:
        first = txn.read(f"{at}a")
        store.commit(f"{at}b", 2, overwrite=True)
        second = txn.read(f"{at}b")
        assert first.read_revision == second.read_revision
        assert second.value == 1
        assert [snap.value for snap in txn.scan(at)] == [1, 1]


def test_own_writes_are_seen(store, at):
    store.create(f"{at}list", [1])
    store.create(f"{at}gone", 1)
    with store.transaction() as txn:
        txn.put(f"{at}k", (1, 2))
        assert txn.read(f"{at}k").value == [1, 2]
        txn.append(f"{at}list", 2)
        txn.extend(f"{at}list", [3, 4])
        assert txn.read(f"{at}list").value == [1, 2, 3, 4]
        txn.increment(f"{at}n", 5)
        txn.increment(f"{at}n", 0.5)
        assert txn.read(f"{at}n").value == 5.5
        txn.merge(f"{at}m", {"a": {"b": 1, "c": None}})
        assert txn.read(f"{at}m").value == {"a": {"b": 1}}
        txn.add_to_set(f"{at}s", 1)
        txn.add_to_set(f"{at}s", 1.0)
        assert txn.read(f"{at}s").value == [1]
        txn.ensure(f"{at}k", "not this")
        txn.ensure(f"{at}e", "this")
        assert txn.read(f"{at}e").value == "this"
        txn.delete(f"{at}gone")
        assert not txn.read(f"{at}gone").exists
        assert [snap.key for snap in txn.scan(at)] == [
            f"{at}{name}" for name in ("e", "k", "list", "m", "n", "s")
        ]
        seen = {snap.key: snap.value for snap in txn.scan(at)}
    assert seen == {snap.key: snap.value for snap in store.scan(at)}
    assert len({receipt.revision for receipt in txn.receipt.keys.values()}) == 1
    assert txn.receipt.keys[f"{at}list"].version == 2


def test_a_key_deleted_and_put_again_in_one_transaction(store, at):
    store.create(f"{at}k", [1])
    with store.transaction() as txn:
        txn.delete(f"{at}k")
        txn.append(f"{at}k", "new")
        txn.delete(f"{at}other")
        txn.ensure(f"{at}other", "made")
        assert txn.read(f"{at}k").value == ["new"]
    assert store.read(f"{at}k").value == ["new"]
    assert store.read(f"{at}other").value == "made"


def test_an_exception_writes_nothing_and_passes(store, at):
    with pytest.raises(ZeroDivisionError), store.transaction() as txn:
        txn.put(f"{at}k", 1)
        raise ZeroDivisionError
    assert txn.receipt is None
    assert not store.read(f"{at}k").exists
    with pytest.raises(mortmain.InvalidRequest, match="over"):
        txn.put(f"{at}k", 2)


def test_a_put_on_a_key_that_was_not_read_is_still_fenced_by_the_revision_of_the_reads(store, at):
    store.create(f"{at}a", 1)
    store.create(f"{at}b", 1)
    with pytest.raises(mortmain.VersionConflict), store.transaction() as txn:
        txn.read(f"{at}a")
        txn.put(f"{at}b", "mine")
        store.commit(f"{at}b", "theirs", overwrite=True)
    assert store.read(f"{at}b").value == "theirs"


def test_deltas_on_keys_that_were_not_read_do_not_conflict(store, at):
    with store.transaction() as txn:
        txn.append(f"{at}log", "mine")
        store.append(f"{at}log", "theirs")
    assert store.read(f"{at}log").value == ["theirs", "mine"]


def test_an_append_with_unique_ids_in_a_transaction(store, at):
    store.append(f"{at}log", "x", unique="1")
    with store.transaction() as txn:
        txn.append(f"{at}log", "again", unique="1")
        txn.extend(f"{at}log", ["y"], unique=["2"])
        with pytest.raises(mortmain.InvalidRequest, match="unique"):
            txn.read(f"{at}log")
    assert store.read(f"{at}log").value == ["x", "y"]


def test_a_delta_on_another_type_is_told_where_it_is_read(store, at):
    store.create(f"{at}k", "text")
    with pytest.raises(mortmain.WrongType, match="a string"), store.transaction() as txn:
        txn.increment(f"{at}k", 1)
        txn.read(f"{at}k")
    with pytest.raises(mortmain.WrongType), store.transaction() as txn:
        txn.append(f"{at}k", 1)


def test_follow_carries_a_ticket_over_transactions(store, at):
    ticket = store.read(f"{at}head").ticket()
    for number in range(3):
        with store.transaction() as txn:
            txn.follow(f"{at}head", ticket)
            txn.put(f"{at}head", number)
            txn.put(f"{at}data/{number}", number)
    store.update(f"{at}head", lambda value: "theirs")
    with pytest.raises(mortmain.VersionConflict), store.transaction() as txn:
        txn.follow(f"{at}head", ticket)
        txn.put(f"{at}data/late", 1)
    with pytest.raises(mortmain.VersionConflict), store.transaction() as txn:
        txn.follow(f"{at}head", ticket)
    assert not store.read(f"{at}data/late").exists


def test_a_held_claim_lets_a_transaction_write_its_key_and_fences_it_once_reclaimed(store, at):
    with store.claim(f"{at}head", ttl=30.0) as claim:
        with pytest.raises(mortmain.ClaimHeld), store.transaction() as txn:
            txn.put(f"{at}head", "without it")
        with store.transaction() as txn:
            txn.hold(claim)
            txn.put(f"{at}head", "with it")
            txn.put(f"{at}data", 1)
        store.reclaim(f"{at}head")
        with pytest.raises(mortmain.Fenced), store.transaction() as txn:
            txn.hold(claim)
            txn.put(f"{at}data", 2)
        with pytest.raises(mortmain.Fenced), store.transaction() as txn:
            txn.hold(claim)
    assert store.read(f"{at}data").value == 1
    with pytest.raises(mortmain.Fenced), store.transaction() as txn:  # always, once it was reclaimed
        txn.hold(claim)
    with store.claim(f"{at}head") as released:
        pass
    with pytest.raises(mortmain.ClaimLost), store.transaction() as txn:
        txn.hold(released)


def test_a_prefix_is_deleted_unless_somebody_wrote_below_it(store, at):
    store.create(f"{at}p/a", 1)
    store.create(f"{at}p/b", 1)
    with pytest.raises(mortmain.VersionConflict), store.transaction() as txn:
        assert txn.read(f"{at}p/a").exists
        txn.delete(prefix=f"{at}p/")
        store.create(f"{at}p/c", 1)
    with store.transaction() as txn:
        txn.delete(prefix=f"{at}p/")
        assert not txn.read(f"{at}p/a").exists
        assert list(txn.scan(f"{at}p/")) == []
    assert list(store.scan(f"{at}p/")) == []


def test_transact_runs_again_and_returns_what_the_function_returned(store, at):
    runs = []

    def work(txn: mortmain.Transaction) -> str:
        value = txn.read(f"{at}n").value or 0
        runs.append(value)
        if len(runs) <= 2:
            store.increment(f"{at}n", 10)
        txn.put(f"{at}n", value + 1)
        return f"saw {value}"

    receipt = store.transact(work, request_id=f"{at}1")
    assert receipt.result == "saw 20"
    assert runs == [0, 10, 20]
    assert receipt.keys[f"{at}n"].version == store.read(f"{at}n").version
    again = store.transact(work, request_id=f"{at}1")
    assert again.replayed
    assert store.read(f"{at}n").value == 21


def test_transact_gives_up_with_the_last_conflict_and_its_attempts(store, at):
    def work(txn: mortmain.Transaction) -> None:
        txn.read(f"{at}n")
        store.increment(f"{at}n", 1)
        txn.put(f"{at}n", 0)

    with pytest.raises(mortmain.VersionConflict) as caught:
        store.transact(work, timeout=0.3)
    assert caught.value.attempts > 1


@pytest.mark.parametrize(
    "work",
    [lambda txn: txn.put("k", 1), lambda txn: txn.read("k"), lambda txn: list(txn.scan(""))],
    ids=["put", "read", "scan"],
)
def test_the_timeout_bounds_the_reads_too(own_store, work):
    """A gateway that is stopped keeps nobody longer than he asked for."""
    pid = own_store.info()["pid"]
    os.kill(pid, signal.SIGSTOP)
    while not _is_stopped(pid):
        time.sleep(0.001)
    start = time.monotonic()
    try:
        with pytest.raises(mortmain.GatewayUnavailable):
            own_store.transact(work, timeout=0.2)
        assert time.monotonic() - start < 10
    finally:
        os.kill(pid, signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    """Whether the signal has reached each of its threads: one that still runs could answer."""
    states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def test_reading_alone_commits_nothing(store, at):
    before = store.info()["revision"]
    receipt = store.transact(lambda txn: [snap.key for snap in txn.scan(at)])
    assert receipt.result == []
    assert receipt.keys == {}
    assert store.info()["revision"] == before


def test_a_key_under_a_claim_stops_the_whole_transaction(store, at):
    with store.as_agent("holder").claim(f"{at}held"):
        with pytest.raises(mortmain.ClaimHeld), store.transaction() as txn:
            txn.put(f"{at}free", 1)
            txn.put(f"{at}held", 1)
        with pytest.raises(mortmain.ClaimHeld) as caught:
            store.transact(lambda txn: txn.put(f"{at}held", 1), timeout=0.3)
    assert caught.value.attempts > 1
    assert not store.read(f"{at}free").exists
