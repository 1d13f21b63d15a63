"""From a discovered gateway to a greeted connection: connect, prove, upgrade, HELLO."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Protocol, TypeVar

from mortmain import _frames
from mortmain._errors import GatewayUnavailable, ProtocolMismatch, error_for
from mortmain._frames import Reply, Request, encode_fields

from ._connection import Connection
from ._greeted import Broken, Greeted
from .tcp import open_tcp, prove
from .unix import open_unix

CLIENT_VERSION = "0.1.0"
_LINE_LIMIT = 4096
C = TypeVar("C", bound=Greeted)


class Address(Protocol):
    """Where a gateway listens: the part of run/gateway.json that a connection needs."""

    @property
    def directory(self) -> str | Path: ...
    @property
    def instance(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def socket_path(self) -> str | Path | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def token(self) -> str: ...


def connect(info: Address, timeout: float, agent: str | None = None) -> Connection:
    """A connection that is ready for frames, to the very instance that `info` names.

    timeout: seconds for everything together. GatewayUnavailable says by its reason what failed: refused
    (nothing listens, or another instance answered), unreachable (no such socket), stalled (connected, but
    no answer in time), bad- token, insecure-directory, too-many-connections; ProtocolMismatch where no
    common version exists.
    """
    deadline = time.monotonic() + timeout
    sock = open_socket(info, deadline)
    try:
        # All of it is text lines until the upgrade is acknowledged: nothing is pipelined past that.
        if _ask(sock, "B\n1\ne\n", deadline) != "!yv":
            raise _unavailable(info, "refused", "the gateway refused to upgrade the connection to frames")
        connection = Connection(sock)
    except TimeoutError:
        sock.close()
        raise _stalled(info) from None
    except OSError as error:
        sock.close()
        raise _unavailable(
            info, "refused", f"the connection was closed during the handshake ({error})"
        ) from error
    except BaseException:
        sock.close()
        raise
    return greet(connection, info, deadline, agent)


def open_socket(info: Address, deadline: float) -> socket.socket:
    """A connected and authenticated socket that speaks py4j's text lines. It has a timeout set. deadline: on
    time.monotonic().
    """
    try:
        if info.transport == "unix" and info.socket_path is not None:
            return open_unix(Path(info.socket_path), deadline)
        sock = open_tcp(info.address or "127.0.0.1", info.port or 0, deadline)
    except GatewayUnavailable:
        raise
    except ConnectionRefusedError as error:
        raise _unavailable(info, "refused", "nothing listens there any more") from error
    except TimeoutError:
        raise _stalled(info) from None
    except OSError as error:
        raise _unavailable(info, "unreachable", str(error)) from error
    try:
        prove(lambda text: _ask(sock, text, deadline), info.token, info.instance)
    except TimeoutError:
        sock.close()
        raise _stalled(info) from None
    except OSError as error:
        sock.close()
        raise _unavailable(
            info, "refused", f"the connection was closed during the handshake ({error})"
        ) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _ask(sock: socket.socket, text: str, deadline: float) -> str:
    sock.settimeout(max(deadline - time.monotonic(), 0.001))
    sock.sendall(text.encode())
    line = bytearray()
    while not line.endswith(b"\n"):
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        got = sock.recv(_LINE_LIMIT)
        if not got:
            raise ConnectionResetError("closed by the gateway")
        line += got
        if len(line) > _LINE_LIMIT:
            raise ConnectionResetError("an answer that is too long")
    return line[:-1].decode("ascii", "replace")


def greet(connection: C, info: Address, deadline: float, agent: str | None) -> C:
    """HELLO: learn who answers, or raise why not. deadline: on time.monotonic()."""
    fields = {
        "min": _frames.PROTOCOL_MIN,
        "max": _frames.PROTOCOL_MAX,
        "client": CLIENT_VERSION,
        "features": [],
        **({"agent": agent} if agent else {}),
    }
    try:
        frame = Request(_frames.HELLO, encode_fields(fields)).bytes(0, "", 0)
        reply = connection.exchange(frame, deadline)
    except Broken as broken:
        if broken.expired:
            raise _stalled(info) from None
        raise _unavailable(
            info, "refused", "the gateway closed the connection during the handshake"
        ) from broken
    now = time.monotonic()
    try:
        _accept(connection, info, reply, now)
    except BaseException:
        connection.close()
        raise
    return connection


def _accept(connection: Greeted, info: Address, reply: Reply, now: float) -> None:
    hello = reply.fields
    if not reply.ok:
        code = str(hello.get("code", "UNAVAILABLE"))
        message = str(hello.get("message", "the gateway refused HELLO"))
        if "min" in hello and "max" in hello:
            raise _mismatch(message, hello["min"], hello["max"])
        told = {name: hello[name] for name in hello.keys() - {"code", "message", "failures", "current"}}
        raise error_for(code, message, **told)
    protocol = hello.get("protocol")
    if not isinstance(protocol, int) or not _frames.PROTOCOL_MIN <= protocol <= _frames.PROTOCOL_MAX:
        raise _mismatch("the gateway chose a protocol that this client does not speak", protocol, protocol)
    if hello.get("instance") != info.instance:
        raise _unavailable(info, "refused", "another gateway answered than the one that the directory names")
    connection.instance = info.instance
    connection.store_id = str(hello.get("store_id", ""))
    connection.revision = reply.revision
    connection.clock_offset = float(hello.get("clock", 0)) - now * 1000.0
    connection.limits = {name: int(limit) for name, limit in (hello.get("limits") or {}).items()}
    connection.frame_limit = connection.limits.get("frame", connection.frame_limit)
    connection.features = frozenset(hello.get("features") or ())
    connection.flags = _frames.ANSWER_BRIEFLY if _frames.BRIEF in connection.features else 0
    connection.hello = hello


def _mismatch(message: str, low: object, high: object) -> ProtocolMismatch:
    ours = f"{_frames.PROTOCOL_MIN}..{_frames.PROTOCOL_MAX}"
    theirs = f"{low}..{high}"
    return ProtocolMismatch(
        f"{message} (this client speaks protocol {ours}, the gateway {theirs}): install the same"
        " version of mortmain on both sides and stop the older gateway",
        reason="refused",
        ours=ours,
        theirs=theirs,
    )


def _stalled(info: Address) -> GatewayUnavailable:
    return _unavailable(info, "stalled", "it accepted the connection but did not answer in time")


def _unavailable(info: Address, reason: str, what: str) -> GatewayUnavailable:
    where = info.socket_path if info.transport == "unix" else f"{info.address}:{info.port}"
    message = f"the gateway of {info.directory} at {where} is unavailable: {what}"
    return GatewayUnavailable(message, reason=reason)
