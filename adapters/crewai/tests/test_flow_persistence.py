"""@persist on mortmain: a run saves on what it loaded, and a flow that waits for a human goes on once."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import mortmain
import pytest
from crewai.flow.async_feedback.types import HumanFeedbackPending, PendingFeedbackContext
from crewai.flow.flow import Flow, FlowState, listen, start
from crewai.flow.human_feedback import human_feedback
from crewai.flow.persistence import persist
from crewai.flow.runtime import _resolve_persistence
from mortmain import Store
from pydantic import Field

from conftest import refused
from fakes import Point
from mortmain_crewai import MortmainFlowPersistence


class Notes(FlowState):
    notes: list[str] = Field(default_factory=list)


Persistences = Callable[..., MortmainFlowPersistence]


@pytest.fixture
def persistences(store: Store, prefix: str) -> Iterator[Persistences]:
    """Persistence objects of several agents on one place."""
    made: list[MortmainFlowPersistence] = []

    def make(agent: str = "test", **options: Any) -> MortmainFlowPersistence:
        made.append(MortmainFlowPersistence(store.as_agent(agent), prefix=prefix, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def research(
    persistence: MortmainFlowPersistence, name: str, meanwhile: Callable[[], Any] | None = None
) -> Flow[Any]:
    @persist(persistence)
    class Research(Flow[Notes]):
        @start()
        def think(self) -> None:
            if meanwhile is not None:
                meanwhile()

        @listen(think)
        def write_down(self) -> None:
            self.state.notes = [*self.state.notes, name]

        @listen(write_down)
        def done(self) -> None:
            pass

    return Research(persistence=persistence, suppress_flow_events=True)


def run(flow: Flow[Any], flow_id: str = "research") -> None:
    flow.kickoff(inputs={"id": flow_id})


# -------------------------------------------------------------------- states


def test_a_run_that_was_overtaken_cannot_save(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    run(research(a, "first"))
    with pytest.raises(RuntimeError) as caught:
        run(research(a, "slow", lambda: run(research(b, "second"))))
    conflict = refused(caught.value)
    assert isinstance(conflict, mortmain.VersionConflict)
    assert a.fence_error is conflict
    with pytest.raises(mortmain.VersionConflict):
        a.raise_if_fenced()
    a.raise_if_fenced()
    assert (b.load_state("research") or {})["notes"] == ["first", "second"]


def test_runs_that_share_an_object_are_told_apart(persistences: Persistences) -> None:
    """The base belongs to the run: what another run of this object loads or saves does not move it."""
    a = persistences()
    run(research(a, "first"))
    with pytest.raises(RuntimeError) as caught:
        run(research(a, "slow", lambda: threaded(lambda: run(research(a, "second")))))
    assert isinstance(refused(caught.value), mortmain.VersionConflict)
    # A direct load in between launders nothing either.
    with pytest.raises(RuntimeError):
        run(research(a, "slow", lambda: threaded(lambda: [run(research(a, "third")), a.load_state("research")])))
    assert (a.load_state("research") or {})["notes"] == ["first", "second", "third"]


def test_a_nested_run_of_the_same_flow_overtakes_the_outer_one(persistences: Persistences) -> None:
    a = persistences()
    run(research(a, "first"))
    with pytest.raises(RuntimeError):
        run(research(a, "outer", lambda: run(research(a, "inner"))))
    assert (a.load_state("research") or {})["notes"] == ["first", "inner"]


def threaded(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_two_runs_at_once_have_one_winner(persistences: Persistences) -> None:
    a = persistences()
    run(research(a, "first"))
    together = threading.Barrier(2)
    told: list[str] = []

    def work(name: str) -> None:
        try:
            run(research(a, name, lambda: together.wait(30.0)))
            told.append(name)
        except RuntimeError as error:
            refused(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("x", "y")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(told) == 1
    assert (a.load_state("research") or {})["notes"] == ["first", *told]


def test_the_race_is_lost_without_the_ticket(persistences: Persistences, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage: a save that goes on from a fresh read, as CrewAI's own storage does."""

    def laundered(self: Any, store: Store, flow: str, state: Any) -> Any:
        return store.read(self._state(flow)).ticket()

    monkeypatch.setattr(MortmainFlowPersistence, "_base", laundered)
    a, b = persistences("a"), persistences("b")
    run(research(a, "first"))
    run(research(a, "slow", lambda: run(research(b, "second"))))
    assert (b.load_state("research") or {})["notes"] == ["first", "slow"]


