"""Percentiles, and the rule of every comparison: A B A B in one run, a warm-up that is not counted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]


def median(values: Sequence[float]) -> float:
    return percentile(sorted(values), 0.5)


@dataclass(frozen=True)
class Latencies:
    """Of single calls, in microseconds."""

    count: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latencies:
        ordered = sorted(seconds)
        return cls(len(ordered), *(round(1e6 * one, 1) for one in (
            percentile(ordered, 0.5), percentile(ordered, 0.99), ordered[-1],
        )))  # fmt: skip

    def __str__(self) -> str:
        return f"p50 {micros(self.p50)}, p99 {micros(self.p99)}, longest {micros(self.longest)}"


def micros(value: float) -> str:
    """As people read it: 12.3 µs, 840 µs, 1.2 ms, 3.4 s."""
    if value >= 1e6:
        return f"{value / 1e6:.2f} s"
    if value >= 10_000:
        return f"{value / 1e3:.0f} ms"
    if value >= 1_000:
        return f"{value / 1e3:.2f} ms"
    return f"{value:.0f} µs" if value >= 100 else f"{value:.1f} µs"


def timed(call: Callable[[], object], times: int) -> list[float]:
    """Seconds of each of `times` calls."""
    clock = time.perf_counter
    found = []
    for _ in range(times):
        began = clock()
        call()
        found.append(clock() - began)
    return found


def interleaved(calls: dict[str, Callable[[], object]], rounds: int, times: int) -> dict[str, list[float]]:
    """A B A B …: each call `times` times per round; all seconds by name."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name] += timed(call, times)
    return found
