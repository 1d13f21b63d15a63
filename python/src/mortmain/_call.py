"""What surrounds a call in both twins: the observer is told, conflicts are logged at INFO, a span is kept."""

from __future__ import annotations

import time
from typing import Any

from . import _trace
from ._errors import Conflict, MortmainError
from ._link import Link, logger
from ._models import Operation


class Call:
    """One public call, timed. attempts and revision are filled in by the call itself. For one thread."""

    __slots__ = ("_begun", "_key", "_link", "_name", "_span", "attempts", "revision")

    def __init__(self, link: Link, name: str, key: str | None, agent: str | None = None) -> None:
        self._link = link
        self._name = name
        self._key = key
        self._begun = 0.0 if link.observe is None else time.perf_counter()
        self.attempts = 1
        self.revision = 0
        self._span = _trace.begin(name, key, agent, link.directory)

    def succeeded(self, result: Any) -> None:
        if self._link.observe is None and self._span is None:
            return
        revision = (
            getattr(result, "read_revision", None) or getattr(result, "revision", None) or self.revision
        )
        revision = revision if isinstance(revision, int) else 0
        if self._span is not None:
            self._span.end(None, self.attempts, revision)
        self._tell("ok", revision)

    def failed(self, error: BaseException) -> None:
        if isinstance(error, Conflict):
            # Normal, and what it says is in the error: no traceback.
            self.attempts = error.attempts
            logger.info("%s %s: %s", self._name, self._key or "", error)
        if self._span is not None:
            self._span.end(error, self.attempts, self.revision)
        if self._link.observe is not None:
            self._tell(
                error.code if isinstance(error, MortmainError) else type(error).__name__, self.revision
            )

    def _tell(self, outcome: str, revision: int) -> None:
        observe = self._link.observe
        if observe is None:
            return
        seconds = time.perf_counter() - self._begun
        try:
            observe(Operation(self._name, self._key, outcome, seconds, self.attempts, revision))
        except Exception:
            # Whoever watches must not change what happened.
            logger.warning("the observer failed on %s", self._name, exc_info=True)
