"""The training run: a gateway on a directory of its own does what gateways do, and writes its classes down at exit.

Run as a process of its own: ARCHIVE JAVA MAJOR JAR.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .archive import failure_mark, recording_flags
from .process import JVM_FLAGS

# A real gateway must not wait for us: the lowest priority, and an end (seconds).
_NICE = 19
_PATIENCE = 120.0
# How much of what the JVM said is kept with a failure (characters).
_SAID = 2000


def main() -> None:
    archive, java, major, jar = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    os.nice(_NICE)
    lock = os.open(archive.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    try:
        if not archive.exists():
            _train(archive, java, major, jar)
    except Exception as error:
        failure_mark(archive).write_text(f"{type(error).__name__}: {error}\n")
    finally:
        os.close(lock)


def _train(archive: Path, java: str, major: int, jar: str) -> None:
    # Not inside the cache: the path of a Unix socket is short.
    scratch = Path(tempfile.mkdtemp(prefix="mortmain-train-"))
    fresh = archive.with_suffix(archive.suffix + ".new")
    try:
        state = scratch / "state"
        state.mkdir(mode=0o700)
        flags = [*JVM_FLAGS, *recording_flags(major, str(fresh))]
        command = [java, *flags, "-jar", jar, "gateway", "--dir", str(state), "--idle", "60"]
        with open(scratch / "output", "wb") as output:
            gateway = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=state)
            try:
                _exercise(state, gateway)
                gateway.wait(_PATIENCE)
            except Exception as error:
                told = (scratch / "output").read_text(errors="replace")
                raise RuntimeError(f"{error}; the gateway said: {told[-_SAID:]}") from error
            finally:
                gateway.kill()
                gateway.wait()
        os.replace(fresh, archive)
        _drop_older(archive)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        fresh.unlink(missing_ok=True)


def _exercise(state: Path, gateway: subprocess.Popen[bytes]) -> None:
    """The calls that a client's first second is made of, then the stop."""
    # By name: the public package is above this one, and only this process, which is a client of its own, needs it.
    mortmain: Any = importlib.import_module("mortmain")
    with _attached(mortmain, state, gateway) as store:
        receipt = store.create("a/plan", {"step": 1})
        snapshot = store.read("a/plan")
        store.commit("a/plan", {"step": 2}, base=snapshot)
        store.append("a/log", "item")
        store.update("a/plan", lambda value: value)
        with store.claim("a/plan", ttl=5.0) as claim:
            claim.commit({"step": 3})
        try:
            store.commit("a/plan", {"step": 4}, base=receipt)
        except mortmain.Conflict:
            pass
        list(store.scan("a/"))
        store.info()
        store.stop()


def _attached(mortmain: Any, state: Path, gateway: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return mortmain.open(state, start=False, agent="training")
        except mortmain.GatewayUnavailable:
            if gateway.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _drop_older(archive: Path) -> None:
    """The archives of earlier builds of the same jar at the same place."""
    pair = archive.name.rsplit("-", 1)[0]
    for other in archive.parent.glob(f"{pair}-*"):
        if not other.name.startswith(archive.stem):
            other.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
