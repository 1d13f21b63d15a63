"""Processes that we start and leave alone."""

from __future__ import annotations

import os
import subprocess

# The gateway outlives the agent and must not keep its API keys: only these pass.
_KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "JAVA_HOME")
_KEPT_PREFIXES = ("LC_", "MORTMAIN_")


class Child(subprocess.Popen[bytes]):
    """A process that outlives us. Thread-safe as Popen is."""

    def __del__(self, *_: object) -> None:
        """Nothing: that it goes on running is what it is for, and Popen would warn."""


# Not waited for yet: a dead one stays a zombie until the next start looks. No thread, no signal handler for that.
_started: list[Child] = []


def spawn_child(command: list[str], directory: str, output: int, environment: dict[str, str] | None = None) -> Child:
    """Starts a command in its own session, so that no terminal and no process group of ours ends it. output: the
    descriptor of stdout and stderr. environment: None for the scrubbed one.
    """
    reap()
    child = Child(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=directory,
        env=scrubbed_environment() if environment is None else environment,
        start_new_session=True,
        umask=0o077,
    )
    _started.append(child)
    return child


def scrubbed_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}


def reap() -> None:
    """Waits for those that have ended."""
    _started[:] = [child for child in _started if child.poll() is None]
