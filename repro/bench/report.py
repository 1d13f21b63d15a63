"""The table (markdown and JSON) and its picture."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from measure import Latencies, micros
from targets import NONE, TARGETS, Result, Target


def verdict(target: Target, result: Result | None) -> str:
    if target.elsewhere or result is None:
        return target.elsewhere or "not run"
    if result.value is None:
        return result.note
    must, goal = target.met(result.value, target.must), target.met(result.value, target.goal)
    if must is None:
        return NONE
    if not must:
        return "**missed**"
    return "met, goal met" if goal else "met" if goal is None else "met, goal missed"


def markdown(results: dict[str, Result], machine: dict[str, Any], disk: Latencies, title: str) -> str:
    lines = [
        f"# {title}",
        "",
        f"fdatasync of 4 KB in a zero-filled file on this machine: {disk} (each row's own is in its last column).",
        "",
        ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine.items()) + ".",
        "",
        "| what | against | measured | mortmain | the other | must | goal | verdict | fdatasync p50 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    notes = []
    for target in TARGETS:
        result = results.get(target.id)
        value = NONE if result is None or result.value is None else target.shown_value(result.value)
        ours, theirs, beside = (
            (NONE, NONE, NONE) if result is None else (result.ours, result.theirs, micros(result.disk))
        )
        cells = [target.what, target.against, value, ours, theirs, target.shown(target.must), target.shown(target.goal)]
        lines.append("| " + " | ".join([*cells, verdict(target, result), beside]) + " |")
        if result is not None and result.note and result.value is not None:
            notes.append(
                f"- {target.what}{'' if target.against == NONE else f', against {target.against}'}: {result.note}."
            )
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def as_json(results: dict[str, Result], machine: dict[str, Any], disk: Latencies, options: dict[str, Any]) -> str:
    rows = []
    for target in TARGETS:
        row: dict[str, Any] = {
            "id": target.id, "what": target.what, "against": target.against, "unit": target.unit,
            "must": target.must, "goal": target.goal, "elsewhere": target.elsewhere or None,
        }  # fmt: skip
        result = results.get(target.id)
        if result is not None:
            row.update(
                value=result.value,
                ours=result.ours,
                theirs=result.theirs,
                note=result.note,
                fdatasync_p50_us=result.disk,
            )
            if result.value is not None:
                row["must_met"] = target.met(result.value, target.must)
                row["goal_met"] = target.met(result.value, target.goal)
        rows.append(row)
    told = {"machine": machine, "fdatasync_us": {"p50": disk.p50, "p99": disk.p99, "longest": disk.longest}}
    return json.dumps({**told, "options": options, "rows": rows}, indent=1, ensure_ascii=False) + "\n"


def picture(results: dict[str, Result], path: Path, subtitle: str) -> None:
    """One bar per row: how far beyond its must (1) it is, in powers of two; right is better, a dot is the goal."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = []
    for target in reversed(TARGETS):
        result = results.get(target.id)
        if result is None or not result.value or target.must is None:
            continue
        goal = None if target.goal is None else _beyond(target, target.goal)
        bars.append(
            (
                target.what if target.against == NONE else f"{target.what}\nvs {target.against}",
                _beyond(target, result.value),
                goal,
                target.shown_value(result.value),
            )
        )
    if not bars:
        return
    figure, axes = pyplot.subplots(figsize=(10, 1.4 + 0.5 * len(bars)))
    places = range(len(bars))
    colours = ["#2a7f62" if bar[1] >= 1 else "#c1432e" for bar in bars]
    axes.barh(places, [math.log2(bar[1]) for bar in bars], color=colours, height=0.6)
    for place, (_, value, goal, told) in zip(places, bars, strict=True):
        axes.annotate(told, (math.log2(value), place), xytext=(4 if value >= 1 else -4, 0), textcoords="offset points",
                      va="center", ha="left" if value >= 1 else "right", fontsize=8)  # fmt: skip
        if goal is not None:
            axes.plot(math.log2(goal), place, "o", color="#222222", markersize=4)
    axes.axvline(0, color="#222222", linewidth=1)
    axes.set_yticks(places, [bar[0] for bar in bars], fontsize=7)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -1) - 0.6, max(high, 1) + 0.6)
    ticks = range(math.floor(axes.get_xlim()[0]), math.ceil(axes.get_xlim()[1]) + 1)
    axes.set_xticks(ticks, [f"{2.0**tick:g}x" for tick in ticks], fontsize=8)
    axes.set_xlabel("times better than it must be (line: must, dot: goal)", fontsize=8)
    axes.set_title(f"mortmain against its targets\n{subtitle}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _beyond(target: Target, value: float) -> float:
    assert target.must is not None
    return value / target.must if target.more else target.must / value
