"""Starting a gateway: one starter at a time, who looks again before it starts, and again when the JVM did not get
LOCK.
"""

from __future__ import annotations

import os

from mortmain._errors import GatewayUnavailable, InvalidRequest, MortmainError

from .archive import archive_flags, give_up_archive, train_after
from .child import Child
from .discover import check_run_directory, file_mark, find_gateway, run_directory
from .failure import as_error, read_failure, refuse_poisoned, start_failed, with_log
from .java import Java, find_java
from .lock import start_lock
from .probe import Gone, Reached, ask, gateway_file, look
from .process import jar_path, spawn_gateway
from .wait import Deadline, Pauses

# The JVM's exit code when another one holds LOCK.
_NO_LOCK = 75
# A JVM that a signal killed while it started (the OOM killer, an operator) says nothing about the store.
_KILLED_STARTS = 3


def start_gateway(
    root: str, create: bool, java: str | os.PathLike[str] | None, deadline: Deadline, agent: str | None
) -> Reached:
    """The gateway of `root`, started by us or by whoever was faster."""
    prepare(root, create)
    try:
        return _start_alone(root, create, java, deadline, agent)
    except OSError as error:
        raise GatewayUnavailable(f"the gateway of {root} cannot be started: {error}", reason="start-failed") from error


def prepare(root: str, create: bool) -> None:
    """The state directory and its run/, made if they are missing; other owners of the directory itself do not
    matter.
    """
    if not create and not os.path.exists(os.path.join(root, "FORMAT")):
        raise InvalidRequest(
            f"{root} holds no store: is the path right? open(create=True) and `mortmain serve` make one",
            field="directory",
            reason="no store",
        )
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        os.mkdir(run_directory(root), 0o700)
    except FileExistsError:
        if not os.path.isdir(root):
            raise InvalidRequest(f"{root} is not a directory", field="directory", reason="not a directory") from None
    except OSError as error:
        raise InvalidRequest(
            f"{root} cannot be made: {error.strerror}", field="directory", reason=str(error.strerror)
        ) from error
    check_run_directory(root)


def _start_alone(
    root: str, create: bool, java: str | os.PathLike[str] | None, deadline: Deadline, agent: str | None
) -> Reached:
    run = run_directory(root)
    mark = file_mark(gateway_file(run))

    def seen() -> Reached | None:
        nonlocal mark
        now = file_mark(gateway_file(run))
        if now is None or now == mark:
            return None
        mark = now
        found = look(root, deadline, agent)
        return found if isinstance(found, Reached) else None

    with start_lock(run, deadline, seen) as already:
        if already is not None:
            return already
        found = look(root, deadline, agent)
        if isinstance(found, Reached):
            return found
        refuse_poisoned(run)
        return _Starter(root, find_java(java), [] if create else ["--no-create"], deadline, agent).run()


class _Starter:
    """One caller's attempts, with start.lock held. For one thread."""

    def __init__(self, root: str, java: Java, arguments: list[str], deadline: Deadline, agent: str | None) -> None:
        self._root = root
        self._run = run_directory(root)
        self._java = java
        self._arguments = arguments
        self._deadline = deadline
        self._agent = agent
        self._last: GatewayUnavailable | None = None
        self._found_locked = False
        # What a start with a class archive ended with, for which the archive may be to blame.
        self._suspicion: MortmainError | None = None

    def run(self) -> Reached:
        killed = 0
        # A gateway that is just ending has withdrawn gateway.json and holds LOCK for some milliseconds more.
        patience = 0.05
        while True:
            before = file_mark(gateway_file(self._run))  # a starter that is frozen after the spawn misses nothing
            process, log_size = spawn_gateway(
                self._java, self._root, self._arguments, archive=self._suspicion is None
            )
            reached = self._until_it_serves(process, log_size, before)
            if reached is not None:
                self._see_to_archive()
                return reached
            if process.returncode == _NO_LOCK:
                # Somebody else serves, or is about to: it started without start.lock, as `mortmain serve` does.
                self._found_locked = True
                patience = min(patience * 2, 5.0)
                reached = self._until_somebody_serves(patience)
                if reached is not None:
                    return reached
            elif process.returncode < 0 and killed < _KILLED_STARTS and read_failure(self._run) is None:
                killed += 1
            else:
                failure = self._failure(process, log_size)
                if read_failure(self._run) is not None or not self._may_be_the_archive():
                    raise failure
                self._suspicion = failure

    def _until_it_serves(self, process: Child, log_size: int, mark: object) -> Reached | None:
        """None if the process ended. mark: of gateway.json before the process was started."""
        pauses = Pauses()
        while True:
            ended = process.poll() is not None
            now = file_mark(gateway_file(self._run))
            if now != mark:
                mark = now
                reached = self._look()
                if reached is not None:
                    return reached
            if ended:
                return None
            if self._deadline.passed and self._found_locked:
                raise self._locked()
            if self._deadline.passed:
                what = (
                    f"the gateway of {self._root} (pid {process.pid}) did not serve in time; it is still starting,"
                    " so open the store again"
                )
                raise GatewayUnavailable(with_log(what, self._run, log_size), reason="timeout")
            pauses.sleep()

    def _until_somebody_serves(self, patience: float) -> Reached | None:
        """None if it is worth a start of our own again: whoever held LOCK may be gone. GatewayUnavailable (locked,
        bad-token) at the deadline.
        """
        enough = Deadline(patience)
        pauses = Pauses()
        while True:
            reached = self._look()
            if reached is not None:
                return reached
            if self._deadline.passed:
                raise self._locked()
            if enough.passed:
                return None
            pauses.sleep()

    def _look(self) -> Reached | None:
        info = find_gateway(self._root)
        found = Gone(None) if info is None else ask(info, self._deadline, self._agent)
        if isinstance(found, Reached):
            return found
        self._last = found.why
        return None

    def _locked(self) -> GatewayUnavailable:
        if self._last is not None and self._last.reason == "bad-token":
            return self._last
        holder = lock_holder(self._root)
        said = f" ({self._last})" if self._last is not None else ""
        return GatewayUnavailable(
            f"another process holds {self._root}/LOCK{f', {holder}' if holder else ''}, but no gateway answers"
            f" there{said}: end it, or wait until it serves",
            reason="locked",
        )

    def _may_be_the_archive(self) -> bool:
        """An archive is a convenience: a JVM that died with one is tried again without."""
        return self._suspicion is None and bool(archive_flags(self._java, jar_path(), self._run))

    def _see_to_archive(self) -> None:
        """Only a start that works without it shows that the archive was to blame, and not an option or the memory."""
        if self._suspicion is not None:
            give_up_archive(self._java, jar_path(), self._run, str(self._suspicion))
        train_after(self._java, jar_path(), self._run)

    def _failure(self, process: Child, log_size: int) -> MortmainError:
        told = read_failure(self._run)
        if told is not None:
            return as_error(told, self._run, log_size)
        code = process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return start_failed(
            f"the gateway of {self._root} {how} before it served (Java {self._java.version}, {self._java.path})",
            self._run,
            log_size,
        )


def lock_holder(root: str) -> str:
    """What LOCK.info says, in one line; empty if there is none."""
    try:
        with open(os.path.join(root, "LOCK.info"), encoding="utf-8", errors="replace") as file:
            return " ".join(file.read(400).split())
    except OSError:
        return ""
