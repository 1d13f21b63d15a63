"""Sweeping in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import mortmain

if TYPE_CHECKING:
    from typing_extensions import Self

# LangGraph's async stores have these methods as coroutines; one object serves both, so what they give can be awaited.


class Swept(int):
    """How many items were swept."""

    def __await__(self) -> Generator[None, None, int]:
        yield from ()
        return int(self)


class Stopped(int):
    """Whether the sweeper has stopped."""

    def __await__(self) -> Generator[None, None, bool]:
        yield from ()
        return bool(self)

    def __repr__(self) -> str:
        return repr(bool(self))


class Sweeping(Future[None]):
    """Done when the sweeper has ended; cancelling it ends the sweeper."""

    def __await__(self) -> Generator[None, None, Self]:
        yield from ()
        return self


class Sweeper(threading.Thread):
    """Sweeps until it is told to stop; a failed sweep is repeated at the next turn."""

    def __init__(self, sweep: Callable[[], int], seconds: float) -> None:
        super().__init__(name="mortmain-ttl-sweeper", daemon=True)
        self.future = Sweeping()
        self._sweep = sweep
        self._seconds = seconds
        self._over = threading.Event()
        self.future.add_done_callback(lambda _: self._over.set())

    def run(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self._sweep()
            except mortmain.MortmainError:
                continue

    def stop(self, timeout: float | None) -> bool:
        self._over.set()
        self.join(timeout)
        if self.is_alive():
            return False
        if not self.future.done():
            self.future.set_result(None)
        return True
