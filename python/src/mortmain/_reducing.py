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
import traceback
from collections.abc import Callable
from typing import Any

from ._codec import encode, from_json_text
from ._errors import InvalidRequest
from ._models import DELETE

# Functions of several keys run side by side as far as Python lets them, so that one which waits for something does not
# hold up all others.
_WORKERS = 4


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
        given_up = late.giveUp(reductions.tooLong(), "" if at is None else _stack_of(workers[at].ident))
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
        # Of what it runs.
        self.number: str | None = None
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
            while not self._replaced and (reduction := self._reductions.next()) is not None:
                try:
                    self._run(reduction)
                except Exception:  # ours: this one is given up, and others are not to wait for a thread that is gone
                    traceback.print_exc()
        except TimeIsOver:
            pass  # it came when the function had just returned

    def _run(self, reduction: Any) -> None:
        # One crossing into Java instead of five.
        self.number, function, kind, argument, value = reduction.question().split("\0", 4)
        try:
            content_type, data = _computed(function, kind, value, argument)
        except TimeIsOver:
            raise
        except BaseException as error:
            reduction.failed(*_told(error))
        else:
            reduction.done(content_type, data)
        with self._lock:
            self.number = None


def _stack_of(ident: int) -> str:
    frame = sys._current_frames().get(ident)
    return "" if frame is None else "".join(traceback.format_list(_beyond_us(traceback.extract_stack(frame))))


def _beyond_us(stack: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """What the function itself did."""
    ours = max((number for number, frame in enumerate(stack) if frame.filename == __file__), default=-1)
    return stack[ours + 1 :]


def _computed(function: str, kind: str, value: str, argument: str) -> tuple[str, bytes]:
    new = find_function(function)(_current(kind, value), from_json_text(argument))
    if new is None or new is DELETE or inspect.isawaitable(new):
        raise _Unfit(f"returned {'DELETE' if new is DELETE else type(new).__name__}, not the new value")
    try:
        kind, data = encode(new, None)
        return kind, bytes(data)
    except InvalidRequest as error:
        raise _Unfit(f"returned what cannot be stored ({error})") from None


def _current(kind: str, value: str) -> Any:
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
