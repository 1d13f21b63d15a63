"""Errors that a team flattens to text: kept here, typed, until somebody takes them.

A team turns every exception of its agents into `RuntimeError(str)` without a cause, and an agent turns one of a tool
into text for the model. So each object of this package keeps what it raised, and the checkout around it raises it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakSet

import mortmain

from ._lock import ForkLock

if TYPE_CHECKING:
    from mortmain.aio import AsyncClaim

# Operations that failed and were never tried again; of each object the newest are kept.
_KEPT = 256

_lock = ForkLock()
_latches: WeakSet[Latch] = WeakSet()


class Kept:
    """One error that was raised and that nobody has taken yet."""

    __slots__ = ("error", "taken")

    def __init__(self, error: mortmain.MortmainError) -> None:
        self.error = error
        self.taken = False


class Scope:
    """What happens inside one checkout: its claim, and the errors that its body may not have seen. Thread-safe."""

    def __init__(self, directory: str, claim: AsyncClaim, outer: Scope | None) -> None:
        self.directory = directory
        self.claim = claim
        self.outer = outer
        self.task = current_task()
        self.open = True
        self.kept: list[Kept] = []

    def pending(self) -> list[mortmain.MortmainError]:
        """Newest first."""
        with _lock:
            return [one.error for one in reversed(self.kept) if not one.taken]

    def deliver(self, error: mortmain.MortmainError) -> None:
        """The checkout raises it: one around this does not raise it again."""
        with _lock:
            for one in self.kept:
                if one.error is error:
                    one.taken = True


scope: ContextVar[Scope | None] = ContextVar("mortmain_autogen_scope", default=None)


def current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def scopes() -> Iterator[Scope]:
    """The open checkouts around this call, from the inside out."""
    one = scope.get()
    while one is not None:
        if one.open:
            yield one
        one = one.outer


def claims_around(directory: str) -> list[AsyncClaim]:
    """What a write inside of a checkout presents, so that a fenced run does not write on."""
    return [one.claim for one in scopes() if one.directory == directory]


class Latch:
    """The errors of one object, by operation: one that is done again and succeeds is forgotten. Thread-safe."""

    def __init__(self) -> None:
        self._kept: dict[object, Kept] = {}
        with _lock:
            _latches.add(self)

    @contextmanager
    def around(self, operation: object) -> Iterator[None]:
        """Keep what an operation raises."""
        try:
            yield
        except mortmain.MortmainError as error:
            self._keep(operation, error)
            raise
        else:
            self._forget(operation)

    def _keep(self, operation: object, error: mortmain.MortmainError) -> None:
        kept = Kept(error)
        task = current_task()
        with _lock:
            self._take(operation)
            self._kept[operation] = kept
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            for one in scopes():
                # In the body's own task the error reaches the body as it is.
                if one.task is not task:
                    one.kept.append(kept)

    def _forget(self, operation: object) -> None:
        if self._kept:
            with _lock:
                self._take(operation)

    def _take(self, operation: object) -> None:
        kept = self._kept.pop(operation, None)
        if kept is not None:
            kept.taken = True

    @property
    def error(self) -> mortmain.MortmainError | None:
        with _lock:
            return next((one.error for one in reversed(self._kept.values())), None)

    def take_all(self) -> None:
        with _lock:
            for operation in list(self._kept):
                self._take(operation)


class Latched:
    """`fence_error` and `raise_if_fenced` of an object with a latch."""

    _latch: Latch

    @property
    def fence_error(self) -> mortmain.MortmainError | None:
        """The last error of an operation that did not succeed since, which AutoGen may have turned into text."""
        return self._latch.error

    def raise_if_fenced(self) -> None:
        """Raise that error, and forget what is kept."""
        error = self._latch.error
        if error is not None:
            self._latch.take_all()
            raise error


def typed(flat: BaseException, inside: Scope) -> mortmain.MortmainError | None:
    """The typed error behind an exception that holds its text; None if there is none."""
    if not isinstance(flat, Exception) or isinstance(flat, mortmain.MortmainError):
        return None
    texts = list(_texts(flat))
    for error in [*inside.pending(), *_errors_of_this_process()]:
        if any(f"{type(error).__name__}: {error}" in text for text in texts):
            return error
    return None


def _texts(error: BaseException) -> Iterator[str]:
    """What an exception says, and what those of a group say."""
    yield str(error)
    for one in getattr(error, "exceptions", ()):
        if isinstance(one, BaseException) and not isinstance(one, mortmain.MortmainError):
            yield from _texts(one)


def _errors_of_this_process() -> list[mortmain.MortmainError]:
    # A runtime that was started before the checkout does not know that it is inside of one.
    with _lock:
        return [one.error for latch in _latches for one in reversed(latch._kept.values())]
