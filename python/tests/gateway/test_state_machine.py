"""Random programs on a real gateway, step by step against a model of a few lines: every answer and every error."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import mortmain
from mortmain.testing import temporary_store

NAMES = ("a/x", "a/y", "b/z")
keys = st.sampled_from(NAMES)
numbers = st.integers(-1000, 1000)
lists = st.lists(st.integers(0, 3), max_size=3)
objects = st.dictionaries(st.sampled_from("pq"), numbers, max_size=2)
values = numbers | lists | objects | st.text(max_size=5)
patches = st.dictionaries(st.sampled_from("pq"), st.none() | numbers, max_size=2)


@dataclass
class Known:
    """What the model knows of a key."""

    version: int = 0
    epoch: int = 0
    exists: bool = False
    value: Any = None
    # The items by their ids.
    uniques: dict[str, int] = field(default_factory=dict)
    claim: int | None = None

    def put(self, value: Any) -> None:
        self.version, self.exists, self.value = self.version + 1, True, value
        # An id is remembered as long as its item is in the list.
        kept = value if isinstance(value, list) else []
        self.uniques = {unique: item for unique, item in self.uniques.items() if item in kept}

    def delete(self) -> None:
        self.version, self.exists, self.value, self.uniques = self.version + 1, False, None, {}


@dataclass
class Held:
    """A claim handle, and what became of the claim."""

    number: int
    name: str
    epoch: int
    handle: mortmain.Claim
    fate: str = "live"


@dataclass
class Done:
    """An acknowledged commit that may be sent again."""

    request_id: str
    again: Callable[[Any], mortmain.Receipt]
    receipt: mortmain.Receipt
    value: Any


_examples = itertools.count()


class Programs(RuleBasedStateMachine):
    """One example: keys of its own below a prefix, on a gateway that all examples share."""

    store: mortmain.Store
    bases = Bundle("bases")
    held = Bundle("held")
    done = Bundle("done")

    def __init__(self) -> None:
        super().__init__()
        self.at = f"m{next(_examples)}/"
        self.known = {name: Known() for name in NAMES}
        self.claims: list[Held] = []
        self.ids = 0
        self.restarts = 0

    def key(self, name: str) -> str:
        return self.at + name

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.at}{self.ids}"

    def expect(self, error: type[mortmain.MortmainError] | None, call: Callable[[], Any]) -> Any:
        if error is None:
            return call()
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error
        return None

    def verdict(self, name: str, base: mortmain.Snapshot[Any] | None) -> type[mortmain.MortmainError] | None:
        """In the order of the protocol."""
        known = self.known[name]
        if base is not None and base.epoch != known.epoch:
            return mortmain.Fenced
        if known.claim is not None:
            return mortmain.ClaimHeld
        if known.exists if base is None else base.version != known.version:
            return mortmain.VersionConflict
        return None

    # ------------------------------------------------------------ reads

    @initialize(lucky=st.integers(0, 7))
    def begin(self, lucky: int) -> None:
        self.restarts = 1 if lucky == 0 else 0

    @rule(target=bases, name=keys)
    def read(self, name: str) -> tuple[str, mortmain.Snapshot[Any]]:
        snapshot = self.store.read(self.key(name))
        self.compare(name, snapshot)
        return name, snapshot

    def compare(self, name: str, snapshot: mortmain.Snapshot[Any]) -> None:
        known = self.known[name]
        told = (snapshot.version, snapshot.epoch, snapshot.exists, snapshot.value)
        assert told == (known.version, known.epoch, known.exists, known.value)

    @rule()
    def read_everything(self) -> None:
        found = self.store.read_many([self.key(name) for name in NAMES])
        assert len({snapshot.read_revision for snapshot in found.values()}) == 1
        for name in NAMES:
            self.compare(name, found[self.key(name)])
        scanned = {snapshot.key: snapshot.value for snapshot in self.store.scan(self.at)}
        assert scanned == {self.key(name): known.value for name, known in self.known.items() if known.exists}

    @rule(name=keys)
    def history(self, name: str) -> None:
        events = self.store.history(self.key(name), limit=None)
        assert [event.version for event in events] == list(range(self.known[name].version, 0, -1))
        epochs = [event.epoch for event in events]
        assert epochs == sorted(epochs, reverse=True)

    # ------------------------------------------------------------ writes on a base

    @rule(target=done, base=bases, value=values)
    def commit(self, base: tuple[str, mortmain.Snapshot[Any]], value: Any) -> Any:
        name, snapshot = base
        request_id = self.new_id()

        def send(sent: Any) -> mortmain.Receipt:
            return self.store.commit(self.key(name), sent, base=snapshot, request_id=request_id)

        return self.sent(name, self.verdict(name, snapshot), send, value, request_id)

    @rule(target=done, name=keys, value=values)
    def create(self, name: str, value: Any) -> Any:
        request_id = self.new_id()

        def send(sent: Any) -> mortmain.Receipt:
            return self.store.create(self.key(name), sent, request_id=request_id)

        return self.sent(name, self.verdict(name, None), send, value, request_id)

    def sent(self, name: str, error: Any, send: Any, value: Any, request_id: str) -> Any:
        receipt = self.expect(error, lambda: send(value))
        if receipt is None:
            return Done(request_id, send, receipt, value)
        self.known[name].put(value)
        assert (receipt.version, receipt.epoch) == (self.known[name].version, self.known[name].epoch)
        assert not receipt.replayed
        return Done(request_id, send, receipt, value)

    @rule(base=bases)
    def delete(self, base: tuple[str, mortmain.Snapshot[Any]]) -> None:
        name, snapshot = base
        if not snapshot.exists:
            return
        receipt = self.expect(self.verdict(name, snapshot), lambda: self.store.delete(self.key(name), base=snapshot))
        if receipt is not None:
            self.known[name].delete()
            assert receipt.version == self.known[name].version

    @rule(base=bases)
    def check(self, base: tuple[str, mortmain.Snapshot[Any]]) -> None:
        name, snapshot = base
        error = self.verdict(name, snapshot)
        self.expect(error, lambda: self.store.check(snapshot))

    # ------------------------------------------------------------ exactly once

    @rule(done=done)
    def send_again(self, done: Done) -> None:
        if done.receipt is not None:
            again = done.again(done.value)
            assert again.replayed
            assert (again.version, again.revision) == (done.receipt.version, done.receipt.revision)
            with pytest.raises(mortmain.RequestIdReused):
                done.again("something else")

    @rule(done=done)
    def resolve(self, done: Done) -> None:
        if done.receipt is not None:
            answer = self.store.resolve(done.request_id)
            assert isinstance(answer, mortmain.Committed)
            assert answer.receipt.revision == done.receipt.revision

    @rule(name=keys)
    def refuse(self, name: str) -> None:
        request_id = self.new_id()
        assert isinstance(self.store.resolve(request_id), mortmain.NotCommitted)
        with pytest.raises(mortmain.RequestIdReused):
            self.store.append(self.key(name), 1, request_id=request_id)
        assert isinstance(self.store.resolve(request_id), mortmain.NotCommitted)

    # ------------------------------------------------------------ deltas and update, on a key that nobody holds

    def free(self, name: str) -> bool:
        return self.known[name].claim is None

    @rule(name=keys, item=st.integers(0, 3), unique=st.sampled_from((None, "u1", "u2")))
    def append(self, name: str, item: int, unique: str | None) -> None:
        known = self.known[name]
        if self.free(name):
            error = mortmain.WrongType if known.exists and not isinstance(known.value, list) else None
            receipt = self.expect(error, lambda: self.store.append(self.key(name), item, unique=unique))
            if receipt is not None and unique not in known.uniques:
                known.put([*(known.value or []), item])
                known.uniques |= {unique: item} if unique else {}
            assert receipt is None or (receipt.version, receipt.result) == (known.version, len(known.value))

    @rule(name=keys, by=numbers)
    def increment(self, name: str, by: int) -> None:
        known = self.known[name]
        if self.free(name) and by:
            error = mortmain.WrongType if known.exists and not isinstance(known.value, int) else None
            receipt = self.expect(error, lambda: self.store.increment(self.key(name), by))
            if receipt is not None:
                known.put((known.value or 0) + by)
                assert (receipt.version, receipt.result) == (known.version, known.value)

    @rule(name=keys, item=st.integers(0, 3))
    def add_to_set(self, name: str, item: int) -> None:
        known = self.known[name]
        if self.free(name):
            error = mortmain.WrongType if known.exists and not isinstance(known.value, list) else None
            receipt = self.expect(error, lambda: self.store.add_to_set(self.key(name), item))
            if receipt is not None:
                new = item not in (known.value or [])
                if new:
                    known.put([*(known.value or []), item])
                assert (receipt.result, receipt.version) == (new, known.version)

    @rule(name=keys, patch=patches)
    def merge(self, name: str, patch: dict[str, int | None]) -> None:
        known = self.known[name]
        if self.free(name):
            error = mortmain.WrongType if known.exists and not isinstance(known.value, dict) else None
            receipt = self.expect(error, lambda: self.store.merge(self.key(name), patch))
            if receipt is not None:
                merged = {key: value for key, value in {**(known.value or {}), **patch}.items() if value is not None}
                if not known.exists or merged != known.value:
                    known.put(merged)
                assert receipt.version == known.version

    @rule(name=keys, value=values)
    def update(self, name: str, value: Any) -> None:
        known = self.known[name]
        if self.free(name):
            given: list[Any] = []
            self.store.update(self.key(name), lambda old: (given.append(old), value)[1], default="none")
            assert given == [known.value if known.exists else "none"]
            known.put(value)

    # ------------------------------------------------------------ claims

    @rule(target=held, name=keys)
    def claim(self, name: str) -> Held:
        known = self.known[name]
        error = mortmain.ClaimHeld if known.claim is not None else None
        handle = self.expect(error, lambda: self.store.claim(self.key(name), ttl=120.0))
        if handle is None:
            return next(one for one in self.claims if one.number == known.claim)
        assert (handle.version, handle.epoch, handle.value) == (known.version, known.epoch, known.value)
        known.claim = len(self.claims)
        self.claims.append(Held(known.claim, name, known.epoch, handle))
        return self.claims[-1]

    @rule(held=held, value=values)
    def commit_through(self, held: Held, value: Any) -> None:
        error = {"live": None, "reclaimed": mortmain.Fenced, "released": mortmain.ClaimLost}[held.fate]
        receipt = self.expect(error, lambda: held.handle.commit(value))
        if receipt is not None:
            self.known[held.name].put(value)
            assert receipt.version == self.known[held.name].version == held.handle.version

    @rule(held=held)
    def release(self, held: Held) -> None:
        held.handle.release()
        if held.fate == "live":
            self.known[held.name].claim = None
            held.fate = "released"

    @rule(name=keys)
    def reclaim(self, name: str) -> None:
        taken = self.store.reclaim(self.key(name), reason="test")
        self.taken((name,))
        assert [(key, epoch) for key, epoch, _ in taken] == [(self.key(name), self.known[name].epoch)]

    @rule()
    def reclaim_prefix(self) -> None:
        self.store.reclaim(prefix=f"{self.at}a/", reason="test")
        self.taken([name for name in NAMES if name.startswith("a/")])

    def taken(self, names: Any) -> None:
        for name in names:
            known = self.known[name]
            known.epoch += 1
            if known.claim is not None:
                self.claims[known.claim].fate = "reclaimed"
                known.claim = None

    # ------------------------------------------------------------ transactions

    @rule(one=keys, two=keys, value=values, between=st.booleans())
    def transaction(self, one: str, two: str, value: Any, between: bool) -> None:
        if not (self.free(one) and self.free(two)):
            return
        txn_error = mortmain.VersionConflict if between else None

        def work() -> None:
            with self.store.transaction() as txn:
                txn.read(self.key(one))
                if between:
                    self.store.commit(self.key(one), "between", overwrite=True)
                    self.known[one].put("between")
                txn.put(self.key(two), value)
                assert txn.read(self.key(two)).value == value

        self.expect(txn_error, work)
        if not between:
            self.known[two].put(value)

    # ------------------------------------------------------------ and the gateway dies

    @precondition(lambda self: self.restarts > 0)
    @rule()
    def kill_the_gateway(self) -> None:
        self.restarts -= 1
        os.kill(self.store.info()["pid"], signal.SIGKILL)
        self.read_everything()

    @invariant()
    def claims_are_as_known(self) -> None:
        live = {info.key: info.epoch for info in self.store.claims(self.at)}
        assert live == {self.key(name): known.epoch for name, known in self.known.items() if known.claim is not None}

    def teardown(self) -> None:
        for held in self.claims:
            held.handle.release()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("examples", "steps"), [(10, 30), pytest.param(60, 60, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_every_program_gets_the_answers_of_the_model(examples: int, steps: int) -> None:
    with temporary_store(agent="machine", timeout=60.0) as store:
        machine = type("Machine", (Programs,), {"store": store})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=examples < 20,
                database=None,
            ),
        )
