"""`mortmain doctor`: looks at everything between this user and a live gateway, changes nothing, and says what to do."""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import struct
import sys
from collections.abc import Callable, Iterator

from mortmain import _frames, _open
from mortmain._errors import GatewayUnavailable, JavaNotFound, MortmainError, ProtocolMismatch
from mortmain._gateway import Reached, find_gateway, look
from mortmain._gateway.archive import archive_path
from mortmain._gateway.discover import check_run_directory, run_directory
from mortmain._gateway.failure import log_path, read_failure
from mortmain._gateway.java import OLDEST, find_java
from mortmain._gateway.launch import lock_holder
from mortmain._gateway.process import jar_path
from mortmain._gateway.reducers import jep_jar, named_modules, what_is_missing
from mortmain._gateway.wait import Deadline

from . import examine
from .context import directory_of
from .examine import Finding
from .render import ERROR, OK, print_json

# A gateway that serves answers in a millisecond; this one is only asked, never waited for (seconds).
_PATIENCE = 2.0
# The journal's reserve, and room to work (bytes).
_LITTLE_SPACE = 256 * 1024 * 1024
_NOT_LOCAL = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse", "fuseblk", "ceph", "glusterfs", "afs")


def doctor(arguments: argparse.Namespace) -> int:
    """Exit code 1 if anything fails; warnings are no failure."""
    root = directory_of(arguments)
    findings = list(_examine(root, arguments.java))
    if arguments.json:
        told = [one._asdict() for one in findings]
        print_json({"directory": root, "ok": not _failed(findings), "findings": told})
    else:
        for one in findings:
            print(f"{one.level:<5} {one.check:<10} {one.found}")
            if one.advice:
                print(f"{'':<16} -> {one.advice}")
    return ERROR if _failed(findings) else OK


def _failed(findings: list[Finding]) -> bool:
    return any(one.level == "fail" for one in findings)


def _examine(root: str, java: str | None) -> Iterator[Finding]:
    yield from _jar_and_java(root, java)
    if not os.path.isdir(root):
        what = "is not a directory" if os.path.lexists(root) else "does not exist"
        yield Finding(
            "directory", "fail", f"{root} {what}", "name the right one with --dir; `mortmain put` makes a store"
        )
        return
    yield _directory(root)
    yield _file_system(root)
    yield _space(root)
    yield from examine.environment(root)
    checks: list[Callable[[str], Finding]] = [_run, examine.journal, examine.start_up_aid, _gateway, _lock, _failure]
    for check in checks:
        yield check(root)
    yield from examine.set_aside(root)
    yield from _served(root)
    yield _reducers(root)


def _jar_and_java(root: str, java: str | None) -> Iterator[Finding]:
    try:
        jar = jar_path()
        yield Finding("jar", "ok", str(jar))
    except GatewayUnavailable as error:
        jar = None
        yield Finding("jar", "fail", str(error), "run `make jar` in a source tree, or install mortmain again")
    try:
        found = find_java(java)
    except JavaNotFound as error:
        looked = (error.looked_at or "").replace("\n", "; ")
        yield Finding("java", "fail", looked, f'install Java {OLDEST} or newer, or `pip install "mortmain[java]"`')
        return
    yield Finding("java", "ok", f"Java {found.version} at {found.path} (from {found.source})")
    archive = archive_path(found, jar, run_directory(root)) if jar else None
    if archive is not None and not archive.is_file():
        yield Finding("archive", "ok", f"no class archive yet; the first start makes {archive}")
    elif archive is not None:
        yield Finding("archive", "ok", str(archive))


def _reducers(root: str) -> Finding:
    try:
        modules = named_modules(root)
    except MortmainError as error:
        return Finding("reducers", "fail", str(error), "only its owner may write it")
    missing = what_is_missing()
    named = f"functions of {', '.join(modules)} may run in the gateway" if modules else "no module is named"
    if missing is None:
        return Finding("reducers", "ok", f"{named}; jep: {jep_jar()}")
    return Finding("reducers", "warn" if modules else "ok", f"{named}; {missing}", missing if modules else "")


