"""Forks, threads, signals, pickles: what a process does to itself must not reach another's answers."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading

import pytest

import mortmain

from .test_claims import fork, wait_for


def test_parent_and_child_of_a_fork_never_read_each_others_answers(store, at):
    store.create(f"{at}parent", "parent")
    store.create(f"{at}child", "child")

    def in_child() -> bool:
        return all(store.read(f"{at}child").value == "child" for _ in range(200))

    children = [fork(in_child) for _ in range(3)]
    assert all(store.read(f"{at}parent").value == "parent" for _ in range(200))
    assert [wait_for(child) for child in children] == [0, 0, 0]
    assert store.read(f"{at}parent").value == "parent"


def test_a_fork_in_the_middle_of_other_threads_calls(store, at):
    stop = threading.Event()
    failures: list[BaseException] = []

    def busy(number: int) -> None:
        while not stop.is_set():
            try:
                assert (
                    store.update(f"{at}{number}", lambda value: value + 1, default=0).key == f"{at}{number}"
                )
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=busy, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            child = fork(lambda: store.append(f"{at}log", os.getpid()).key == f"{at}log")
            assert wait_for(child) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(store.read(f"{at}log").value) == 5


def test_a_child_that_ends_does_not_close_the_parents_connections(store, at):
    store.create(f"{at}k", 1)
    for _ in range(3):
        assert wait_for(fork(lambda: (gc.collect(), store.close())[1] is None)) == 0
        assert store.read(f"{at}k").value == 1


def test_the_default_name_of_an_agent_is_that_of_its_process(shared_store, at):
    with mortmain.open(shared_store.directory) as named:
        assert named.agent.endswith(f":{os.getpid()}")
        child = fork(lambda: named.create(f"{at}k", 1).version == 1)
        assert wait_for(child) == 0
    assert shared_store.read(f"{at}k").writer.endswith(f":{child}")


def test_threads_share_a_store(store, at):
    def work(number: int) -> None:
        for _ in range(20):
            store.increment(f"{at}n", 1)
            assert store.read(f"{at}own/{number}").key == f"{at}own/{number}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(f"{at}n").value == 160


def test_a_store_pickles_as_its_directory_and_agent(store, at):
    copied = pickle.loads(pickle.dumps(store.as_agent("traveller")))
    with copied:
        assert (copied.directory, copied.agent) == (store.directory, "traveller")
        copied.create(f"{at}k", 1)
    assert store.read(f"{at}k").writer == "traveller"
    twin = pickle.loads(pickle.dumps(store.aio))
    assert twin.directory == store.directory
    twin.close()


def test_every_error_of_a_real_conflict_pickles(store, at):
    store.create(f"{at}k", {"x": 1})
    base = store.read(f"{at}k")
    store.commit(f"{at}k", 2, base=base)
    with pytest.raises(mortmain.VersionConflict) as caught:
        store.commit(f"{at}k", 3, base=base)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert copied.__dict__ == caught.value.__dict__
    # The snapshot that the rejection was judged with is a base.
    store.commit(f"{at}k", 4, base=copied.current)


def test_ctrl_c_in_a_call_leaves_the_store_usable(store, at):
    held = store.as_agent("holder").claim(f"{at}l")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            store.append(f"{at}l", "perhaps")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    held.release()
    assert store.create(f"{at}k", 1).key == f"{at}k"
    assert store.read(f"{at}k").value == 1


def test_a_closed_store_says_so_and_the_gateway_lives_on(shared_store, at):
    with mortmain.open(shared_store.directory, agent="brief") as brief:
        other = brief.as_agent("same sockets")
        brief.create(f"{at}k", 1)
    for closed in (brief, other):
        with pytest.raises(mortmain.StoreClosed):
            closed.read(f"{at}k")
    assert shared_store.read(f"{at}k").value == 1


def test_no_thread_runs_until_a_claim_needs_one_and_none_keeps_the_process(shared_store, at):
    program = f"""
import sys, threading, mortmain
store = mortmain.open({shared_store.directory!r})
store.update({at + "n"!r}, lambda value: 1)
assert threading.active_count() == 1
claim = store.claim({at + "k"!r})
assert threading.active_count() == 2
other = store.claim({at + "j"!r})
assert threading.active_count() == 2
assert not {{"asyncio", "py4j"}} & set(sys.modules)
print(store.agent)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("-c:")
    assert {info.key for info in shared_store.claims(at)} == {f"{at}k", f"{at}j"}
    shared_store.reclaim(prefix=at)


def test_where_there_is_no_store(tmp_path):
    with pytest.raises(mortmain.GatewayUnavailable):
        mortmain.open(tmp_path / "none", start=False, timeout=2)
    with pytest.raises(mortmain.InvalidRequest):
        mortmain.open(tmp_path / "none", create=False, timeout=10)
    assert not (tmp_path / "none").exists()
    for bad in (0, -1, "30", True):
        with pytest.raises(mortmain.InvalidRequest):
            mortmain.open(tmp_path / "none", timeout=bad)


def test_observe_is_told_of_every_call_and_cannot_break_one(shared_store, at, caplog):
    told: list[mortmain.Operation] = []

    def observe(operation: mortmain.Operation) -> None:
        told.append(operation)
        raise ZeroDivisionError

    with mortmain.open(shared_store.directory, agent="watched", observe=observe) as watched:
        receipt = watched.create(f"{at}k", 1)
        snap = watched.read(f"{at}k")
        with pytest.raises(mortmain.VersionConflict), caplog.at_level("INFO", "mortmain"):
            watched.create(f"{at}k", 2)
        watched.update(f"{at}k", lambda value: 2)
    outcomes = [(one.name, one.key, one.outcome, one.attempts) for one in told]
    assert outcomes == [
        ("create", f"{at}k", "ok", 1),
        ("read", f"{at}k", "ok", 1),
        ("create", f"{at}k", "VERSION_CONFLICT", 1),
        ("update", f"{at}k", "ok", 1),
    ]
    assert [told[0].revision, told[1].revision] == [receipt.revision, snap.read_revision]
    assert all(one.seconds > 0 for one in told)
    levels = {
        record.levelname
        for record in caplog.records
        if "VERSION" in record.message or "exists" in record.message
    }
    assert levels == {"INFO"}


def test_info_is_a_mapping_of_facts(store):
    info = store.info()
    expected = {
        "pid",
        "version",
        "protocol",
        "store_id",
        "revision",
        "directory",
        "transport",
        "uptime",
        "connections",
        "claims",
        "keys",
        "capabilities",
        "limits",
        "counters",
        "latencies",
    }
    assert expected <= set(info)
    assert store.verify().ok


def test_the_fixture_and_temporary_store_leave_nothing_behind(until):
    from mortmain.testing import mortmain_store, temporary_store

    with temporary_store() as one, temporary_store(agent="b") as two:
        assert one.directory != two.directory
        one.create("k", 1)
        assert not two.read("k").exists
        pid = one.info()["pid"]
    assert not os.path.exists(one.directory)
    until(lambda: gone(pid))
    assert mortmain_store is not None


def gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
