"""The threads that run functions inside a gateway, on a simulated mortmain.Reductions."""

from __future__ import annotations

import queue
import sys
import threading
import time

from mortmain import _reducing


class Reduction:
    """One run: answered by whoever comes first."""

    def __init__(self, number: int, reductions: Reductions) -> None:
        self._number = number
        self._reductions = reductions

    def number(self) -> int:
        return self._number

    def question(self) -> str:
        return f"{self._number}\0001\0json\0operator:add\0001\0001"

    def done(self, shape: str, data: bytes) -> bool:
        self._reductions.settle(self)
        return True

    def link(self) -> int:
        return 0

    def giveUp(self, reason: str, where: str, shape: str, data: bytes) -> bool:
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

    def progress(self) -> bytearray:
        return bytearray(4)

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


class Chain:
    """One run of several functions on one value; keeps what was answered, and which link was said to run by then."""

    def __init__(self, value: str, *functions: str, kind: str = "json") -> None:
        self._asked = [f"{__name__}:{function}" for function in functions]
        self._kind, self._value = kind, value
        self.made: list[str] = []
        self.progress = bytearray(4)
        self._given = False

    def next(self) -> Chain | None:
        given, self._given = self._given, True
        return None if given else self

    def late(self) -> None:
        while not self.made:
            time.sleep(0.001)

    def question(self) -> str:
        links = "".join(f"{function}\0001\0" for function in self._asked)
        return f"1\0{len(self._asked)}\0{self._kind}\0{links}{self._value}"

    def done(self, shape: str, data: bytes) -> bool:
        words = iter(shape.split(" "))
        for kind in words:
            lengths = [int(next(words)) for _ in range(2 if kind == "failed" else 1)]
            self.made.append(f"{kind} {data[: lengths[0]].decode()}")
            data = data[sum(lengths) :]
        assert data == b""
        return True


class _Started:
    """What `serve` calls, with one chain to run."""

    def __init__(self, chain: Chain) -> None:
        self.next, self.late = chain.next, chain.late
        self.progress = lambda: chain.progress


def _made_of(chain: Chain) -> list[str]:
    _reducing.serve(_Started(chain), [])
    return chain.made


kept: list[object] = []


def more(value, argument):
    return [*value, argument]


def spoil(value, argument):
    value.clear()
    raise KeyError(argument)


def keep(value, argument):
    kept.append(value)
    return value


def change_kept(value, argument):
    kept.pop().append("changed")
    return [*value, 2]


def pair(value, argument):
    return (1, 2)


def is_list(value, argument):
    return isinstance(value, list)


def word(value, argument):
    return "ü"


def shout(value, argument):
    return value * 2


def raw(value, argument):
    return b"7"


def half_a_character(value, argument):
    raise ValueError("\ud800")


def linger(value, argument):
    time.sleep(2 * _reducing._ROUND)
    return value


def test_each_link_gets_what_the_one_before_it_made():
    chain = Chain("[0]", "more", "more", "more")
    assert _made_of(chain) == [f"application/json {value}" for value in ("[0,1]", "[0,1,1]", "[0,1,1,1]")]
    assert int.from_bytes(chain.progress, sys.byteorder) == 2, "whoever looks for slow ones knows where it was"


def test_one_that_raises_leaves_nothing_of_what_it_did_to_the_value():
    made = _made_of(Chain("[0]", "more", "spoil", "more"))
    assert made == ["application/json [0,1]", "failed raised KeyError: 1", "application/json [0,1,1]"]


def test_what_a_function_keeps_of_its_value_changes_no_other_one():
    assert _made_of(Chain("[0]", "keep", "change_kept"))[1] == "application/json [0,2]"


def test_the_next_link_sees_what_a_reader_would():
    assert _made_of(Chain("[0]", "pair", "is_list"))[1] == "application/json true"
    assert _made_of(Chain("[0]", "word", "shout"))[1] == "text/plain üü"
    assert _made_of(Chain("[0]", "raw", "shout"))[1] == "application/octet-stream 77"
    assert _made_of(Chain("x", "shout", "shout", kind="bytes"))[1] == "application/octet-stream xxxx"


def test_a_reason_that_is_no_text_is_told_all_the_same():
    assert _made_of(Chain("[0]", "half_a_character", "more"))[1] == "application/json [0,1]"


def test_those_behind_one_that_took_its_time_are_left_for_the_next_run():
    assert _made_of(Chain("[0]", "more", "linger", "more")) == ["application/json [0,1]"] * 2
