"""What an object has read of a key, as the base of its next write that must not lose anything."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from mortmain import Ticket

from ._lock import ForkLock

if TYPE_CHECKING:
    from mortmain import Receipt, Snapshot

# Own writes that came back before the ones made earlier.
_AHEAD = 1000


class Seen:
    """The newest state that is known here: of a read, moved on by own writes between which nobody else wrote.
    Thread-safe."""

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._ticket: Ticket | None = None
        self._ahead: dict[int, Ticket] = {}

    @property
    def ticket(self) -> Ticket | None:
        with self._lock:
            return self._ticket

    def read(self, snapshot: Snapshot[Any]) -> None:
        """A read that somebody got to see; of two that overlap, the newer one counts."""
        ticket = snapshot.ticket()
        with self._lock:
            known = self._ticket
            if known is not None and known.store_id == ticket.store_id and known.version > ticket.version:
                return
            self._ticket = ticket
            self._catch_up()

    def wrote(self, receipt: Receipt) -> None:
        """An own write. If somebody else wrote since the last read, or reclaimed the key, the base stays where it
        was: what they wrote has not been seen."""
        ticket = ticket_of(receipt)
        with self._lock:
            if self._ticket is None:
                self._ticket = ticket
            elif len(self._ahead) < _AHEAD:
                self._ahead[ticket.version] = ticket
            self._catch_up()

    def _catch_up(self) -> None:
        known = self._ticket
        while known is not None:
            following = self._ahead.pop(known.version + 1, None)
            if following is None or (following.epoch, following.store_id) != (known.epoch, known.store_id):
                break
            self._ticket = known = following
        if known is not None:
            for version in [version for version in self._ahead if version <= known.version]:
                del self._ahead[version]


def ticket_of(receipt: Receipt) -> Ticket:
    """The right to go on from an own commit."""
    return Ticket(
        key=receipt.key,
        ticket_id=secrets.token_hex(16),
        version=receipt.version,
        tag=receipt.tag,
        epoch=receipt.epoch,
        revision=receipt.revision,
        store_id=receipt.store_id,
    )
