"""The one background thread of a process: it renews its claims and lets go of those that nobody waits for any more."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import weakref
from typing import TYPE_CHECKING

from . import _frames
from . import _requests as requests
from ._effects import drive
from ._errors import Conflict, MortmainError
from ._link import logger

if TYPE_CHECKING:
    from ._flows import Flows
    from ._grant import Grant

# How long letting go of a claim may talk with the gateway: the ttl frees the key anyway. Seconds.
RELEASE_TIMEOUT = 5.0


class Renewer:
    """The one renewal thread of the process, which lives while there are claims. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, int, weakref.ref[Grant]]] = []
        self._abandoned: list[tuple[Flows, str, str]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def add(self, grant: Grant) -> None:
        self._push(grant, time.monotonic() + grant.ttl / 3)

    def abandon(self, flows: Flows, key: str, claim_id: str) -> None:
        """Release a claim that was asked for and whose grant nobody will hold."""
        with self._condition:
            self._abandoned.append((flows, key, claim_id))
            self._wake()

    def _push(self, grant: Grant, due: float) -> None:
        with self._condition:
            heapq.heappush(self._due, (due, next(self._order), weakref.ref(grant)))
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mortmain-claims", daemon=True)
            self._thread.start()
        else:
            self._condition.notify()

    def _run(self) -> None:
        while True:
            abandoned, grant = self._next()
            if abandoned is not None:
                self._let_go(*abandoned)
            elif grant is not None:
                again = self._renew(grant)
                if again is not None:
                    self._push(grant, again)
                # Nothing here may keep a forgotten claim alive.
                grant = None
            else:
                return

    def _next(self) -> tuple[tuple[Flows, str, str] | None, Grant | None]:
        with self._condition:
            while True:
                if self._abandoned:
                    return self._abandoned.pop(), None
                while self._due and _finished(self._due[0][2]()):
                    heapq.heappop(self._due)
                if not self._due:
                    self._thread = None
                    return None, None
                pause = self._due[0][0] - time.monotonic()
                if pause <= 0:
                    return None, heapq.heappop(self._due)[2]()
                # Looks again now and then, so that forgotten claims do not keep the thread.
                self._condition.wait(min(pause, 5.0))

    @staticmethod
    def _let_go(flows: Flows, key: str, claim_id: str) -> None:
        request = requests.simple(_frames.RELEASE, {"key": key, "claim_id": claim_id})
        try:
            flows.link.ask(request, time.monotonic() + RELEASE_TIMEOUT)
        except MortmainError as error:
            logger.debug("an abandoned claim on %s was not released: %s", key, error)

    @staticmethod
    def _renew(grant: Grant) -> float | None:
        """When to renew it next, or None."""
        if _finished(grant):
            return None
        now = time.monotonic()
        if grant.hold_until is not None and now >= grant.hold_until:
            logger.info("the claim on %s reached max_hold and is no longer renewed", grant.key)
            return None
        try:
            drive(grant.renew(min(max(grant.ttl / 3, 0.05), 2.0)))
        except Conflict as conflict:
            if not grant.released:
                grant.lost = conflict
                logger.info("the claim on %s was lost: %s", grant.key, conflict)
            return None
        except MortmainError as error:
            logger.debug("the claim on %s could not be renewed: %s", grant.key, error)
            return time.monotonic() + min(grant.ttl / 6, 1.0)
        return now + grant.ttl / 3


def _finished(grant: Grant | None) -> bool:
    return grant is None or grant.released or grant.lost is not None or grant.flows.link.closed
