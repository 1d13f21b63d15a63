"""Eight processes of one side, started once and told round by round what to do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Latencies

WORKERS = 8
# From the order to the common start: long enough for the line to reach every process. Seconds.
_LEAD = 0.1


@dataclass(frozen=True)
class Effort:
    """One round of a crowd. rate: acknowledged calls per second. fairness: the slowest worker's count over the mean."""

    acknowledged: list[int]
    rate: float
    fairness: float
    latencies: Latencies


class Crowd:
    """Not thread-safe. A context manager: the processes end with it."""

    def __init__(self, side: str, place: Path) -> None:
        self.side = side
        self._children = [
            subprocess.Popen(
                [sys.executable, str(Path(__file__).parent / "worker.py"), side, str(place), str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(WORKERS)
        ]
        for child in self._children:
            if self._answer(child) != "ready":
                raise SystemExit(f"a worker of {side} did not start")

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            try:
                child.communicate(timeout=150.0)
            except (subprocess.TimeoutExpired, ValueError, OSError):
                child.kill()
                child.wait()

    def for_seconds(self, work: str, key: str, seconds: float) -> Effort:
        start = time.monotonic() + _LEAD
        answers = self._all({"work": work, "key": key, "start": start, "end": start + seconds})
        counts = [one["in_time"] for one in answers]
        return _effort(answers, counts, sum(counts) / seconds)

    def so_often(self, work: str, key: str, times: int) -> Effort:
        answers = self._all({"work": work, "key": key, "start": time.monotonic() + _LEAD, "times": times})
        span = max(one["ended"] for one in answers) - min(one["began"] for one in answers)
        return _effort(answers, [one["acknowledged"] for one in answers], WORKERS * times / span)

    def _all(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        line = json.dumps(order) + "\n"
        for child in self._children:
            assert child.stdin is not None
            child.stdin.write(line)
            child.stdin.flush()
        return [json.loads(self._answer(child)) for child in self._children]

    def _answer(self, child: subprocess.Popen[str]) -> str:
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        if not line:
            raise SystemExit(f"a worker of {self.side} ended with exit code {child.wait()}")
        return line


def _effort(answers: list[dict[str, Any]], counts: list[int], rate: float) -> Effort:
    mean = sum(counts) / len(counts)
    return Effort(
        [one["acknowledged"] for one in answers],
        rate,
        min(counts) / mean if mean else 0.0,
        Latencies.of([wait for one in answers for wait in one["waits"]]),
    )
