"""Two writers of one record: exactly one wins, the other is told, and the check would notice if it were not so."""

from __future__ import annotations

import mortmain
import pytest
from crewai.memory.types import MemoryRecord
from mortmain import Store, Transaction

from fakes import record
from mortmain_crewai import MortmainStorage


def changed(one: MemoryRecord | None, content: str) -> MemoryRecord:
    assert one is not None
    return one.model_copy(update={"content": content})


def race(storage: MortmainStorage, other: MortmainStorage) -> list[str]:
    """Both read one record, both write it. What was acknowledged and is gone."""
    storage.save([record("plan", id="race", metadata={"done": []})])
    readers = {"a": storage, "b": other}
    read = {name: one.get_record("race") for name, one in readers.items()}
    acknowledged = []
    for name, one in readers.items():
        mine = read[name]
        assert mine is not None
        try:
            one.update(mine.model_copy(update={"metadata": {"done": [*mine.metadata["done"], name]}}))
        except mortmain.VersionConflict:
            continue
        acknowledged.append(name)
    end = MortmainStorage(storage.store, prefix=storage.prefix).get_record("race")
    assert end is not None
    assert acknowledged
    return [name for name in acknowledged if name not in end.metadata["done"]]


def test_of_two_writers_exactly_one_wins(storage: MortmainStorage, other: MortmainStorage) -> None:
    assert race(storage, other) == []


def test_the_race_is_lost_without_the_guard(
    storage: MortmainStorage, other: MortmainStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: a commit that forgets its bases. If this passes unnoticed, the test above proves nothing."""
    monkeypatch.setattr(Transaction, "follow", lambda self, key, ticket: None)
    assert race(storage, other) == ["a"]


def test_the_loser_is_told_who_won(storage: MortmainStorage, other: MortmainStorage) -> None:
    one = record("plan")
    storage.save([one])
    other.update(changed(other.get_record(one.id), "by other"))
    with pytest.raises(mortmain.VersionConflict) as caught:
        storage.update(changed(one, "by storage"))
    assert caught.value.winner == "other"
    assert storage.fence_error is caught.value
    with pytest.raises(mortmain.VersionConflict):
        storage.raise_if_fenced()
    storage.raise_if_fenced()
    storage.update(changed(storage.get_record(one.id), "by storage"))
    storage.update(changed(one, "again"))


def test_an_id_that_was_never_read_is_no_free_place(storage: MortmainStorage, other: MortmainStorage) -> None:
    storage.save([record("mine", id="x")])
    for write in (lambda one: other.save([one]), other.update):
        with pytest.raises(mortmain.VersionConflict):
            write(record("theirs", id="x"))
    other.get_record("x")
    other.save([record("theirs", id="x")])
    with pytest.raises(mortmain.VersionConflict):
        storage.save([record("mine again", id="x")])


def test_a_batch_is_all_or_nothing(storage: MortmainStorage, other: MortmainStorage) -> None:
    other.save([record("theirs", id="x")])
    with pytest.raises(mortmain.VersionConflict):
        storage.save([record("new"), record("mine", id="x")])
    assert storage.count() == 1


def test_two_readers_that_share_an_object_do_not_hide_each_others_reads(storage: MortmainStorage) -> None:
    """The base of a record is the read that it was made from, not the newest read of the object."""
    one = record("plan")
    storage.save([one])
    stale, fresh = storage.get_record(one.id), storage.get_record(one.id)
    storage.update(changed(fresh, "first"))
    assert storage.get_record(one.id) is not None
    with pytest.raises(mortmain.VersionConflict):
        storage.update(changed(stale, "second"))
    assert stale is not None
    # CrewAI's own consolidation builds the new version anew, from the fields of the old one.
    with pytest.raises(mortmain.VersionConflict):
        storage.update(MemoryRecord(id=stale.id, content="third", scope=stale.scope))


def test_what_somebody_rewrote_is_not_deleted_by_its_old_reader(
    storage: MortmainStorage, other: MortmainStorage
) -> None:
    one = record("plan")
    storage.save([one])
    other.update(changed(other.get_record(one.id), "better"))
    with pytest.raises(mortmain.VersionConflict):
        storage.delete(record_ids=[one.id])
    assert other.delete(record_ids=[one.id]) == 1
    assert storage.delete(record_ids=[one.id]) == 0


def test_what_was_deleted_does_not_come_back(storage: MortmainStorage, other: MortmainStorage) -> None:
    one = record("plan")
    storage.save([one])
    for remove in (lambda: other.delete(scope_prefix="/"), other.reset):
        with_base = storage.get_record(one.id) or one
        remove()
        with pytest.raises(mortmain.Conflict):
            storage.update(changed(with_base, "back"))
        assert storage.count() == 0


def test_new_ids_never_conflict(storage: MortmainStorage, other: MortmainStorage) -> None:
    for n in range(20):
        storage.save([record(f"a {n}")])
        other.save([record(f"b {n}")])
    assert storage.count() == other.count() == 40


def test_a_writer_that_was_reclaimed_is_fenced(storage: MortmainStorage, store: Store) -> None:
    one = record("plan")
    storage.save([one])
    store.as_agent("recovery").reclaim(prefix=storage.layout.records, reason="stalled")
    with pytest.raises(mortmain.Fenced):
        storage.update(changed(one, "late"))
    storage.update(changed(storage.get_record(one.id), "in time"))
