"""send(2) and recv(2) that keep the interpreter's lock. Python lets go of it for every call of a socket; where many
threads ask at once, each time costs two context switches until the lock is back, longer than a call that never waits.
"""

from __future__ import annotations

import functools
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ctypes


class Held:
    """The two calls, for sockets that do not block. Thread-safe. What they do not manage at once is left to the
    socket's own methods, which say why.
    """

    __slots__ = ("_flags", "_receive", "_send")

    def __init__(self, library: ctypes.PyDLL) -> None:
        from ctypes import c_char_p, c_int, c_size_t, c_ssize_t, c_void_p

        self._send = library.send
        self._send.argtypes = (c_int, c_char_p, c_size_t, c_int)
        self._send.restype = c_ssize_t
        self._receive = library.recv
        self._receive.argtypes = (c_int, c_void_p, c_size_t, c_int)
        self._receive.restype = c_ssize_t
        # As Python's own send, which ignores the signal: a peer that is gone is an error.
        self._flags = getattr(socket, "MSG_NOSIGNAL", 0)

    def send(self, sock: socket.socket, data: bytes) -> int:
        """How many bytes the socket took; 0 for none."""
        sent: int = self._send(sock.fileno(), data, len(data), self._flags)
        return sent if sent > 0 else 0

    def receive(self, sock: socket.socket, buffer: Buffer) -> int:
        """How many bytes came into the buffer; 0 for none, or the end."""
        got: int = self._receive(sock.fileno(), buffer.address, buffer.size, 0)
        return got if got > 0 else 0


class Buffer:
    """Bytes that are received into, and where they lie. Keeps them in place as long as it lives."""

    __slots__ = ("_bytes", "address", "size")

    def __init__(self, data: bytearray) -> None:
        import ctypes

        self.size = len(data)
        self._bytes: Any = (ctypes.c_char * self.size).from_buffer(data)
        self.address = ctypes.addressof(self._bytes)


@functools.cache
def held_calls() -> Held | None:
    """None where there are no such calls. Imports ctypes at its first use, which takes some milliseconds."""
    if os.name != "posix":
        return None
    try:
        import ctypes

        return Held(ctypes.PyDLL(None))
    except (ImportError, OSError, AttributeError):
        return None
