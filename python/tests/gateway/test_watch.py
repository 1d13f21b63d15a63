"""A watch sees every event once and in order, whatever happens to gateway, connection or consumer."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import mortmain


def kinds(events) -> list[tuple[str, str, int]]:
    return [(event.kind, event.key, event.version) for event in events]


def test_a_watch_is_from_its_call_on_and_ends_with_silence(store, at):
    store.create(f"{at}before", 1)
    events = store.watch(at, timeout=0.3, values=True)
    store.create(f"{at}a", {"n": 1})
    store.create(f"other-{at}a", 1)
    store.append(f"{at}l", "x")
    store.delete(f"{at}a", overwrite=True)
    found = list(events)
    assert kinds(found) == [("put", f"{at}a", 1), ("delta", f"{at}l", 1), ("delete", f"{at}a", 2)]
    assert [(event.value, event.before) for event in found] == [({"n": 1}, None), (["x"], 0), (None, None)]
    assert [event.revision for event in found] == sorted({event.revision for event in found})
    assert next(events, None) is None
    store.create(f"{at}b", 1)
    assert next(events).key == f"{at}b"


def test_reclaims_are_events_with_the_new_epoch_and_the_version(store, at):
    receipt = store.create(f"{at}k", 1)
    claim = store.as_agent("ann").claim(f"{at}k").__enter__()
    store.as_agent("operator").reclaim(f"{at}k", reason="stalled")
    store.reclaim(prefix=at, reason="moved")
    found = list(store.watch(at, after=receipt.revision, timeout=0))
    assert [(e.kind, e.key, e.version, e.epoch, e.writer, e.holder, e.reason) for e in found] == [
        ("reclaim", f"{at}k", 1, 1, "operator", "ann", "stalled"),
        ("reclaim", at, 0, 0, "test", None, "moved"),
    ]
    with pytest.raises(mortmain.Fenced):
        claim.check()


def test_a_commit_over_several_keys_is_one_event_per_key_with_one_revision(store, at):
    begun = store.watch(at).revision
    with store.transaction() as txn:
        for name in "cab":
            txn.put(f"{at}{name}", name)
    found = list(store.watch(at, after=begun, timeout=0))
    assert sorted(event.key for event in found) == [f"{at}a", f"{at}b", f"{at}c"]
    assert {event.revision for event in found} == {txn.receipt.revision}
    assert {event.request_id for event in found} == {txn.receipt.request_id}


def test_going_on_from_its_revision_neither_repeats_nor_skips(store, at):
    begun = store.watch(at).revision
    for n in range(6):
        with store.transaction() as txn:
            txn.put(f"{at}a", n)
            txn.put(f"{at}b", n)
    whole = list(store.watch(at, after=begun, timeout=0))
    assert len(whole) == 12
    for count in range(1, 12):
        first = store.watch(at, after=begun, timeout=0)
        taken = [next(first) for _ in range(count)]
        rest = list(store.watch(at, after=first.revision, timeout=0))
        # In the middle of a commit it goes on with the whole of it: never a part of a commit.
        assert taken[: count - count % 2] + rest == whole


def test_a_bad_watch_is_refused_at_once(store):
    for bad in ({"prefix": "no-slash"}, {"after": -1}, {"after": "1"}, {"timeout": -1.0}, {"timeout": "1"}):
        with pytest.raises(mortmain.InvalidRequest):
            store.watch(**bad)
    with pytest.raises(mortmain.StoreChanged):
        next(store.watch(after=2**62))


def test_a_watch_waits_in_the_gateway_and_hears_at_once(store, at):
    events = store.watch(at, timeout=20)
    late: list[float] = []

    def consume() -> None:
        for _ in range(20):
            next(events)
            late.append(time.monotonic())

    consumer = threading.Thread(target=consume)
    consumer.start()
    written = []
    for n in range(20):
        store.append(f"{at}l", n)
        written.append(time.monotonic())
    consumer.join(20)
    assert len(late) == 20
    assert sorted(b - a for a, b in zip(written, late, strict=True))[10] < 0.2


def test_closing_ends_it(store, at):
    begun = store.watch(at).revision
    store.create(f"{at}a", 1)
    store.create(f"{at}b", 1)
    with store.watch(at, after=begun) as events:
        assert next(events).key == f"{at}a"
    assert list(events) == []


def test_a_slow_consumer_costs_a_page_and_no_more(own_store):
    """The journal is the queue: what a watcher has not fetched yet is held nowhere else."""
    begun = own_store.watch().revision
    blob = "x" * 100_000
    events = own_store.watch(after=begun, values=True, timeout=5)
    for n in range(300):
        own_store.ensure(f"k{n:03}", blob)
        if n == 0:
            assert next(events).key == "k000"
    assert len(events._position._page) == 0
    found = [next(events)]
    assert len(events._position._page) <= 50  # 4 MiB of them
    found += [next(events) for _ in range(298)]
    assert [event.key for event in found] == [f"k{n:03}" for n in range(1, 300)]
    assert max(len(event.value) for event in found) == len(blob)


def test_kill_nine_during_a_watch_leaves_no_gap_and_no_double(own_store, kill_gateway):
    begun = own_store.watch("jobs/").revision
    total, seen = 240, []
    failed: list[BaseException] = []

    def consume() -> None:
        try:
            with own_store.watch("jobs/", after=begun, values=True, timeout=60) as events:
                while len(seen) < total:
                    seen.append(next(events))
        except BaseException as error:
            failed.append(error)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for n in range(total):
        own_store.append(f"jobs/{n % 3}", n)
        if n % 60 == 30:
            kill_gateway(own_store)
    consumer.join(60)
    assert failed == []
    assert [event.value for event in seen] == [[n] for n in range(total)]
    assert [event.before for event in seen] == [n // 3 for n in range(total)]
    again = list(own_store.watch("jobs/", after=begun, values=True, timeout=0))
    assert again == seen


def test_a_watch_outlives_a_gateway_that_stops(own_store):
    events = own_store.watch(timeout=30)
    for n in range(3):
        own_store.create(f"k{n}", n)
        own_store.stop()
        assert next(events).key == f"k{n}"


def test_silence_ends_it_also_while_the_gateway_is_away(own_store):
    with mortmain.open(own_store.directory, agent="w", start=False, timeout=30) as passive:
        events = passive.watch(timeout=0.5)
        own_store.stop()
        begun = time.monotonic()
        assert list(events) == []
        assert time.monotonic() - begun < 10


def test_thousands_of_events_a_second(own_store):
    begun = own_store.watch().revision
    for _ in range(20):
        own_store.extend("l", list(range(100)))
        with own_store.transaction() as txn:
            for n in range(500):
                txn.put(f"k/{n}", n)
    start = time.monotonic()
    found = sum(1 for _ in own_store.watch("k/", after=begun, values=True, timeout=0))
    rate = found / (time.monotonic() - start)
    assert found == 10_000
    assert rate > 3_000, f"{rate:.0f} events a second"


def test_the_asynchronous_watch(store, at):
    async def run() -> None:
        aio = store.aio
        events = await aio.watch(at, timeout=20, values=True)
        begun = events.revision

        async def write() -> None:
            for n in range(5):
                await aio.append(f"{at}l", n)

        writer = asyncio.ensure_future(write())
        found = [await anext(events) for _ in range(5)]
        await writer
        assert [event.value for event in found] == [[n] for n in range(5)]
        assert [event async for event in aio.watch(at, after=begun, timeout=0, values=True)] == found
        assert kinds(await aio.history(f"{at}l")) == kinds(reversed(found))
        assert (await aio.read(f"{at}l", version=2)).value == [0, 1]
        assert [part.version for part in await aio.blame(f"{at}l")] == [1, 2, 3, 4, 5]
        assert [one.path for one in await aio.diff(f"{at}l", 4, 5)] == [(4,)]
        snap = await aio.read(f"{at}l")
        assert (await aio.restore(f"{at}l", 1, base=snap)).version == 6
        async with aio.watch(at) as waiting:
            task = asyncio.ensure_future(anext(waiting))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await aio.read(f"{at}l")).value == [0]

    asyncio.run(run())
