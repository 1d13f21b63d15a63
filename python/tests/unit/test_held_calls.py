"""Requests of several threads are sent and received with the interpreter's lock held: no byte is lost or sent to
another descriptor, and what fails there is said as ever.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from mortmain import _frames
from mortmain._frames import Request
from mortmain._transport import Broken
from mortmain._transport._connection import Connection
from mortmain._transport._held import Buffer, held_calls

Pair = tuple[Connection, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A connection that is not the first of this process, and its peer."""
    first, its_peer = socket.socketpair()
    Connection(first).close()
    its_peer.close()
    ours, peer = socket.socketpair()
    connection = Connection(ours)
    assert connection._held is not None
    yield connection, peer
    connection.close()
    peer.close()


def request(size: int) -> bytes:
    return Request(_frames.COMMIT, b"{}", [b"x" * size], request_id=b"i").bytes(0, "s", 1)


def reply(size: int) -> bytes:
    return struct.pack(">IBBBxqI", 16 + size, 1, 0, 0, 7, 0) + b"y" * size


def answer(peer: socket.socket, asked: int, said: bytes, got: list[bytes]) -> None:
    seen = bytearray()
    while len(seen) < asked:
        seen += peer.recv(1000)
    got.append(bytes(seen))
    peer.sendall(said)


@pytest.mark.parametrize("size", [0, 10, 60_000])
@pytest.mark.parametrize("back", [0, 10, 65_516, 65_517, 400_000])
def test_every_byte_arrives_once_where_the_socket_takes_a_few_at_a_time(pair: Pair, size: int, back: int) -> None:
    connection, peer = pair
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    frame, got = request(size), []
    server = threading.Thread(target=answer, args=(peer, len(frame), reply(back), got))
    server.start()
    answered = connection.exchange(frame, None)
    server.join()
    assert got == [frame]
    assert (answered.revision, bytes(answered.payload)) == (7, b"y" * back)


def test_a_peer_that_is_gone_is_told_apart_from_one_that_may_have_taken_the_request(pair: Pair) -> None:
    connection, peer = pair
    peer.close()
    with pytest.raises(Broken) as never:
        connection.exchange(request(10), None)
    assert not never.value.sent


def test_an_answer_that_never_comes_leaves_the_outcome_open(pair: Pair) -> None:
    connection, peer = pair
    frame = request(10)
    server = threading.Thread(target=lambda: (peer.recv(len(frame)), peer.close()))
    server.start()
    with pytest.raises(Broken) as cut:
        connection.exchange(frame, None)
    server.join()
    assert cut.value.sent


def test_nothing_is_written_to_the_descriptor_that_took_the_place_of_a_closed_one() -> None:
    held = held_calls()
    assert held is not None
    ours, peer = socket.socketpair()
    number = ours.fileno()
    ours.close()
    foreign, other = socket.socketpair()
    other.setblocking(False)
    assert number in (foreign.fileno(), other.fileno())
    assert held.send(ours, b"frame") == 0
    assert held.receive(ours, Buffer(bytearray(8))) == 0
    with pytest.raises(BlockingIOError):
        other.recv(8)
    for each in (peer, foreign, other):
        each.close()
