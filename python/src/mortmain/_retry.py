"""`retry`: repeat a function that reads and commits, as the conflict's own advice says."""

from __future__ import annotations

import functools
import inspect
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ._errors import ClaimHeld, Conflict, invalid

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST_PAUSE = 5.0


def check_retry(attempts: object, backoff: object) -> None:
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise invalid("attempts", "an int, at least 1")
    if isinstance(backoff, bool) or not isinstance(backoff, (int, float)) or not backoff >= 0:
        raise invalid("backoff", "seconds, at least 0")


def pause_after(conflict: Conflict, attempt: int, attempts: int, backoff: float) -> float | None:
    """Seconds until the next try, or None if this conflict ends the work: a fenced claim does, a foreign edit
    does.
    """
    conflict.attempts = attempt
    if attempt >= attempts or conflict.retry not in ("reread", "wait"):
        return None
    pause = min(_LONGEST_PAUSE, backoff * 2.0 ** min(attempt - 1, 16)) * (0.5 + random.random())
    if isinstance(conflict, ClaimHeld) and conflict.retry_after is not None:
        pause = max(pause, min(conflict.retry_after, _LONGEST_PAUSE))
    return pause


def retry(attempts: int = 5, backoff: float = 0.05) -> Callable[[F], F]:
    """Decorate a function that reads and commits, so that `reread` and `wait` conflicts run it again from its
    start.

    attempts: how many runs in all; backoff: seconds of the first pause, doubled each time, with jitter. Other
    errors pass at once, and the last Conflict is raised with `.attempts`. For async functions there is
    `mortmain.aio.retry`.
    """
    check_retry(attempts, backoff)

    def decorate(function: F) -> F:
        if inspect.iscoroutinefunction(function):
            raise invalid("function", "an async function: use mortmain.aio.retry")

        @functools.wraps(function)
        def repeated(*args: Any, **kwargs: Any) -> Any:
            attempt = 1
            while True:
                try:
                    return function(*args, **kwargs)
                except Conflict as conflict:
                    pause = pause_after(conflict, attempt, attempts, backoff)
                    if pause is None:
                        raise
                time.sleep(pause)
                attempt += 1

        return repeated  # type: ignore[return-value]

    return decorate
