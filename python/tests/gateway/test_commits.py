"""Of writers that commit on one base exactly one wins; deltas are all kept; a retried call happens once."""

from __future__ import annotations

import pickle
import threading

import pytest

import mortmain

from . import workers


def test_of_many_writers_on_one_base_exactly_one_wins(store, at, tmp_path):
    store.create(f"{at}k", 0)
    base = store.read(f"{at}k")
    won, lost = [], []
    barrier = threading.Barrier(12)

    def write(number: int) -> None:
        barrier.wait()
        try:
            won.append(store.commit(f"{at}k", number, base=base))
        except mortmain.VersionConflict as conflict:
            lost.append(conflict)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 11)
    for conflict in lost:
        assert (conflict.expected, conflict.actual, conflict.winner) == (1, 2, "test")
        assert conflict.retry == "reread"
        assert conflict.current.value == store.read(f"{at}k").value
        assert "version 1" in str(conflict)
        assert "version 2" in str(conflict)


def test_a_snapshot_travels_to_other_processes_and_still_only_one_wins(store, at, tmp_path):
    store.create(f"{at}k", 0)
    (tmp_path / "snapshot").write_bytes(pickle.dumps(store.read(f"{at}k")))
    running = [workers.start("commit_on", store, tmp_path / "snapshot") for _ in range(4)]
    for process in running:
        assert workers.said(process) == "ready"
    for process in running:
        workers.tell(process)
    outcomes = [workers.result_of(process) for process in running]
    assert sorted(outcome.get("code", "won") for outcome in outcomes) == ["VERSION_CONFLICT"] * 3 + ["won"]


def test_updates_by_eight_processes_are_all_counted(store, at):
    running = [workers.start("update", store, f"{at}n", 25) for _ in range(8)]
    for process in running:
        assert workers.said(process) == "ready"
    for process in running:
        workers.tell(process)
    for process in running:
        assert workers.result_of(process) == "done"
    snap = store.read(f"{at}n")
    assert (snap.value, snap.version) == (200, 200)


def test_appends_by_threads_and_processes_are_all_kept_in_order(store, at):
    running = [workers.start("append", store, f"{at}log", 1, 20) for _ in range(10)]
    running.append(workers.start("append", store, f"{at}log", 10, 20))
    sent = [workers.result_of(process) for process in running]
    found = store.read(f"{at}log").value
    assert sorted(found) == sorted(item for items in sent for item in items)
    places = {item: place for place, item in enumerate(found)}
    for items in sent[:10]:
        assert [places[item] for item in items] == sorted(places[item] for item in items)


def test_agents_of_one_name_do_not_share_a_claim_or_a_base(store, at):
    one, two = store.as_agent("same"), store.as_agent("same")
    with one.claim(f"{at}k"):
        with pytest.raises(mortmain.ClaimHeld) as caught:
            two.claim(f"{at}k")
        assert caught.value.holder == "same"
        with pytest.raises(mortmain.ClaimHeld):
            two.commit(f"{at}k", 1, base=two.read(f"{at}k"))


def test_a_call_that_is_made_again_with_its_id_happens_once(store, at):
    first = store.append(f"{at}log", "x", request_id=f"{at}1")
    again = store.append(f"{at}log", "x", request_id=f"{at}1")
    assert (first.replayed, again.replayed) == (False, True)
    assert (first.version, first.revision, first.result) == (again.version, again.revision, again.result)
    assert store.read(f"{at}log").value == ["x"]
    with pytest.raises(mortmain.RequestIdReused) as caught:
        store.append(f"{at}log", "y", request_id=f"{at}1")
    assert caught.value.request_id == f"{at}1"


def test_an_update_that_is_made_again_with_its_id_happens_once(store, at):
    for _ in range(2):
        receipt = store.update(f"{at}n", lambda value: value + 1, default=0, request_id=f"{at}1")
    assert receipt.replayed
    assert store.read(f"{at}n").value == 1


