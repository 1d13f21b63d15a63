"""A commit of one value on its base crosses as numbers where the gateway takes them, and says what the object says."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

import mortmain
from mortmain import Receipt

from .frame_server import Asked, Cut, FrameServer, error, receipt
from .test_exactly_once import opened
from .test_in_turn import TURN, turned, updated

BASE = Receipt("k", 4, -7, 3, 9, "store-1", "of-before")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "s"


def brief(server: FrameServer) -> FrameServer:
    server.hello["features"] = ["brief"]
    return server


def test_a_commit_on_its_base_is_said_by_numbers(place):
    with brief(FrameServer(place, lambda asked: receipt(asked, "k"))) as server, opened(server) as store:
        assert store.commit("k", {"é": 1}, base=BASE).version == 2
        (asked,) = server.asked
        assert asked.fields["brief"] == (0, 4, -7, 3, 9, "a", "k", "application/json", "store-1")
        assert asked.payload.decode() == '{"é":1}'


def test_a_round_in_turn_is_said_by_numbers(place):
    def answer(asked: Asked) -> bytes | dict:
        if asked.op != TURN:
            return receipt(asked, "k")
        return struct.pack(">qqqqq", 7, 4, -7, 3, 10) + b"application/json", b"5"

    with brief(FrameServer(place, answer)) as server, opened(server) as store:
        updated(store, lambda value: value + 1)
        assert server.asked[1].fields["brief"] == (7, 4, -7, 3, 10, "a", "k", "application/json", "store-1")
        assert server.asked[1].payload == b"6"


def test_what_numbers_cannot_say_is_said_by_an_object(place):
    with brief(FrameServer(place, lambda asked: receipt(asked, "k"))) as server, opened(server) as store:
        store.commit("k", 1, base=BASE, meta={"step": "2"})
        store.as_agent("b", meta={"run": "1"}).commit("k", 1, base=BASE)
        store.commit("k" * 70_000, 1, base=replace(BASE, key="k" * 70_000))
        assert [asked.fields["writer"] for asked in server.asked] == ["a", "b", "a"]
        for wrong in (replace(BASE, version="4"), replace(BASE, store_id=None), replace(BASE, tag=None)):
            with pytest.raises(mortmain.InvalidRequest):
                store.commit("k", 1, base=wrong)
        assert len(store._link.pool._idle) == 1


def test_a_turn_that_came_as_an_object_is_answered_by_one(place):
    def answer(asked: Asked):
        return turned(7) if asked.op == TURN else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        updated(store, lambda value: value + 1)
        assert server.asked[1].fields["turn"] == 7


def test_a_lost_answer_is_asked_for_again_with_the_same_numbers(place):
    cuts = iter([True, False])

    def answer(asked: Asked):
        if next(cuts):
            raise Cut
        return receipt(asked, "k", replayed=True)

    with brief(FrameServer(place, answer)) as server, opened(server) as store:
        assert store.commit("k", 1, base=BASE).replayed
        first, second = server.asked
        assert (first.fields, first.since, first.request_id) == (second.fields, second.since, second.request_id)
        assert "brief" in second.fields


def test_an_older_gateway_that_takes_over_in_the_midst_is_never_asked_in_numbers(place):
    def answer(asked: Asked):
        server.hello["features"] = []
        raise Cut

    with brief(FrameServer(place, answer)) as server, opened(server) as store:
        with pytest.raises(mortmain.CommitUnconfirmed) as caught:
            store.commit("k", 1, base=BASE, request_id="mine")
        assert caught.value.request_id == "mine"
        assert len(server.asked) == 1
        server.answer = lambda asked: receipt(asked, "k")
        store.commit("k", 2, base=BASE)
        assert server.asked[1].fields["writer"] == "a"


def test_a_refusal_of_numbers_is_the_refusal_of_an_object(place):
    refusal = error("VERSION_CONFLICT", retry="reread", expected=4, actual=5)
    with brief(FrameServer(place, lambda asked: refusal)) as server, opened(server) as store:
        with pytest.raises(mortmain.VersionConflict) as caught:
            store.commit("k", 1, base=BASE)
        assert (caught.value.expected, caught.value.actual) == (4, 5)
