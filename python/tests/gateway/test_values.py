"""What is written is read back, whatever it is; what cannot be is refused and changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

import mortmain
from mortmain.testing import temporary_store

VALUES = {
    "nothing": None,
    "empty text": "",
    "one letter": "x",
    "empty bytes": b"",
    "one byte": b"\x00",
    "text of all kinds": 'grüße, \U0001f600, \u2028, \x00, \\, "',
    "empty list": [],
    "empty object": {},
    "a big integer": 2**200,
    "a small float": 5e-324,
    "minus zero": -0.0,
    "an object": {"ä": [1, 2.5, None, True, {"": ""}], "z": 1, "a": 2},
    "true": True,
    "1 MB of text": "é" * 500_000,
    "10 MB": b"0123456789" * 1_000_000,
    "10 MB of JSON": ["x" * 99] * 100_000,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_reads_back_as_it_was_written(store, at, name):
    value = VALUES[name]
    store.create(f"{at}k", value)
    back = store.read(f"{at}k").value
    assert back == value
    assert type(back) is type(value)
    if isinstance(value, dict):
        assert list(back) == list(value)


def test_a_value_of_900_levels(store, at):
    value: list = []
    for _ in range(900):
        value = [value]
    try:
        store.create(f"{at}k", value)
    except mortmain.InvalidRequest:
        assert not store.read(f"{at}k").exists
    else:
        assert json.dumps(store.read(f"{at}k").value) == json.dumps(value)


def test_what_is_too_large_is_refused_with_both_numbers(store, at):
    with pytest.raises(mortmain.ValueTooLarge) as caught:
        store.create(f"{at}k", b"x" * (65 << 20))
    assert caught.value.size == 65 << 20
    assert caught.value.limit == 64 << 20
    with pytest.raises(mortmain.ValueTooLarge):
        store.create(f"{at}k", b"x" * (200 << 20))
    assert not store.read(f"{at}k").exists


@pytest.mark.parametrize(
    "value",
    [float("nan"), {1: 2}, {"a": {1}}, "\ud800", [object()]],
    ids=["nan", "number-as-name", "set", "surrogate", "object"],
)
def test_what_cannot_be_stored_is_refused_before_it_is_sent(store, at, value):
    for call in (
        lambda: store.create(f"{at}k", value),
        lambda: store.append(f"{at}k", value),
        lambda: store.update(f"{at}k", lambda old: value),
    ):
        with pytest.raises(mortmain.InvalidRequest):
            call()
    assert not store.read(f"{at}k").exists


BAD_KEYS = [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    ".",
    "a/../b",
    "~x",
    "a\nb",
    "\x7f",
    "x" * 1025,
    "é" * 513,
    "\ud800",
    None,
    7,
    b"k",
]


@pytest.mark.parametrize("bad", BAD_KEYS, ids=repr)
def test_a_bad_key_is_refused_wherever_it_is_given(store, bad):
    for call in (
        lambda: store.read(bad),
        lambda: store.read_many([bad]),
        lambda: store.create(bad, 1),
        lambda: store.append(bad, 1),
        lambda: store.update(bad, lambda value: 1),
        lambda: store.claim(bad),
    ):
        with pytest.raises(mortmain.InvalidRequest):
            call()


@pytest.mark.parametrize(
    "good", ["a", "A b", "é/\U0001f600", "x" * 1024, "a.b", "...", "a~", "%", mortmain.key("", "..", "~")]
)
def test_a_good_key_is_taken(store, good):
    assert store.read(good).key == good
    store.update(good, lambda value: 1)
    assert store.read(good).value == 1


@dataclass
class Plan:
    title: str
    steps: list[str]


def test_a_store_with_a_codec_reads_its_model_back_and_leaves_the_rest_alone():
    with temporary_store(codec=mortmain.codec(Plan)) as store:
        store.create("plan", Plan("t", ["a"]))
        store.update("plan", lambda plan: Plan(plan.title, [*plan.steps, "b"]))
        base = store.read("plan")
        assert base.value == Plan("t", ["a", "b"])
        store.merge("plan", {"title": "u"}, base=base)
        with pytest.raises(mortmain.VersionConflict):
            store.merge("plan", {"title": "v"}, base=base)
        assert store.read("plan").value == Plan("u", ["a", "b"])
        store.create("text", "t")
        assert store.read("text").value == "t"
        with mortmain.open(store.directory, agent="plain") as plain:
            assert plain.read("plan").value == {"title": "u", "steps": ["a", "b"]}


@pytest.mark.parametrize("value", [None, 7, "text", b"\x00\xff", {"a": ["é"]}, "", b""])
def test_a_round_in_turn_sees_and_says_what_any_other_does(store, at, value):
    if value is not None:
        store.create(f"{at}k", value)
    store._link.note_contention(f"{at}k")
    seen = []

    def change(old):
        seen.append(old)
        return {"was": old is not None}

    receipt = store.update(f"{at}k", change, "none")
    assert seen == ["none" if value is None else value]
    snap = store.read(f"{at}k")
    assert snap.value == {"was": True}
    assert (receipt.key, receipt.version, receipt.tag, receipt.epoch) == (snap.key, snap.version, snap.tag, snap.epoch)
    assert (receipt.revision, receipt.store_id) == (snap.revision, snap.store_id)
    assert store.resolve(receipt.request_id).receipt.version == snap.version
    gone = store.update(f"{at}k", lambda old: mortmain.DELETE)
    assert not store.read(f"{at}k").exists
    assert store.commit(f"{at}k", "again", base=gone).version == gone.version + 1
