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
import time
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
        return (self._local and time.monotonic() - self._used < _FRESH) or not self._poll.readable(0.0)

    def close(self) -> None:
        """Close this side. In a forked child it leaves the parent's connection alone: nothing is shut down.
        """
        self.closed = True
        self.sock.close()

    def exchange(self, frame: Frame, deadline: float | None) -> Reply:
        """Send, then wait for the answer. Anything but a whole answer closes the connection; failures are Broken."""
        sent = False
        try:
            if isinstance(frame, list):
                op = int(frame[0][_OP])
                self._send_pieces(frame, deadline)
            else:
                op = frame[_OP]
                self._send(frame, deadline)
            sent = True
            got, alone = 0, self._alone
            if alone:
                asked = time.monotonic()
                usual = self._waits[op]
                if usual <= _SPIN and _SPINS and asked - self._used <= 0.001:
                    got = self._spin(asked + 1.5 * usual)
            reply = self._receive(got or self._receive_first(deadline), deadline)
            self._alone = reply.alone
            self._used = used = time.monotonic()
            if alone:
                took = used - asked
                self._waits[op] = usual + ((took if took < _PATIENT else _PATIENT) - usual) / 8
        except (OSError, MalformedReply) as error:
            self.close()
            raise Broken(sent, isinstance(error, TimeoutError)) from error
        except BaseException:
            self.close()
            raise
        if reply.revision > self.revision:
            self.revision = reply.revision
        return reply

    def _send(self, frame: bytes, deadline: float | None) -> None:
        done = 0 if self._held is None else self._held.send(self.sock, frame)
        while done < len(frame):
            try:
                done += self.sock.send(memoryview(frame)[done:] if done else frame)
            except BlockingIOError:
                self._poll.wait_writable(deadline)

    def _send_pieces(self, pieces: list[Data], deadline: float | None) -> None:
        if not hasattr(self.sock, "sendmsg"):
            self._send(whole(pieces), deadline)
            return
        at, sent = 0, 0
        while at < len(pieces):
            # Nothing is copied: what is left of a piece that went out in part is a view.
            rest = [memoryview(pieces[at])[sent:], *pieces[at + 1 : at + _AT_ONCE]]
            try:
                sent += self.sock.sendmsg(rest)
            except BlockingIOError:
                self._poll.wait_writable(deadline)
            while at < len(pieces) and sent >= len(pieces[at]):
                sent -= len(pieces[at])
                at += 1

    def _receive(self, done: int, deadline: float | None) -> Reply:
        """The reply whose first bytes, so many, have come."""
        buffer = self._view
        while done < 4:
            done += self._receive_into(buffer[done:], deadline)
        (length,) = _unpack_length(buffer)
        end = 4 + length
        if end <= _BUFFER:
            while done < end:
                done += self._receive_into(buffer[done:], deadline)
            return parse_reply(buffer[4:end], copy=True)
        whole = memoryview(bytearray(length))
        whole[: done - 4] = buffer[4:done]
        done -= 4
        while done < length:
            done += self._receive_into(whole[done:], deadline)
        return parse_reply(whole, copy=False)

    def _spin(self, over: float) -> int:
        """Look for the answer without sleeping, until a time; the bytes that came, 0 if none."""
        buffer, receive = self._view, self.sock.recv_into
        while time.monotonic() < over:
            try:
                got = receive(buffer)
            except BlockingIOError:
                continue
            if got == 0:
                raise ConnectionResetError("the gateway closed the connection")
            return got
        return 0

    def _receive_first(self, deadline: float | None) -> int:
        """The first bytes of a reply, into the connection's buffer."""
        if self._held is not None:
            self._poll.wait_readable(deadline)
            if self._place is None:
                self._place = Buffer(self._buffer)
            got = self._held.receive(self.sock, self._place)
            if got:
                return got
        return self._receive_into(self._view, deadline)

    def _receive_into(self, view: memoryview, deadline: float | None) -> int:
        while True:
            self._poll.wait_readable(deadline)
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
        return parse_reply(target[4:end], copy=not own)

    async def _ready(
        self, add: Any, remove: Any, deadline: float | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        future: asyncio.Future[bool] = loop.create_future()
        fd = self.sock.fileno()
        add(fd, _settle, future, True)
        timer = None
        if deadline is not None:
            timer = loop.call_later(max(0.0, deadline - time.monotonic()), _settle, future, False)
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
    """

    __slots__ = ("_fd", "_in", "_out")

    def __init__(self, sock: socket.socket) -> None:
        self._fd = sock.fileno()
        self._in = self._out = None
        if hasattr(select, "poll"):
            self._in = select.poll()
            self._in.register(self._fd, select.POLLIN)
            self._out = select.poll()
            self._out.register(self._fd, select.POLLOUT)

    def readable(self, seconds: float) -> bool:
        if self._in is not None:
            return bool(self._in.poll(seconds * 1000.0))
        return bool(select.select([self._fd], [], [], seconds)[0])

    def wait_readable(self, deadline: float | None) -> None:
        poll = self._in
        if poll is not None:
            # Without a deadline for as long as it takes; one in the past still looks once. Rounded up by poll itself.
            if not poll.poll(None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000.0)):
                raise TimeoutError
        elif not select.select([self._fd], [], [], _seconds(deadline))[0]:
            raise TimeoutError

    def wait_writable(self, deadline: float | None) -> None:
        if self._out is not None:
            if not self._out.poll(_millis(deadline)):
                raise TimeoutError
        elif not select.select([], [self._fd], [], _seconds(deadline))[1]:
            raise TimeoutError


def _millis(deadline: float | None) -> float | None:
    # Rounded up by poll itself; a deadline in the past still looks once.
    return None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000.0)


def _seconds(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
