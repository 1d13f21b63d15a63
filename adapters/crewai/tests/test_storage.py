"""MortmainStorage is CrewAI's StorageBackend, and gives back exactly what it was given."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import mortmain
import numpy as np
import pytest
from crewai.memory.storage.backend import StorageBackend
from crewai.memory.types import MemoryRecord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mortmain import Store

from fakes import DIMENSIONS, record, vector
from mortmain_crewai import EmbeddingDimensionMismatchError, MortmainStorage, content_id

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.datetimes(timezones=st.none() | st.just(timezone.utc) | st.just(timezone(timedelta(hours=5, minutes=30))))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text, lambda one: st.lists(one) | st.dictionaries(text, one)
)
records = st.builds(
    MemoryRecord,
    id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    content=text,
    scope=text,
    categories=st.lists(text, max_size=3),
    metadata=st.dictionaries(text, values, max_size=3),
    importance=st.floats(0, 1),
    created_at=times,
    last_accessed=times,
    embedding=st.none() | st.lists(finite, min_size=3, max_size=3),
    source=st.none() | text,
    private=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=records)
def test_a_record_comes_back_exactly(store: Store, prefix: str, one: MemoryRecord) -> None:
    MortmainStorage(store, prefix=prefix).reset()
    MortmainStorage(store, prefix=prefix).save([one])
    found = MortmainStorage(store, prefix=prefix).get_record(one.id)
    assert found == one
    assert found is not None
    assert found.embedding == one.embedding
    assert found.created_at.tzinfo == one.created_at.tzinfo or one.created_at.tzinfo is not None


def test_it_is_a_storage_backend(storage: MortmainStorage) -> None:
    assert isinstance(storage, StorageBackend)


@pytest.mark.parametrize("bad", [{1, 2}, float("nan"), object(), "\ud800"])
def test_a_record_that_json_cannot_hold_is_refused_and_the_old_one_stays(storage: MortmainStorage, bad: Any) -> None:
    one = record("plan a")
    storage.save([one])
    with pytest.raises(mortmain.InvalidRequest):
        storage.update(one.model_copy(update={"content": "plan b", "metadata": {"bad": bad}}))
    assert storage.get_record(one.id) == one
    with pytest.raises(mortmain.InvalidRequest):
        storage.save([record("plan c", embedding=[float("inf")] * DIMENSIONS)])
    assert storage.count() == 1


# -------------------------------------------------------------------- scopes and filters


def test_a_scope_is_matched_by_path_segment(storage: MortmainStorage) -> None:
    names = ["/a", "/a/b", "/ab", "/a/b/c", "/", "/x_y", "/xzy", "/50%"]
    storage.save([record(f"in {name}", scope=name) for name in names])
    assert storage.count("/a") == 3
    assert storage.count("/a/") == 3
    assert storage.count("a") == 3
    assert storage.count("/x_y") == 1
    assert storage.count("/50%") == 1
    assert storage.count("/") == storage.count() == len(names)
    assert storage.list_scopes("/") == ["/50%", "/a", "/ab", "/x_y", "/xzy"]
    assert storage.list_scopes("/a") == ["/a/b"]
    found = storage.search(vector("in"), scope_prefix="/a", limit=10)
    assert sorted(one.scope for one, _ in found) == ["/a", "/a/b", "/a/b/c"]
    info = storage.get_scope_info("/a")
    assert (info.path, info.record_count, info.child_scopes) == ("/a", 3, ["/a/b"])
    assert storage.get_scope_info("/none").record_count == 0
    assert storage.delete(scope_prefix="/a") == 3
    assert storage.count() == len(names) - 3
    storage.reset("/x_y")
    assert storage.list_scopes() == ["/50%", "/ab", "/xzy"]


def test_filters_look_at_all_records_not_at_the_nearest_ones(storage: MortmainStorage) -> None:
    near = [record("near", categories=["many"], metadata={"n": n}) for n in range(200)]
    far = record("far", categories=["few"], metadata={"n": 1000, "deep": {"a": 1}})
    storage.save([*near, far])
    query = vector("near")
    assert [one.id for one, _ in storage.search(query, categories=["few", "none"], limit=1)] == [far.id]
    assert [one.id for one, _ in storage.search(query, metadata_filter={"n": 1000})] == [far.id]
    assert [one.id for one, _ in storage.search(query, metadata_filter={"deep": {"a": 1}})] == [far.id]
    assert storage.search(query, metadata_filter={"n": 1000}, categories=["many"]) == []
    assert storage.list_categories() == {"few": 1, "many": 200}
    assert storage.delete(metadata_filter={"n": 1000}) == 1
    assert storage.delete(categories=["many"], metadata_filter={"n": 3}) == 1
    assert storage.delete(record_ids=[near[5].id, "nobody"], categories=["few"]) == 0
    assert storage.delete(record_ids=[near[5].id, "nobody"]) == 1
    assert storage.count() == 198


def test_records_are_listed_newest_first_and_deleted_by_age(storage: MortmainStorage) -> None:
    start = datetime(2026, 1, 1)
    ages = [record(f"n{day}", created_at=start + timedelta(days=day)) for day in (3, 1, 4, 0, 2)]
    storage.save(ages)
    assert [one.content for one in storage.list_records()] == ["n4", "n3", "n2", "n1", "n0"]
    assert [one.content for one in storage.list_records(limit=2, offset=1)] == ["n3", "n2"]
    assert storage.list_records(limit=0) == storage.list_records(offset=-1) == []
    info = storage.get_scope_info("/")
    assert (info.oldest_record, info.newest_record) == (start, start + timedelta(days=4))
    assert storage.delete(older_than=(start + timedelta(days=2)).replace(tzinfo=timezone.utc)) == 2
    assert storage.delete(older_than=start) == 0
    assert storage.count() == 3


# -------------------------------------------------------------------- vectors


def test_search_is_exact_also_after_changes(storage: MortmainStorage, other: MortmainStorage) -> None:
    random = np.random.default_rng(7)
    alive: dict[str, MemoryRecord] = {}
    for round_ in range(6):
        new = [record(str(n), embedding=random.standard_normal(DIMENSIONS).tolist()) for n in range(60)]
        storage.save(new)
        alive.update({one.id: one for one in new})
        gone = list(alive)[round_::9]
        assert other.delete(record_ids=gone) == len(gone)
        for one in gone:
            del alive[one]
        moved = next(iter(alive.values())).model_copy(update={"embedding": random.standard_normal(DIMENSIONS).tolist()})
        storage.update(moved)
        alive[moved.id] = moved
        query = random.standard_normal(DIMENSIONS)
        want = sorted(alive.values(), key=lambda one: float(np.square(np.asarray(one.embedding) - query).sum()))[:10]
        found = other.search(query.tolist())
        assert [one.id for one, _ in found] == [one.id for one in want]
        for one, score in found:
            distance = float(np.square(np.asarray(one.embedding) - query).sum())
            assert score == pytest.approx(1 / (1 + distance), rel=1e-5)


def test_an_equal_embedding_has_score_one(storage: MortmainStorage) -> None:
    third = [1 / 3] * DIMENSIONS
    storage.save([record("x", embedding=third)])
    assert [score for _, score in storage.search(third)] == [1.0]
    assert storage.search(third, min_score=1.0)
    assert storage.search([0.0] * DIMENSIONS, min_score=0.9) == []


def test_other_dimensions_are_refused_by_name(storage: MortmainStorage, other: MortmainStorage) -> None:
    assert storage.search([1.0, 2.0]) == []
    with pytest.raises(EmbeddingDimensionMismatchError):
        storage.save([record("x", embedding=[1.0, 2.0]), record("y", embedding=[1.0])])
    assert storage.count() == 0
    storage.save([record("without", embedding=None)])
    storage.save([record("x", embedding=[1.0, 2.0])])
    with pytest.raises(EmbeddingDimensionMismatchError) as caught:
        other.save([record("y", embedding=[1.0, 2.0, 3.0])])
    assert (caught.value.stored_dim, caught.value.new_dim) == (2, 3)
    with pytest.raises(EmbeddingDimensionMismatchError):
        other.search([1.0])
    one = other.list_records()[0]
    with pytest.raises(EmbeddingDimensionMismatchError):
        other.update(one.model_copy(update={"embedding": [1.0]}))
    assert {found.content for found, _ in other.search([1.0, 2.0])} == {"x", "without"}
    storage.reset()
    other.save([record("y", embedding=[1.0, 2.0, 3.0])])
    assert storage.search([1.0, 2.0, 3.0])[0][0].content == "y"


# -------------------------------------------------------------------- what an object is


def test_touching_moves_no_version(storage: MortmainStorage, store: Store) -> None:
    one = record("x", last_accessed=datetime(2026, 1, 1))
    storage.save([one])
    (before,) = store.scan(storage.layout.records)
    storage.touch_records([one.id, "nobody"])
    (after,) = store.scan(storage.layout.records)
    assert after.version == before.version
    found = storage.get_record(one.id)
    assert found is not None
    assert found.last_accessed > datetime(2026, 10, 1)
    storage.update(one.model_copy(update={"content": "y"}))
    assert storage.delete() == 1
    assert list(store.scan(storage.layout.touches)) == []


def test_many_records_are_several_commits(storage: MortmainStorage) -> None:
    storage.save([record("many") for _ in range(1000)])
    assert storage.count() == 1000
    assert len(storage.list_records(limit=1000)) == 1000
    assert storage.delete(scope_prefix="/") == 1000


def test_the_same_id_twice_in_one_save_is_refused(storage: MortmainStorage) -> None:
    with pytest.raises(mortmain.InvalidRequest):
        storage.save([record("a", id="x"), record("b", id="x")])
    assert storage.count() == 0


def test_ids_of_content_are_kept_once(storage: MortmainStorage, other: MortmainStorage) -> None:
    def finding(writer: str | None) -> MemoryRecord:
        return record("tides rise", id=content_id("tides rise", writer))

    storage.save([finding(None), finding(None)])
    other.save([finding(None)])
    storage.save([finding(None)])
    assert storage.count() == 1
    storage.save([finding("a")])
    other.save([finding("b"), finding("a")])
    assert storage.count() == 3


def test_a_copy_is_the_same_connection(storage: MortmainStorage) -> None:
    one = record("x")
    storage.save([one])
    twin = copy.deepcopy(storage)
    twin.update(one.model_copy(update={"content": "y"}))
    assert (twin.directory, twin.prefix) == (storage.directory, storage.prefix)
    assert storage.directory in repr(storage)
    far = pickle.loads(pickle.dumps(storage))
    assert far.get_record(one.id).content == "y"
    far.close()


def test_a_directory_works_plain_and_as_a_context_manager(store: Store, prefix: str) -> None:
    with MortmainStorage(store.directory, prefix=prefix) as one:
        one.save([record("x")])
    assert one.count() == 1
    one.close()

    async def work() -> int:
        async with MortmainStorage(store.directory, prefix=prefix) as two:
            await two.asave([record("y")])
            assert len(await two.asearch(vector("y"))) == 2
            return await two.adelete(scope_prefix="/")

    assert asyncio.run(work()) == 2


def test_a_cancelled_save_leaves_all_of_it_or_nothing(storage: MortmainStorage) -> None:
    async def work(steps: int) -> int:
        task = asyncio.ensure_future(storage.asave([record(f"r{n}") for n in range(300)]))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return storage.count()

    for steps in (1, 2, 5):
        assert asyncio.run(work(steps)) in (0, 300)
        storage.reset()


def test_threads_of_one_object_lose_nothing(storage: MortmainStorage) -> None:
    def work(name: int) -> None:
        for n in range(20):
            storage.save([record(f"{name} {n}")])
            storage.search(vector(str(name)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert storage.count() == 80
