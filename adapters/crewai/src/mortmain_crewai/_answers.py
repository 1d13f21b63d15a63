"""Who in this process is answering pending human feedback."""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from contextvars import ContextVar
from dataclasses import dataclass

from mortmain import Claim, ClaimLost, Store

_numbers = itertools.count(1)
# The loads of this context: a resume runs in a copy of the context that loaded the question.
_mine: ContextVar[dict[tuple[int, str], int] | None] = ContextVar("mortmain_crewai_answers", default=None)


@dataclass(slots=True)
class Answer:
    """A claim on pending feedback, and the number of the load that may answer it: the last one."""

    claim: Claim
    number: int


class Answers:
    """The claims that one process holds below one prefix, shared by its persistence objects: the process that loaded a
    question may load it again, and the last load is the one that answers. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Answer] = {}
        # Loads that were neither answered nor given back when another load's answer came.
        self._late: dict[str, int] = {}
        self._loads: dict[str, int] = {}

    def claim(self, key: str) -> Claim | None:
        """The claim that this process holds on a question, None if it holds none."""
        with self._lock:
            held = self._held.get(key)
            return None if held is None or held.claim.lost else held.claim

    def loaded(self, key: str, claim: Claim) -> None:
        """This context has loaded the question, and answers it from now on."""
        number = next(_numbers)
        _mine.set({**(_mine.get() or {}), (id(self), key): number})
        with self._lock:
            again = key in self._held and self._held[key].claim is claim
            self._loads[key] = self._loads.get(key, 0) + 1 if again else 1
            self._late.pop(key, None)
            self._held[key] = Answer(claim, number)

    def mine(self, key: str) -> Claim | None:
        """The claim under which this context answers, None if nobody here does; ClaimLost if another load of this
        process took it over."""
        with self._lock:
            held, number = self._held.get(key), self._number(key)
            if held is not None and number not in (None, held.number):
                raise _lost(key)
            return None if held is None else held.claim

    def to_answer(self, key: str) -> Claim | None:
        """As `mine`, and ClaimLost too for a load that was given back, or whose question another one has answered."""
        claim = self.mine(key)
        with self._lock:
            if claim is None and self._number(key) is not None:
                raise _lost(key)
            if claim is None and self._late.get(key):
                self._late[key] -= 1
                raise _lost(key)
        return claim

    def _number(self, key: str) -> int | None:
        return (_mine.get() or {}).get((id(self), key))

    def over(self, key: str, claim: Claim, *, answered: bool) -> None:
        """The question was answered, or given back: the claim is released."""
        with self._lock:
            held = self._held.get(key)
            if held is not None and held.claim is claim:
                del self._held[key]
                self._late[key] = self._loads.pop(key, 1) - 1 if answered else 0
        if answered:
            # What this context does next belongs to no load.
            _mine.set({name: number for name, number in (_mine.get() or {}).items() if name != (id(self), key)})
        claim.release()


def _lost(key: str) -> ClaimLost:
    return ClaimLost(
        f"the claim on {key} was given back, or went to another load of this process: load it again",
        key=key,
        why="released",
    )


_lock = threading.Lock()
_by_directory: dict[tuple[str, str], Answers] = {}
_by_store: weakref.WeakKeyDictionary[Store, dict[str, Answers]] = weakref.WeakKeyDictionary()


def answers_of(place: Store | str, prefix: str) -> Answers:
    """Those of a directory, or of a store that an application opened itself."""
    with _lock:
        if isinstance(place, Store):
            return _by_store.setdefault(place, {}).setdefault(prefix, Answers())
        return _by_directory.setdefault((place, prefix), Answers())


def _after_fork() -> None:
    """A claim belongs to the process that made it."""
    global _lock, _by_store
    _lock = threading.Lock()
    _by_directory.clear()
    _by_store = weakref.WeakKeyDictionary()


os.register_at_fork(after_in_child=_after_fork)