def test_an_id_that_was_not_loaded_can_only_be_created(persistences: Persistences) -> None:
    a, b = persistences(), persistences()
    a.save_state("x", "begin", {"id": "x", "n": 1})
    a.save_state("x", "again", {"id": "x", "n": 2})
    with pytest.raises(mortmain.VersionConflict):
        b.save_state("x", "begin", {"id": "x", "n": 3})
    assert b.load_state("x") == {"id": "x", "n": 2}
    b.save_state("x", "now", {"id": "x", "n": 3})
    with pytest.raises(mortmain.VersionConflict):
        a.save_state("x", "late", {"id": "x", "n": 4})
    assert a.load_state("nobody") is None


def test_a_flow_object_that_runs_again_goes_on_from_its_own_saves(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    flow = research(a, "n")
    flow.kickoff()
    flow.kickoff()
    assert (b.load_state(flow.state.id) or {})["notes"] == ["n", "n"]
    run(research(b, "other"), flow.state.id)
    with pytest.raises(RuntimeError):
        flow.kickoff()
    assert (b.load_state(flow.state.id) or {})["notes"] == ["n", "n", "other"]


def test_a_fork_writes_its_own_id(persistences: Persistences) -> None:
    a = persistences()
    run(research(a, "first"))
    fork = research(a, "forked")
    try:
        fork.kickoff(restore_from_state_id="research")
    except TypeError:
        pytest.fail("no forks in this version")
    assert (a.load_state(fork.state.id) or {})["notes"] == ["first", "forked"]
    assert (a.load_state("research") or {})["notes"] == ["first"]


def test_states_come_back_as_from_crewais_own_storage(persistences: Persistences) -> None:
    a = persistences()
    state = {
        "id": "x",
        "when": datetime(2026, 1, 2, 3),
        "day": date(2026, 1, 2),
        "point": Point(x=1, y=2),
        "points": [Point(x=3, y=4)],
        "set": {"b", "a"},
        "pair": (1, 2),
        7: "seven",
    }
    a.save_state("x", "m", state)
    assert a.load_state("x") == {
        "id": "x",
        "when": "2026-01-02T03:00:00",
        "day": "2026-01-02",
        "point": {"x": 1, "y": 2},
        "points": [{"x": 3, "y": 4}],
        "set": ["a", "b"],
        "pair": [1, 2],
        "7": "seven",
    }
    odd = {"id": "y", "nan": float("inf"), "half": "\ud800"}
    a.save_state("y", "m", odd)
    assert a.load_state("y") == odd
    with pytest.raises(mortmain.InvalidRequest):
        a.save_state("z", "m", ["no", "dict"])  # type: ignore[arg-type]
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    with pytest.raises(mortmain.InvalidRequest):
        a.save_state("z", "m", ring)


def test_it_is_rebuilt_from_its_dump(store: Store, prefix: str) -> None:
    with MortmainFlowPersistence(store.directory, prefix=prefix) as one:
        one.save_state("x", "m", {"id": "x"})
        twin = _resolve_persistence(one.model_dump(mode="json"))
        assert isinstance(twin, MortmainFlowPersistence)
        assert (twin.directory, twin.prefix) == (store.directory, prefix)
        assert twin.load_state("x") == {"id": "x"}
        twin.close()
        assert copy.deepcopy(one).load_state("x") == {"id": "x"}
        assert store.directory in repr(one)


# -------------------------------------------------------------------- human feedback


class Later:
    def request_feedback(self, context: PendingFeedbackContext, flow: Flow[Any]) -> str:
        raise HumanFeedbackPending(context=context)


shipped: list[str] = []


class Order(Flow[Notes]):
    @start()
    @human_feedback(message="ship it?", provider=Later())
    def ask(self) -> str:
        return "order 7"

    @listen(ask)
    def ship(self, answer: Any) -> None:
        shipped.append(answer.feedback)


def kept(persistence: MortmainFlowPersistence) -> type[Flow[Any]]:
    """The same, and it saves its state after each step."""

    @persist(persistence)
    class Kept(Flow[Notes]):
        @start()
        @human_feedback(message="ship it?", provider=Later())
        def ask(self) -> str:
            return "order 7"

        @listen(ask)
        def ship(self, answer: Any) -> None:
            shipped.append(answer.feedback)

    return Kept


class Twice(Flow[Notes]):
    """It asks a second time."""

    @start()
    @human_feedback(message="ship it?", provider=Later())
    def ask(self) -> str:
        return "order 7"

    @listen(ask)
    @human_feedback(message="sure?", provider=Later())
    def ask_again(self, answer: Any) -> str:
        return "sure"

    @listen(ask_again)
    def ship(self, answer: Any) -> None:
        shipped.append(answer.feedback)


@pytest.fixture(autouse=True)
def _no_orders() -> None:
    shipped.clear()


def paused(persistence: MortmainFlowPersistence) -> None:
    flow = Order(persistence=persistence, suppress_flow_events=True)
    flow.kickoff(inputs={"id": "7"})


def resumed(persistence: MortmainFlowPersistence) -> Flow[Any]:
    return Order.from_pending("7", persistence, suppress_flow_events=True)


def test_who_comes_second_is_told_before_anything_runs(persistences: Persistences) -> None:
    a, b, c = persistences("a"), persistences("b"), persistences("c")
    paused(a)
    one = resumed(b)
    with pytest.raises(mortmain.ClaimHeld) as caught:
        resumed(c)
    assert caught.value.holder == "b"
    one.resume("yes")
    assert shipped == ["yes"]
    with pytest.raises(ValueError, match="No pending feedback"):
        resumed(c)
    assert a.peek("7") is None


def test_looking_claims_nothing_and_what_is_given_back_is_free(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    paused(a)
    found = a.peek("7")
    assert found is not None
    assert found[1].message == "ship it?"
    resumed(a)
    assert a.load_pending_feedback("7") is not None
    with pytest.raises(mortmain.ClaimHeld):
        b.load_pending_feedback("7")
    a.release("7")
    resumed(b).resume("b")
    assert shipped == ["b"]
    assert a.load_pending_feedback("nobody") is None


def test_two_deliveries_of_one_answer_to_one_process_run_the_next_step_once(persistences: Persistences) -> None:
    """A web server has one persistence and many threads; a webhook may come twice."""
    a = persistences()
    paused(a)
    both_loaded, loading = threading.Barrier(2), threading.Lock()
    told: list[BaseException] = []

    def handle() -> None:
        with loading:  # At the very same time the second one gets ClaimHeld.
            flow = resumed(a)
        both_loaded.wait(30.0)
        try:
            flow.resume("yes")
        except mortmain.Conflict as error:
            told.append(error)

    threads = [threading.Thread(target=handle) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert shipped == ["yes"]
    assert [type(one) for one in told] == [mortmain.ClaimLost]


def test_a_resume_in_another_thread_than_its_load_runs_the_next_step_once(persistences: Persistences) -> None:
    a = persistences()
    paused(a)
    flows = [resumed(a), resumed(a)]
    told: list[BaseException] = []

    def resume(flow: Flow[Any]) -> None:
        try:
            flow.resume("yes")
        except mortmain.Conflict as error:
            told.append(error)

    for flow in flows:
        threaded(lambda flow=flow: resume(flow))
    assert shipped == ["yes"]
    assert [type(one) for one in told] == [mortmain.ClaimLost]
    a.clear_pending_feedback("nobody")


def test_an_answer_at_the_second_load_goes_on_to_save(persistences: Persistences) -> None:
    a = persistences()
    flow = kept(a)
    flow(persistence=a, suppress_flow_events=True).kickoff(inputs={"id": "7"})
    flow.from_pending("7", a, suppress_flow_events=True)
    flow.from_pending("7", a, suppress_flow_events=True).resume("yes")
    assert shipped == ["yes"]
    again = a.load_state("7")
    assert again is not None
    a.save_state("7", "later", again)


def test_what_was_given_back_is_not_answered(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    paused(a)
    flow = resumed(a)
    a.release("7")
    with pytest.raises(mortmain.ClaimLost):
        flow.resume("a")
    resumed(b).resume("b")
    assert shipped == ["b"]


def test_the_same_process_may_load_again_by_another_object(store: Store, prefix: str) -> None:
    one, two = (MortmainFlowPersistence(store.directory, prefix=prefix) for _ in range(2))
    paused(one)
    resumed(one)
    resumed(two).resume("yes")
    assert shipped == ["yes"]
    one.close()
    two.close()


def test_a_resumer_that_stalled_is_fenced_before_the_next_step(persistences: Persistences, store: Store) -> None:
    a, b = persistences("a"), persistences("b")
    paused(a)
    stalled = resumed(a)
    store.reclaim(a._pending("7"), reason="it does not answer")
    resumed(b).resume("b")
    with pytest.raises(mortmain.Conflict):
        stalled.resume("a")
    assert shipped == ["b"]


def test_a_claim_runs_out(persistences: Persistences, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = persistences("a", ttl=0.2), persistences("b")
    paused(a)
    claim = store.claim
    # As if the process had stopped: nobody renews.
    monkeypatch.setattr(Store, "claim", lambda self, key, ttl: claim.__func__(self, key, ttl, 0.0, 0.2))  # type: ignore[attr-defined]
    stalled = resumed(a)
    monkeypatch.undo()
    with store.claim(a._pending("7"), wait=20.0):
        pass
    resumed(b).resume("b")
    with pytest.raises(mortmain.Fenced):
        stalled.resume("a")
    assert shipped == ["b"]


def test_an_answer_that_was_broken_off_can_be_given_again(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    kept(a)(persistence=a, suppress_flow_events=True).kickoff(inputs={"id": "7"})
    first = kept(a).from_pending("7", a, suppress_flow_events=True)
    a.save_state("7", "ask", first.state.model_dump())
    a.release("7")
    again = kept(b).from_pending("7", b, suppress_flow_events=True)
    again.resume("yes")
    assert shipped == ["yes"]


def test_a_zombies_save_is_refused_while_another_one_answers(persistences: Persistences, store: Store) -> None:
    a, b = persistences("a"), persistences("b")
    kept(a)(persistence=a, suppress_flow_events=True).kickoff(inputs={"id": "7"})
    zombie = kept(a).from_pending("7", a, suppress_flow_events=True)
    store.reclaim(a._pending("7"), reason="it does not answer")
    kept(b).from_pending("7", b, suppress_flow_events=True)
    zombie.state.notes = ["late"]
    with pytest.raises((RuntimeError, mortmain.Fenced)) as caught:
        zombie.resume("a")
    assert isinstance(refused(caught.value), mortmain.Fenced)
    assert shipped == []


def test_a_flow_that_went_on_meanwhile_is_not_resumed_on_its_old_state(persistences: Persistences) -> None:
    a, b = persistences("a"), persistences("b")
    paused(a)
    state = b.load_state("7")
    assert state is not None
    b.save_state("7", "other", {**state, "notes": ["newer"]})
    with pytest.raises(mortmain.VersionConflict):
        resumed(a)
    a.clear_pending_feedback("7")
    assert a.load_pending_feedback("7") is None
    assert (a.load_state("7") or {})["notes"] == ["newer"]


def test_a_pause_after_a_pause(persistences: Persistences) -> None:
    a = persistences()

    Twice(persistence=a, suppress_flow_events=True).kickoff(inputs={"id": "7"})
    Twice.from_pending("7", a, suppress_flow_events=True).resume("go on")
    assert shipped == []
    found = a.peek("7")
    assert found is not None
    assert found[1].message == "sure?"
    Twice.from_pending("7", a, suppress_flow_events=True).resume("yes")
    assert shipped == ["yes"]
    assert a.peek("7") is None


def test_a_cancelled_run_leaves_whole_states(persistences: Persistences) -> None:
    a = persistences()

    @persist(a)
    class Slow(Flow[Notes]):
        @start()
        async def think(self) -> None:
            self.state.notes = ["thought"]

        @listen(think)
        async def stall(self) -> None:
            reached.set()
            await asyncio.sleep(3600)

    async def work() -> None:
        task = asyncio.ensure_future(
            Slow(persistence=a, suppress_flow_events=True).kickoff_async(inputs={"id": "slow"})
        )
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    reached = asyncio.Event()
    asyncio.run(work())
    assert (a.load_state("slow") or {})["notes"] == ["thought"]
