"""What a store is asked about keys: as they are, as they were, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import _arguments as arguments
from ._blame import blamed, differences
from ._calling import Calling
from ._models import Blame, Difference, Event, Snapshot
from ._watch import Watch


class Reading(Calling):
    """The part of a store that changes nothing."""

    # ------------------------------------------------------------ reads

    def read(
        self,
        key: str,
        *,
        last: int | None = None,
        version: int | None = None,
        revision: int | None = None,
        timeout: float | None = None,
    ) -> Snapshot[Any]:
        """The key as of now, as a version left it, or as it was at a revision; absent or deleted: `exists` False,
        `value` None.

        last: only the last n items of a list; such a snapshot is partial and no base. InvalidRequest for a bad key and
        for a version that never was, RevisionCompacted for one that is gone, StoreChanged for a revision of the future.
        """
        return self._run("read", key, self._flows.read(key, last, timeout, version, revision))

    def read_many(self, keys: Iterable[str], *, timeout: float | None = None) -> dict[str, Snapshot[Any]]:
        """The keys at one revision: a consistent cut."""
        names = list(keys)
        found = self._run("read_many", None, self._flows.read_many(names, timeout))
        return dict(zip(names, found, strict=True))

    def scan(
        self,
        prefix: str = "",
        *,
        limit: int | None = None,
        values: bool = True,
        timeout: float | None = None,
    ) -> Iterator[Snapshot[Any]]:
        """The keys below a prefix ("" or one that ends in "/"), all of one revision, in the order of their
        UTF-8 bytes.

        They are fetched page by page; timeout counts per page. RevisionCompacted if the iteration takes longer
        than history is kept.
        """
        after: str | None = None
        at: int | None = None
        left = arguments.check_limit(limit)
        while left is None or left > 0:
            page, at, _, more = self._run(
                "scan", prefix, self._flows.scan_page(prefix, after, left, at, values, timeout)
            )
            yield from page
            if not more or not page:
                return
            after = page[-1].key
            left = None if left is None else left - len(page)

    # ------------------------------------------------------------ history

    def history(
        self,
        key: str,
        limit: int | None = 20,
        *,
        before: int | None = None,
        values: bool = False,
        timeout: float | None = None,
    ) -> list[Event]:
        """The versions of a key as Events, newest first; reclaims are not among them.

        limit: None for all. before: only versions below this one. values: with what was written (see `Event`).
        """
        return self._run("history", key, self._flows.history(key, limit, before, values, timeout))

    def diff(self, key: str, old: int, new: int, *, timeout: float | None = None) -> list[Difference]:
        """Where two versions of a key differ; a version in which it is deleted counts as None."""
        before = self._run("diff", key, self._flows.read(key, None, timeout, old))
        after = self._run("diff", key, self._flows.read(key, None, timeout, new))
        return differences(before.value, after.value)

    def blame(
        self, key: str, *, version: int | None = None, limit: int | None = None, timeout: float | None = None
    ) -> list[Blame]:
        """Which commit wrote each list item, object field or line of text of a value, now or as of a version.

        limit: versions to look at; what is older than those has no writer. timeout: per question to the gateway.
        """
        return self._run("blame", key, blamed(self._flows, key, version, limit, timeout))

    def watch(
        self, prefix: str = "", *, after: int | None = None, values: bool = False, timeout: float | None = None
    ) -> Watch:
        """An iterator over Events below a prefix ("" or one that ends in "/"): writes, deletes and reclaims behind a
        revision, in order, never a part of a commit.

        after: a revision, None for now. values: with what was written. timeout: seconds of silence after which the
        iteration ends; None waits for ever. It reconnects by itself, without a gap or a double. RevisionCompacted when
        it asks for what is gone, StoreChanged when the store is another one.
        """
        return Watch(self._flows, prefix, after, values, timeout)
