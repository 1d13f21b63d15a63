"""What the programs of this folder share: real processes that run step by step, so that every run is the same run.

A process prints what it does and calls `wait_here` where another one shall come first; the director decides who goes
on. Nothing sleeps: each step waits for a line on a pipe, or for the kernel to say that a process has stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

REPRO = Path(__file__).resolve().parent
_WAITS = "\x04 waiting"


def say(text: str) -> None:
    """In a process: one line for the reader."""
    print(text, flush=True)


def wait_here() -> None:
    """In a process: let the director decide when to go on."""
    print(_WAITS, flush=True)
    if not sys.stdin.readline():
        sys.exit("the director is gone")


class Process:
    """A Python process that the director leads. Unless quiet, its lines appear as "name | line". For one thread."""

    def __init__(self, name: str, program: Path, *arguments: str, quiet: bool = False) -> None:
        self.name = name
        self._quiet = quiet
        self._child = subprocess.Popen(
            [sys.executable, str(program), name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPRO)},
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.communicate()

    def until_it_waits(self) -> Process:
        """Show its lines until it calls `wait_here`."""
        if not self._relay(_WAITS):
            raise SystemExit(f"{self.name} ended too early, with exit code {self._child.wait()}")
        return self

    def until_it_says(self, text: str) -> None:
        """Show its lines up to this one."""
        if not self._relay(text):
            raise SystemExit(f"{self.name} ended before it said {text!r}")

    def go_on(self) -> Process:
        """Let it pass the `wait_here` where it is, or will be."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        return self

    def until_it_ends(self) -> None:
        """Show its lines to the last one."""
        if self._relay(_WAITS):
            raise SystemExit(f"{self.name} waits where nobody expects it")
        if self._child.wait() != 0:
            raise SystemExit(f"{self.name} failed with exit code {self._child.returncode}")

    def freeze(self) -> None:
        """SIGSTOP: it holds everything it held and knows nothing. Returns when the kernel says that it has stopped."""
        self._child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._child.pid, os.WSTOPPED | os.WNOWAIT)
        say(f"{self.name} is frozen (SIGSTOP)")

    def thaw(self) -> None:
        """SIGCONT."""
        self._child.send_signal(signal.SIGCONT)
        say(f"{self.name} wakes up (SIGCONT)")

    def _relay(self, last: str) -> bool:
        """True when this line came, False when its output ended."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            line = line.rstrip("\n")
            if line != _WAITS and not self._quiet:
                say(f"  {self.name} | {line}")
            if line == last:
                return True
        return False
