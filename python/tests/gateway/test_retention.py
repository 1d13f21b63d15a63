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
