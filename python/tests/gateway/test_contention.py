"""Who wanted which key: conflicts and close writes are counted by name, and the log warns."""

from __future__ import annotations

from pathlib import Path

import pytest

import mortmain


def only(found: list[mortmain.Contention], key: str) -> mortmain.Contention | None:
    return next((one for one in found if one.key == key), None)


def test_conflicts_are_counted_by_key_code_and_agent(store, at):
    key = at + "plan"
    store.create(key, 0)
    base = store.read(key)
    store.as_agent("fast").commit(key, 1, base=base)
    for _ in range(3):
        with pytest.raises(mortmain.VersionConflict):
            store.as_agent("slow").commit(key, 2, base=base)
    with store.as_agent("holder").claim(key, ttl=30.0):
        with pytest.raises(mortmain.ClaimHeld):
            store.as_agent("late").claim(key)
        with pytest.raises(mortmain.ClaimHeld):
            store.as_agent("late").commit(key, 3, base=store.read(key))
    found = only(store.contention(), key)
    assert found is not None
    assert found.conflicts == {"VERSION_CONFLICT": 3, "CLAIM_HELD": 2}
    assert found.rejected == {"slow": 3, "late": 2}
    assert found.writers == {"test": 1, "fast": 1}
    assert found.last is not None
    assert (found.last.agent, found.last.code, found.last.winner) == ("late", "CLAIM_HELD", "holder")
    assert only(store.contention(window=0.0), key) is None


def test_a_zombie_counts_as_fenced(store, at):
    key = at + "plan"
    claim = store.as_agent("zombie").claim(key, ttl=30.0)
    store.reclaim(key, reason="stalled")
    with pytest.raises(mortmain.Fenced):
        claim.commit(1)
    claim.release()
    found = only(store.contention(), key)
    assert found is not None
    assert found.conflicts["FENCED"] >= 1
    assert set(found.rejected) == {"zombie"}


def test_writes_of_several_agents_count_only_when_they_are_close(store, at):
    near, alone = at + "near", at + "alone"
    for number in range(4):
        for agent in ("a", "b"):
            store.as_agent(agent).commit(near, number, overwrite=True)
        store.as_agent("a").commit(alone, number, overwrite=True)
    found = store.contention(within=30.0)
    assert only(found, alone) is None
    close = only(found, near)
    assert close is not None
    assert (close.writers, close.overwrites, close.conflicts) == ({"a": 4, "b": 4}, 8, {})
    assert only(store.contention(within=0.0), near) is None
    with pytest.raises(mortmain.InvalidRequest):
        store.contention(window=-1)


def test_the_most_contested_comes_first_and_the_async_twin_says_the_same(own_store):
    import asyncio

    for key, times in (("little", 1), ("much", 4)):
        own_store.create(key, 0)
        for _ in range(times):
            with pytest.raises(mortmain.VersionConflict):
                own_store.create(key, 0)
    assert [one.key for one in own_store.contention()] == ["much", "little"]
    assert [one.key for one in asyncio.run(own_store.aio.contention())] == ["much", "little"]


@pytest.mark.slow
def test_a_fight_is_a_warning_in_the_log_once(own_store, until):
    own_store.create("plan", 0)
    base = own_store.read("plan")
    own_store.as_agent("fast").commit("plan", 1, base=base)
    for _ in range(12):
        with pytest.raises(mortmain.VersionConflict):
            own_store.as_agent("slow").commit("plan", 2, base=base)
    own_store.create("calm", 0)
    log = Path(own_store.directory, "run", "gateway.log")
    until(lambda: "contention: plan" in log.read_text())
    line = next(line for line in log.read_text().splitlines() if "contention:" in line)
    assert " WARNING " in line
    assert "12 VERSION_CONFLICT" in line
    assert "slow" in line
    assert "calm" not in log.read_text()
    assert log.read_text().count("contention: plan") == 1
