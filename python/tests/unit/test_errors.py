"""One code, one class, one advice; every error travels to another process whole."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import datetime, timezone

import pytest

import mortmain
from mortmain import _errors
from mortmain._replies import parse_snapshot

PROTOCOL = {
    "VERSION_CONFLICT": ("VersionConflict", "reread"),
    "FENCED": ("Fenced", "reread"),
    "CLAIM_HELD": ("ClaimHeld", "wait"),
    "CLAIM_LOST": ("ClaimLost", "claim"),
    "STORE_CHANGED": ("StoreChanged", "reread"),
    "FOREIGN_EDIT": ("ForeignEdit", "adopt"),
    "UNCONFIRMED": ("CommitUnconfirmed", "resolve"),
    "REQUEST_ID_REUSED": ("RequestIdReused", "never"),
    "REQUEST_ID_EXPIRED": ("RequestIdExpired", "never"),
    "INVALID": ("InvalidRequest", "never"),
    "TOO_LARGE": ("ValueTooLarge", "never"),
    "WRONG_TYPE": ("WrongType", "never"),
    "REFUSED_VALUE": ("ValueRefused", "never"),
    "COMPACTED": ("RevisionCompacted", "never"),
    "READ_ONLY": ("StoreReadOnly", "never"),
    "CORRUPT": ("JournalCorrupt", "never"),
    "UNAVAILABLE": ("GatewayUnavailable", "again"),
    "UNSUPPORTED": ("Unsupported", "never"),
    "CLOSED": ("StoreClosed", "never"),
}
CONFLICTS = {"VERSION_CONFLICT", "FENCED", "CLAIM_HELD", "CLAIM_LOST", "STORE_CHANGED", "FOREIGN_EDIT"}
CLASSES = [
    cls for _, cls in inspect.getmembers(_errors, inspect.isclass) if issubclass(cls, _errors.MortmainError)
]


def test_every_code_of_the_wire_has_its_class_and_advice():
    assert {code: (cls.__name__, cls.retry) for code, cls in _errors.BY_CODE.items()} == PROTOCOL
    assert {code for code, cls in _errors.BY_CODE.items() if issubclass(cls, _errors.Conflict)} == CONFLICTS


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_no_error_is_one_that_frameworks_swallow(cls):
    assert not issubclass(cls, (ValueError, TypeError, AttributeError, RuntimeError, OSError))
    assert getattr(mortmain, cls.__name__) is cls


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_pickles_with_all_it_carries(cls):
    fields = {name: f"<{name}>" for name in cls._fields}
    error = cls("what to do", retry="claim", key="k", failures=[{"code": "FENCED", "key": "k"}], **fields)
    if isinstance(error, mortmain.Conflict):
        error.attempts = 4
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(copied) is cls
        assert str(copied) == "what to do"
        assert copied.__dict__ == error.__dict__
        assert (copied.code, copied.retry, copied.key) == (cls.code, "claim", "k")
        assert copied.failures == ({"code": "FENCED", "key": "k"},)


def test_a_conflict_that_carries_a_snapshot_pickles():
    snap = {
        "key": "k",
        "version": 2,
        "tag": -5,
        "epoch": 0,
        "revision": 4,
        "exists": True,
        "len": 1,
        "type": "text/plain",
    }
    current, _ = parse_snapshot(snap, b"x", 0, 4, "store", None)
    error = mortmain.VersionConflict("no", expected=1, actual=2, winner="b", current=current)
    assert pickle.loads(pickle.dumps(error)).current == current


def test_a_code_of_a_newer_gateway_is_still_an_error_with_its_code():
    error = _errors.error_for("BRAND_NEW", "something", retry="never", whatever=1)
    assert type(error) is mortmain.MortmainError
    assert pickle.loads(pickle.dumps(error)).code == "BRAND_NEW"


def test_the_tree_in_the_module_names_every_class_once():
    tree = inspect.getdoc(_errors) or ""
    for cls in CLASSES:
        assert tree.count(f"{cls.__name__} ") + tree.count(f"{cls.__name__}\n") >= 1


def test_fields_that_were_not_told_are_there_and_none():
    error = mortmain.Fenced("x")
    assert (error.epoch, error.reclaimed_at, error.key) == (None, None, None)
    assert (
        mortmain.Fenced("x", reclaimed_at=datetime(2026, 1, 1, tzinfo=timezone.utc)).reclaimed_at is not None
    )
