"""The fence: which run may write a thread.

Every read of a running graph issues a ticket on the head of its (thread, namespace), and every write of that graph
carries it: `Follows(head, ticket)`, for its own namespace and for every graph that encloses it. So a run goes on only
while nobody else wrote, and a run that was overtaken stays out, subgraphs included.

How the ticket travels: LangGraph builds all later configs of a run from the dict that it passes to the first read, so
that is where it is put, under a name that LangGraph keeps out of streams, snapshots and tracers. A config that did
not go through LangGraph's `ensure_config` is a user's own dict and stays untouched.
"""

from __future__ import annotations

import contextvars
import copy
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import mortmain

if TYPE_CHECKING:
    from mortmain import Claim, Conflict, Snapshot, Ticket

    from ._layout import Space
    from ._pieces import Value

TICKET = "__pregel_mortmain_ticket"
CLAIM = "__pregel_mortmain_claim"
BASE = "__pregel_mortmain_base"
_RUNTIME = "__pregel_runtime"
_ENSURED = ("tags", "metadata", "callbacks", "recursion_limit")
# The number that LangGraph appends when a task calls its subgraph again: "node:id|1" encloses nothing.
_COUNTER = re.compile(r"^\d+$")


class RunTicket:
    """One graph's right to go on in one namespace. Shared by reference between the configs of its run; thread-safe.

    refused: the conflict that ended it; a refused ticket stays refused.
    control: LangGraph's RunControl of a run that cannot be ended through its version numbers.
    """

    __slots__ = ("__weakref__", "claim", "control", "known", "outer", "refused", "runtime", "space", "ticket", "values")

    def __init__(
        self,
        space: Space,
        ticket: Ticket,
        outer: RunTicket | None,
        runtime: object,
        claim: Claim | None,
    ) -> None:
        self.space = space
        self.ticket = ticket
        self.outer = outer
        self.runtime = runtime
        self.claim = claim
        self.refused: Conflict | None = None
        self.control: Any = None
        # Pieces that are stored as long as this ticket is good: whoever removes one moves the head.
        self.known: set[bytes] = set()
        # The last value of each channel, so that what did not change since is recognized however much others write.
        self.values: dict[str, Value] = {}

    def chain(self) -> Iterator[RunTicket]:
        """This one and those of the graphs around it, from the inside out."""
        link: RunTicket | None = self
        while link is not None:
            yield link
            link = link.outer

    def check(self) -> None:
        """Raise what ended this run or one around it, if it is known here."""
        if self.outer is None and self.refused is None:
            return
        for link in self.chain():
            if link.refused is not None:
                error = copy.copy(link.refused)
                error.__cause__ = error.__context__ = None
                raise error

    def refuse(self, error: Conflict) -> None:
        """The commit was rejected: by this head, or by one further out, which ends everything in between."""
        keys = {failure.get("key") for failure in error.failures} | {error.key}
        links = list(self.chain())
        last = max((i for i, link in enumerate(links) if link.space.head in keys), default=0)
        for link in links[: last + 1]:
            if link.refused is None:
                # Before anybody can see that it is refused, and end the run for that.
                if link.control is not None:
                    link.control.request_drain(f"{type(error).__name__}: {error}")
                link.refused = error

    def guard(self, txn: Any) -> None:
        """Put the guards of the whole chain into a transaction."""
        link: RunTicket | None = self
        while link is not None:
            txn.follow(link.space.head, link.ticket)
            if link.claim is not None:
                txn.hold(link.claim)
            link = link.outer

    def __deepcopy__(self, memo: dict[int, Any]) -> RunTicket:
        return self

    def __copy__(self) -> RunTicket:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A config may be pickled; the right to write does not travel with it.
        return type(None), ()

    def __repr__(self) -> str:
        state = "refused" if self.refused else "good"
        return f"<ticket {self.space.thread_id!r} ns={self.space.ns!r} {state}>"


class Versions:
    """What one access of `get_next_version` returns is asked for by one loop, just before its first read; so the
    ticket of that read belongs to it, and a refused run ends at its next step. Where no read follows, as in
    `update_state`, it is forgotten with the function that was returned."""

    __slots__ = ("__weakref__", "run")

    def __init__(self) -> None:
        self.run: RunTicket | None = None


_asked: contextvars.ContextVar[weakref.ref[Versions] | None] = contextvars.ContextVar("mortmain_versions", default=None)


def asked() -> Versions:
    """What the function that makes a run's version numbers and its first read have in common."""
    versions = Versions()
    _asked.set(weakref.ref(versions))
    return versions


