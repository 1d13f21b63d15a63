"""What is done to the processes of a run: killed, stopped, continued, robbed of their claims, restarted. Seeded."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import disk
import mortmain
from history import MUTATIONS

HERE = Path(__file__).resolve().parent
# The third gateway within a minute that a disk ended is the last one for a while; seconds.
_BETWEEN_POISONS = 40.0


class Clients:
    """The client processes of a run; a killed one is followed by another under a new name. For one thread."""

    def __init__(self, count: int, arguments: tuple[str, ...], folder: Path) -> None:
        self._arguments = arguments
        self.folder = folder
        self._errors = folder / "clients.log"
        self.lives = [0] * count
        self.running = [self._start(number) for number in range(count)]
        self.failures: list[str] = []

    def name(self, number: int) -> str:
        return f"c{number}.{self.lives[number]}"

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self.lives[number] += 1
        command = [sys.executable, str(HERE / "client.py"), self.name(number), *self._arguments]
        with self._errors.open("ab") as errors:
            return subprocess.Popen(command, stdout=errors, stderr=errors)

    def kill(self, number: int) -> None:
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self._start(number)

    def writes(self, number: int) -> bool:
        """Whether a client is in the middle of a write, by its own last line."""
        path = self.folder / f"calls-{self.name(number)}.jsonl"
        with suppress(FileNotFoundError, IndexError, ValueError), path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2000))
            line = json.loads(file.read().splitlines()[-1])
            return "n" in line or line.get("f") in MUTATIONS
        return False

    def signal(self, number: int, what: signal.Signals) -> None:
        self.running[number].send_signal(what)

    def await_all(self, patience: float) -> None:
        """Until they have ended by themselves; one that does not, or that failed, is a failure of the run."""
        over = time.monotonic() + patience
        for number, process in enumerate(self.running):
            try:
                code = process.wait(max(0.1, over - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.failures.append(f"client {self.name(number)} did not end: a call never came back")
            else:
                if code:
                    self.failures.append(
                        f"client {self.name(number)} failed with exit code {code}: {self._last_words()}"
                    )

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _last_words(self) -> str:
        return " | ".join(self._errors.read_text().splitlines()[-3:])


class Nemesis:
    """For one thread. log: what was done, as `History.nemesis`."""

    def __init__(
        self,
        store: mortmain.Store,
        clients: Clients,
        recorder: Any,
        chance: random.Random,
        *,
        disk_faults: bool = False,
    ) -> None:
        """disk_faults: strace may be used."""
        self.disk_faults = disk_faults
        self._poisoned = -_BETWEEN_POISONS
        self.store = store
        self.clients = clients
        self.recorder = recorder
        self.chance = chance
        self.log: list[dict[str, Any]] = []
        self._ids = 0

    def run(self, until: float) -> None:
        """One blow after the other, with pauses, until a time (time.monotonic)."""
        blows = [self.kill_gateway] * 4 + [self.stop_gateway, self.freeze_gateway, self.freeze_gateway]
        blows += [self.freeze_client] * 5 + [self.rob_client] * 4 + [self.kill_client] * 3
        if self.disk_faults:
            blows += [self.poison_gateway, self.kill_at_a_force, self.slow_disk]
        # Each once, in a random order, before chance decides: a short run has them all too.
        first = self.chance.sample(sorted(set(blows), key=lambda blow: blow.__name__), len(set(blows)))
        while time.monotonic() < until:
            blow = first.pop() if first else self.chance.choice(blows)
            blow(until)
            time.sleep(max(0.0, min(self.chance.uniform(0.1, 1.5), until - time.monotonic())))

    def _note(self, what: str, whom: str, began: int) -> None:
        self.log.append({"what": what, "whom": whom, "at": began, "until": time.monotonic_ns()})

    def _gateway(self) -> int | None:
        with suppress(FileNotFoundError, ValueError, KeyError):
            return int(json.loads(Path(self.store.directory, "run", "gateway.json").read_text())["pid"])
        return None

    def _signal_gateway(self, what: signal.Signals) -> int | None:
        pid = self._gateway()
        if pid is not None and _is_gateway(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, what)
                return pid
        return None

    def kill_gateway(self, until: float) -> None:
        began = time.monotonic_ns()
        if self._signal_gateway(signal.SIGKILL) is not None:
            self._note("kill -9", "gateway", began)

    def stop_gateway(self, until: float) -> None:
        began = time.monotonic_ns()
        with suppress(mortmain.GatewayUnavailable):
            self.store.stop(timeout=20.0)
        self._note("stopped and started", "gateway", began)

    def freeze_gateway(self, until: float) -> None:
        began = time.monotonic_ns()
        pid = self._signal_gateway(signal.SIGSTOP)
        if pid is not None:
            try:
                time.sleep(self.chance.uniform(0.1, 1.5))
            finally:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            self._note("frozen", "gateway", began)

    def poison_gateway(self, until: float) -> None:
        """A write or a force fails: it ends, and nobody was told what is not on the disk."""
        if time.monotonic() - self._poisoned >= _BETWEEN_POISONS and self._disk(self.chance.choice(disk.POISON)):
            self._poisoned = time.monotonic()

    def kill_at_a_force(self, until: float) -> None:
        """What was written is in the cache only, and nobody was told of it."""
        self._disk("kill -9 at a force")

    def slow_disk(self, until: float) -> None:
        self._disk("a slow disk")

    def _disk(self, fault: str) -> bool:
        began, pid = time.monotonic_ns(), self._gateway()
        if pid is None or not _is_gateway(pid):
            return False
        hit = disk.strike(pid, fault, self.clients.folder / "strace.log")
        if hit:
            self._note(fault, "gateway", began)
        return hit

    def freeze_client(self, until: float) -> None:
        """Longer than its claims live: it wakes up as a zombie."""
        began, number = time.monotonic_ns(), self._any()
        self.clients.signal(number, signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.3, 2.0))
        self.clients.signal(number, signal.SIGCONT)
        self._note("frozen", f"c{number}", began)

    def rob_client(self, until: float) -> None:
        """Frozen, and whatever it holds is reclaimed meanwhile."""
        began, number = time.monotonic_ns(), self._any()
        self.clients.signal(number, signal.SIGSTOP)
        try:
            self._reclaim(self.clients.name(number))
        finally:
            self.clients.signal(number, signal.SIGCONT)
        self._note("frozen and reclaimed", f"c{number}", began)

    def _reclaim(self, holder: str) -> None:
        with suppress(mortmain.GatewayUnavailable):
            held = [claim.key for claim in self.store.claims("", timeout=10.0) if claim.holder == holder]
            for key in held or ["reg/0"]:
                self._ids += 1
                request_id = f"nemesis-{self._ids}"
                call = self.recorder.begin("reclaim", [key], id=request_id)
                try:
                    self.store.reclaim(key, reason="stalled", request_id=request_id, timeout=10.0)
                except mortmain.MortmainError as error:
                    self.recorder.end(call, error.code.lower(), text=str(error))
                else:
                    self.recorder.end(call, "ok")

    def kill_client(self, until: float) -> None:
        """In the middle of a write, so that nobody got its answer."""
        while True:
            began, number = time.monotonic_ns(), self._any()
            self.clients.signal(number, signal.SIGSTOP)
            if self.clients.writes(number) or time.monotonic() >= until:
                break
            self.clients.signal(number, signal.SIGCONT)
            time.sleep(self.chance.random() * 0.01)
        self.clients.kill(number)
        self._note("kill -9", f"c{number}", began)

    def _any(self) -> int:
        return self.chance.randrange(len(self.clients.running))


def _is_gateway(pid: int) -> bool:
    """Not a stranger that got the number of a dead one."""
    try:
        return b"gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self").exists()
