"""Keys, requestIds, arguments, retry, open's arguments: what needs no gateway."""

from __future__ import annotations

import os
import re
import time

import pytest

import mortmain
from mortmain import _arguments as arguments
from mortmain import _requests as requests
from mortmain._grant import _seconds
from mortmain._open import default_agent, directory_of
from mortmain._request_id import encode_request_id, uuid7


def legal(name: str) -> bool:
    parts = name.split("/")
    return (
        0 < len(name.encode()) <= 1024
        and not name.startswith("~")
        and not any(part in ("", ".", "..") for part in parts)
        and name.isprintable()
    )


PARTS = [
    "a",
    "",
    ".",
    "..",
    "a/b",
    "%",
    "%2F",
    "~x",
    "ä",
    "\ud800",
    "\n",
    " ",
    "A",
    7,
    None,
    "a%2Fb",
    "x" * 2000,
    "😀",
    "%H",
]


def test_any_parts_make_a_legal_key_and_different_parts_different_keys():
    tuples = [(one,) for one in PARTS] + [(one, two) for one in PARTS for two in PARTS]
    names = {parts: mortmain.key(*parts) for parts in tuples}
    assert all(legal(name) for name in names.values()), [name for name in names.values() if not legal(name)]
    meant = {tuple(str(part) for part in parts) for parts in tuples}
    assert len(set(names.values())) == len(meant)


def test_a_key_stays_readable_where_it_can():
    assert mortmain.key("threads", "42", "größe") == "threads/42/größe"
    assert mortmain.key("threads", "x" * 3000).startswith("threads/%H")
    with pytest.raises(mortmain.InvalidRequest):
        mortmain.key()


def test_request_ids_are_uuids_of_version_7_in_the_order_of_time():
    ids = [uuid7() for _ in range(500)]
    assert len(set(ids)) == 500
    for one in ids:
        assert re.fullmatch(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)
    stamps = [int(one.replace(b"-", b"")[:12], 16) for one in ids]
    assert stamps == sorted(stamps)
    assert abs(stamps[-1] - time.time() * 1000) < 5000


@pytest.mark.parametrize("bad", ["", "x" * 129, "é" * 65, "\ud800", 5, b"id"])
def test_a_bad_request_id_is_refused(bad):
    with pytest.raises(mortmain.InvalidRequest) as caught:
        encode_request_id(bad)
    assert caught.value.field == "request_id"


@pytest.mark.parametrize("bad", [True, float("nan"), float("inf"), "1", None, [1]])
def test_only_a_finite_number_is_an_increment(bad):
    with pytest.raises(mortmain.InvalidRequest):
        arguments.number_text(bad)


def test_increments_are_json_numbers():
    from decimal import Decimal

    texts = [arguments.number_text(by) for by in (1, -2, 1.5, 1e300, Decimal("0.10"), Decimal("1E+2"))]
    assert texts == ["1", "-2", "1.5", "1e+300", "0.10", "1e+2"]


def test_bad_arguments_are_named():
    for field, call in (
        ("key", lambda: arguments.check_key(3)),
        ("meta", lambda: arguments.check_meta({"a": 1})),
        ("meta", lambda: arguments.check_meta({"a": "\ud800"})),
        ("meta", lambda: arguments.check_meta({"\ud800": "a"})),
        ("unique", lambda: arguments.check_uniques(["a"], 2)),
        ("items", lambda: arguments.check_items("abc")),
        ("limit", lambda: arguments.check_limit(-1)),
        ("agent", lambda: requests.Author("")),
        ("ttl", lambda: _seconds("ttl", 0.01, 0.1)),
        ("ttl", lambda: _seconds("ttl", float("inf"), 0.1)),
        ("wait", lambda: _seconds("wait", float("nan"), 0.0)),
        ("attempts", lambda: mortmain.retry(attempts=0)),
        ("backoff", lambda: mortmain.retry(backoff=-1)),
    ):
        with pytest.raises(mortmain.InvalidRequest) as caught:
            call()
        assert caught.value.field == field


def test_a_merge_base_is_cut_down_to_the_fields_that_the_patch_names():
    base = mortmain.Snapshot("k", {"a": 1, "b": 2, "c": 3}, 4, 5, 6, 7, 8, "s")
    draft = requests.Draft(None)
    draft.merge_base(base, {"b": 9, "new": None})
    request = draft.check()
    assert b"".join(request.payload) == b'{"b":2}'
    assert draft.guards == [["fields", "k", 4, 5, 7], ["epoch", "k", 6]]
    receipt = mortmain.Receipt("k", 4, 5, 6, 7, "s", "id")
    draft = requests.Draft(None)
    draft.merge_base(receipt, {"b": 9})
    assert draft.guards == [["version", "k", 4, 5], ["epoch", "k", 6]]


def test_retry_repeats_reread_and_wait_and_nothing_else():
    calls = []

    def failing(error):
        @mortmain.retry(attempts=3, backoff=0.001)
        def work():
            calls.append(1)
            raise error

        with pytest.raises(type(error)) as caught:
            work()
        made = len(calls)
        calls.clear()
        return made, getattr(caught.value, "attempts", None)

    assert failing(mortmain.VersionConflict("x")) == (3, 3)
    assert failing(mortmain.ClaimHeld("x", retry_after=0.001)) == (3, 3)
    assert failing(mortmain.Fenced("x")) == (3, 3)
    assert failing(mortmain.Fenced("x", retry="claim")) == (1, 1)
    assert failing(mortmain.ForeignEdit("x")) == (1, 1)
    assert failing(mortmain.InvalidRequest("x")) == (1, None)


def test_retry_returns_what_the_function_returned_and_refuses_async_functions():
    tries = iter([mortmain.VersionConflict("x"), None])

    @mortmain.retry(backoff=0.0)
    def work(value):
        error = next(tries)
        if error:
            raise error
        return value

    assert work(5) == 5

    async def later():
        pass

    with pytest.raises(mortmain.InvalidRequest, match=r"aio\.retry"):
        mortmain.retry()(later)
    with pytest.raises(mortmain.InvalidRequest, match=r"mortmain\.retry"):
        mortmain.aio.retry()(work)


def test_a_place_is_a_path_a_file_url_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert directory_of("s") == str(tmp_path / "s")
    assert directory_of(tmp_path / "s") == str(tmp_path / "s")
    assert directory_of(f"file://{tmp_path}/a%20b") == str(tmp_path / "a b")
    monkeypatch.setenv("MORTMAIN_DIR", "e")
    assert directory_of(None) == str(tmp_path / "e")
    monkeypatch.delenv("MORTMAIN_DIR")
    for bad in (None, "", 3, b"x", "file://host/x"):
        with pytest.raises(mortmain.InvalidRequest):
            directory_of(bad)
    with pytest.raises(mortmain.Unsupported):
        directory_of("etcd://host/x")


def test_the_default_agent_is_the_script_and_its_pid(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/x/plan.py"])
    monkeypatch.delenv("MORTMAIN_AGENT", raising=False)
    assert default_agent() == f"plan.py:{os.getpid()}"
    monkeypatch.setenv("MORTMAIN_AGENT", "me")
    assert default_agent() == "me"
