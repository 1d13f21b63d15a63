"""A lost answer never makes a call happen twice, and is never reported as what it was not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import mortmain

from .cutting_proxy import CuttingProxy


@pytest.fixture
def proxy(shared_store, tmp_path: Path):
    made = CuttingProxy(shared_store, tmp_path / "front")
    yield made
    made.go_away()


def through(proxy: CuttingProxy, **options) -> mortmain.Store:
    return mortmain.open(proxy.directory, agent="test", start=False, **{"timeout": 10.0, **options})


CALLS = {
    "append": lambda store, key: store.append(key, "x"),
    "increment": lambda store, key: store.increment(key, 1),
    "create": lambda store, key: store.create(key, 1),
    "commit": lambda store, key: store.commit(key, 1, base=store.read(key)),
    "overwrite": lambda store, key: store.commit(key, 1, overwrite=True),
    "update": lambda store, key: store.update(key, lambda value: value + 1, default=0),
    "transact": lambda store, key: store.transact(lambda txn: txn.put(key, (txn.read(key).value or 0) + 1)),
    "reclaim": lambda store, key: store.reclaim(key),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_whose_answer_is_lost_twice_happens_once(proxy, store, at, name):
    with through(proxy) as front:
        proxy.cut = 2
        got = CALLS[name](front, f"{at}k")
    assert proxy.cut == 0
    snap = store.read(f"{at}k")
    if name == "reclaim":
        assert got == [(f"{at}k", 1, None)]
        assert snap.epoch == 1
    else:
        assert got.replayed
        assert snap.version == 1
        assert snap.value in (1, ["x"])


def test_a_rejection_whose_answer_is_lost_is_the_same_rejection(proxy, store, at):
    store.create(f"{at}k", 1)
    with through(proxy) as front:
        base = front.read(f"{at}k")
        store.commit(f"{at}k", 2, base=base)
        proxy.cut = 1
        with pytest.raises(mortmain.VersionConflict) as caught:
            front.commit(f"{at}k", 3, base=base)
    assert (caught.value.expected, caught.value.actual) == (1, 2)


def test_without_an_answer_the_outcome_is_unconfirmed_and_resolve_tells_it(proxy, store, at):
    with through(proxy, timeout=0.6) as front:
        front.read(f"{at}warm")
        proxy.cut, proxy.away_after_cut = 1, True
        with pytest.raises(mortmain.CommitUnconfirmed) as caught:
            front.append(f"{at}log", "x")
        request_id = caught.value.request_id
        with pytest.raises(mortmain.GatewayUnavailable):
            front.resolve(request_id)
        proxy.come_back()
        found = front.resolve(request_id)
    assert isinstance(found, mortmain.Committed)
    assert found.receipt.keys[f"{at}log"].version == store.read(f"{at}log").version == 1


def test_a_request_that_never_arrived_is_resolved_as_not_committed_for_good(proxy, store, at):
    with through(proxy, timeout=0.4) as front:
        front.read(f"{at}warm")
        proxy.go_away()
        front._link.pool.drain()
        with pytest.raises(mortmain.GatewayUnavailable):
            front.append(f"{at}log", "x", request_id=f"{at}id")
    assert store.resolve(f"{at}id") == mortmain.NotCommitted()
    with pytest.raises(mortmain.RequestIdReused):
        store.append(f"{at}log", "x", request_id=f"{at}id")


def test_a_claim_whose_answer_is_lost_is_one_claim(proxy, store, at):
    with through(proxy) as front:
        proxy.cut = 1
        with front.claim(f"{at}k") as claim:
            assert [info.key for info in store.claims(at)] == [f"{at}k"]
            claim.commit(1)
    assert store.claims(at) == []


def test_appends_go_on_over_gateways_that_are_killed_and_none_is_lost_or_doubled(
    own_store, kill_gateway, until
):
    sent: list[str] = []

    def write(number: int) -> None:
        for index in range(40):
            own_store.append("log", f"{number}-{index}", timeout=100)
            sent.append(f"{number}-{index}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for goal in (30, 80):
        until(lambda goal=goal: len(sent) >= goal, 100)
        kill_gateway(own_store)
    for thread in threads:
        thread.join()
    assert sorted(own_store.read("log").value) == sorted(sent)
    assert len(sent) == 160


def test_after_a_stop_the_next_call_starts_the_gateway_again(own_store):
    own_store.create("k", 1)
    pid = own_store.info()["pid"]
    own_store.stop()
    own_store.as_agent("other").stop()
    assert own_store.read("k").value == 1
    assert own_store.info()["pid"] != pid


def test_a_directory_that_was_deleted_is_another_store_and_old_bases_are_refused(own_store, until):
    import shutil

    own_store.create("k", 1)
    base = own_store.read("k")
    ticket, claim = base.ticket(), own_store.claim("claimed", ttl=2.0)
    own_store.create("other", 1)
    shutil.rmtree(own_store.directory)
    for old in (base, ticket):
        with pytest.raises(mortmain.StoreChanged) as caught:
            own_store.commit("k", 2, base=old, timeout=60)
        assert caught.value.store_id != base.store_id
    with pytest.raises(mortmain.Conflict):
        claim.commit(3)
    assert not own_store.read("k").exists
    own_store.commit("k", 2, base=own_store.read("k"))
