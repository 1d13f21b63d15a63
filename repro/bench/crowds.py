"""Eight processes: keys of their own, one hot key."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

from crowd import WORKERS, Crowd, Effort
from measure import median, micros
from peers import Coherence, Mortmain, Sqlite, SqliteRows
from plan import Plan, Results, close_sides, result_of
from targets import NONE, Result

# The JVM compiles for the first 50,000 commits; the warm-up takes so many rounds' time.
WARM_UP = 4


def own(plan: Plan) -> Results:
    """Eight processes, each on a key of its own."""
    efforts, lost = _rounds(
        plan, "own", (Mortmain, Sqlite), lambda side, key: [side.writes_of(f"{key}/{n}") for n in range(WORKERS)]
    )
    ours, theirs = efforts["mortmain"], efforts["sqlite"]
    waits, other = _longest(ours), _longest(theirs)
    fair, unfair = min(one.fairness for one in ours), min(one.fairness for one in theirs)
    return {
        "own": result_of(_rate(ours) / _rate(theirs), _said(ours), _said(theirs), lost),
        "own_wait": result_of(waits / 1e3, micros(waits), micros(other), lost),
        "own_fair": result_of(fair, f"{fair:.2f}", f"{unfair:.3f}", lost),
    }


def coherence(plan: Plan) -> Results:
    """The same against agent-coherence, which forces nothing to the disk."""
    if importlib.util.find_spec("ccs") is None:
        return {"coherence": Result(None, NONE, NONE, "agent-coherence needs Python 3.11")}
    efforts, lost = _rounds(
        plan, "own", (Mortmain, Coherence), lambda side, key: [side.writes_of(f"{key}/{n}") for n in range(WORKERS)]
    )
    ours, theirs = efforts["mortmain"], efforts["agent-coherence"]
    return {"coherence": result_of(_rate(ours) / _rate(theirs), _said(ours), _said(theirs), lost)}


def update(plan: Plan) -> Results:
    """Eight processes count in one JSON value of 512 B."""
    efforts, lost = _rounds(plan, "update", (Mortmain, Sqlite), lambda side, key: [side.count_of(key)])
    ours, theirs = efforts["mortmain"], efforts["sqlite"]
    return {"update": result_of(_rate(ours) / _rate(theirs), _said(ours), _said(theirs), lost)}


def append(plan: Plan) -> Results:
    """Eight processes append items of 100 B to one list; each round begins a new list."""

    def count(side: Any, key: str) -> list[int]:
        items = side.items_of(key)
        return [len({(one["worker"], one["number"]) for one in items}) if items else 0]

    efforts, lost = _rounds(plan, "append", (Mortmain, Sqlite, SqliteRows), count, plan.items)
    ours = efforts["mortmain"]
    return {
        row: result_of(
            _rate(ours) / _rate(theirs), _said(ours), _said(theirs), lost, f"{WORKERS * plan.items} items per list"
        )
        for row, theirs in (("append_json", efforts["sqlite"]), ("append_rows", efforts["sqlite rows"]))
    }


def _rounds(
    plan: Plan, work: str, sides: tuple[Any, ...], count: Callable[[Any, str], list[int]], times: int | None = None
) -> tuple[dict[str, list[Effort]], list[str]]:
    """A B A B of crowds. What a key shows afterwards is compared with what was acknowledged on it."""
    place = plan.fresh("-".join((work, *(one.__name__.lower() for one in sides))))
    efforts: dict[str, list[Effort]] = {side.name: [] for side in sides}
    lost: list[str] = []
    for side in sides:
        # One that derives from another shares its file.
        if not any(issubclass(side, other) and side is not other for other in sides):
            side.prepare(place)
    watchers = {side.name: side(place, agent="watcher") for side in sides}
    crowds = {side.name: Crowd(side.name, place) for side in sides}
    try:
        for number in range(plan.rounds + 1):
            for name, crowd in crowds.items():
                key = f"{work}/{number}"
                if number == 0 and name == "mortmain":
                    effort = crowd.for_seconds(work, key, WARM_UP * plan.seconds)
                elif times is None or number == 0:
                    effort = crowd.for_seconds(work, key, plan.seconds)
                else:
                    effort = crowd.so_often(work, key, times)
                kept = count(watchers[name], key)
                told = effort.acknowledged if len(kept) > 1 else [sum(effort.acknowledged)]
                if kept != told:
                    lost.append(f"{name}: {sum(told)} acknowledged, {sum(kept)} there")
                if number > 0:  # the first round warms up
                    efforts[name].append(effort)
    finally:
        for crowd in crowds.values():
            crowd.__exit__()
        close_sides(*watchers.values())
    return efforts, lost


def _rate(efforts: list[Effort]) -> float:
    return median([one.rate for one in efforts])


def _longest(efforts: list[Effort]) -> float:
    return max(one.latencies.longest for one in efforts)


def _said(efforts: list[Effort]) -> str:
    waits = median([one.latencies.p99 for one in efforts])
    return f"{_rate(efforts):,.0f}/s, p99 {micros(waits)}, longest {micros(_longest(efforts))}"
