"""Large requests go out piece by piece, without being joined."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from mortmain import _frames
from mortmain._codec import encode
from mortmain._frames import Request, whole
from mortmain._transport._connection import Connection

REPLY = bytes.fromhex("00000010" "01000000" "0000000000000000" "00000000")


def received(peer: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        got += peer.recv(1500)
    return bytes(got)


@pytest.mark.parametrize("sizes", [[300_000], [70_000, 0, 1, 90_000], [100] * 1500, [0, 0, 65_536]])
def test_every_byte_arrives_once_where_the_socket_takes_a_few_at_a_time(sizes):
    ours, peer = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    payload = [memoryview(os.urandom(size)) for size in sizes]
    request = Request(_frames.COMMIT, b"{}", payload, request_id=b"i")
    frame = request.frame(0, "s", 1)
    assert isinstance(frame, list)
    assert request.length == len(whole(frame)) - 4
    got: list[bytes] = []

    def serve() -> None:
        got.append(received(peer, request.length + 4))
        peer.sendall(REPLY)

    server = threading.Thread(target=serve)
    server.start()
    connection = Connection(ours)
    assert connection.exchange(frame, None).ok
    server.join()
    assert got == [whole(frame)]
    connection.close()
    peer.close()


def test_bytes_that_somebody_may_still_change_are_copied():
    kept, changing = memoryview(b"abc"), bytearray(b"abc")
    assert encode(kept, None)[1] is kept
    copied = [encode(value, None)[1] for value in (changing, memoryview(changing), memoryview(b"abcdef")[::2])]
    changing[0] = 0
    assert copied == [b"abc", b"abc", b"ace"]
    assert all(type(one) is bytes for one in copied)
