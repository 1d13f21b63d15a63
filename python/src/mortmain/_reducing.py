"""Runs the functions of `reduce` inside a gateway's JVM: threads that ask Java for work, and one that looks after those
that take too long.
"""

from __future__ import annotations

import ctypes
import importlib
import inspect
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from ._codec import decode, encode, from_json
from ._errors import InvalidRequest
from ._models import DELETE

# Functions of several keys run side by side as far as Python lets them, so that one which waits for something does not
# hold up all others.
_WORKERS = 4
# By thread: the number of what it runs.
_running: dict[int, int] = {}


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
    for _ in range(_WORKERS):
        _start(reductions)
    while (late := reductions.late()) is not None:
        number = late.number()
        ident = next((ident for ident, at in list(_running.items()) if at == number), None)
        stack = "" if ident is None else _stack_of(ident)
        if late.failed(reductions.tooLong(), stack) and ident is not None:
            _start(reductions)  # in the place of the one that is still busy
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(TimeIsOver))


def _start(reductions: Any) -> None:
    threading.Thread(target=_work, args=(reductions,), name="mortmain-reducer", daemon=True).start()


def _stack_of(ident: int) -> str:
    frame = sys._current_frames().get(ident)
    return "" if frame is None else "".join(traceback.format_list(_beyond_us(traceback.extract_stack(frame))))


def _beyond_us(stack: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """What the function itself did."""
    ours = max((number for number, frame in enumerate(stack) if frame.filename == __file__), default=-1)
    return stack[ours + 1 :]


def _work(reductions: Any) -> None:
    ident = threading.get_ident()
    try:
        while (reduction := reductions.next()) is not None:
            _running[ident] = reduction.number()
            in_time = _run(reduction)
            _running.pop(ident, None)
            if not in_time:
                return  # another thread has taken this one's place
    except TimeIsOver:
        pass  # it came when the function had just returned
    finally:
        _running.pop(ident, None)


def _run(reduction: Any) -> bool:
    """Whether the answer still counted."""
    try:
        content_type, data = _computed(
            reduction.function(), reduction.contentType(), reduction.value(), reduction.argument()
        )
    except TimeIsOver:
        return False
    except BaseException as error:
        return bool(reduction.failed(*_told(error)))
    return bool(reduction.done(content_type, data))


def _computed(function: str, content_type: str | None, value: str | None, argument: str) -> tuple[str, bytes]:
    current = None
    if content_type is not None and value is not None:
        is_text = content_type.startswith(("application/json", "text/plain"))
        current = decode(content_type, value.encode("utf-8" if is_text else "latin-1"), None)
    new = find_function(function)(current, from_json(argument.encode()))
    if new is None or new is DELETE or inspect.isawaitable(new):
        raise _Unfit(f"returned {'DELETE' if new is DELETE else type(new).__name__}, not the new value")
    try:
        return encode(new, None)
    except InvalidRequest as error:
        raise _Unfit(f"returned what cannot be stored ({error})") from None


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
