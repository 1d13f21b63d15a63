"""Deadlines and the pauses between two looks."""

from __future__ import annotations

import time


class Deadline:
    """A point on the monotonic clock; None never comes. Immutable, thread-safe."""

    def __init__(self, seconds: float | None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    def remaining(self, at_most: float | None = None) -> float | None:
        """Seconds, never below 0, at most `at_most`; None = as long as it takes."""
        if self._at is None:
            return at_most
        left = max(0.0, self._at - time.monotonic())
        return left if at_most is None else min(left, at_most)

    @property
    def passed(self) -> bool:
        return self._at is not None and time.monotonic() >= self._at


class Pauses:
    """Sleeps of 1 ms at first (a start takes 200 ms, and each late look is paid in full), 20 ms after two seconds.
    For one thread.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def sleep(self) -> None:
        waited = time.monotonic() - self._begun
        time.sleep(0.001 if waited < 0.5 else 0.005 if waited < 2.0 else 0.02)
