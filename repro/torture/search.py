"""A small search for a linear order (Wing and Gong, with Lowe's memory), per register, of what the clients saw alone.

It looks at no revision and no journal, so it does not believe a store that vouches for itself. A register is read, or
moved from the mark that a write was made from to its own. A write whose answer is missing may be put into the order
anywhere after its beginning, or nowhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from history import OPEN, Operation
from marks import ABSENT

_WRITES = ("create", "commit", "late commit", "claim.commit", "delete", "update", "transact")
_READS = ("read", "read_many", "scan", "claim.read")
# Above this many configurations of one key the search gives up, and says so.
_LIMIT = 300_000


@dataclass(frozen=True)
class Step:
    """moves: (from, to) pairs, one of which must fit; of a read (x, x). certain: it must be in the order."""

    began: float
    ended: float
    moves: tuple[tuple[str, str], ...]
    certain: bool
    text: str


def unlinearizable(operations: list[Operation]) -> Iterator[tuple[str, str]]:
    """(key, why) of each register that has no linear order."""
    steps: dict[str, list[Step]] = defaultdict(list)
    for one in operations:
        for key, step in _steps(one):
            steps[key].append(step)
    for key, found in sorted(steps.items()):
        stuck = search(_observed(found))
        if stuck is not None:
            yield key, stuck


def _steps(one: Operation) -> Iterator[tuple[str, Step]]:
    if one.kind in _READS and one.ok:
        for key, told in one.reads.items():
            if key.startswith(("reg/", "acct/", "many/")):
                yield key, Step(one.began, one.ended or math.inf, ((told[2], told[2]),), True, str(one))
    elif one.kind in _WRITES and (one.ok or one.outcome in OPEN):
        for key in one.keys:
            ended = one.ended if one.ok and one.ended else math.inf
            yield key, Step(one.began, ended, tuple(_moves(one, key)), one.ok, str(one))


def _moves(one: Operation, key: str) -> Iterator[tuple[str, str]]:
    for number, previous in one.tries.items():
        if key in previous:
            yield previous[key], ABSENT if one.kind == "delete" else f"{one.request_id}#{number}"


def _observed(steps: list[Step]) -> list[Step]:
    """Without the unanswered writes that nobody saw: leaving them out is always allowed, and trying them costs much."""
    while True:
        seen = {before for step in steps for before, _ in step.moves}
        left = [step for step in steps if step.certain or any(after in seen for _, after in step.moves)]
        if len(left) == len(steps):
            return steps
        steps = left


def search(steps: list[Step], start: str = ABSENT) -> str | None:
    """None if there is an order from this state on, else where every attempt ended. Depth first, without recursion."""
    return _Search(sorted(steps, key=lambda step: step.began)).run(start)


class _Search:
    """For one thread. A configuration is (the first step that is not in the order, those behind it that are, the
    state)."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.written_by = {after: at for at, step in enumerate(steps) for _, after in step.moves}

    def run(self, start: str) -> str | None:
        known: set[tuple[int, frozenset[int], str]] = set()
        stack = [(0, frozenset[int](), start)]
        furthest = (0, start)
        while stack:
            first, done, state = stack.pop()
            first, done = self._skip(first, done, state)
            if first == len(self.steps):
                return None
            if (first, done, state) in known:
                continue
            known.add((first, done, state))
            if len(known) > _LIMIT:
                return f"gave up after {_LIMIT} configurations"
            furthest = max(furthest, (first, state))
            stack += reversed(self._next(first, done, state))
        at, state = furthest
        return f"no order puts {self.steps[at].text} behind {state}"

    def _skip(self, first: int, done: frozenset[int], state: str) -> tuple[int, frozenset[int]]:
        """Past the steps that are in the order, and the unanswered ones that can never come into it."""
        while first < len(self.steps):
            if first in done:
                done -= {first}
            elif self.steps[first].certain or self._may_come(first, done, state):
                break
            first += 1
        if not any(self.steps[at].certain for at in range(first, len(self.steps)) if at not in done):
            return len(self.steps), frozenset()
        return first, done

    def _may_come(self, first: int, done: frozenset[int], state: str) -> bool:
        """A mark is written once: when it was left, nothing that goes on from it can come any more."""
        for before, _ in self.steps[first].moves:
            writer = self.written_by.get(before, -1)
            if before in (state, ABSENT) or (writer >= first and writer not in done):
                return True
        return False

    def _next(self, first: int, done: frozenset[int], state: str) -> list[tuple[int, frozenset[int], str]]:
        latest = math.inf
        found = []
        for at in range(first, len(self.steps)):
            step = self.steps[at]
            if step.began > latest:
                break
            if at in done:
                continue
            if step.certain:
                latest = min(latest, step.ended)
            fitting = [after for before, after in step.moves if before == state]
            if state in fitting:
                # A read that fits may come at once: it takes nothing from the others.
                return [(first, done | {at}, state)]
            found += [(first, done | {at}, after) for after in reversed(fitting)]
        return found
