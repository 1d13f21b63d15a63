"""A hand-written gateway that speaks the frames and judges nothing: each test says what it answers. For tests only."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = struct.Struct(">BBBBIqqI")


@dataclass
class Asked:
    """One request, taken apart."""

    op: int
    request_id: str
    attempt: int
    deadline: int
    since: int
    fields: dict[str, Any]
    payload: bytes
    raw: bytes


class Hang(Exception):
    """Raised by an answer: keep the connection and say nothing."""


class Cut(Exception):
    """Raised by an answer: close the connection without a reply."""


Answer = Callable[[Asked], "tuple[dict[str, Any], bytes] | dict[str, Any]"]


class FrameServer:
    """Serves run/gateway.sock of a directory. `asked` holds every request but HELLO, in order."""

    def __init__(
        self, directory: Path, answer: Answer, *, instance: str = "one", store_id: str = "store-1"
    ) -> None:
        self.directory = directory
        self.answer = answer
        self.instance = instance
        self.store_id = store_id
        self.revision = 10
        self.asked: list[Asked] = []
        self.connections: list[socket.socket] = []
        self.hello: dict[str, Any] = {}
        run = directory / "run"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = run / "gateway.sock"
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        info = {
            "protocol": 1,
            "instance": instance,
            "pid": os.getpid(),
            "transport": "unix",
            "socket": "gateway.sock",
            "address": None,
            "port": None,
            "token": "word",
            "version": "0.1.0",
            "started": 0,
        }
        (run / "gateway.json").write_text(json.dumps(info))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FrameServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        with connection:
            try:
                for _ in range(3):
                    stream.readline()
                connection.sendall(b"!yv\n")
                while True:
                    head = stream.read(4)
                    if len(head) < 4:
                        return
                    raw = stream.read(struct.unpack(">I", head)[0])
                    reply = self._reply(_taken_apart(raw))
                    connection.sendall(struct.pack(">I", len(reply)) + reply)
            except (Cut, OSError, ValueError):
                return
            except Hang:
                connection.recv(1)
            finally:
                stream.close()

    def _reply(self, asked: Asked) -> bytes:
        if asked.op == 1:
            hello = {
                "protocol": 1,
                "instance": self.instance,
                "version": "0.1.0",
                "store_id": self.store_id,
                "clock": 5_000_000,
                "features": [],
                "limits": {"value": 1 << 20, "frame": 2 << 20, "commit": 2 << 20},
                "directory": str(self.directory),
                **self.hello,
            }
            return self._frame(0, hello, b"")
        self.asked.append(asked)
        answer = self.answer(asked)
        fields, payload = answer if isinstance(answer, tuple) else (answer, b"")
        if isinstance(fields, bytes):  # a brief turn
            return struct.pack(">BBHqI", 1, 3, 0, self.revision, len(fields)) + fields + payload
        return self._frame(1 if "code" in fields else 0, fields, payload)

    def _frame(self, status: int, fields: dict[str, Any], payload: bytes) -> bytes:
        data = json.dumps(fields).encode()
        return struct.pack(">BBHqI", 1, status, 0, self.revision, len(data)) + data + payload


def _taken_apart(raw: bytes) -> Asked:
    form, op, id_length, flags, attempt, deadline, since, length = HEAD.unpack_from(raw)
    assert form == 1
    start = HEAD.size + id_length
    fields = raw[start : start + length]
    return Asked(
        op,
        raw[HEAD.size : start].decode(),
        attempt,
        deadline,
        since,
        _brief(fields) if flags & 2 else json.loads(fields or b"{}"),
        raw[start + length :],
        raw,
    )


def _brief(fields: bytes) -> dict[str, Any]:
    turn, version, tag, epoch, revision, *lengths = struct.unpack_from(">qqqqqHHH", fields)
    at, texts = 46, []
    for length in (*lengths, len(fields)):
        texts.append(fields[at : at + length].decode())
        at += length
    return {"brief": (turn, version, tag, epoch, revision, *texts)}


Part = tuple[dict[str, Any], bytes]


def snap(key: str, value: Any = None, *, version: int = 1, exists: bool = True, **more: Any) -> Part:
    """(snap, its part of the payload)."""
    fields = {"key": key, "version": version, "tag": 7, "epoch": 3, "revision": 9, "exists": exists, **more}
    if not exists:
        return fields, b""
    data = json.dumps(value).encode()
    told = {
        "type": "application/json",
        "len": len(data),
        "writer": "w",
        "committed_at": 1_700_000_000_000_001,
    }
    return {**fields, **told}, data


def read_answer(*snaps: Part, store_id: str = "store-1", **more: Any) -> Part:
    fields = {"store_id": store_id, "read_revision": 10, "snaps": [one for one, _ in snaps], **more}
    return fields, b"".join(data for _, data in snaps)


def receipt(
    asked: Asked, *keys: str, version: int = 2, result: Any = None, replayed: bool = False
) -> dict[str, Any]:
    return {
        "revision": 11,
        "store_id": "store-1",
        "request_id": asked.request_id,
        "replayed": replayed,
        "keys": [[key, version, 8, 3, 11, result] for key in keys],
    }


def error(code: str, message: str = "no", retry: str = "never", **fields: Any) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "retry": retry,
        "failures": [{"code": code, **fields}],
        **fields,
    }
