"""What history is kept is a setting of the store; compaction drops the rest, and never what is young."""

from __future__ import annotations

import asyncio

import pytest

import mortmain

WEEK = 7 * 86400


def test_rules_are_kept_by_the_store_and_taken_back(own_store):
    assert own_store.config()["retain"] == {"": {"versions": 1, "seconds": WEEK}}
    rules = own_store.retain("logs/", versions=10, days=1.5)["retain"]
    assert rules["logs/"] == {"versions": 10, "seconds": 129600}
    own_store.retain("", versions=3)
    directory = own_store.directory
    own_store.stop()
    with mortmain.open(directory) as again:
        kept = again.config()["retain"]
        assert kept == {"": {"versions": 3, "seconds": 0}, "logs/": {"versions": 10, "seconds": 129600}}
        assert again.retain("logs/")["retain"] == {"": {"versions": 3, "seconds": 0}}
        assert again.retain("")["retain"] == {"": {"versions": 1, "seconds": WEEK}}
        again.stop()


def test_sizes_are_settings_too(own_store):
    assert own_store.config()["history_bytes"] == 10 << 30
    assert own_store.config(history_bytes=1 << 20)["history_bytes"] == 1 << 20
    assert asyncio.run(own_store.aio.config())["history_bytes"] == 1 << 20
    with pytest.raises(mortmain.InvalidRequest, match="no setting"):
        own_store.config(colour=3)
    with pytest.raises(mortmain.InvalidRequest):
        own_store.config(history_bytes=-1)


def test_a_value_above_the_limit_that_was_set_is_too_large_for_whoever_writes_it(own_store):
    own_store.create("k", "x" * 4000)
    assert own_store.config(value_bytes=2048)["value_bytes"] == 2048
    assert own_store.info()["limits"]["value"] == 2048
    for _run in range(2):
        base = own_store.read("k")
        for write in (
            lambda base=base: own_store.commit("k", "y" * 3000, base=base),
            lambda: own_store.update("k", lambda old: old + "!"),
            lambda: own_store.extend("list", ["y" * 1000] * 3),
        ):
            with pytest.raises(mortmain.ValueTooLarge) as refused:
                write()
            assert (refused.value.limit, refused.value.size > 2048) == (2048, True)
        own_store.stop()
    assert own_store.read("k").value == "x" * 4000


def test_a_client_that_refuses_by_itself_names_the_limit_that_was_set(own_store):
    own_store.config(value_bytes=1 << 20)
    with mortmain.open(own_store.directory) as fresh, pytest.raises(mortmain.ValueTooLarge) as refused:
        fresh.create("k", b"x" * (140 << 20))
    assert refused.value.limit == 1 << 20


def test_an_agent_that_was_silent_for_longer_than_ids_are_remembered_commits_all_the_same(own_store):
    own_store.config(horizon_ids=1000)
    own_store.create("k", 0)
    with mortmain.open(own_store.directory, agent="silent") as silent:
        base = silent.read("k")
        asyncio.run(_many_ids(own_store))
        receipt = silent.commit("k", 1, base=base)
        assert (receipt.version, receipt.replayed) == (2, False)
        asyncio.run(_many_ids(own_store))
        assert silent.update("k", lambda n: n + 1).version == 3
        assert asyncio.run(_again(own_store, silent)) == 4


async def _many_ids(store):
    """More than a horizon of 1,000 ids leaves."""
    await asyncio.gather(*(store.aio.increment("n", 1) for _ in range(1100)))


async def _again(busy, silent):
    async with mortmain.aio.open(silent.directory, agent="silent") as store:
        await store.read("k")
        await _many_ids(busy)
        return (await store.update("k", lambda n: _plus_one(n))).version


async def _plus_one(n):
    return n + 1


def test_an_id_of_the_callers_is_not_run_again_behind_a_horizon_that_was_set(own_store):
    own_store.config(horizon_ids=1000)
    with mortmain.open(own_store.directory, agent="silent") as silent:
        assert silent.increment("once", 1, request_id="mine").result == 1
        assert silent.increment("once", 1, request_id="mine").replayed
        asyncio.run(_many_ids(own_store))
        with pytest.raises(mortmain.RequestIdExpired):
            silent.increment("once", 1, request_id="mine")
    own_store.stop()
    assert own_store.config()["horizon_ids"] == 1000
    assert own_store.read("once").value == 1


@pytest.mark.parametrize("wrong", [{"versions": -1}, {"days": -1}, {"days": float("nan")}, {"versions": 1.5}])
def test_a_rule_that_says_nothing_sensible_is_refused(store, wrong):
    with pytest.raises(mortmain.InvalidRequest):
        store.retain("logs/", **wrong)


def test_a_prefix_ends_with_a_slash(store):
    with pytest.raises(mortmain.InvalidRequest):
        store.retain("logs", versions=1)


def test_what_is_younger_than_a_minute_survives_a_compaction(own_store):
    own_store.retain("", versions=1)
    own_store.create("k", 0)
    for n in range(1, 40):
        own_store.commit("k", [n, "x" * 60_000], overwrite=True)
    report = own_store.compact()
    assert report["bytes"] <= report["bytes_before"]
    assert [own_store.read("k", version=v).value[0] for v in (2, 20, 40)] == [1, 19, 39]
    assert own_store.verify().ok
    assert asyncio.run(own_store.aio.compact())["records_dropped"] == 0
