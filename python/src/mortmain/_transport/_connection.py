"""One upgraded connection: a frame out, a frame in, by one caller at a time.

The socket never blocks and belongs to no event loop, so that the synchronous and the asynchronous twin share one
pool. The first waits by poll(2): a Linux thread that waits in recv(2) on a Unix socket is also woken, for nothing, when
the gateway takes the request.
"""

from __future__ import annotations

import itertools
import os
import select
import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from mortmain._frames import LENGTH, Data, Frame, MalformedReply, Reply, parse_reply, whole

from ._greeted import Broken, Greeted
from ._held import Buffer, Held, held_calls

if TYPE_CHECKING:
    import asyncio

_unpack_length = LENGTH.unpack_from
_BUFFER = 64 * 1024
# Where the operation lies in a frame behind its length.
_OP = 5
# Pieces of a frame that one system call takes; POSIX allows 1024 everywhere that matters here.
_AT_ONCE = 512

# Looking for the answer before sleeping saves two wake-ups of a sleeping core, some 60 µs, where one caller is at work
# and the answers come fast and soon one after the other. Where they take longer than this many seconds it saves little.
_SPIN = 0.0008
# No wait counts for more than this.
_PATIENT = 2 * _SPIN
# How long after an answer nobody looks whether the peer has closed (seconds).
_FRESH = 0.01
_SPINS = len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)) > 1

# Counts the connections of this process.
_made = itertools.count(1)


