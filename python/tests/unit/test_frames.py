"""The bytes of docs/frames.md, written out by hand."""

import json
import struct
from pathlib import Path

import pytest

from mortmain import _frames
from mortmain._frames import MalformedReply, Reply, Request, parse_reply, small_frame


def test_a_request_is_laid_out_as_the_table_says():
    request = Request(_frames.COMMIT, b'{"writer":"a"}', [b"xyz"], request_id=b"id-1", attempt=2)
    frame = request.bytes(1000, "store", 77)
    assert (
        frame
        == bytes.fromhex("00000031010304000000000200000000000003e8000000000000004d0000000e")
        + b'id-1{"writer":"a"}xyz'
    )


def test_a_resend_keeps_since_and_store_and_moves_only_the_deadline():
    request = Request(_frames.COMMIT, b'{"writer":"a"}', request_id=b"i", stamp=True)
    first = request.bytes(5, "one", 7)
    second = request.bytes(9, "two", 8)
    assert b'{"writer":"a","store":"one"}' in first
    assert first[:12] == second[:12]
    assert first[20:] == second[20:]
    assert struct.unpack(">q", second[12:20]) == (9,)


def _reply(status: int, fields: bytes, payload: bytes = b"") -> memoryview:
    return memoryview(struct.pack(">BBHqI", 1, status, 0, 41, len(fields)) + fields + payload)


def test_a_first_attempt_is_laid_out_alike():
    request = Request(_frames.COMMIT, b'{"writer":"a"}', [b"xyz"], request_id=b"id-1")
    assert small_frame(_frames.COMMIT, b"id-1", b'{"writer":"a"}', b"xyz", 1000, 77) == request.bytes(1000, "store", 77)


def parse(frame: memoryview) -> Reply:
    return parse_reply(frame, 0, len(frame), True)


def test_a_reply_is_taken_apart():
    reply = parse(_reply(0, b'{"a":[1]}', b"value"))
    assert (reply.ok, reply.revision, reply.fields, bytes(reply.payload)) == (True, 41, {"a": [1]}, b"value")
    assert parse(_reply(1, b'{"code":"FENCED"}')).ok is False
    assert parse(_reply(0, b"")).fields == {}


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x01\x00",
        _reply(0, b"{}")[:-1],
        b"\x02" + bytes(_reply(0, b"{}"))[1:],
        _reply(0, b'{"a"'),
        _reply(0, b"\xff\xff"),
    ],
)
def test_a_malformed_reply_is_refused(frame):
    with pytest.raises(MalformedReply):
        parse(memoryview(frame))


VECTORS = json.loads(
    (Path(__file__).parents[3] / "java-core/src/test/resources/frames.json").read_text("utf-8")
)


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["name"])
def test_a_request_of_the_shared_vectors(vector):
    request = Request(
        vector["op"],
        _frames.encode_fields(vector["fields"]),
        [bytes.fromhex(vector["payload"])],
        request_id=vector["request_id"].encode(),
        attempt=vector["attempt"],
    )
    frame = request.bytes(vector["deadline"], "", vector["since"])
    assert frame[4:].hex() == vector["hex"]
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4


@pytest.mark.parametrize("vector", VECTORS["replies"], ids=lambda vector: vector["name"])
def test_a_reply_of_the_shared_vectors(vector):
    reply = parse(memoryview(bytes.fromhex(vector["hex"])))
    told = (0 if reply.ok else 1, reply.revision, reply.fields, bytes(reply.payload).hex())
    assert told == (vector["status"], vector["revision"], vector["fields"], vector["payload"])
    assert reply.alone == vector.get("alone", False)
