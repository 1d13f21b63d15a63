"""Faults of the disk of a running gateway: strace attaches to it and answers a system call in the kernel's place."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

# What is done -> the call that is answered, and how. Those with an error end the gateway: the store is poisoned.
FAULTS = {
    "EIO at a force": "fdatasync:error=EIO:when=1",
    "ENOSPC at a write": "pwrite64:error=ENOSPC:when=1",
    "kill -9 at a force": "fdatasync:signal=SIGKILL:when=1",
    "a slow disk": "fdatasync:delay_enter=150ms",
}
POISON = tuple(name for name, fault in FAULTS.items() if ":error=" in fault)
# A gateway on which nobody writes forces nothing; seconds.
_PATIENCE = 3.0
_FORCES_ONCE = "import os, tempfile; file = tempfile.TemporaryFile(); input(); os.fdatasync(file.fileno())"


def why_not() -> str:
    """Empty if faults can be made here: a child's force is made to fail."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-c", _FORCES_ONCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with child, _attached(child.pid, "EIO at a force", Path(folder, "log")) as strace:
            over = time.monotonic() + 10
            while strace.poll() is None and not _is_traced(child.pid) and time.monotonic() < over:
                time.sleep(0.01)
            child.communicate(b"\n")
            strace.terminate()
    return "" if child.returncode else "strace is installed, and may not attach to a process"


def strike(pid: int, fault: str, log: Path, seconds: float = _PATIENCE) -> bool:
    """Lets the next call of a process fail, or for a while all be slow; says whether it came to that."""
    over = time.monotonic() + seconds
    with _attached(pid, fault, log) as strace:
        while strace.poll() is None and time.monotonic() < over and not (fault != "a slow disk" and _hit(log)):
            time.sleep(0.01)
        died = strace.poll() is not None
        with suppress(ProcessLookupError):
            strace.terminate()  # it detaches, and the gateway goes on if it can
    return _hit(log) or (died and ":signal=" in FAULTS[fault])


def _attached(pid: int, fault: str, log: Path) -> subprocess.Popen[bytes]:
    log.unlink(missing_ok=True)
    call = FAULTS[fault].partition(":")[0]
    command = ["strace", "-qq", "-f", "-p", str(pid), "-o", str(log), "-e", "signal=none", "-e", f"trace={call}"]
    return subprocess.Popen(
        [*command, "-e", f"inject={FAULTS[fault]}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _is_traced(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    return True


def _hit(log: Path) -> bool:
    with suppress(FileNotFoundError):
        text = log.read_text(errors="replace")
        return "INJECTED" in text or "DELAYED" in text
    return False
