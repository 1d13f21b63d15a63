"""A claim is exclusive while it lives; whoever lost it is fenced, however late it wakes."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
import time

import pytest

import mortmain

from . import workers


def test_a_claim_commits_again_and_again_and_the_base_moves_with_it(store, at):
    store.create(f"{at}k", ("one", 1))
    with store.claim(f"{at}k") as claim:
        assert claim.value == ["one", 1]
        for number in range(3):
            claim.commit({"n": number, "t": (1,)})
            assert claim.value == {"n": number, "t": [1]}
        assert claim.version == store.read(f"{at}k").version == 4
        claim.merge({"m": 1})
        assert claim.value == {"n": 2, "t": [1], "m": 1}
        claim.delete()
        assert claim.value is None
        claim.append("item")
        assert claim.value == ["item"]
        claim.commit([])
        assert 0 < claim.remaining <= 30.0
        assert not claim.lost
        claim.check()
        store.check(claim)
    assert claim.lost
    assert claim.remaining == 0.0
    with pytest.raises(mortmain.ClaimLost) as caught:
        claim.commit(1)
    assert caught.value.why == "released"
    assert store.claims(at) == []


def test_nobody_else_writes_while_it_lives_and_everybody_may_afterwards(store, at):
    other = store.as_agent("other")
    with store.claim(f"{at}k", ttl=20.0):
        (info,) = store.claims(at)
        assert (info.key, info.holder, info.ttl) == (f"{at}k", "test", 20.0)
        assert 0 < info.remaining <= 20.0
        with pytest.raises(mortmain.ClaimHeld) as caught:
            other.create(f"{at}k", 1)
        assert 0 < caught.value.retry_after <= 20.0
        with pytest.raises(mortmain.ClaimHeld):
            store.claim(f"{at}k", wait=0.1)
    other.create(f"{at}k", 1)


def test_it_is_renewed_past_its_ttl(store, at, until):
    claim = store.claim(f"{at}k", ttl=0.6)
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 2.0)
    assert not claim.lost
    assert claim.commit("still mine").version == 1
    claim.release()


def test_it_is_not_renewed_past_max_hold_so_a_hung_agent_loses_it(store, at, until):
    claim = store.claim(f"{at}k", ttl=0.4, max_hold=0.5)
    until(lambda: claim.lost)
    with store.as_agent("next").claim(f"{at}k", wait=10) as successor:
        assert successor.epoch == claim.epoch + 1
        with pytest.raises(mortmain.Fenced) as caught:
            claim.commit("late")
        assert caught.value.retry == "claim"
        with pytest.raises(mortmain.Fenced):
            claim.check()
        successor.commit("in time")
    assert store.read(f"{at}k").value == "in time"


def test_a_claim_that_was_forgotten_is_not_renewed(store, at, until):
    store.claim(f"{at}k", ttl=0.3)
    gc.collect()
    until(lambda: store.claims(at) == [])


def test_waiters_are_served_first_come_first_served(store, at, until):
    held = store.claim(f"{at}k")
    served = []

    def wait(number: int) -> None:
        with store.as_agent(f"w{number}").claim(f"{at}k", wait=60.0):
            served.append(number)

    threads = []
    for number in range(3):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        time.sleep(0.2)  # the order of arrival is what is tested; nothing tells when a waiter has arrived
    held.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2]


def test_a_body_that_raises_writes_nothing_more_and_its_exception_passes(store, at):
    with pytest.raises(ZeroDivisionError), store.claim(f"{at}k") as claim:
        claim.commit("before")
        raise ZeroDivisionError
    assert store.read(f"{at}k").value == "before"
    store.claim(f"{at}k").release()


def test_reclaim_by_key_prefix_and_holder(store, at):
    one, two = store.as_agent(f"{at}h").claim(f"{at}a"), store.as_agent(f"{at}h").claim(f"{at}b/c")
    assert store.reclaim(f"{at}a", reason="x") == [(f"{at}a", 1, f"{at}h")]
    assert one.epoch == 0
    with pytest.raises(mortmain.Fenced):
        one.commit(1)
    assert [row[0] for row in store.reclaim(holder=f"{at}h")] == [f"{at}b/c"]
    with pytest.raises(mortmain.Fenced):
        two.commit(1)
    assert one.lost
    assert two.lost
    with pytest.raises(mortmain.InvalidRequest):
        store.reclaim()
    with pytest.raises(mortmain.InvalidRequest):
        store.reclaim(f"{at}a", prefix=at)


def test_a_reclaimed_claim_is_fenced_whatever_happened_since(store, at, until):
    """Renewed in vain, reclaimed once more with a prefix, and left: it was reclaimed, and nothing else ended it."""
    other = store.as_agent("other")
    renewed, held, left = (store.claim(f"{at}{name}", ttl=ttl) for name, ttl in (("a", 0.3), ("b", 30), ("c", 30)))
    for claim in (renewed, held, left):
        other.reclaim(claim.key)
    other.reclaim(prefix=at)
    left.release()
    until(lambda: renewed.lost)
    for claim in (renewed, held, left):
        with pytest.raises(mortmain.Fenced) as caught:
            claim.commit(1)
        assert (caught.value.epoch, caught.value.current_epoch, caught.value.retry) == (0, 2, "claim")
    for write in (lambda txn: txn.put(f"{at}b", 1), lambda txn: txn.append(f"{at}list", 1)):
        with pytest.raises(mortmain.Fenced), store.transaction() as txn:
            txn.hold(held)
            write(txn)


def test_arguments_are_looked_at(store, at):
    for options in ({"ttl": 0.05}, {"ttl": "30"}, {"wait": -1}, {"max_hold": float("nan")}):
        with pytest.raises(mortmain.InvalidRequest):
            store.claim(f"{at}k", **options)


def test_an_infinite_wait_is_none(store, at):
    for_ever = float("inf")
    with store.claim(f"{at}k", wait=for_ever, max_hold=for_ever) as claim:
        claim.commit(1)


def test_a_live_handle_is_not_picklable(store, at):
    with store.claim(f"{at}k") as claim, pytest.raises(mortmain.InvalidRequest, match="pickled"):
        pickle.dumps(claim)


def test_threads_may_share_a_claim(store, at):
    with store.claim(f"{at}k") as claim:
        threads = [threading.Thread(target=claim.commit, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert claim.version == 8


def test_a_claim_of_before_a_fork_is_lost_in_the_child_and_lives_in_the_parent(store, at):
    with store.claim(f"{at}k") as claim:
        child = fork(lambda: why_lost(claim))
        assert wait_for(child) == 0
        claim.commit("parent")
    assert store.read(f"{at}k").value == "parent"


def why_lost(claim: mortmain.Claim) -> bool:
    for call in (lambda: claim.commit(1), claim.check, claim.read):
        try:
            call()
        except mortmain.ClaimLost as lost:
            if lost.why != "forked":
                return False
        else:
            if call != claim.read:
                return False
    claim.release()
    return claim.lost


def fork(work) -> int:
    import warnings

    with warnings.catch_warnings():
        # Newer Pythons warn of a fork beside threads, and here that is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return child


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_zombie_that_was_stopped_past_its_ttl_is_fenced_both_ways(store, at, until):
    store.create(f"{at}k", "before")
    zombie = workers.start("zombie", store, f"{at}k", 0.5)
    assert workers.said(zombie) == "claimed"
    os.kill(zombie.pid, signal.SIGSTOP)
    try:
        until(lambda: store.claims(at) == [])
        # Nobody wrote in between: its version still matches.
        assert store.read(f"{at}k").version == 1
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    workers.tell(zombie)
    late = workers.result_of(zombie)
    assert (late["claim"]["code"], late["claim"]["retry"]) == ("FENCED", "claim")
    assert (late["snapshot"]["code"], late["snapshot"]["retry"]) == ("FENCED", "reread")
    assert late["lost"]
    assert store.read(f"{at}k").value == "before"


def test_a_zombie_is_fenced_by_a_gateway_that_was_killed_in_between(own_store, until, kill_gateway):
    store = own_store
    store.create("k", "before")
    zombie = workers.start("zombie", store, "k", 0.5)
    assert workers.said(zombie) == "claimed"
    os.kill(zombie.pid, signal.SIGSTOP)
    try:
        until(lambda: store.claims() == [])
        with store.claim("k") as successor:
            successor.commit("the successor's")
        kill_gateway(store)
        assert store.read("k").value == "the successor's"
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    workers.tell(zombie)
    late = workers.result_of(zombie)
    assert late["claim"]["code"] == "FENCED"
    assert late["snapshot"]["code"] == "FENCED"
    assert store.read("k").value == "the successor's"


def test_a_claim_outlives_the_gateway_that_granted_it(own_store, kill_gateway):
    with own_store.claim("k", ttl=5.0) as claim:
        claim.commit(1)
        kill_gateway(own_store)
        claim.commit(2)
        with pytest.raises(mortmain.ClaimHeld):
            own_store.as_agent("other").claim("k")
    assert own_store.read("k").value == 2


def test_a_claim_of_a_process_that_died_is_free_after_its_ttl(store, at):
    worker = workers.start("claim_and_die", store, f"{at}k", 0.5)
    worker.communicate(timeout=60)
    with store.claim(f"{at}k", wait=20.0) as claim:
        assert claim.epoch == 1


@pytest.mark.slow
def test_leaving_never_raises_even_without_a_gateway(own_store):
    with own_store.claim("k", ttl=5.0) as claim:
        own_store.stop()
        own_store._link.start = False
        own_store._link.timeout = 0.2
        os.rename(own_store.directory, own_store.directory + ".away")
    assert claim.lost


def test_wait_without_end_is_interruptible_and_leaves_no_claim_behind(store, at, until):
    held = store.claim(f"{at}k", ttl=30.0)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            store.as_agent("impatient").claim(f"{at}k", wait=None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    held.release()
    with store.as_agent("next").claim(f"{at}k", wait=5.0) as claim:
        assert claim.epoch == held.epoch


def test_a_timeout_of_years_is_no_overflow(store, at):
    """poll(2) knows 24 days."""
    years = 1e8
    assert store.increment(f"{at}n", 1, timeout=years).result == 1
    assert store.update(f"{at}n", lambda value: value + 1, timeout=years).version == 2
    claim = store.claim(f"{at}k", ttl=30.0)
    threading.Timer(0.2, claim.release).start()
    store.as_agent("next").claim(f"{at}k", wait=years).release()
    with mortmain.open(store.directory, timeout=years) as patient:
        assert patient.read(f"{at}n", timeout=3e6).value == 2
        threading.Timer(0.2, store.increment, (f"{at}n", 1)).start()
        assert next(iter(patient.watch(at, timeout=years))).kind == "delta"
