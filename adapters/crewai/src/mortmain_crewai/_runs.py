"""Which read a flow's run goes on from."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

from crewai.flow.flow_context import current_flow_id
from mortmain import Ticket

try:
    from crewai.execution import get_execution_uuid
except ImportError:  # CrewAI before 1.15 has no such number

    def get_execution_uuid() -> str | None:
        return None


_KEPT = 10_000
# State objects that are held, so that their identity stays theirs.
_STATES = 256

# What this context has loaded. A run's methods run in copies of the context in which its state was loaded, so they see
# their own run's load, and never that of another run. What a method's own context learns, the next method does not
# see: hence the rest of this module.
_loaded: ContextVar[dict[tuple[int, str], Ticket] | None] = ContextVar("mortmain_crewai_loaded", default=None)


class Runs:
    """The tickets of the runs that use one persistence object. Thread-safe, fork-aware.

    A ticket is looked up by what this run's context loaded, by the run's number, by the state object, and outside of a
    run by what was last loaded or saved directly.
    """

    def __init__(self) -> None:
        self._by_run: OrderedDict[tuple[str, str], Ticket] = OrderedDict()
        self._by_state: OrderedDict[int, tuple[Any, str, Ticket]] = OrderedDict()
        self._last: OrderedDict[str, Ticket] = OrderedDict()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def _guard(self) -> threading.Lock:
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock

    def base(self, flow: str, state: Any) -> Ticket | None:
        """The ticket that a save of this state carries; None if this flow was never read here."""
        run = get_execution_uuid()
        with self._guard():
            if run is not None or current_flow_id.get() is not None:
                loaded = (_loaded.get() or {}).get((id(self), flow))
                if loaded is not None:
                    return loaded
            if run is not None and (run, flow) in self._by_run:
                return self._by_run[run, flow]
            known = self._by_state.get(id(state))
            if known is not None and known[0] is state and known[1] == flow:
                return known[2]
            return self._last.get(flow)

    def loaded(self, flow: str, ticket: Ticket, state: Any = None, run: str | None = None) -> None:
        """A state was read, and is given out as this object. run: the number under which it will go on."""
        _loaded.set({**(_loaded.get() or {}), (id(self), flow): ticket})
        self.saved(flow, ticket, state, run)

    def saved(self, flow: str, ticket: Ticket, state: Any, run: str | None = None) -> None:
        """A commit that carried this ticket has passed."""
        run = run or get_execution_uuid()
        with self._guard():
            _keep(self._last, flow, ticket, _KEPT)
            if run is not None:
                _keep(self._by_run, (run, flow), ticket, _KEPT)
            if state is not None:
                _keep(self._by_state, id(state), (state, flow, ticket), _STATES)


def _keep(kept: OrderedDict[Any, Any], name: Any, value: Any, limit: int) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > limit:
        kept.popitem(last=False)
