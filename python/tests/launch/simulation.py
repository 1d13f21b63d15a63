"""A `java` of our own, whose behaviour a test chooses."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mortmain._gateway import child

_PROGRAM = Path(__file__).with_name("simulated_java.py")


def end_children() -> None:
    """Ends what this process started, also a JVM that lost the race for LOCK and has not noticed yet."""
    for process in list(child._started):
        process.kill()
        process.wait()
    child.reap()


class SimulatedJava:
    """A `java` of our own. behave: serve, slow, silent, newer protocol, throw, hates archives, corrupt, poisoned,
    killed once, hang.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "java"
        self.path.write_text(f"#!{sys.executable} -IS\n" + _PROGRAM.read_text())
        self.path.chmod(0o755)

    def behave(self, behaviour: str) -> SimulatedJava:
        (self.home / "behaviour").write_text(behaviour)
        return self

    def tells(self, **info: Any) -> SimulatedJava:
        """What its gateway says when it is asked for its info."""
        (self.home / "info").write_text(json.dumps(info))
        return self

    def is_version(self, version: str) -> SimulatedJava:
        (self.home / "version").write_text(version)
        return self

    @property
    def starts(self) -> list[dict[str, Any]]:
        """What each start was given."""
        return [json.loads(path.read_text()) for path in sorted(self.home.glob("start-*.json"))]

    def end_all(self) -> None:
        end_children()
        for start in self.starts:
            try:
                os.kill(start["pid"], signal.SIGKILL)
                os.waitpid(start["pid"], 0)
            except (ProcessLookupError, ChildProcessError):
                pass
