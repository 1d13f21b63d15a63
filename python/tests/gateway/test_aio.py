"""The asynchronous twin over the real gateway: same answers, and cancellation never mixes them up."""

from __future__ import annotations

import asyncio

import pytest

import mortmain


def test_the_same_calls_give_the_same_answers(store, at):
    async def run() -> None:
        aio = store.aio
        receipt = await aio.create(f"{at}k", {"x": 1})
        snap = await aio.read(f"{at}k")
        assert (snap.value, snap.version) == ({"x": 1}, receipt.version)
        assert snap == store.read(f"{at}k")
        with pytest.raises(mortmain.VersionConflict):
            await aio.create(f"{at}k", 2)
        await aio.commit(f"{at}k", {"x": 2}, base=snap)
        await aio.merge(f"{at}k", {"y": 1})
        assert (await aio.append(f"{at}l", 1, unique="u")).result == 1
        assert (await aio.extend(f"{at}l", [2, 3])).result == 3
        assert (await aio.increment(f"{at}n", 2)).result == 2
        assert (await aio.add_to_set(f"{at}s", 2)).result is True
        assert (await aio.ensure(f"{at}n", 5)).version == 1
        assert set(await aio.read_many([f"{at}k", f"{at}l"])) == {f"{at}k", f"{at}l"}
        assert [snap.key async for snap in aio.scan(at)] == [f"{at}{name}" for name in ("k", "l", "n", "s")]
        await aio.delete(f"{at}n", base=await aio.read(f"{at}n"))
        await aio.check(await aio.read(f"{at}k"))
        assert await aio.resolve(f"{at}none") == mortmain.NotCommitted()
        assert (await aio.info())["store_id"] == receipt.store_id
        assert (await aio.verify()).ok
        assert await aio.reclaim(f"{at}k") == [(f"{at}k", 1, None)]
        assert await aio.claims(at) == []
        with pytest.raises(mortmain.Unsupported):
            await aio.reduce(f"{at}k", "a:b", 1)
        assert aio.as_agent("x", meta={"a": "b"}).agent == "x"

    asyncio.run(run())


def test_a_store_outlives_event_loops(store, at):
    for number in range(3):
        asyncio.run(store.aio.append(f"{at}l", number))
    assert store.read(f"{at}l").value == [0, 1, 2]


def test_close_is_called_or_awaited(shared_store):
    async def run(awaited: bool) -> None:
        store = await mortmain.aio.open(shared_store.directory)
        closing = store.close()
        if awaited:
            assert await closing is None
        with pytest.raises(mortmain.StoreClosed):
            await store.read("k")

    for awaited in (True, False):
        asyncio.run(run(awaited))


def test_many_tasks_share_it_and_no_update_is_lost(store, at):
    async def add(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    async def run() -> None:
        await asyncio.gather(*(store.aio.update(f"{at}n", add, default=0, timeout=60) for _ in range(30)))

    asyncio.run(run())
    assert store.read(f"{at}n").value == 30


def test_a_claim_is_entered_or_awaited(store, at):
    async def run() -> None:
        aio = store.aio
        async with aio.claim(f"{at}k", ttl=20.0) as claim:
            await claim.commit([1])
            assert claim.value == [1]
            await claim.append(2)
            with pytest.raises(mortmain.InvalidRequest, match="read"):
                _ = claim.value
            assert (await claim.read()).value == [1, 2]
            await claim.commit([*claim.value, 3])
            await claim.check()
            await aio.check(claim)
            with pytest.raises(mortmain.ClaimHeld):
                await aio.claim(f"{at}k")
        with pytest.raises(mortmain.ClaimLost):
            await claim.commit(1)
        claim = await aio.claim(f"{at}k")
        await claim.delete()
        await claim.merge({"a": 1})
        await claim.release()
        assert (await aio.read(f"{at}k")).value == {"a": 1}

    asyncio.run(run())


def test_transactions_write_locally_and_await_their_reads(store, at):
    async def run() -> None:
        aio = store.aio
        async with aio.transaction() as txn:
            txn.put(f"{at}a", 1)
            assert (await txn.read(f"{at}a")).value == 1
            assert [snap.key async for snap in txn.scan(at)] == [f"{at}a"]
        assert txn.receipt.version == 1
        with pytest.raises(ZeroDivisionError):
            async with aio.transaction() as txn:
                txn.put(f"{at}a", 2)
                raise ZeroDivisionError
        runs = []

        async def work(txn):
            found = await txn.read_many([f"{at}a"])
            runs.append(1)
            if len(runs) == 1:
                await aio.increment(f"{at}a", 10)
            txn.put(f"{at}a", found[f"{at}a"].value + 1)
            return "done"

        receipt = await aio.transact(work)
        assert (receipt.result, len(runs)) == ("done", 2)
        assert (await aio.read(f"{at}a")).value == 12

    asyncio.run(run())


def test_a_cancelled_call_never_leaves_its_answer_to_the_next_one(store, at):
    async def run() -> None:
        aio = store.aio
        await aio.create(f"{at}k", "value")
        held = await aio.as_agent("holder").claim(f"{at}held")
        waiting = asyncio.ensure_future(aio.append(f"{at}held", 1, timeout=60))
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for _ in range(5):
            assert (await aio.read(f"{at}k")).value == "value"
        await held.release()

    asyncio.run(run())


def test_a_cancelled_wait_for_a_claim_leaves_no_claim_behind(store, at):
    async def run() -> None:
        aio = store.aio
        async with aio.as_agent("holder").claim(f"{at}k") as held:
            waiting = asyncio.ensure_future(aio.claim(f"{at}k", wait=None)._acquire())
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with aio.claim(f"{at}k", wait=10.0) as claim:
            assert claim.epoch == held.epoch

    asyncio.run(run())


def test_a_silent_gateway_times_out_without_blocking_the_loop(tmp_path):
    from unit.frame_server import FrameServer, Hang

    def hang(asked):
        raise Hang

    async def run() -> None:
        with FrameServer(tmp_path / "s", hang) as server:
            async with mortmain.aio.open(server.directory, start=False, timeout=0.3) as aio:
                ticks = 0

                async def tick() -> None:
                    nonlocal ticks
                    while True:
                        await asyncio.sleep(0.01)
                        ticks += 1

                ticking = asyncio.ensure_future(tick())
                with pytest.raises(mortmain.CommitUnconfirmed):
                    await aio.append("k", 1)
                ticking.cancel()
                assert ticks > 10

    asyncio.run(run())


def test_open_and_retry(shared_store, at):
    async def run() -> None:
        async with mortmain.aio.open(shared_store.directory, agent="later") as aio:
            assert aio.agent == "later"
            tries = []

            @mortmain.aio.retry(attempts=3, backoff=0.001)
            async def work() -> str:
                snap = await aio.read(f"{at}n")
                tries.append(1)
                if len(tries) < 3:
                    await aio.increment(f"{at}n", 1)
                await aio.commit(f"{at}n", 0, base=snap)
                return "done"

            assert await work() == "done"
            assert len(tries) == 3
        with pytest.raises(mortmain.StoreClosed):
            await aio.read(f"{at}n")
        again = await mortmain.aio.open(shared_store.directory)
        assert await again.read_many([]) == {}
        again.close()

    asyncio.run(run())


def test_stop_and_the_next_call_starts_it_again(own_store):
    async def run() -> None:
        aio = own_store.aio
        pid = (await aio.info())["pid"]
        await aio.stop()
        assert (await aio.info())["pid"] != pid

    asyncio.run(run())
