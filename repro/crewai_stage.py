"""What the crewai_* claims share: the same story on the storage that CrewAI ships and on mortmain's.

Importing CrewAI takes seconds, so the director does it once and makes each process by a fork, before anything of CrewAI
runs in it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

for _name in ("CREWAI_DISABLE_TELEMETRY", "CREWAI_DISABLE_TRACKING", "OTEL_SDK_DISABLED"):
    os.environ[_name] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
os.environ["CREWAI_TESTING"] = "true"

from crewai.events.utils.console_formatter import set_suppress_console_output  # noqa: E402
from mortmain.testing import temporary_store  # noqa: E402

import crewai_worker  # noqa: E402
from stage import Process, say  # noqa: E402

set_suppress_console_output(True)


class Fork:
    """A forked process with the pipes and the methods that `stage.Process` uses of a subprocess."""

    def __init__(self, run: Callable[[], None]) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ours_in)
            os.close(ours_out)
            self._be(run, theirs_in, theirs_out)
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin: IO[str] = os.fdopen(ours_out, "w")
        self.stdout: IO[str] = os.fdopen(ours_in)
        self.returncode: int | None = None

    @staticmethod
    def _be(run: Callable[[], None], stdin: int, stdout: int) -> None:
        code = 1
        try:
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            run()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> None:
        self.wait()
        self.stdout.close()
        try:
            self.stdin.close()
        except BrokenPipeError:
            pass


class Forked(Process):
    """A process that the director leads, made by a fork."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self.name = name
        self._quiet = False
        self._child = Fork(run)  # type: ignore[assignment]


class Scene:
    """Processes on one storage. kind: shipped or mortmain."""

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place

    def process(self, name: str, action: str) -> Forked:
        return Forked(name, lambda: getattr(crewai_worker, action)(name, self.kind, self.place))

    def run(self, name: str, action: str) -> None:
        """From its beginning to its end, in a process of its own."""
        with self.process(name, action) as process:
            process.until_it_ends()


def on_both(story: Callable[[Scene], None], shipped: str, ours: str) -> None:
    """Tell a story twice."""
    say(f"On {shipped}, which CrewAI ships:")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["CREWAI_STORAGE_DIR"] = scratch
        story(Scene("shipped", str(Path(scratch, "data"))))
    say("")
    say(f"On {ours}:")
    with temporary_store() as store:
        story(Scene("mortmain", store.directory))
