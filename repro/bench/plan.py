"""How much of everything is measured, and what every program of a row needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import Mortmain
from targets import Result

Results = dict[str, Result]


@dataclass(frozen=True)
class Plan:
    """How much of everything. seconds: of one round of a crowd; its first round warms up and is not counted.

    warm_up, calls: of one process (the JVM compiles for the first 50,000 commits); items: that each of eight processes
    appends; starts: of gateways; lists: of 10,000 items of each size.
    """

    place: Path
    rounds: int
    calls: int
    warm_up: int
    seconds: float
    items: int
    starts: int
    keys: int
    lists: int
    large: bool

    def fresh(self, name: str) -> Path:
        place = self.place / name
        place.mkdir()
        return place


def both_sides(place: Path, *sides: Any) -> tuple[Any, ...]:
    for side in sides:
        side.prepare(place)
    return tuple(side(place) for side in sides)


def close_sides(*sides: Any) -> None:
    for side in sides:
        if isinstance(side, Mortmain):
            side.store.stop()
        side.close()


def result_of(value: float, ours: object, theirs: object, lost: list[str], note: str = "") -> Result:
    if lost:
        return Result(None, str(ours), str(theirs), "LOST: " + "; ".join(sorted(set(lost))))
    return Result(value, str(ours), str(theirs), note)