def _directory(root: str) -> Finding:
    mode = os.stat(root).st_mode
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return Finding("directory", "fail", f"{root} cannot be written by this user", "run as the user who owns it")
    if mode & 0o002 and not mode & stat.S_ISVTX:
        found = f"{root} has mode {stat.S_IMODE(mode):04o}: anybody can replace what is in it"
        return Finding("directory", "warn", found, f"run `chmod o-w {root}`")
    has_store = os.path.exists(os.path.join(root, "FORMAT"))
    return Finding("directory", "ok", root if has_store else f"{root} holds no store yet")


def _file_system(root: str) -> Finding:
    kind = _file_system_of(root)
    if kind is None:
        return Finding("disk", "ok", "the kind of file system is not known here")
    if kind.split(".")[0] in _NOT_LOCAL:
        advice = "keep the state on a local disk: locks and forced writes are not what they seem on this one"
        return Finding("disk", "fail", f"{kind} is not a local file system", advice)
    if kind == "tmpfs":
        return Finding("disk", "warn", "tmpfs: a reboot empties it", "keep state that matters on a disk")
    return Finding("disk", "ok", kind)


def _file_system_of(root: str) -> str | None:
    """From /proc/self/mountinfo, by device; None where there is no such file."""
    device = os.stat(root).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                left, _, right = line.partition(" - ")
                if left.split()[2] == wanted:
                    return right.split()[0]
    except (OSError, IndexError):
        return None
    return None


def _space(root: str) -> Finding:
    free = shutil.disk_usage(root).free
    found = f"{free // (1024 * 1024)} MiB free"
    if free < _LITTLE_SPACE:
        return Finding("space", "warn", found, "make room: the store goes read-only before the disk is full")
    return Finding("space", "ok", found)


def _run(root: str) -> Finding:
    try:
        there = check_run_directory(root)
    except GatewayUnavailable as error:
        return Finding(
            "run", "fail", str(error), "only its owner may reach run/: it holds the gateway's word and socket"
        )
    return Finding("run", "ok", run_directory(root) if there else "no run/ yet: no gateway was ever started here")


def _gateway(root: str) -> Finding:
    try:
        info = find_gateway(root)
        found = look(root, Deadline(_PATIENCE))
    except ProtocolMismatch as error:
        return Finding(
            "gateway", "fail", str(error), "install the same mortmain on both sides, then stop the older one"
        )
    except GatewayUnavailable as error:
        return Finding("gateway", "fail", str(error), _advice(error.reason))
    if isinstance(found, Reached):
        found.connection.close()
        spoken = found.connection.hello.get("protocol")
        where = found.info.socket_path or f"{found.info.address}:{found.info.port}"
        ours = f"{_frames.PROTOCOL_MIN}..{_frames.PROTOCOL_MAX}"
        told = f"answers at {where}, version {found.info.version}, protocol {spoken} (this client: {ours})"
        if _is_locked(os.path.join(root, "LOCK")) is False and _answers(root):
            advice = "restart it with `mortmain stop`, and never remove LOCK: a second gateway could write beside it"
            told = f"process {found.info.pid} {told}, but LOCK was replaced under it"
            return Finding("gateway", "fail", told, advice)
        return Finding("gateway", "ok", f"process {found.info.pid} {told}")
    locked = _is_locked(os.path.join(root, "LOCK"))
    if found.why is not None and found.why.reason == "bad-token" and locked is not False:
        return Finding("gateway", "fail", str(found.why), _advice("bad-token"))
    told = "none runs" if info is None else f"run/gateway.json is stale ({found.why})"
    if locked:
        advice = "wait: it is starting; if it stays so, end the process that holds LOCK"
        return Finding("gateway", "warn", f"{told}, but LOCK is held", advice)
    if os.environ.get("MORTMAIN_START") == "never":
        advice = f"run `mortmain --dir {root} serve`, or the unit that does"
        return Finding("gateway", "warn", f"{told}, and MORTMAIN_START=never lets nobody start one here", advice)
    return Finding("gateway", "ok", f"{told}; the next client starts one")


