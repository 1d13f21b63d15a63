"""Inside a JVM, through jep: the same frames without a socket. A request crosses as bytes, the reply is read where Java
put it, in a direct buffer.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mortmain._errors import GatewayUnavailable
from mortmain._frames import Frame, MalformedReply, Reply, parse_reply, whole

from ._greeted import Broken, Greeted

# What the JVM is told where there is no deadline (ms): 20 years.
_FOR_EVER = 1 << 39
# A call may wait for what another one of the same loop does, so none may want for a thread. They are made as needed.
_waiting = ThreadPoolExecutor(max_workers=4096, thread_name_prefix="mortmain-jep")


def is_inside() -> bool:
    """Whether this Python runs in a JVM and is to use it; MORTMAIN_TRANSPORT=unix or tcp asks for the socket."""
    return "_jep" in sys.modules and os.environ.get("MORTMAIN_TRANSPORT", "jep") == "jep"


def open_inside(directory: str, start: bool, create: bool) -> JepConnection:
    """A connection to the store of a directory in this JVM, not greeted yet: HELLO says what is wrong, if anything."""
    import jep

    try:
        door = jep.findClass("mortmain.gateway.InProcess")
    except Exception as error:
        raise GatewayUnavailable(
            f"this Python runs in a JVM that does not have mortmain.jar on its class path ({error}): add it, or set"
            " MORTMAIN_TRANSPORT=unix to use a gateway of its own",
            reason="start-failed",
        ) from error
    return JepConnection(door.connect(directory, start, create))


class JepConnection(Greeted):
    """A connection through memory. It waits in Java, without the interpreter's lock. In a forked child there is no JVM:
    nothing of this can be used there.
    """

    __slots__ = ("_java", "_view")

    def __init__(self, java: Any) -> None:
        super().__init__()
        self._java = java
        self.instance = str(java.instance())
        self._view = memoryview(java.buffer()).cast("B")

    def usable(self) -> bool:
        return not self.closed and bool(self._java.isOpen())

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._java.close()

    def exchange(self, frame: Frame, deadline: float | None) -> Reply:
        """As of a socket; here the frame always arrives, so that every failure comes after it was sent."""
        millis = _FOR_EVER if deadline is None else max(0, int((deadline - time.monotonic()) * 1000.0))
        length = -1
        try:
            length = self._java.call(whole(frame), millis)
            if length < 0:
                raise Broken(True, expired=not self.closed)
            view = self._view
            if length > len(view):
                view = memoryview(self._java.buffer()).cast("B")
            reply = parse_reply(view, 0, length, view is self._view)
        except MalformedReply as error:
            raise Broken(True) from error
        finally:
            if length < 0:
                self.close()
        if reply.revision > self.revision:
            self.revision = reply.revision
        return reply

    async def exchange_async(self, frame: Frame, deadline: float | None, loop: asyncio.AbstractEventLoop) -> Reply:
        """In a thread, for a call waits in Java. A cancelled task closes it: its answer is never another's."""
        try:
            return await loop.run_in_executor(_waiting, self.exchange, frame, deadline)
        except asyncio.CancelledError:
            self.close()
            raise
