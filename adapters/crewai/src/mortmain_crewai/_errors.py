"""Errors that CrewAI hides, and the one of its own that it expects by name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import mortmain
from mortmain import Conflict, MortmainError, Snapshot, VersionConflict

if TYPE_CHECKING:
    from crewai.memory.storage.backend import EmbeddingDimensionMismatchError
else:
    try:
        from crewai.memory.storage.backend import EmbeddingDimensionMismatchError
    except ImportError:  # CrewAI before 1.15

        class EmbeddingDimensionMismatchError(ValueError):
            """An embedding has another number of dimensions than those that are stored."""

            def __init__(self, stored_dim: int, new_dim: int) -> None:
                self.stored_dim = stored_dim
                self.new_dim = new_dim
                super().__init__(
                    f"Embedding dimension mismatch: this memory holds {stored_dim}-dimensional vectors, and the "
                    f"embedder gave a {new_dim}-dimensional one. Reset the memory, or go back to its embedder."
                )


__all__ = ["EmbeddingDimensionMismatchError", "Latch", "changed", "latched", "listening", "touches_base"]

P = ParamSpec("P")
T = TypeVar("T")

# The errors of the call that this context runs; CrewAI copies the context into its worker threads.
_heard: ContextVar[list[MortmainError] | None] = ContextVar("mortmain_crewai_errors", default=None)


class Latch:
    """Keeps the last error of mortmain, for callers to whom CrewAI shows something else. Thread-safe."""

    fence_error: MortmainError | None = None

    def latch(self, error: MortmainError) -> None:
        self.fence_error = error
        heard = _heard.get()
        if heard is not None:
            heard.append(error)

    def raise_if_fenced(self) -> None:
        """Raise the error that was hidden, once."""
        error, self.fence_error = self.fence_error, None
        if error is not None:
            raise error


@contextmanager
def listening() -> Iterator[list[MortmainError]]:
    """What goes wrong inside of this block, also where CrewAI swallows it."""
    heard: list[MortmainError] = []
    outer = _heard.get()
    before = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(before)
        if outer is not None:
            outer.extend(heard)


def latched(method: Callable[P, T]) -> Callable[P, T]:
    """A method whose errors are kept by its object, a Latch."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except MortmainError as error:
            args[0].latch(error)  # type: ignore[attr-defined]
            raise

    return call


def touches_base(error: Conflict, keys: Collection[str]) -> bool:
    """Whether a commit was refused because of one of these keys."""
    refused = {failure.get("key") for failure in error.failures} | {error.key}
    return not refused.isdisjoint(keys)


def changed(current: Snapshot[Any], expected: int, what: str) -> VersionConflict:
    """The conflict with a version that nobody here has seen."""
    return mortmain.VersionConflict(
        f"version {expected} is behind version {current.version} of {current.key}: {what}: "
        "read it again and redo your change",
        key=current.key,
        expected=expected,
        actual=current.version,
        winner=current.writer,
        current=current,
    )
