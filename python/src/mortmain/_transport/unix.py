"""The Unix socket: the kernel tells who the peer is, and so nothing secret is sent."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from pathlib import Path

from mortmain._errors import GatewayUnavailable

# sun_path with its terminating zero: 108 bytes on Linux, 104 on macOS.
_PATH_LIMIT = 107 if sys.platform.startswith("linux") else 103


def open_unix(path: Path, deadline: float) -> socket.socket:
    """A connected socket whose peer is this user or root. deadline: on time.monotonic()."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _connect(sock, path, deadline)
        user = peer_user(sock)
        if user not in (os.geteuid(), 0):
            raise GatewayUnavailable(
                f"the socket {path} is served by user {user}, not by this user or root: nothing was sent",
                reason="insecure-directory",
            )
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: socket.socket, path: Path, deadline: float) -> None:
    raw = os.fsencode(path)
    if len(raw) <= _PATH_LIMIT:
        _retry_while_full(sock, os.fsdecode(raw), deadline)
        return
    if not sys.platform.startswith("linux"):
        raise GatewayUnavailable(
            f"the path of the socket is longer than {_PATH_LIMIT} bytes:"
            " use a shorter directory or MORTMAIN_TRANSPORT=tcp",
            reason="unreachable",
        )
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _retry_while_full(sock, f"/proc/self/fd/{folder}/{path.name}", deadline)
    finally:
        os.close(folder)


def _retry_while_full(sock: socket.socket, address: str, deadline: float) -> None:
    # A Unix socket whose backlog is full answers EAGAIN at once instead of waiting.
    pause = 0.001
    while True:
        remaining = deadline - time.monotonic()
        sock.settimeout(max(remaining, 0.001))
        try:
            sock.connect(address)
            return
        except BlockingIOError:
            if remaining <= pause:
                raise TimeoutError from None
            time.sleep(pause)
            pause = min(pause * 2, 0.05)


def peer_user(sock: socket.socket) -> int:
    """The user id of the process at the other end, as the kernel recorded it."""
    if hasattr(socket, "SO_PEERCRED"):
        _, uid, _ = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(uid)
    # macOS: struct xucred {version, uid, ngroups, groups[16]} from LOCAL_PEERCRED (1) at level SOL_LOCAL (0).
    _, uid = struct.unpack_from("II", sock.getsockopt(0, 1, 76))
    return int(uid)
