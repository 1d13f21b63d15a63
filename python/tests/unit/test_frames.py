"""The bytes of docs/frames.md, written out by hand."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from mortmain import _frames
from mortmain._frames import MalformedReply, Reply, Request, parse_reply
from mortmain._link import GRACE, Link
from mortmain._transport import Greeted


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


class Heard(Greeted):
    """Keeps the frame that it is asked with."""

    frame: Any = b""
    end: float | None = None

    def usable(self) -> bool:
        return True

    def exchange(self, frame: Any, deadline: float | None) -> Reply:
        self.frame, self.end = frame, deadline
        return Reply(True, 0, {}, b"")


def test_a_first_attempt_is_laid_out_alike():
    request = Request(_frames.COMMIT, b'{"writer":"a"}', [b"xyz"], request_id=b"id-1")
    heard = Heard()
    heard.revision, heard.clock_offset = 77, 1e6
    asked = _frames.COMMIT, b'{"writer":"a"}', b"xyz", b"id-1"
    nowhere = Link("", start=False, create=False, timeout=None, java=None, codec=None, observe=None)
    nowhere.ask_at_once(*asked, None, heard)
    assert heard.frame == request.bytes(0, "store", 77)
    assert heard.end is None
    nowhere.ask_at_once(*asked, 5.0, heard)
    assert heard.end is not None
    assert heard.frame == request.bytes(heard.deadline_ms(heard.end - GRACE), "store", 77)
    heard.clock_offset = -1e12
    nowhere.ask_at_once(*asked, 5.0, heard)
    assert heard.frame == request.bytes(1, "store", 77)


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
        _reply(2, bytes(31)),
        _reply(2, bytes(33)),
        _reply(3, bytes(39), b"v"),
        _reply(3, bytes(40) + b"\xff"),
        _reply(4, b"{}"),
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
    told = (reply.ok, reply.revision, reply.fields, bytes(reply.payload).hex())
    assert told == (vector["status"] != 1, vector["revision"], vector["fields"], vector["payload"])
    text = [vector["text"]] if vector["status"] == 3 else []
    assert reply.brief == (tuple(vector["brief"] + text) if "brief" in vector else None)
    assert reply.alone == vector.get("alone", False)