def is_of_a_graph(config: Any) -> bool:
    """Whether the config went through `ensure_config`; a user's own dict did not."""
    return all(name in config for name in _ENSURED) or _RUNTIME in config["configurable"]


def enclosing(ns: str) -> str:
    """The namespace of the graph whose node runs the graph of this one."""
    parts = ns.split("|")
    while parts and _COUNTER.match(parts[-1]):
        parts.pop()
    return "|".join(parts[:-1])


def outer_of(found: RunTicket | None, space: Space) -> RunTicket | None:
    """Of the tickets that a config brought along, the innermost that belongs to a graph around this namespace."""
    around = enclosing(space.ns)
    while found is not None:
        if found.space.thread_id != space.thread_id:
            return None
        ns = found.space.ns
        if space.ns and ns != space.ns and (not ns or ns == around or around.startswith(f"{ns}|")):
            return found
        found = found.outer
    return None


class Fence:
    """What the tickets of one saver share. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: OrderedDict[str, Conflict] = OrderedDict()
        self.claims: dict[str, Claim] = {}
        # Where the thread id is no str, LangGraph reads with a copy of the config, and the tasks never see what the
        # read put there; they share the run's control.
        self._by_control: OrderedDict[int, tuple[object, RunTicket]] = OrderedDict()

    def record(self, thread_id: str, error: Conflict) -> None:
        with self._lock:
            self._errors[thread_id] = error
            self._errors.move_to_end(thread_id)
            if len(self._errors) > 1000:
                self._errors.popitem(last=False)

    def error(self, thread_id: str | None, clear: bool = False) -> Conflict | None:
        with self._lock:
            name = thread_id if thread_id is not None else next(reversed(self._errors), None)
            if name is None:
                return None
            return self._errors.pop(name, None) if clear else self._errors.get(name)

    # ------------------------------------------------------------ issuing and finding

    def current(self, config: Any, space: Space) -> RunTicket | None:
        """The ticket that writes with this config carry."""
        found = config["configurable"].get(TICKET)
        if isinstance(found, RunTicket) and (found.space is space or found.space == space):
            return found
        return None

    def expects_read(self, config: Any, space: Space) -> bool:
        """Whether a read with this config issues a ticket. Raises what ended a graph around it."""
        if not is_of_a_graph(config):
            return False
        held = config["configurable"].get(TICKET)
        if isinstance(held, RunTicket):
            if held.space == space and held.runtime is config["configurable"].get(_RUNTIME):
                # The first read of a loop wins: a later one would launder a stale result.
                return False
            outer = outer_of(held, space)
            if outer is not None:
                outer.check()
        return True

    def issue(self, config: Any, space: Space, head: Snapshot[Any]) -> RunTicket:
        """A ticket of what was just read, put where the run's later configs come from."""
        conf = config["configurable"]
        runtime = conf.get(_RUNTIME)
        control = getattr(runtime, "control", None)
        held = conf.get(TICKET)
        if not isinstance(held, RunTicket):
            held = self._of_control(control)
        run = RunTicket(
            space, _base_of(conf, head), outer_of(held, space), runtime, self._claim_of(conf, space)
        )
        conf[TICKET] = run
        if control is not None:
            with self._lock:
                self._by_control[id(control)] = (control, run if run.outer is None else held or run)
                while len(self._by_control) > 256:
                    self._by_control.popitem(last=False)
        reference = _asked.get()
        versions = reference() if reference is not None else None
        if versions is not None and versions.run is None:
            versions.run = run
            _asked.set(None)
        elif run.outer is None:
            # Somebody else makes the version numbers, as LangGraph's server does.
            run.control = control if hasattr(control, "request_drain") else None
        return run

    def _of_control(self, control: object) -> RunTicket | None:
        if control is None:
            return None
        with self._lock:
            found = self._by_control.get(id(control))
        return found[1] if found is not None and found[0] is control else None

    def _claim_of(self, conf: dict[str, Any], space: Space) -> Claim | None:
        name = conf.get(CLAIM)
        if name is None:
            return None
        claim = self.claims.get(name)
        if claim is None:
            raise mortmain.ClaimLost(
                f"the claim on thread {space.thread_id} was released: claim it again",
                key=space.head,
                why="released",
            )
        return claim if claim.key == space.head else None


def _base_of(conf: dict[str, Any], head: Snapshot[Any]) -> Ticket:
    given = conf.get(BASE)
    if isinstance(given, str):
        ticket = mortmain.Ticket.parse(given)
        if ticket.key == head.key:
            return ticket
    return head.ticket()
