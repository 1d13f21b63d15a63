"""MortmainFlowPersistence: CrewAI's `@persist` on mortmain."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any

from crewai.flow.persistence.base import FlowPersistence
from mortmain import InvalidRequest, MortmainError, Snapshot, Store, Ticket, Transaction
from pydantic import BaseModel, Field, PrivateAttr

from ._answers import Answers, answers_of
from ._async import in_thread
from ._connection import Place
from ._errors import changed
from ._layout import part, prefix_of
from ._runs import Runs

if TYPE_CHECKING:
    from crewai.flow.async_feedback.types import PendingFeedbackContext


class MortmainFlowPersistence(FlowPersistence):
    """Flow states on a state directory or an open `mortmain.Store` (which it never closes).

    A run saves on what it loaded: if another run saved the flow since, the save is a `mortmain.VersionConflict`, and
    nothing is lost. An id that was not loaded can only be created. CrewAI shows the errors of a save as RuntimeError
    with ours as `__cause__`, and hides those of `ask()`: `fence_error` and `raise_if_fenced` have them.

    Pending human feedback is claimed by `load_pending_feedback` until `clear_pending_feedback`: who resumes second gets
    `ClaimHeld`, or nothing once it is done, so no method after the pause runs twice. In one process the last load
    answers. `peek` looks without claiming;
    `release` gives a claim back. ttl: seconds until the feedback is free again after its claimer died or stalled.

    Thread-safe, fork-aware, usable as a context manager; a deep copy uses the same connection and knows the same runs.
    """

    persistence_type: str = Field(default="MortmainFlowPersistence")
    directory: str = ""
    prefix: str = "flows/"
    ttl: float = 300.0

    _place: Place = PrivateAttr()
    _runs: Runs = PrivateAttr(default_factory=Runs)
    # Questions that this object has loaded.
    _asked: set[str] = PrivateAttr(default_factory=set)
    _error: MortmainError | None = PrivateAttr(default=None)

    def __init__(
        self,
        store: Store | str | os.PathLike[str] = "state",
        /,
        *,
        prefix: str = "flows/",
        ttl: float = 300.0,
        directory: str | None = None,
        **fields: Any,
    ) -> None:
        # CrewAI rebuilds a persistence from its dump, which has the directory by name.
        place = Place(directory or store)
        super().__init__(**{**fields, "directory": place.directory, "prefix": prefix_of(prefix), "ttl": ttl})
        self._place = place

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> MortmainFlowPersistence:
        return self

    def __repr__(self) -> str:
        return f"<MortmainFlowPersistence {self.directory!r} {self.prefix!r}>"

    __str__ = __repr__

    def init_db(self) -> None:
        """There is nothing to set up."""

    def close(self) -> None:
        """Give pending feedback back and let go of the connection, if it was opened here; the next use attaches
        again."""
        for flow in list(self._asked):
            self.release(flow)
        self._place.close()

    def __enter__(self) -> MortmainFlowPersistence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> MortmainFlowPersistence:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await in_thread(self.close)

    # ------------------------------------------------------------ what went wrong, where CrewAI hides it

    @property
    def fence_error(self) -> MortmainError | None:
        """The last error that stopped a call of this object."""
        return self._error

    def raise_if_fenced(self) -> None:
        """Raise it, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    @contextmanager
    def _latched(self) -> Iterator[Store]:
        try:
            yield self._place.store
        except MortmainError as error:
            self._error = error
            raise

    @property
    def _answers(self) -> Answers:
        # Not kept: after a fork there are others.
        return answers_of(self._place.store if self._place.is_given else self.directory, self.prefix)

    # ------------------------------------------------------------ states

    def _state(self, flow: str) -> str:
        return f"{self.prefix}{part(flow)}/state"

    def _pending(self, flow: str) -> str:
        return f"{self.prefix}{part(flow)}/pending"

    def save_state(self, flow_uuid: str, method_name: str, state_data: dict[str, Any] | BaseModel) -> None:
        """Store a state, durable when it returns. A Conflict if another run saved the flow since this one loaded it."""
        value = {"method": str(method_name), **packed(state_data)}
        with self._latched() as store:
            ticket = self._base(store, flow_uuid, state_data)
            with store.transaction() as txn:
                self._put(txn, flow_uuid, ticket, value)
            self._runs.saved(flow_uuid, ticket, state_data)

    def _base(self, store: Store, flow: str, state: Any) -> Ticket:
        known = self._runs.base(flow, state)
        if known is not None:
            return known
        snapshot = store.read(self._state(flow))
        if snapshot.exists:
            raise changed(snapshot, 0, "a flow of this id is there, and it was not loaded here")
        return snapshot.ticket()

    def _put(self, txn: Transaction, flow: str, ticket: Ticket, value: dict[str, Any]) -> None:
        """Part of a commit. While feedback is being answered the claim on it is a guard too, and whoever answers it
        again after a crash goes on from this save."""
        txn.follow(self._state(flow), ticket)
        txn.put(self._state(flow), value)
        claim = self._answers.mine(self._pending(flow))
        if claim is not None:
            txn.hold(claim)
            pending = txn.read(self._pending(flow))
            if pending.exists:
                txn.put(self._pending(flow), {**pending.value, "ticket": str(ticket)})

    def load_state(self, flow_uuid: str) -> dict[str, Any] | None:
        """The newest state of a flow, None if there is none. What is saved afterwards goes on from it."""
        with self._latched() as store:
            snapshot = store.read(self._state(flow_uuid))
        state = unpacked(snapshot.value) if snapshot.exists else None
        self._runs.loaded(flow_uuid, snapshot.ticket(), state)
        return state

    # ------------------------------------------------------------ pending human feedback

    def save_pending_feedback(
        self, flow_uuid: str, context: PendingFeedbackContext, state_data: dict[str, Any] | BaseModel
    ) -> None:
        """Store a state and what a human is asked, in one commit."""
        state = packed(state_data)
        with self._latched() as store:
            ticket = self._base(store, flow_uuid, state_data)
            asked = {"context": packed(context.to_dict()), **state, "ticket": str(ticket)}
            with store.transaction() as txn:
                self._put(txn, flow_uuid, ticket, {"method": str(context.method_name), **state})
                txn.put(self._pending(flow_uuid), asked)
            self._runs.saved(flow_uuid, ticket, state_data)

    def load_pending_feedback(self, flow_uuid: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        """Claim what a human was asked: the state and the question, None if nothing is pending.

        `ClaimHeld` while another process answers it; this one may load it again, and its last load is the one that
        answers. `VersionConflict` if the flow went on meanwhile.
        """
        with self._latched() as store:
            key = self._pending(flow_uuid)
            claim = self._answers.claim(key)
            if claim is None:
                if not store.read(key).exists:
                    return None
                claim = store.claim(key, ttl=self.ttl)
            try:
                loaded = self._load_pending(store, flow_uuid)
            except BaseException:
                self._answers.over(key, claim, answered=False)
                raise
            if loaded is None:
                self._answers.over(key, claim, answered=False)
                return None
            self._answers.loaded(key, claim)
            self._asked.add(flow_uuid)
            return loaded

    def _load_pending(self, store: Store, flow: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        read = store.read_many([self._state(flow), self._pending(flow)])
        pending = read[self._pending(flow)]
        if not pending.exists:
            return None
        # The state is still the one of the pause, or of an answer that was broken off.
        store.check(Ticket.parse(pending.value["ticket"]))
        state, context = _asked(pending)
        run = getattr(context, "execution_uuid", None)
        self._runs.loaded(flow, read[self._state(flow)].ticket(), state, run)
        return state, context

    def clear_pending_feedback(self, flow_uuid: str) -> None:
        """The feedback was answered. `Fenced` if it took so long that somebody else has claimed it."""
        key = self._pending(flow_uuid)
        with self._latched() as store:
            claim = self._answers.to_answer(key)
            self._asked.discard(flow_uuid)
            try:
                with store.transaction() as txn:
                    if txn.read(key).exists:
                        txn.delete(key)
                    if claim is not None:
                        txn.hold(claim)
            except BaseException:
                if claim is not None:
                    self._answers.over(key, claim, answered=False)
                raise
            if claim is not None:
                self._answers.over(key, claim, answered=True)

    def peek(self, flow_uuid: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        """As `load_pending_feedback`, to show it: without claiming it, and no base for anything."""
        with self._latched() as store:
            pending = store.read(self._pending(flow_uuid))
        return _asked(pending) if pending.exists else None

    def release(self, flow_uuid: str) -> None:
        """Give loaded feedback back unanswered, so that somebody else may load it."""
        self._asked.discard(flow_uuid)
        claim = self._answers.claim(self._pending(flow_uuid))
        if claim is not None:
            self._answers.over(self._pending(flow_uuid), claim, answered=False)


def _asked(pending: Snapshot[Any]) -> tuple[dict[str, Any], PendingFeedbackContext]:
    from crewai.flow.async_feedback.types import PendingFeedbackContext

    context = unpacked(pending.value["context"]) or {}
    return unpacked(pending.value) or {}, PendingFeedbackContext.from_dict(context)


# -------------------------------------------------------------------- states as JSON


def packed(state: Any) -> dict[str, Any]:
    """A state as JSON, as CrewAI's own storage makes it: models become objects, dates text, sets lists. What JSON
    cannot say (NaN, lone surrogates) is kept as Python's own text of it."""
    if isinstance(state, BaseModel):
        state = _plain(state)
    if not isinstance(state, dict):
        raise InvalidRequest(
            f"state_data: a dict or a pydantic model, not {type(state).__name__}", field="state_data", reason="type"
        )
    try:
        text = json.dumps(state, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"state_data: {error}", field="state_data", reason=str(error)) from error
    value = json.loads(text)
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return {"text": text}
    return {"state": value}


def unpacked(value: dict[str, Any]) -> dict[str, Any] | None:
    state = json.loads(value["text"]) if "text" in value else value["state"]
    return state if isinstance(state, dict) else None


def _plain(one: Any) -> Any:
    if isinstance(one, BaseModel):
        try:
            return one.model_dump(mode="json")
        except Exception:
            return one.model_dump(mode="python")
    if isinstance(one, (set, frozenset)):
        return sorted(one, key=repr)
    if isinstance(one, date):
        return one.isoformat()
    return str(one)