def _answers(root: str) -> bool:
    """Still, and not only in its last moment."""
    found = look(root, Deadline(_PATIENCE))
    if isinstance(found, Reached):
        found.connection.close()
    return isinstance(found, Reached)


def _served(root: str) -> Iterator[Finding]:
    """What a running gateway says of its store and of mirrored files."""
    try:
        with _open.open(root, start=False, create=False, timeout=_PATIENCE) as store:
            info = store.info()
    except MortmainError:
        return  # the gateway's own finding says why
    if info.get("read_only"):
        found = f"it takes reads only: {info['read_only']}"
        yield Finding("store", "fail", found, "make room; it comes back by itself")
    scrub = info.get("journal", {}).get("scrub") or {}
    for fault in scrub.get("faults") or []:
        advice = "save what can be read (`mortmain cat`), copy the directory, and restore the last backup that is whole"
        yield Finding("scrub", "fail", fault, advice)
    for mount in info.get("mounts") or []:
        told = f'"{mount["prefix"]}" at {mount["directory"]}: {mount["files"]} files'
        if mount["problem"]:
            advice = "files stay behind, commits do not: make the directory yours, writable by nobody else, and whole"
            yield Finding("mount", "fail", f"{told}, {mount['behind']} behind: {mount['problem']}", advice)
        elif mount["edited"]:
            keys = ", ".join(mount["edited_keys"])
            advice = "run `mortmain adopt KEY`, or remove the file: the stored value is written again"
            yield Finding("mount", "warn", f"{told}, {mount['edited']} edited outside of mortmain: {keys}", advice)
        else:
            yield Finding("mount", "ok", told)


def _advice(reason: str | None) -> str:
    if reason == "stalled":
        return "look at the process (stopped? swapping?), end it yourself if it is hopeless: none is started beside it"
    if reason == "bad-token":
        return "run/gateway.json is not of the process that holds LOCK: end that one, the next client starts another"
    if reason == "insecure-directory":
        return "run as the user who owns run/, and keep it 0700"
    if reason == "too-many-connections":
        return "close clients, or look for one that opens a store per call"
    return "run it again in a moment; if it stays so, look at run/gateway.log"


def _lock(root: str) -> Finding:
    held = _is_locked(os.path.join(root, "LOCK"))
    holder = lock_holder(root)
    if held is None:
        return Finding("lock", "ok", "whether LOCK is held is not known here" + (f"; last: {holder}" if holder else ""))
    if not held:
        return Finding("lock", "ok", "LOCK is free")
    return Finding("lock", "ok", f"LOCK is held: {holder or 'by an unknown process'}")


def _is_locked(path: str) -> bool | None:
    """Asks the kernel without taking the lock. This process never holds LOCK, so that closing the file drops
    nothing.
    """
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8 or "_jep" in sys.modules:
        return None
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False if not os.path.exists(path) else None
    try:
        question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
        return bool(struct.unpack_from("h", answer)[0] != fcntl.F_UNLCK)
    finally:
        os.close(descriptor)


def _failure(root: str) -> Finding:
    run = run_directory(root)
    told = read_failure(run)
    if told is None:
        return Finding("failure", "ok", "the last start left no failure")
    message = f"{told['code']}: {told.get('message')}"
    if told["code"] == "CORRUPT":
        advice = "copy the directory; `mortmain repair --truncate-at REVISION` gives up all that follows"
    else:
        advice = f"see {log_path(run)}; the next start clears this note"
    return Finding("failure", "fail", message, advice)