def test_resolve_is_final_both_ways(store, at):
    receipt = store.create(f"{at}k", 1, request_id=f"{at}yes")
    found = store.resolve(f"{at}yes")
    assert found.receipt.revision == receipt.revision
    assert found.replayed
    assert store.resolve(f"{at}no") == mortmain.NotCommitted()
    with pytest.raises(mortmain.RequestIdReused) as caught:
        store.create(f"{at}other", 1, request_id=f"{at}no")
    assert caught.value.reason == "refused"
    assert not store.read(f"{at}other").exists


def test_versions_go_on_over_delete_and_create(store, at):
    store.create(f"{at}k", "one")
    gone = store.delete(f"{at}k", base=store.read(f"{at}k"))
    snap = store.read(f"{at}k")
    assert (snap.exists, snap.value, snap.version) == (False, None, gone.version)
    assert store.create(f"{at}k", "two").version == 3
    with pytest.raises(mortmain.VersionConflict):
        store.commit(f"{at}k", "late", base=snap)
    receipt = store.update(f"{at}k", lambda value: mortmain.DELETE)
    assert receipt.version == 4
    assert not store.read(f"{at}k").exists
    store.commit(f"{at}k", "three", base=receipt)


def test_create_ensure_and_overwrite(store, at):
    first = store.ensure(f"{at}k", "one")
    assert store.ensure(f"{at}k", "two").version == first.version
    with pytest.raises(mortmain.VersionConflict):
        store.create(f"{at}k", "three")
    assert store.commit(f"{at}k", "four", overwrite=True).version == 2
    assert store.delete(f"{at}k", overwrite=True).version == 3
    with pytest.raises(mortmain.InvalidRequest, match="base"):
        store.commit(f"{at}k", "blind")
    with pytest.raises(mortmain.InvalidRequest, match="base"):
        store.delete(f"{at}k")


def test_a_list_with_unique_ids_takes_an_item_once(store, at):
    assert store.append(f"{at}l", "a", unique="1").result == 1
    assert store.append(f"{at}l", "b", unique="1").result == 1
    assert store.extend(f"{at}l", ["c", "d"], unique=["1", "2"]).result == 2
    assert store.read(f"{at}l").value == ["a", "d"]
    last = store.read(f"{at}l", last=1)
    assert (last.value, last.partial) == (["d"], True)
    with pytest.raises(mortmain.InvalidRequest, match="partial"):
        store.commit(f"{at}l", [], base=last)


def test_extending_by_nothing_changes_nothing(store, at):
    """A program that appends what is new must not fail where nothing is."""
    assert (store.extend(f"{at}list", []).version, store.read(f"{at}list").exists) == (0, False)
    store.append(f"{at}list", 1)
    receipt = store.extend(f"{at}list", [], unique=[])
    assert (receipt.version, receipt.result) == (1, 1)
    store.create(f"{at}text", "text")
    with pytest.raises(mortmain.WrongType):
        store.extend(f"{at}text", [])


def test_deltas_on_another_type_are_refused_and_change_nothing(store, at):
    store.create(f"{at}k", "text")
    for call in (
        lambda: store.append(f"{at}k", 1),
        lambda: store.increment(f"{at}k", 1),
        lambda: store.merge(f"{at}k", {"a": 1}),
        lambda: store.add_to_set(f"{at}k", 1),
    ):
        with pytest.raises(mortmain.WrongType):
            call()
    assert store.read(f"{at}k").version == 1


def test_results_of_deltas(store, at):
    assert store.increment(f"{at}n", 12).result == 12
    assert store.increment(f"{at}n", -2).result == 10
    assert store.increment(f"{at}n", 0.5).result == 10.5
    assert store.add_to_set(f"{at}s", {"a": 1}).result is True
    assert store.add_to_set(f"{at}s", {"a": 1.0}).result is False
    assert store.merge(f"{at}m", {"a": {"b": 1}, "c": None}).result is None
    assert store.read(f"{at}m").value == {"a": {"b": 1}}


def test_a_merge_on_a_base_guards_the_fields_that_it_names(store, at):
    store.create(f"{at}m", {"a": 1, "b": 1})
    base = store.read(f"{at}m")
    store.merge(f"{at}m", {"b": 2})
    store.merge(f"{at}m", {"a": 5}, base=base)
    with pytest.raises(mortmain.VersionConflict):
        store.merge(f"{at}m", {"b": 3}, base=base)
    assert store.read(f"{at}m").value == {"a": 5, "b": 2}


