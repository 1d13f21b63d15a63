"""The one loop: what is sent again, what is not, and what is said when no answer comes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import mortmain
from mortmain import _frames

from .frame_server import Asked, Cut, FrameServer, Hang, error, read_answer, receipt, snap


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "s"


def opened(server: FrameServer, **options):
    return mortmain.open(server.directory, agent="a", start=False, **{"timeout": 5.0, **options})


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(place):
    cuts = iter([True, True, False])

    def answer(asked: Asked):
        if next(cuts):
            raise Cut
        return receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        got = store.append("k", 1)
    assert got.version == 2
    first, *rest = server.asked
    assert len(rest) == 2
    assert {one.raw for one in rest} | {first.raw} == {first.raw} or all(
        one.raw[:8] == first.raw[:8] and one.raw[16:] == first.raw[16:] for one in rest
    )
    assert first.fields["store"] == "store-1"
    assert first.since == 10


def test_a_new_store_behind_the_same_directory_does_not_get_the_resend_as_its_own(place):
    def cut(asked: Asked):
        raise Cut

    server = FrameServer(place, cut)
    second: list[FrameServer] = []

    def replace(asked: Asked):
        server.close()
        second.append(
            FrameServer(place, lambda again: error("STORE_CHANGED"), instance="two", store_id="store-2")
        )
        raise Cut

    server.answer = replace
    with opened(server) as store, pytest.raises(mortmain.StoreChanged):
        store.append("k", 1)
    assert second[0].asked[0].fields["store"] == "store-1"
    second[0].close()


def test_no_answer_to_a_mutation_is_unconfirmed_and_names_the_request(place):
    def answer(asked: Asked):
        raise Hang

    with (
        FrameServer(place, answer) as server,
        opened(server, timeout=0.2) as store,
        pytest.raises(mortmain.CommitUnconfirmed) as caught,
    ):
        store.append("k", 1, request_id="mine")
    assert caught.value.request_id == "mine"
    assert caught.value.retry == "resolve"
    assert "mine" in str(caught.value)


def test_no_answer_to_a_read_is_unavailable_and_to_a_claim_held(place):
    def answer(asked: Asked):
        raise Hang

    with FrameServer(place, answer) as server, opened(server, timeout=0.2) as store:
        with pytest.raises(mortmain.GatewayUnavailable) as caught:
            store.read("k")
        assert caught.value.reason == "timeout"
        with pytest.raises(mortmain.ClaimHeld):
            store.claim("k")


def test_a_claim_on_a_connection_that_was_silent_for_long_is_not_taken_for_an_old_one(place):
    def answer(asked: Asked):
        if len(server.asked) == 1:
            server.revision = 5_000_000
            return error("REQUEST_ID_EXPIRED", request_id=asked.fields["claim_id"])
        there, value = snap("k", 1)
        granted = {"claim_id": asked.fields["claim_id"], "key": "k", "epoch": 3, "ttl": 30.0, "snap": there}
        return {**granted, "store_id": "store-1", "read_revision": 10}, value

    with FrameServer(place, answer) as server, opened(server) as store:
        claim = store.claim("k")
        first, second = server.asked[:2]
        assert claim.value == 1
    assert (first.since, second.since) == (10, 5_000_000)


def test_a_gateway_that_stays_away_leaves_a_sent_commit_unconfirmed_and_an_unsent_one_unavailable(place):
    server: FrameServer

    def answer(asked: Asked):
        server.close()
        raise Cut

    with FrameServer(place, answer) as server, opened(server, timeout=0.4) as store:
        with pytest.raises(mortmain.CommitUnconfirmed):
            store.append("k", 1)
        with pytest.raises(mortmain.GatewayUnavailable):
            store.append("k", 1)


def test_a_connection_that_the_gateway_closed_while_idle_is_not_used_again(place):
    with FrameServer(place, lambda asked: receipt(asked, "k")) as server, opened(server) as store:
        store.append("k", 1)
        server.connections[-1].shutdown(2)
        store.append("k", 2)
    assert len(server.asked) == 2


def test_a_negative_answer_after_an_unanswered_copy_is_not_taken_for_no(place):
    answers = iter(["cut", "late"])

    def answer(asked: Asked):
        if next(answers) == "cut":
            raise Cut
        return error("UNAVAILABLE", reason="timeout")

    with (
        FrameServer(place, answer) as server,
        opened(server) as store,
        pytest.raises(mortmain.CommitUnconfirmed),
    ):
        store.append("k", 1)


def test_the_deadline_is_on_the_gateways_clock(place):
    with FrameServer(place, lambda asked: receipt(asked, "k")) as server, opened(server) as store:
        store.append("k", 1, timeout=2.0)
        store.append("k", 1)
    assert 5_001_000 < server.asked[0].deadline < 5_003_500
    assert server.asked[1].deadline > 5_004_000


def test_ctrl_c_in_an_exchange_never_leaves_its_answer_to_the_next_call(place):
    release = threading.Event()

    def answer(asked: Asked):
        if asked.fields["keys"] == ["slow"]:
            release.wait(5)
            return read_answer(snap("slow", "old"))
        return read_answer(snap("k", "new"))

    with FrameServer(place, answer) as server, opened(server) as store:
        import signal

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                store.read("slow")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        release.set()
        assert store.read("k").value == "new"


def test_update_repeats_with_a_new_attempt_of_one_id_and_then_takes_its_turn(place):
    conflict = error("VERSION_CONFLICT", retry="reread", expected=1, actual=2, winner="b")

    def answer(asked: Asked):
        if asked.op == 2:
            return read_answer(snap("k", 1))
        if asked.op == 15:
            fields, data = snap("k", 5, version=4)
            return {"turn": 77, "store_id": "store-1", "read_revision": 10, "snap": fields}, data
        return conflict if asked.attempt < 2 else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        store.update("k", lambda value: value + 1)
        commits = [asked for asked in server.asked if asked.op == 3]
        assert [asked.attempt for asked in commits] == [0, 1, 2]
        assert len({asked.request_id for asked in commits}) == 1
        assert [asked.fields["plain"] for asked in commits] == [False] * 3
        assert [asked.fields.get("turn") for asked in commits] == [None, None, 77]
        assert commits[2].payload == b"6"
        # The key is known to be contended now: the next update takes its turn at once.
        server.asked.clear()
        store.update("k", lambda value: value + 1, request_id="other")
        assert server.asked[0].op == 15


def test_update_gives_up_with_the_last_conflict_and_the_number_of_rounds(place):
    def answer(asked: Asked):
        if asked.op == 2:
            return read_answer(snap("k", 1))
        return error("CLAIM_HELD", retry="wait", holder="b", retry_after=0.05)

    with (
        FrameServer(place, answer) as server,
        opened(server) as store,
        pytest.raises(mortmain.ClaimHeld) as caught,
    ):
        store.update("k", lambda value: 2, timeout=0.3)
    assert caught.value.attempts > 1
    assert caught.value.holder == "b"


def test_a_function_that_raises_or_returns_nothing_passes_its_turn_on(place):
    def answer(asked: Asked):
        if asked.op == 15:
            fields, data = snap("k", 5)
            return {"turn": 3, "store_id": "store-1", "read_revision": 10, "snap": fields}, data
        if asked.op == 17:
            return {}
        return read_answer(snap("k", 5))

    with FrameServer(place, answer) as server, opened(server) as store:
        store._link.note_contention("k")
        with pytest.raises(mortmain.InvalidRequest, match="DELETE"):
            store.update("k", lambda value: None)
        with pytest.raises(ZeroDivisionError):
            store.update("k", lambda value: 1 / 0)
    assert [asked.op for asked in server.asked] == [15, 17, 15, 17]


def test_a_slow_function_does_not_use_up_the_time_of_the_commit(place):
    def answer(asked: Asked):
        return read_answer(snap("k", 5)) if asked.op == 2 else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server, timeout=0.2) as store:
        store.update("k", lambda value: time.sleep(0.4) or 6)
    assert server.asked[1].deadline - server.asked[0].deadline >= 350


def test_each_round_of_update_gets_a_default_of_its_own(place):
    rejected = iter([True, False])

    def answer(asked: Asked):
        if asked.op == 2:
            return read_answer(snap("k", exists=False))
        return error("VERSION_CONFLICT", retry="reread") if next(rejected) else receipt(asked, "k")

    with FrameServer(place, answer) as server, opened(server) as store:
        store.update("k", lambda value: value.append(1) or value, default=[])
    assert server.asked[-1].payload == b"[1]"


def test_another_instance_than_the_directory_names_is_not_talked_to(place):
    with FrameServer(place, lambda asked: {}) as server:
        server.hello = {"instance": "stranger"}
        with pytest.raises(mortmain.GatewayUnavailable, match="another gateway"):
            opened(server, timeout=0.3)


def test_no_common_protocol_is_told_with_both_ranges(place):
    with FrameServer(place, lambda asked: {}) as server:
        server.hello = {"protocol": 9}
        with pytest.raises(mortmain.ProtocolMismatch, match=r"1\.\.1.*9\.\.9"):
            opened(server, timeout=0.3)


def test_a_frame_above_the_limit_is_refused_before_it_is_sent(place):
    with (
        FrameServer(place, lambda asked: receipt(asked, "k")) as server,
        opened(server) as store,
        pytest.raises(mortmain.ValueTooLarge) as caught,
    ):
        store.create("k", b"x" * (3 << 20))
    assert (caught.value.size, caught.value.limit) == (3 << 20, 1 << 20)
    assert server.asked == []


def test_an_id_is_resolved_with_what_was_known_when_it_was_made_and_a_strangers_with_nothing(place):
    """Otherwise a commit that is no longer remembered would be reported as one that did not happen."""

    def answer(asked: Asked):
        if asked.op == _frames.RESOLVE:
            return {"outcome": "not_committed"}, b""
        raise Hang

    with FrameServer(place, answer) as server, opened(server, timeout=0.3) as store:
        with pytest.raises(mortmain.CommitUnconfirmed) as unconfirmed:
            store.append("k", 1)
        store.resolve(unconfirmed.value.request_id)
        store.resolve("somebody else's")
    assert [one.since for one in server.asked if one.op == _frames.RESOLVE] == [10, 0]
