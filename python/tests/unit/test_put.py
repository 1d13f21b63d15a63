"""The common commit is written without a Draft between: it must say what the Draft would."""

import json

import pytest

from mortmain import InvalidRequest
from mortmain._models import Receipt, Snapshot
from mortmain._requests import Author, Draft, put, resolve_base


def snapshot(key, version=7, revision=40):
    return Snapshot(key, "v", version, -3, 2, 30, revision, "store", "w", None, "text/plain", True, False, {})


@pytest.mark.parametrize("key", ["k", 'quote"and\\back', "ünïcödé/😀", "tab\tin it"])
@pytest.mark.parametrize("meta", [None, {"run": "7"}, {"a": '"'}])
@pytest.mark.parametrize("own", [None, {"a": "b"}])
@pytest.mark.parametrize("make", [snapshot, lambda key: Receipt(key, 8, 1 << 62, 5, 77, "store", "r")])
@pytest.mark.parametrize("options", [{}, {"plain": False, "attempt": 3, "turn": 12}])
def test_it_says_what_a_draft_says(key, meta, own, make, options):
    author, base = Author('pl"anner', own), make(key)
    fast = put(key, {"x": [1, "é"]}, base, None).request(author, b"id", meta, **options)
    draft = Draft(None)
    draft.base(resolve_base(base, key))
    draft.put(key, "application/json", fast.payload[0])
    slow = draft.request(author, b"id", meta, **options)
    assert json.loads(fast.fields) == json.loads(slow.fields)
    for part in ("op", "payload", "request_id", "attempt", "mutating", "stamp"):
        assert getattr(fast, part) == getattr(slow, part), part


def test_a_lone_surrogate_and_a_forged_base_are_refused():
    with pytest.raises(InvalidRequest):
        put("\ud800", 1, snapshot("\ud800"), None).request(Author("a"), b"id", None)
    with pytest.raises(InvalidRequest):
        put("k", 1, snapshot("k", version='1],["epoch"'), None).request(Author("a"), b"id", None)
