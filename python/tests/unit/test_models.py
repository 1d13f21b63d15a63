"""Models are frozen, travel to other processes, and a ticket survives as text."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import datetime, timezone

import pytest

import mortmain
from mortmain import _models
from mortmain._replies import parse_receipt, with_result
from mortmain._requests import resolve_base

WHEN = datetime(2026, 1, 2, tzinfo=timezone.utc)
SNAPSHOT = mortmain.Snapshot(
    "a:b/c", {"x": [1]}, 3, -7, 1, 40, 44, "s1", "w", WHEN, "application/json", True, False, {"m": "1"}
)
RECEIPT = mortmain.Receipt("a:b/c", 4, 9, 1, 45, "s1", "id", False, 12)
MANY = mortmain.Receipt(
    "", 0, 0, 0, 45, "s1", "id", False, None, True, (RECEIPT, dataclasses.replace(RECEIPT, key="z"))
)
MODELS = [
    SNAPSHOT,
    RECEIPT,
    MANY,
    SNAPSHOT.ticket(),
    mortmain.ClaimInfo("k", "h", 1, 30.0, 12.5, WHEN),
    mortmain.Mount("plans/", "/plans", True, "raise", 9, 2, 0, 1, ("plans/a",), None),
    mortmain.Committed(RECEIPT),
    mortmain.NotCommitted(),
    mortmain.VerifyReport(True, 1, 2, 3, 4, 5),
    mortmain.Event("put", "k", 1, 0, 9, "w", WHEN, 3, "id", {"m": "1"}, [1], "application/json"),
    mortmain.Blame(0, "item", "w", 1, 9, WHEN, "id", {}),
    mortmain.Difference("changed", ("steps", 1), 1, [2]),
    mortmain.BackupReport("/b", "s1", 9, 1, 2, 3, 4, WHEN),
    mortmain.Rejection("a", "FENCED", 0.5, 3, "b"),
    mortmain.Contention("k", {"a": 1}, {"FENCED": 1}, {"b": 1}, 0, mortmain.Rejection("b", "FENCED", 1.0)),
    mortmain.Operation("read", "k", "ok", 0.1, 1, 9),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_model_pickles_and_is_frozen(model):
    assert pickle.loads(pickle.dumps(model)) == model
    assert copy.deepcopy(model) == model
    for name in [field.name for field in dataclasses.fields(model)][:1]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(model, name, None)


def test_the_models_of_the_module_are_all_tested():
    declared = {
        cls
        for cls in vars(_models).values()
        if dataclasses.is_dataclass(cls) and cls.__module__ == _models.__name__
    }
    assert {type(model) for model in MODELS} == declared


def test_snapshots_and_receipts_can_be_in_sets():
    assert len({SNAPSHOT, SNAPSHOT, RECEIPT, MANY}) == 3


def test_a_ticket_round_trips_as_text_whatever_its_key_holds():
    ticket = SNAPSHOT.ticket()
    assert mortmain.Ticket.parse(str(ticket)) == ticket
    assert ticket != SNAPSHOT.ticket(), "two tickets of one read are two rights"


@pytest.mark.parametrize(
    "text", ["", "x", "mortmain-ticket-1:a:b:c:d:e:f:g", "mortmain-ticket-1:1:2:3:4", None, 5]
)
def test_text_that_is_no_ticket_is_refused(text):
    with pytest.raises(mortmain.InvalidRequest):
        mortmain.Ticket.parse(text)


def test_a_partial_snapshot_is_no_base():
    partial = dataclasses.replace(SNAPSHOT, partial=True)
    with pytest.raises(mortmain.InvalidRequest, match="partial"):
        partial.ticket()
    with pytest.raises(mortmain.InvalidRequest, match="partial"):
        resolve_base(partial, partial.key)


def test_a_base_of_another_key_is_refused():
    for base in (SNAPSHOT, RECEIPT, SNAPSHOT.ticket(), MANY):
        with pytest.raises(mortmain.InvalidRequest):
            resolve_base(base, "other")
    with pytest.raises(mortmain.InvalidRequest):
        resolve_base({"version": 3}, "other")
    assert resolve_base(MANY, "z").key == "z"


def test_a_receipt_over_several_keys_gives_one_per_key_and_one_of_one_key_itself():
    fields = {"revision": 9, "store_id": "s", "request_id": "r", "replayed": False}
    both = parse_receipt({**fields, "keys": [["a", 1, 2, 3, 9, None], ["b", 5, 6, 7, 9, 4]]})
    assert list(both.keys) == ["a", "b"]
    assert both.keys["b"].result == 4
    assert both.revision == 9
    one = parse_receipt({**fields, "keys": [["a", 1, 2, 3, 8, True, "ignored"]]})
    assert (one.key, one.version, one.result, one.keys) == ("a", 1, True, {"a": one})
    assert with_result(one, "mine").keys == {"a": one}
    assert parse_receipt({**fields, "keys": []}).keys == {}


def test_delete_is_one_object_everywhere():
    assert pickle.loads(pickle.dumps(mortmain.DELETE)) is mortmain.DELETE
    assert copy.deepcopy(mortmain.DELETE) is mortmain.DELETE
