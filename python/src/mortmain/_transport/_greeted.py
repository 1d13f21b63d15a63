"""What HELLO taught about a gateway: the part of a connection that is the same over a socket and inside a JVM."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mortmain._frames import Frame, Reply

if TYPE_CHECKING:
    import asyncio


class Broken(Exception):
    """The exchange failed; internal. sent: the whole frame was handed over, so that the gateway may have
    taken it up.

    expired: there was no failure, only no answer until the deadline.
    """

    def __init__(self, sent: bool, expired: bool = False) -> None:
        super().__init__(sent, expired)
        self.sent = sent
        self.expired = expired


class Greeted:
    """A connection after HELLO. Not thread-safe: a pool hands it to one caller at a time.

    instance, store_id, limits, features: as HELLO said. frame_limit: bytes of the largest request.
    flags: of a request whose answer may be brief.
    revision: the newest durable revision that a reply here showed.
    clock_offset: what to add to time.monotonic() in ms for the gateway's clock.
    """

    __slots__ = (
        "__weakref__",
        "clock_offset",
        "closed",
        "features",
        "flags",
        "frame_limit",
        "hello",
        "instance",
        "limits",
        "revision",
        "store_id",
    )

    def __init__(self) -> None:
        self.closed = False
        self.instance = ""
        self.store_id = ""
        self.revision = 0
        self.clock_offset = 0.0
        self.limits: dict[str, int] = {}
        self.frame_limit = sys.maxsize
        self.features: frozenset[str] = frozenset()
        self.flags = 0
        self.hello: dict[str, Any] = {}

    def deadline_ms(self, deadline: float | None) -> int:
        """A deadline of time.monotonic() on this gateway's clock; 0 is none."""
        return 0 if deadline is None else max(1, int(deadline * 1000.0 + self.clock_offset))

    def usable(self) -> bool:
        """False if the peer closed it while it lay idle."""
        raise NotImplementedError

    def close(self) -> None:
        """Close this side."""
        raise NotImplementedError

    def exchange(self, frame: Frame, deadline: float | None) -> Reply:
        """Send, then wait for the answer. Anything but a whole answer closes the connection; failures are Broken."""
        raise NotImplementedError

    async def exchange_async(self, frame: Frame, deadline: float | None, loop: asyncio.AbstractEventLoop) -> Reply:
        """`exchange` on an event loop."""
        raise NotImplementedError
