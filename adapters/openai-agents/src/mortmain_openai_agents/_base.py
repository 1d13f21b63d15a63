"""What a run goes on from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mortmain import Receipt, Snapshot, Ticket

Item = dict[str, Any]


class Base:
    """A run's right to go on from one read of a session: a ticket, and what is known of the items under it.

    Moved only by commits that carry the ticket; touched by one task at a time (see `Turns`).
    at: (version, tag) of the key after the last commit that carried it. answered: the calls that have their output.
    own: those whose output this run wrote. stored: whether the run committed anything. held: the input that waits for
    its answer (on_conflict="abort_turn").
    """

    __slots__ = ("__weakref__", "answered", "at", "held", "key", "own", "stale", "stored", "ticket")

    def __init__(self, snapshot: Snapshot[Any]) -> None:
        self.key = snapshot.key
        self.ticket: Ticket = snapshot.ticket()
        self.at = (snapshot.version, snapshot.tag)
        self.answered = answered(snapshot.value or ())
        self.own: set[str] = set()
        self.held: list[Any] = []
        self.stored = False
        self.stale = False

    def appended(self, receipt: Receipt, items: list[Any]) -> None:
        """A commit that carried the ticket added these."""
        self.moved(receipt)
        add_answers(self.answered, items)
        self.own.update(outputs(items))
        self.stored = True

    def replaced(self, receipt: Receipt, items: list[Any]) -> None:
        """A commit that carried the ticket left these."""
        self.moved(receipt)
        self.answered = answered(items)

    def moved(self, receipt: Receipt) -> None:
        self.at = (receipt.version, receipt.tag)

    def rebased(self, snapshot: Snapshot[Any]) -> None:
        """Go on from another read."""
        self.ticket = snapshot.ticket()
        self.at = (snapshot.version, snapshot.tag)
        self.answered = answered(snapshot.value or ())
        self.stale = False


def answered(items: Iterable[Any]) -> set[str]:
    """The calls whose latest item is an output: one more output would be a second one."""
    found: set[str] = set()
    add_answers(found, items)
    return found


def add_answers(found: set[str], items: Iterable[Any]) -> None:
    for item in items:
        name, is_output = _call_of(item)
        if name is None:
            continue
        if is_output:
            found.add(name)
        else:
            found.discard(name)


def outputs(items: Iterable[Any]) -> set[str]:
    """The calls that these items answer."""
    return {name for name, is_output in map(_call_of, items) if is_output and name is not None}


def second_outputs(items: Iterable[Any], found: set[str]) -> list[str]:
    """The calls that these items would answer again."""
    again = []
    now = set(found)
    for item in items:
        name, is_output = _call_of(item)
        if is_output and name in now:
            again.append(str(name))
        add_answers(now, [item])
    return again


def _call_of(item: Any) -> tuple[str | None, bool]:
    """(the call that an item makes or answers, whether it answers)."""
    if not isinstance(item, dict):
        return None, False
    kind = item.get("type")
    if kind == "mcp_approval_response":
        name, is_output = item.get("approval_request_id"), True
    elif kind == "mcp_approval_request":
        name, is_output = item.get("id"), False
    else:
        name, is_output = item.get("call_id"), isinstance(kind, str) and kind.endswith("_output")
    return (name, is_output) if isinstance(name, str) else (None, False)


_INPUT_ROLES = ("user", "system", "developer")


def is_input(items: Iterable[Any]) -> bool:
    """Whether nothing of this came from a model or a tool."""
    return all(isinstance(item, dict) and item.get("role") in _INPUT_ROLES for item in items)
