"""The machine: what one forced write costs on it, and what else a reader must know to judge a table."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from measure import Latencies, timed


class Disk:
    """A zero-filled file in which one 4 KB block after the other is rewritten and forced with fdatasync."""

    _SIZE = 16 * 1024 * 1024

    def __init__(self, directory: Path) -> None:
        self._fd = os.open(directory / "fdatasync.probe", os.O_RDWR | os.O_CREAT, 0o600)
        os.write(self._fd, bytes(self._SIZE))
        os.fsync(self._fd)
        self._block = os.urandom(4096)
        self._at = 0

    def write(self) -> None:
        os.pwrite(self._fd, self._block, self._at)
        os.fdatasync(self._fd)
        self._at = (self._at + 4096) % self._SIZE

    def measure(self, times: int = 200) -> Latencies:
        return Latencies.of(timed(self.write, times))

    def close(self) -> None:
        os.close(self._fd)


def file_system(directory: Path) -> str:
    """Type and device of the file system of a directory, as the kernel mounts it."""
    wanted = os.stat(directory).st_dev
    key = f"{os.major(wanted)}:{os.minor(wanted)}"
    try:
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            left, _, right = line.partition(" - ")
            if left.split()[2] == key:
                return right.split()[0]
    except OSError:
        pass
    return "unknown"


def description(directory: Path) -> dict[str, object]:
    import sqlite3

    cpu = "unknown"
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": cpu,
        "kernel": platform.release(),
        "file_system": file_system(directory),
        "python": platform.python_version(),
        "java": _java(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
    }


def cpu_seconds(pid: int) -> tuple[float, float]:
    """What a process took of the cores, all its threads: by itself, and in the kernel for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def resident(pid: int) -> int:
    """Bytes of a process that are in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


def _java() -> str:
    from mortmain._gateway.java import find_java

    return find_java(None).version


def commit_of_tree() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "unknown"