class Connection(Greeted):
    """An upgraded connection over a socket. Not thread-safe: a pool hands it to one caller at a time."""

    __slots__ = ("_alone", "_buffer", "_local", "_place", "_poll", "_used", "_view", "_waits", "sock")

    # Of all connections of this process.
    _held: ClassVar[Held | None] = None

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        sock.setblocking(False)
        self.sock = sock
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._poll = _Waiter(sock)
        self._local = sock.family != socket.AF_INET
        self._used = 0.0
        self._alone = False
        self._place: Buffer | None = None
        if next(_made) > 1:  # where there are several, several threads ask, or will soon
            Connection._held = held_calls()
        self._waits = [1.0] * 256  # by operation: a read is answered sooner than a commit

    def usable(self) -> bool:
        """False if the peer closed it (or spoke out of turn) while it lay idle. One that was just used is believed: a
        gateway that ended since then shows when the request is sent.
        """
        if self.closed:
            return False
        # Only a local socket tells at once, before anything was handed over.
        return (self._local and monotonic() - self._used < _FRESH) or not self._poll.readable(0.0)

    def close(self) -> None:
        """Close this side. In a forked child it leaves the parent's connection alone: nothing is shut down.
        """
        self.closed = True
        self.sock.close()

    def exchange(self, frame: Frame, deadline: float | None) -> Reply:
        """Send, then wait for the answer. Anything but a whole answer closes the connection; failures are Broken."""
        sent = False
        try:
            held, sock, view = self._held, self.sock, self._view
            if isinstance(frame, bytes):
                try:
                    done = sock.send(frame) if held is None else held.send(sock, frame)
                except BlockingIOError:
                    done = 0
                if done < len(frame):
                    self._send(frame, done, deadline)
            else:
                self._send_pieces(frame, deadline)
            sent = True
            if self._alone:
                got = self._look(frame, deadline)
            elif held is not None:
                got = self._receive_held(held, deadline)
            else:  # _receive_into, for which a function less is run
                millis = None if deadline is None else (deadline - monotonic()) * 1000.0
                if not self._poll.readable(millis if millis is None or millis > 0.0 else 0.0):
                    raise TimeoutError
                try:
                    got = sock.recv_into(view)
                except BlockingIOError:
                    got = 0
            if got > 4 and got == 4 + _unpack_length(view)[0]:
                reply = parse_reply(view, 4, got, True)
            else:
                reply = self._receive_rest(got, deadline)
            self._alone = reply.alone
            self._used = monotonic()
        except (OSError, MalformedReply) as error:
            self.close()
            raise Broken(sent, isinstance(error, TimeoutError)) from error
        except BaseException:
            self.close()
            raise
        if reply.revision > self.revision:
            self.revision = reply.revision
        return reply

    def _send(self, frame: bytes, done: int, deadline: float | None) -> None:
        """The rest of a frame."""
        rest = memoryview(frame)[done:]
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except BlockingIOError:
                self._await_writable(deadline)

    def _await_writable(self, deadline: float | None) -> None:
        if not self._poll.writable(_millis(deadline)):
            raise TimeoutError

    def _send_pieces(self, pieces: list[Data], deadline: float | None) -> None:
        if not hasattr(self.sock, "sendmsg"):
            self._send(whole(pieces), 0, deadline)
            return
        at, sent = 0, 0
        while at < len(pieces):
            # Nothing is copied: what is left of a piece that went out in part is a view.
            rest = [memoryview(pieces[at])[sent:], *pieces[at + 1 : at + _AT_ONCE]]
            try:
                sent += self.sock.sendmsg(rest)
            except BlockingIOError:
                self._await_writable(deadline)
            while at < len(pieces) and sent >= len(pieces[at]):
                sent -= len(pieces[at])
                at += 1

    def _receive_rest(self, done: int, deadline: float | None) -> Reply:
        """The reply whose first bytes, so many, have come."""
        buffer = self._view
        while done < 4:
            done += self._receive_into(buffer[done:], deadline)
        end = 4 + _unpack_length(buffer)[0]
        if end <= _BUFFER:
            while done < end:
                done += self._receive_into(buffer[done:], deadline)
            return parse_reply(buffer, 4, end, True)
        whole = memoryview(bytearray(end))
        whole[:done] = buffer[:done]
        while done < end:
            done += self._receive_into(whole[done:], deadline)
        return parse_reply(whole, 4, end, False)

    def _look(self, frame: Frame, deadline: float | None) -> int:
        """The first bytes of a reply, for a caller who is alone: looked for before sleeping, if that is worth it."""
        op = int((frame if isinstance(frame, bytes) else frame[0])[_OP])
        asked = monotonic()
        usual = self._waits[op]
        got = 0
        if usual <= _SPIN and _SPINS and asked - self._used <= 0.001:
            got = self._spin(asked + 1.5 * usual)
        got = got or self._receive_into(self._view, deadline)
        self._waits[op] = usual + (min(monotonic() - asked, _PATIENT) - usual) / 8
        return got

    def _spin(self, over: float) -> int:
        """Look for the answer without sleeping, until a time; the bytes that came, 0 if none."""
        buffer, receive = self._view, self.sock.recv_into
        while monotonic() < over:
            try:
                got = receive(buffer)
            except BlockingIOError:
                continue
            if got == 0:
                raise ConnectionResetError("the gateway closed the connection")
            return got
        return 0

    def _receive_held(self, held: Held, deadline: float | None) -> int:
        """The first bytes of a reply."""
        if not self._poll.readable(_millis(deadline)):
            raise TimeoutError
        if self._place is None:
            self._place = Buffer(self._buffer)
        return held.receive(self.sock, self._place) or self._receive_into(self._view, deadline)

    def _receive_into(self, view: memoryview, deadline: float | None) -> int:
        while True:
            # As _millis says it; for each answer one function less.
            millis = None if deadline is None else (deadline - monotonic()) * 1000.0
            if not self._poll.readable(millis if millis is None or millis > 0.0 else 0.0):
                raise TimeoutError
            try:
                got = self.sock.recv_into(view)
            except BlockingIOError:
                continue
            if got == 0:
                raise ConnectionResetError("the gateway closed the connection")
            return got

    async def exchange_async(
        self, frame: Frame, deadline: float | None, loop: asyncio.AbstractEventLoop
    ) -> Reply:
        """`exchange` on an event loop. A cancelled task closes the connection: its answer is never another's.
        """
        sent = False
        try:
            rest = memoryview(whole(frame))
            while rest:
                try:
                    rest = rest[self.sock.send(rest) :]
                except BlockingIOError:
                    await self._ready(loop.add_writer, loop.remove_writer, deadline, loop)
            sent = True
            reply = await self._receive_async(deadline, loop)
        except (OSError, MalformedReply) as error:
            self.close()
            raise Broken(sent, isinstance(error, TimeoutError)) from error
        except BaseException:
            self.close()
            raise
        if reply.revision > self.revision:
            self.revision = reply.revision
        return reply

    async def _receive_async(self, deadline: float | None, loop: asyncio.AbstractEventLoop) -> Reply:
        done, end, target = 0, 4, self._view
        own = False
        while done < end:
            await self._ready(loop.add_reader, loop.remove_reader, deadline, loop)
            try:
                got = self.sock.recv_into(target[done:])
            except BlockingIOError:
                continue
            if got == 0:
                raise ConnectionResetError("the gateway closed the connection")
            done += got
            if end == 4 and done >= 4:
                end += _unpack_length(target)[0]
                if end > _BUFFER:
                    own, target = True, memoryview(bytearray(end))
                    target[:done] = self._view[:done]
        return parse_reply(target, 4, end, not own)

    async def _ready(
        self, add: Any, remove: Any, deadline: float | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        future: asyncio.Future[bool] = loop.create_future()
        fd = self.sock.fileno()
        add(fd, _settle, future, True)
        timer = None
        if deadline is not None:
            timer = loop.call_later(max(0.0, deadline - monotonic()), _settle, future, False)
        try:
            if not await future:
                raise TimeoutError
        finally:
            remove(fd)
            if timer is not None:
                timer.cancel()


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    if not future.done():
        future.set_result(result)


class _Waiter:
    """Waits for one socket by poll(2), which has no limit on descriptor numbers; by select where there is no
    poll.

    readable, writable: whether it is within so many milliseconds, None for as long as it takes; 0 only looks.
    """

    __slots__ = ("readable", "writable")

    def __init__(self, sock: socket.socket) -> None:
        fd = sock.fileno()
        if hasattr(select, "poll"):
            ins, outs = select.poll(), select.poll()
            ins.register(fd, select.POLLIN)
            outs.register(fd, select.POLLOUT)
            # The calls themselves: they round up by themselves, and one function less is run per wait.
            self.readable: Callable[[float | None], object] = ins.poll
            self.writable: Callable[[float | None], object] = outs.poll
        else:
            self.readable = lambda millis: select.select([fd], [], [], _seconds(millis))[0]
            self.writable = lambda millis: select.select([], [fd], [], _seconds(millis))[1]


def _millis(deadline: float | None) -> float | None:
    """Until then; a deadline in the past still looks once. A negative time would be no limit."""
    if deadline is None:
        return None
    millis = (deadline - monotonic()) * 1000.0
    return millis if millis > 0.0 else 0.0


def _seconds(millis: float | None) -> float | None:
    return None if millis is None else millis / 1000.0
