"""Where the gateway of a state directory is: run/gateway.json, believed only when run/ is ours alone."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mortmain._errors import GatewayUnavailable


@dataclass(frozen=True)
class GatewayInfo:
    """What run/gateway.json says. It may be stale: alive is what answers HELLO with this instance id. Immutable,
    thread-safe.

    directory: the absolute state directory. socket_path: the absolute path of the Unix socket, which may be longer
    than the kernel takes; None on TCP.
    token: the authentication word of TCP connections. started: as the gateway wrote it.
    """

    directory: str
    instance: str
    transport: str
    socket_path: Path | None
    address: str | None
    port: int | None
    token: str = field(repr=False)
    protocol: int | None = None
    pid: int | None = None
    version: str | None = None
    started: Any = None


def absolute(directory: str | os.PathLike[str]) -> str:
    """The absolute path of a state directory, links resolved, so that every process means the same one."""
    return os.path.realpath(os.fspath(directory))


def run_directory(directory: str) -> str:
    return os.path.join(directory, "run")


def check_run_directory(directory: str) -> bool:
    """True if run/ is there and ours alone, False if it is missing; otherwise GatewayUnavailable, reason
    insecure-directory.

    It holds the authentication word and the socket: whoever can write there can pose as the gateway.
    """
    run = run_directory(directory)
    try:
        found = os.lstat(run)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise _insecure(run, "cannot be looked at by this user") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _insecure(run, "is not a directory")
    if hasattr(os, "geteuid"):
        if found.st_uid != os.geteuid():
            raise _insecure(
                run, f"belongs to user {found.st_uid}, this process runs as user {os.geteuid()}; run as that user"
            )
        if found.st_mode & 0o077:
            raise _insecure(
                run, f"has mode {stat.S_IMODE(found.st_mode):04o}, other users can reach it; run `chmod 700 {run}`"
            )
    return True


def _insecure(run: str, what: str) -> GatewayUnavailable:
    return GatewayUnavailable(f"{run} {what}", reason="insecure-directory")


def find_gateway(directory: str | os.PathLike[str]) -> GatewayInfo | None:
    """What run/gateway.json says, or None if there is none that can be read as such. Asks nobody, so it may be stale.

    Raises GatewayUnavailable (insecure-directory) if run/ is not ours alone.
    """
    root = absolute(directory)
    if not check_run_directory(root):
        return None
    try:
        with open(os.path.join(run_directory(root), "gateway.json"), encoding="utf-8") as file:
            told = json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return _info(root, told)


def _info(root: str, told: Any) -> GatewayInfo | None:
    if not isinstance(told, dict) or not isinstance(told.get("instance"), str):
        return None
    socket = told.get("socket")
    port = told.get("port")
    if told.get("transport") == "unix":
        if not isinstance(socket, str):
            return None
    elif not isinstance(port, int) or not isinstance(told.get("address"), str):
        return None
    return GatewayInfo(
        directory=root,
        instance=told["instance"],
        transport=str(told.get("transport")),
        socket_path=Path(run_directory(root), socket) if isinstance(socket, str) else None,
        address=told.get("address"),
        port=port,
        token=str(told.get("token") or ""),
        protocol=told.get("protocol"),
        pid=told.get("pid"),
        version=told.get("version"),
        started=told.get("started"),
    )


def file_mark(path: str) -> tuple[int, int, int] | None:
    """What changes when a file is replaced: gateway.json is renamed into place, so a new gateway shows at one stat."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
