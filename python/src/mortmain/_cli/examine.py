"""What `mortmain doctor` can see of the journal without reading its frames, and of the environment. Reads, never
writes.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mortmain._errors import InvalidRequest
from mortmain._gateway import STARTS
from mortmain._gateway.discover import run_directory
from mortmain._gateway.failure import is_poisoned
from mortmain._gateway.process import TRANSPORTS, java_options

_FORMAT = 2
# Of the start-up aid: its revision, and 13 bytes for each segment.
_LARGEST_HEAD = 1 << 20
_SEGMENT = re.compile(r"segment (\d{8}\.seg) (\d+)")


class Finding(NamedTuple):
    """One check. level: ok, warn or fail. advice: one sentence of what to do, empty where all is well."""

    check: str
    level: str
    found: str
    advice: str = ""


def journal(root: str) -> Finding:
    """Whether there is a store that can be opened, as far as names, sizes and lists tell."""
    there = set(os.listdir(root))
    if {"BACKUP", "BACKUP.partial"} & there:
        what = "a backup" if "BACKUP" in there else "a backup that was not finished"
        return Finding(
            "journal", "fail", f"{root} is {what}, not a store",
            "make a store of it in another directory: `mortmain --dir OTHER restore-backup` this one"
            if "BACKUP" in there else "take it again: `mortmain backup` goes on in the same place",
        )  # fmt: skip
    if "MANIFEST" not in there:
        return _without_manifest(root, there)
    for _ in range(3):
        before = _mark(root)
        fault = _format(root) or _listed(root)
        if fault is None:
            break
        if _mark(root) == before:  # else a gateway replaced the list while we looked
            return fault
    return Finding("journal", "ok", "MANIFEST and its segments are there; `mortmain verify` reads every frame")


def _mark(root: str) -> tuple[int, int] | None:
    try:
        found = os.stat(os.path.join(root, "MANIFEST"))
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _without_manifest(root: str, there: set[str]) -> Finding:
    if "MANIFEST.restoring" in there:
        return Finding(
            "journal", "fail", "the restore of a backup was not finished",
            "run `mortmain restore-backup` again: it begins anew",
        )  # fmt: skip
    segments = _segments(root)
    if segments:
        return Finding(
            "journal", "fail", f"MANIFEST is missing, and there are {len(segments)} segments",
            "bring MANIFEST back, or restore a backup; `mortmain repair --truncate-at REVISION` makes a new one",
        )  # fmt: skip
    return Finding("journal", "ok", "no store yet")


def _segments(root: str) -> list[str]:
    try:
        return [name for name in os.listdir(os.path.join(root, "journal")) if name.endswith(".seg")]
    except OSError:
        return []


def _format(root: str) -> Finding | None:
    try:
        with open(os.path.join(root, "FORMAT"), encoding="utf-8", errors="replace") as file:
            told = re.fullmatch(r"mortmain (\d{1,9})", file.read().strip())
    except OSError as error:
        return _damaged("FORMAT", f"cannot be read: {error.strerror}")
    if told is None:
        return _damaged("FORMAT", "holds no format number")
    if int(told.group(1)) > _FORMAT:
        return Finding(
            "journal", "fail", f"the store has format {told.group(1)}, this version knows {_FORMAT}",
            "use the newer mortmain that wrote it",
        )  # fmt: skip
    return None


def _damaged(name: str, what: str) -> Finding:
    return Finding(
        "journal", "fail", f"{name} {what}",
        "copy the directory; then restore a backup, or `mortmain repair --truncate-at REVISION`",
    )  # fmt: skip


def _listed(root: str) -> Finding | None:
    try:
        with open(os.path.join(root, "MANIFEST"), encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError as error:
        return _damaged("MANIFEST", f"cannot be read: {error.strerror}")
    lines, _, last = text.rstrip("\n").rpartition("\n")
    if last != f"crc32c {crc32c((lines + chr(10)).encode()):08x}":
        return _damaged("MANIFEST", "is damaged: its CRC does not match")
    for name, size in _SEGMENT.findall(lines):
        try:
            with open(os.path.join(root, "journal", name), "rb") as file:
                head, found = file.read(8), os.fstat(file.fileno()).st_size
        except OSError as error:
            return _damaged(f"journal/{name}", f"is listed and cannot be read: {error.strerror}")
        if found != int(size):
            return _damaged(f"journal/{name}", f"has {found} bytes instead of {size}")
        if head != b"MORTSEG1":
            return _damaged(f"journal/{name}", "does not begin like a segment")
    return None


def start_up_aid(root: str) -> Finding:
    """What the next start reads instead of the journal, if it is there and whole."""
    path = os.path.join(root, "index", "state")
    try:
        with open(path, "rb") as file:
            revision = _revision_of_aid(file)
    except FileNotFoundError:
        return Finding("index", "ok", "no start-up aid: the next start replays the journal")
    except OSError as error:
        return _useless(f"index/state cannot be read: {error.strerror}")
    if revision is None:
        return _useless("index/state is damaged, or was not finished")
    return Finding("index", "ok", f"the next start replays what came after revision {revision}")


def _useless(found: str) -> Finding:
    return Finding("index", "warn", f"{found}; the next start replays the journal", "delete it: it is written again")


def _revision_of_aid(file: BinaryIO) -> int | None:
    """None when it is not whole, as far as its first checksum and the lengths of its blocks tell."""
    if file.read(8) != b"MORTIDX1":
        return None
    revision: int | None = None
    while True:
        head = file.read(8)
        if len(head) < 8:
            return None
        length, crc = struct.unpack(">II", head)
        if length == 0:
            return revision
        if revision is None:
            content = file.read(min(length, _LARGEST_HEAD))
            if len(content) < length or crc32c(bytes(4) + content) != crc:
                return None
            revision = _varint(content)
        else:
            file.seek(length, os.SEEK_CUR)


def _varint(data: bytes) -> int:
    value = 0
    for shift, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            break
    return value


def crc32c(data: bytes) -> int:
    """Castagnoli's, for a small file; the standard library has none."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def set_aside(root: str) -> Iterator[Finding]:
    """What recovery, a repair or a mount cut off or replaced, and kept."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(root, "lost")) for name in names]
    if found:
        size = sum(os.path.getsize(path) for path in found)
        yield Finding(
            "lost", "warn", f"{len(found)} pieces, {size} bytes, were set aside in {os.path.join(root, 'lost')}",
            "a torn end was never acknowledged, what a repair cut off may have been: look, delete what nobody wants",
        )  # fmt: skip


def environment(root: str) -> Iterator[Finding]:
    """What MORTMAIN_* say, and what a JVM that crashed left."""
    try:
        java_options()
    except InvalidRequest as error:
        yield Finding("options", "fail", str(error), "mend MORTMAIN_JAVA_OPTS: it is split as a shell would")
    said = os.environ.get("MORTMAIN_START") or "auto"
    if said not in STARTS:
        yield Finding("start", "fail", f"MORTMAIN_START is {said}", f"it is {' or '.join(STARTS)}")
    transport = os.environ.get("MORTMAIN_TRANSPORT") or "jep"
    if transport not in TRANSPORTS:
        yield Finding("transport", "fail", f"MORTMAIN_TRANSPORT is {transport}", "it is unix or tcp")
    run = run_directory(root)
    if is_poisoned(run):
        yield Finding(
            "starts", "warn", "three starts of the gateway failed within a minute: `open` starts it no more for now",
            "mend what `failure` says; after a minute it is tried again",
        )  # fmt: skip
    crashed = os.path.join(run, "hs_err.log")
    if os.path.exists(crashed):
        yield Finding("crash", "warn", f"a JVM crashed and left {crashed}", "look at its first lines; then delete it")