def test_a_base_is_fenced_by_a_reclaim_although_the_version_never_moved(store, at):
    store.create(f"{at}k", 1)
    base = store.read(f"{at}k")
    store.check(base)
    assert store.as_agent("operator").reclaim(f"{at}k", reason="stalled") == [(f"{at}k", 1, None)]
    for call in (lambda: store.commit(f"{at}k", 2, base=base), lambda: store.check(base)):
        with pytest.raises(mortmain.Fenced) as caught:
            call()
        fenced = caught.value
        assert (fenced.epoch, fenced.current_epoch, fenced.reclaimed_by) == (0, 1, "operator")
        assert (fenced.reclaimed_reason, fenced.retry) == ("stalled", "reread")
        assert fenced.reclaimed_at.tzinfo is not None
    assert store.read(f"{at}k").version == 1


def test_reclaiming_a_prefix_fences_writers_of_keys_that_do_not_exist_yet(store, at):
    base = store.read(f"{at}deep/unborn")
    store.reclaim(prefix=at, reason="all of it")
    with pytest.raises(mortmain.Fenced):
        store.commit(f"{at}deep/unborn", 1, base=base)


def test_a_ticket_goes_on_over_its_own_commits_and_over_nobody_elses(store, at):
    store.create(f"{at}k", 1)
    mine = store.read(f"{at}k").ticket()
    for value in range(3):
        store.commit(f"{at}k", value, base=mortmain.Ticket.parse(str(mine)))
    theirs = store.read(f"{at}k").ticket()
    store.commit(f"{at}k", "theirs", base=theirs)
    with pytest.raises(mortmain.VersionConflict):
        store.commit(f"{at}k", "mine", base=mine)


def test_a_prefix_is_deleted_on_a_ticket_of_a_key_below_it(store, at):
    for name in ("a", "b/c"):
        store.create(f"{at}p/{name}", 1)
    ticket = store.read(f"{at}p/head").ticket()
    receipt = store.delete(prefix=f"{at}p/", base=ticket)
    assert set(receipt.keys) >= {f"{at}p/a", f"{at}p/b/c"}
    assert [snap.key for snap in store.scan(f"{at}p/")] == []
    with pytest.raises(mortmain.InvalidRequest):
        store.delete(prefix=f"{at}p/", base=store.read(f"{at}elsewhere").ticket())


def test_scan_gives_keys_in_the_order_of_their_bytes_over_many_pages(store, at):
    names = [f"{at}{number:04d}" for number in range(1100)] + [f"{at}é", f"{at}Z", f"{at}a/b"]
    for first in range(0, len(names), 600):
        with store.transaction() as txn:
            for name in names[first : first + 600]:
                txn.ensure(name, name)
    found = list(store.scan(at))
    assert [snap.key for snap in found] == sorted(names, key=str.encode)
    assert all(snap.value == snap.key for snap in found)
    assert len({snap.read_revision for snap in found}) == 1
    assert [snap.key for snap in store.scan(at, limit=3)] == sorted(names)[:3]
    assert list(store.scan(at, limit=0)) == []
    assert {snap.value for snap in store.scan(at, limit=5, values=False)} == {None}
    with pytest.raises(mortmain.InvalidRequest):
        list(store.scan(at[:-1]))


def test_meta_and_writer_are_recorded_with_each_commit(store, at):
    critic = store.as_agent("critic", meta={"run": "7"})
    critic.create(f"{at}k", 1, meta={"step": "2"})
    snap = store.read(f"{at}k")
    assert (snap.writer, snap.meta) == ("critic", {"run": "7", "step": "2"})
    assert snap.committed_at.utcoffset().total_seconds() == 0


def test_read_many_is_one_cut(store, at):
    store.create(f"{at}a", 1)
    found = store.read_many([f"{at}a", f"{at}none", f"{at}a"])
    assert list(found) == [f"{at}a", f"{at}none"]
    assert len({snap.read_revision for snap in found.values()}) == 1
    assert store.read_many([]) == {}


