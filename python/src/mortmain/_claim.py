"""Claims: exclusive, expiring write grants, as a program holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._effects import Flow, drive
from ._errors import invalid
from ._grant import UNKNOWN, Grant
from ._models import Receipt, Snapshot

if TYPE_CHECKING:
    from ._store import Store

T = TypeVar("T")


class ClaimView:
    """What both kinds of claim handle show without talking to the gateway."""

    _grant: Grant

    @property
    def key(self) -> str:
        """The key that is claimed."""
        return self._grant.key

    @property
    def epoch(self) -> int:
        """The epoch that the claim was granted under; every commit through it is refused under another one."""
        return self._grant.epoch

    @property
    def version(self) -> int:
        """The version that the next commit goes on from."""
        return self._grant.base.version

    @property
    def lost(self) -> bool:
        """True once it is known here that the claim is gone: refused, expired, released, or inherited by a
        fork.
        """
        return self._grant.remaining() <= 0.0

    @property
    def remaining(self) -> float:
        """Seconds until it expires without a renewal, counted from before the last request was sent."""
        return self._grant.remaining()

    def __reduce__(self) -> Any:
        raise invalid("claim", "a live handle cannot be pickled: claim the key where it is needed")

    def __repr__(self) -> str:
        state = "lost" if self.lost else f"{self.remaining:.1f} s left"
        return f"<{type(self).__name__} {self.key} epoch={self.epoch} version={self.version} {state}>"


class Claim(ClaimView):
    """A live claim, as `store.claim` gives it. Thread-safe; leaving the `with` block releases it and never
    raises.

    Not picklable; in a forked child every use is ClaimLost (why="forked").
    """

    def __init__(self, store: Store, grant: Grant) -> None:
        self._store = store
        self._grant = grant

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def value(self) -> Any:
        """The value that the next commit goes on from, None where the key is absent. After a delta it is read
        again.
        """
        grant = self._grant
        if grant.value is UNKNOWN:
            self.read()
        return None if grant.value is UNKNOWN else grant.value

    def read(self, *, timeout: float | None = None) -> Snapshot[Any]:
        """The key as it is now, which becomes the base of the next commit."""
        return self._run("claim.read", self._grant.read(timeout))

    def commit(
        self,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Write the value; the base moves with it. Fenced once the key was reclaimed."""
        return self._run("claim.commit", self._grant.commit(value, request_id, timeout, meta))

    def delete(
        self,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Delete the key; the claim stays."""
        return self._run("claim.delete", self._grant.delete(request_id, timeout, meta))

    def append(
        self,
        item: Any,
        unique: str | None = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Append to the list, fenced by the claim."""
        return self._run("claim.append", self._grant.append(item, unique, request_id, timeout, meta))

    def merge(
        self,
        patch: Mapping[str, Any],
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Apply a JSON merge patch, fenced by the claim."""
        return self._run("claim.merge", self._grant.merge(patch, request_id, timeout, meta))

    def check(self, *, timeout: float | None = None) -> None:
        """Raise Fenced (or ClaimLost) if a commit would now: for effects outside the store, just before they
        happen.
        """
        self._run("claim.check", self._grant.check(timeout))

    def release(self) -> None:
        """Give the key back. Never raises; a second time does nothing."""
        with self._grant.lock:
            drive(self._grant.release())

    def _run(self, name: str, flow: Flow[T]) -> T:
        # One write at a time: the base moves with each.
        with self._grant.lock:
            return self._store._run(name, self._grant.key, flow)
