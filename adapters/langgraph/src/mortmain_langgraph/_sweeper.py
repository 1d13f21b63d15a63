"""Sweeping in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import mortmain


class Sweeper(threading.Thread):
    """Sweeps until it is told to stop; a failed sweep is repeated at the next turn."""

    def __init__(self, sweep: Callable[[], int], seconds: float) -> None:
        super().__init__(name="mortmain-ttl-sweeper", daemon=True)
        self.future: Future[None] = Future()
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
