"""The same store over a Unix socket, over TCP, and through a stock py4j client."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

import mortmain
from mortmain import _frames
from mortmain._frames import Request, encode_fields, parse_reply
from mortmain._gateway import find_gateway
from mortmain.testing import temporary_store

from .test_claims import fork, wait_for


@pytest.fixture(scope="module")
def tcp_store():
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # no longer than it starts: the next gateway is another one's
            patch.setenv("MORTMAIN_TRANSPORT", "tcp")
            store = stack.enter_context(temporary_store(agent="tcp"))
        yield store


@pytest.fixture(params=["unix", "tcp"])
def any_store(request: pytest.FixtureRequest):
    return request.getfixturevalue("shared_store" if request.param == "unix" else "tcp_store")


def test_a_store_works_over_either(any_store, at, request):
    transport = request.node.callspec.params["any_store"]
    assert any_store.info()["transport"] == transport
    any_store.create(f"{at}k", {"x": 1})
    any_store.create(f"{at}big", b"x" * 3_000_000)
    any_store.update(f"{at}k", lambda value: {**value, "y": 2})
    assert any_store.read(f"{at}k").value == {"x": 1, "y": 2}
    assert any_store.read(f"{at}big").value == b"x" * 3_000_000
    with any_store.claim(f"{at}k") as claim:
        claim.commit("claimed")
    threads = [threading.Thread(target=any_store.append, args=(f"{at}l", number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(any_store.read(f"{at}l").value) == list(range(8))


def test_a_stock_py4j_client_calls_the_facade(any_store, at):
    any_store.create(f"{at}k", "value")
    gateway = mortmain.py4j_gateway(any_store.directory)
    try:
        assert gateway.ping() is True
        assert json.loads(gateway.info())["store_id"] == any_store.info()["store_id"]
        frame = Request(_frames.READ, encode_fields({"keys": [f"{at}k"]})).bytes(0, "", 0)
        answer = memoryview(bytes(gateway.call(bytearray(frame[4:]))))
        reply = parse_reply(answer, 0, len(answer), True)
        assert reply.ok
        assert bytes(reply.payload) == b"value"
        assert wait_for(fork(lambda: gateway.ping() is True)) == 0
        assert gateway.ping() is True
        assert gateway._gateway_client._should_retry(True, None) is False
    finally:
        gateway.close()


def test_nothing_but_the_facade_is_reachable_through_py4j(shared_store):
    from py4j.protocol import Py4JError

    gateway = mortmain.py4j_gateway(shared_store.directory)
    try:
        for attack in (
            lambda: gateway.jvm.java.lang.Runtime.getRuntime().exec("true"),
            lambda: gateway.jvm.System.currentTimeMillis(),
            lambda: gateway.entry_point.getClass(),
            lambda: gateway.shutdown(raise_exception=True),
        ):
            try:
                attack()
            except (Py4JError, TypeError):
                continue
        assert shared_store.info()["pid"] == find_gateway(shared_store.directory).pid
    finally:
        gateway.close()


def front(store: mortmain.Store, place: Path, **changes: object) -> Path:
    """A directory whose gateway.json differs in some fields from that of the real one."""
    run = place / "run"
    run.mkdir(mode=0o700, parents=True)
    told = json.loads(Path(store.directory, "run", "gateway.json").read_text())
    (run / "gateway.json").write_text(json.dumps({**told, **changes}))
    return place


def test_a_stranger_on_the_port_gets_no_word_and_acknowledges_nothing(tcp_store, tmp_path):
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pose() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.extend(connection.recv(4096))
                connection.sendall(b"!y" + b"0" * 128 + b"\n")
                heard.extend(connection.recv(4096))

        posing = threading.Thread(target=pose)
        posing.start()
        place = front(tcp_store, tmp_path / "front", port=listener.getsockname()[1])
        with pytest.raises(mortmain.GatewayUnavailable) as caught:
            mortmain.open(place, start=False, timeout=2)
        posing.join()
    assert caught.value.reason == "bad-token"
    word = find_gateway(tcp_store.directory).token
    assert word
    assert word.encode() not in heard
    assert heard.startswith(b"M\n")
    assert heard.count(b"\n") == 3


def test_a_client_with_a_stale_word_is_refused(tcp_store, tmp_path):
    place = front(tcp_store, tmp_path / "front", token="0" * 64)
    with pytest.raises(mortmain.GatewayUnavailable):
        mortmain.open(place, start=False, timeout=2)


def test_a_directory_whose_path_is_too_long_for_a_socket(tmp_path):
    place = tmp_path / ("d" * 100) / ("e" * 100)
    with mortmain.open(place, agent="long") as store:
        store.create("k", 1)
        with mortmain.open(place, agent="second", start=False) as second:
            assert second.read("k").value == 1
        gateway = mortmain.py4j_gateway(place)
        assert gateway.ping() is True
        gateway.close()
        store.stop()


def test_the_peer_of_a_unix_socket_must_be_this_user(monkeypatch, shared_store):
    monkeypatch.setattr("mortmain._transport.unix.peer_user", lambda sock: 12345)
    with pytest.raises(mortmain.GatewayUnavailable) as caught:
        mortmain.open(shared_store.directory, start=False, timeout=2)
    assert caught.value.reason == "insecure-directory"


def test_the_kernel_tells_the_user_of_the_peer():
    from mortmain._transport.unix import peer_user

    one, two = socket.socketpair(socket.AF_UNIX)
    with one, two:
        assert peer_user(one) == os.geteuid()


def test_a_reply_that_is_larger_than_the_buffer_and_arrives_in_pieces(tmp_path):
    """64 KiB is where the client changes from its own buffer to one of the reply's size."""
    from unit.frame_server import FrameServer, read_answer, snap

    for size in (65_536 - 400, 65_536, 65_537, 1_000_000):
        with FrameServer(
            tmp_path / str(size), lambda asked, size=size: read_answer(snap("k", "x" * size))
        ) as server, mortmain.open(server.directory, start=False, timeout=5) as store:
            assert store.read("k").value == "x" * size
            assert store.read("k").value == "x" * size
    assert struct.calcsize(">I") == 4
