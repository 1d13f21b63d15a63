"""A round of `update` in turn, written in a straight line: what goes wrong in it goes on as in any other round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mortmain

from .frame_server import Asked, Cut, FrameServer, error, receipt, snap
from .test_exactly_once import opened

COMMIT, TURN, TURN_END = 3, 15, 17


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "s"


def turned(turn: int, value: Any = 5, **more: Any) -> Any:
    fields, data = snap("k", value, **more)
    return {"turn": turn, "store_id": "store-1", "read_revision": 10, "snap": fields}, data


def updated(store: mortmain.Store, function: Any, **options: Any) -> mortmain.Receipt:
    store._link.note_contention("k")
    return store.update("k", function, **options)


def test_what_is_committed_stands_on_the_value_that_came_with_the_turn(place):
    def answer(asked: Asked):
        return turned(7, version=4) if asked.op == TURN else receipt(asked, "k", version=5)

    with FrameServer(place, answer) as server, opened(server) as store:
        one = store.as_agent("a", meta={"run": "1"})
        assert updated(one, lambda value: value + 1, meta={"step": "2"}).version == 5
        commit = server.asked[1]
        assert commit.fields["guards"] == [["version", "k", 4, 7], ["epoch", "k", 3]]
        assert commit.fields["writes"] == [["put", "k", "application/json", 1, False]]
        assert commit.fields["turn"] == 7
        assert commit.fields["meta"] == {"run": "1", "step": "2"}
        assert (commit.fields["base_revision"], commit.fields["store"]) == (10, "store-1")
        assert commit.payload == b"6"
        assert len(store._link.pool._idle) == 1


def test_a_lost_round_goes_on_under_its_id_and_is_counted(place):
    def answer(asked: Asked):
        if asked.op == TURN:
            return turned(7 + asked.deadline % 2)
        return error("VERSION_CONFLICT", retry="reread") if asked.attempt == 0 else receipt(asked, "k")

    seen: list[mortmain.Operation] = []
    with FrameServer(place, answer) as server, opened(server, observe=seen.append) as store:
        updated(store, lambda value: value + 1, request_id="mine")
        commits = [asked for asked in server.asked if asked.op == COMMIT]
        assert [(asked.request_id, asked.attempt) for asked in commits] == [("mine", 0), ("mine", 1)]
        assert [(one.outcome, one.attempts) for one in seen] == [("ok", 2)]


def test_a_lost_answer_is_asked_for_again_with_the_same_request(place):
    cuts = iter([True, False])

    def answer(asked: Asked):
        if asked.op == TURN:
            return turned(7)
        if next(cuts):
            raise Cut
        return receipt(asked, "k")

    runs: list[int] = []
    with FrameServer(place, answer) as server, opened(server) as store:
        updated(store, lambda value: runs.append(value) or value + 1)
    first, second = (asked for asked in server.asked if asked.op == COMMIT)
    assert first.raw[:8] == second.raw[:8]
    assert first.raw[16:] == second.raw[16:]
    assert runs == [5]


def test_deleting_in_turn_deletes_on_that_base(place):
    def answer(asked: Asked):
        return turned(7, version=4) if asked.op == TURN else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        updated(store, lambda value: mortmain.DELETE)
        commit = server.asked[1]
        assert commit.fields["guards"] == [["version", "k", 4, 7], ["epoch", "k", 3]]
        assert commit.fields["writes"] == [["delete", "k", False]]
        assert commit.fields["turn"] == 7
        assert len(store._link.pool._idle) == 1


def test_a_conflict_of_the_function_is_not_taken_for_a_lost_round(place):
    def answer(asked: Asked):
        return turned(7) if asked.op == TURN else {}

    def conflicting(value: int) -> int:
        raise mortmain.VersionConflict("of another call")

    with FrameServer(place, answer) as server, opened(server) as store:
        with pytest.raises(mortmain.VersionConflict, match="of another call"):
            updated(store, conflicting)
        assert [asked.op for asked in server.asked] == [TURN, TURN_END]
        assert len(store._link.pool._idle) == 1


def test_what_cannot_be_written_passes_the_turn_on(place):
    def answer(asked: Asked):
        return turned(7) if asked.op == TURN else {}

    with FrameServer(place, answer) as server, opened(server) as store:
        with pytest.raises(mortmain.InvalidRequest, match="set is not JSON"):
            updated(store, lambda value: {1, 2})
        with pytest.raises(mortmain.InvalidRequest, match="meta"):
            updated(store, lambda value: 6, meta={"a": 1})
        assert [asked.op for asked in server.asked] == [TURN, TURN_END, TURN, TURN_END]


def test_a_large_value_goes_out_in_pieces_in_a_turn_too(place):
    def answer(asked: Asked):
        return turned(7) if asked.op == TURN else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        updated(store, lambda value: b"x" * 100_000)
        assert server.asked[1].payload == b"x" * 100_000
        assert server.asked[1].fields["turn"] == 7
        assert len(store._link.pool._idle) == 1


def test_a_store_without_a_deadline_waits_for_its_turn_as_long_as_it_takes(place):
    def answer(asked: Asked):
        return turned(7, exists=False) if asked.op == TURN else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server, timeout=None) as store:
        updated(store, lambda value: [*value, 1], default=[])
        assert server.asked[0].fields == {"key": "k", "wait": None}
        assert [asked.deadline for asked in server.asked] == [0, 0]
        assert server.asked[1].payload == b"[1]"
