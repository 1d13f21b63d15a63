"""Runs the functions of `reduce` inside a gateway's JVM: threads that ask Java for work, and one that looks after those
that take too long.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import inspect
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from ._codec import decode, encode, from_json_text
from ._errors import InvalidRequest
from ._models import DELETE

# Functions of several keys run side by side as far as Python lets them, so that one which waits for something does not
# hold up all others.
_WORKERS = 4
# After so long no other function of a chain begins, so that what is done is answered. Seconds.
_ROUND = 0.005

# What a function made: the content type and the bytes, or "failed", the reason and the traceback.
_Made = tuple[str, bytes] | tuple[str, str, str]


class _Unfit(Exception):
    """What was asked for, or came back, is of no use: the end of a sentence that begins with the function's name."""


class TimeIsOver(BaseException):
    """Raised inside a function that has run past its limit; what becomes of it no longer counts."""


def serve(reductions: Any, modules: list[str]) -> None:
    """Returns when the gateway closes. reductions: Java's mortmain.Reductions. modules: imported now, so that no call
    pays for it; of one that cannot be every call says why.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception:
            traceback.print_exc()
    workers = [_Worker(reductions) for _ in range(_WORKERS)]
    while (late := reductions.late()) is not None:
        number = str(late.number())
        at = next((at for at, worker in enumerate(workers) if worker.number == number), None)
        stack, shape, data = "", "", b""
        if at is not None:
            stack = _stack_of(workers[at].ident)
            shape, data = _joined(workers[at].made[: late.link()])
        given_up = late.giveUp(reductions.tooLong(), stack, shape, data)
        # A thread that has answered after all may have been handed the next reduction, which would be lost with it.
        if given_up and at is not None and workers[at].replace(number):
            workers[at] = _Worker(reductions)


class _Worker:
    """A thread that asks for work. It goes on until nothing is left to do, or until it was replaced because it is busy
    for too long.
    """

    def __init__(self, reductions: Any) -> None:
        self._reductions = reductions
        self._replaced = False
        self._lock = threading.Lock()
        # Of what it runs: which chain of functions, and what its links have made.
        self.number: str | None = None
        self.made: list[_Made] = []
        thread = threading.Thread(target=self._work, name="mortmain-reducer", daemon=True)
        thread.start()
        self.ident = thread.ident or 0

    def replace(self, number: str) -> bool:
        """Whether it is still busy with that one: then it ends, as soon as Python can make it."""
        with self._lock:
            if self.number != number:
                return False
            self._replaced = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(TimeIsOver))
            return True

    def _work(self) -> None:
        try:
            # Java's memory: a store there is all that it takes to say which function runs.
            progress = memoryview(self._reductions.progress()).cast("B").cast("i")
            while not self._replaced and (reduction := self._reductions.next()) is not None:
                try:
                    self._run(reduction, progress)
                except Exception:  # ours: this one is given up, and others are not to wait for a thread that is gone
                    traceback.print_exc()
        except TimeIsOver:
            pass  # it came when the function had just returned

    def _run(self, reduction: Any, progress: memoryview) -> None:
        # One crossing into Java instead of one for each part.
        number, links, kind, rest = reduction.question().split("\0", 3)
        *asked, value = rest.split("\0", 2 * int(links))
        made: list[_Made] = []
        self.made = made
        self.number = number
        current: str | bytes = value
        end = time.monotonic() + _ROUND
        for link in range(int(links)):
            if link:
                if time.monotonic() > end:
                    break  # those in front have waited long enough for their answers; the others run again
                progress[0] = link
            function, argument = asked[2 * link : 2 * link + 2]
            try:
                # Each link reads what the one before it wrote: not what it may have kept, or changed since.
                kind, current = _computed(function, kind, current, argument)
            except TimeIsOver:
                raise
            except BaseException as error:
                made.append(("failed", *_told(error)))
            else:
                made.append((kind, current))
        reduction.done(*_joined(made))
        with self._lock:
            self.number = None


def _joined(made: list[_Made]) -> tuple[str, bytes]:
    """What Java's Reduction.done takes: what follows each other in the bytes."""
    shape: list[str] = []
    data: list[bytes] = []
    for kind, *parts in made:
        pieces = [part if isinstance(part, bytes) else part.encode(errors="replace") for part in parts]
        shape += [kind, *(str(len(piece)) for piece in pieces)]
        data += pieces
    return " ".join(shape), b"".join(data)


def _stack_of(ident: int) -> str:
    frame = sys._current_frames().get(ident)
    return "" if frame is None else "".join(traceback.format_list(_beyond_us(traceback.extract_stack(frame))))


def _beyond_us(stack: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """What the function itself did."""
    ours = max((number for number, frame in enumerate(stack) if frame.filename == __file__), default=-1)
    return stack[ours + 1 :]


def _computed(function: str, kind: str, value: str | bytes, argument: str) -> tuple[str, bytes]:
    new = find_function(function)(_current(kind, value), from_json_text(argument))
    if new is None or new is DELETE or inspect.isawaitable(new):
        raise _Unfit(f"returned {'DELETE' if new is DELETE else type(new).__name__}, not the new value")
    try:
        kind, data = encode(new, None)
        return kind, bytes(data)
    except InvalidRequest as error:
        raise _Unfit(f"returned what cannot be stored ({error})") from None


def _current(kind: str, value: str | bytes) -> Any:
    """kind: Java's, of a value as text, or the content type of what a function made."""
    if isinstance(value, bytes):
        return decode(kind, value, None)
    if kind == "json":
        return from_json_text(value)
    if kind == "none":
        return None
    return value if kind == "text" else value.encode("latin-1")


@functools.cache
def find_function(name: str) -> Callable[[Any, Any], Any]:
    """The public function "package.module:function"; of a module with `__all__` one that is named there."""
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    public = getattr(module, "__all__", None)
    found = getattr(module, attribute, None)
    is_public = not attribute.startswith("_") and (public is None or attribute in public)
    if not is_public or not callable(found) or inspect.isclass(found):
        raise _Unfit("is no public function of its module")
    return found  # type: ignore[no-any-return]


def _told(error: BaseException) -> tuple[str, str]:
    """What is wrong, and the traceback of what the function did."""
    if isinstance(error, _Unfit):
        return str(error), ""
    stack = _beyond_us(traceback.extract_tb(error.__traceback__))
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(stack)]
    lines += traceback.format_exception_only(type(error), error)
    return f"raised {type(error).__name__}: {error}", "".join(lines)