def test_reduce_needs_a_capability_that_this_gateway_lacks(store, at):
    with pytest.raises(mortmain.Unsupported) as caught:
        store.reduce(f"{at}k", "package.module:function", {"a": 1})
    assert caught.value.operation == "reduce"


def test_an_async_function_is_refused_where_it_would_never_be_awaited(store, at):
    async def later(value):
        return value

    for call in (lambda: store.update(f"{at}k", later), lambda: store.transact(later)):
        with pytest.raises(mortmain.InvalidRequest, match="aio"):
            call()


def test_update_sees_the_conflict_of_another_agent_and_recomputes(store, at):
    store.create(f"{at}n", 1)
    interfered = []

    def add(value: int) -> int:
        if not interfered:
            interfered.append(store.as_agent("other").update(f"{at}n", lambda other: other + 100))
        return value + 1

    store.update(f"{at}n", add)
    assert store.read(f"{at}n").value == 102


def test_a_conflict_that_the_users_function_raises_itself_passes(store, at):
    runs = []

    def work(value):
        runs.append(1)
        raise mortmain.VersionConflict("of another call")

    with pytest.raises(mortmain.VersionConflict, match="of another call"):
        store.update(f"{at}n", work)
    assert len(runs) == 1


def test_updates_without_a_deadline_take_turns_too(shared_store, at):
    with mortmain.open(shared_store.directory, agent="patient", timeout=None) as patient:
        patient._link.note_contention(f"{at}n")
        threads = [
            threading.Thread(target=patient.update, args=(f"{at}n", lambda value: value + 1, 0)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert patient.read(f"{at}n").value == 8


def test_update_waits_for_a_claim_to_end(store, at):
    store.create(f"{at}n", 1)
    claim = store.as_agent("holder").claim(f"{at}n", ttl=30.0)
    threading.Timer(0.3, claim.release).start()
    store.update(f"{at}n", lambda value: value + 1, timeout=20)
    assert store.read(f"{at}n").value == 2


def test_a_timeout_of_nothing_leaves_one_round(store, at):
    assert store.update(f"{at}n", lambda value: value + 1, default=0, timeout=0).version == 1
    assert store.transact(lambda txn: txn.put(f"{at}n", txn.read(f"{at}n").value + 1), timeout=0).revision
    assert store.read(f"{at}n").value == 2

    def overtaken(value):
        store.as_agent("other").commit(f"{at}n", 10, overwrite=True)
        return value + 1

    with pytest.raises(mortmain.VersionConflict) as caught:
        store.update(f"{at}n", overtaken, timeout=0)
    assert caught.value.attempts == 1


def test_update_gives_up_after_its_timeout_with_the_claim_that_stood_in_the_way(store, at):
    with store.as_agent("holder").claim(f"{at}n"), pytest.raises(mortmain.ClaimHeld) as caught:
        store.update(f"{at}n", lambda value: 1, timeout=0.3)
    assert caught.value.holder == "holder"
    assert caught.value.attempts >= 1


def test_a_delta_waits_for_the_claim_and_an_update_of_the_whole_does_not(store, at):
    claim = store.as_agent("holder").claim(f"{at}l", ttl=30.0)
    threading.Timer(0.2, claim.release).start()
    assert store.append(f"{at}l", 1, timeout=20).result == 1
    with store.as_agent("holder").claim(f"{at}l"):
        with pytest.raises(mortmain.ClaimHeld):
            store.append(f"{at}l", 2, timeout=0.2)
        with pytest.raises(mortmain.ClaimHeld):
            store.commit(f"{at}l", [], base=store.read(f"{at}l"), timeout=20)


def test_a_prefix_with_more_than_a_thousand_keys_is_deleted_at_once(store, at):
    """It counts as one key: a long thread must be deletable, and not in parts."""
    for start in range(0, 1200, 400):
        with store.transaction() as txn:
            for number in range(start, start + 400):
                txn.put(f"{at}{number}", number)
    with store.transaction() as txn:
        txn.read(at + "0")
        txn.delete(prefix=at)
    assert len(txn.receipt.keys) == 1200
    assert list(store.scan(at)) == []
