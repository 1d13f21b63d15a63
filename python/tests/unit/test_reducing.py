"""The threads that run functions inside a gateway, on a simulated mortmain.Reductions."""

from __future__ import annotations

import queue
import threading

from mortmain import _reducing


class Reduction:
    """One run: answered by whoever comes first."""

    def __init__(self, number: int, reductions: Reductions) -> None:
        self._number = number
        self._reductions = reductions

    def number(self) -> int:
        return self._number

    def question(self) -> str:
        return f"{self._number}\0operator:add\0json\0001\0001"

    def done(self, content_type: str, data: bytes) -> bool:
        self._reductions.settle(self)
        return True

    def failed(self, reason: str, where: str) -> bool:
        return False

    def giveUp(self, reason: str, where: str) -> bool:
        return False  # the function has answered


class Reductions:
    """The run that is looked after as late is the one whose answer is just being settled, and makes more work ready for
    the very thread that settles it.
    """

    def __init__(self) -> None:
        self._late: queue.Queue[Reduction | None] = queue.Queue()
        self._looked = threading.Event()
        self._own = threading.local()
        self._first = threading.Lock()
        self.answered = threading.Event()

    def next(self) -> Reduction | None:
        if getattr(self._own, "work", False):
            return Reduction(2, self)
        if self._first.acquire(blocking=False):
            return Reduction(1, self)
        return None

    def settle(self, reduction: Reduction) -> None:
        if reduction.number() == 1:
            self._own.work = True
            self._late.put(reduction)
            self._looked.wait(10)
        else:
            self._own.work = False
            self.answered.set()

    def late(self) -> Reduction | None:
        found = self._late.get(timeout=10) if not self._late_was_given() else None
        if found is None:
            self._looked.set()
            assert self.answered.wait(10), "what the thread had made ready itself was lost with it"
        return found

    def _late_was_given(self) -> bool:
        given, self._given = getattr(self, "_given", False), True
        return given

    def tooLong(self) -> str:
        return "ran too long"


def test_a_thread_that_was_late_but_has_answered_goes_on_with_what_it_made_ready():
    reductions = Reductions()
    _reducing.serve(reductions, [])
    assert reductions.answered.is_set()
