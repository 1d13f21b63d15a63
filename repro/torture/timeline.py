"""The picture of a run: a row per client, time from left to right, calls by outcome, and what was done to whom. SVG."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

from history import History

_WIDTH, _LEFT, _ROW, _CHART = 1200, 90, 26, 90
_COLOURS = {
    "ok": "#9ecae1",
    "conflict": "#fdae6b",
    "fenced": "#d62728",
    "unconfirmed": "#8c3fd1",
    "other": "#333333",
}
_KINDS = {
    "ok": "ok",
    "version_conflict": "conflict",
    "claim_held": "conflict",
    "fenced": "fenced",
    "claim_lost": "fenced",
    "unconfirmed": "unconfirmed",
    "crashed": "unconfirmed",
}
# What a column shows if several calls end in it: the rarest.
_RANK = ("other", "unconfirmed", "fenced", "conflict", "ok")


def draw(history: History, path: Path) -> None:
    """One column per pixel, so that the picture of a long run is not larger than that of a short one."""
    calls = [one for one in history.operations if one.process.startswith("calls-c")]
    if not calls:
        return
    first, last = min(one.began for one in calls), max(one.ended or one.began for one in calls)
    scale = _WIDTH / max(1, last - first)
    rows = sorted({_row(one.process) for one in calls})
    top = {row: 30 + _ROW * (number + 1) for number, row in enumerate(["gateway", *rows])}
    height = 30 + _ROW * (len(rows) + 2) + _CHART + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + _LEFT + 20}" height="{height}" '
        'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
    ]
    parts += _legend()
    columns: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for one in calls:
        at = int(((one.ended or one.began) - first) * scale)
        columns[_row(one.process), at][_KINDS.get(one.outcome, "other")] += 1
    for (row, at), kinds in columns.items():
        kind = next(kind for kind in _RANK if kinds[kind])
        tall = _ROW - 8 if kind != "ok" else _ROW - 12
        parts.append(_box(_LEFT + at, top[row] + (_ROW - tall) / 2, 1.2, tall, _COLOURS[kind]))
    for blow in history.nemesis:
        at, wide = (blow["at"] - first) * scale, (blow["until"] - blow["at"]) * scale
        if blow["whom"] in top and 0 <= at <= _WIDTH:
            told = f"{blow['what']} at {(blow['at'] - first) / 1e9:.1f} s"
            parts.append(_box(_LEFT + at, top[blow["whom"]] + 2, max(2.0, wide), _ROW - 4, _blow(blow["what"]), told))
    parts += [f'<text x="6" y="{y + 17}">{escape(row)}</text>' for row, y in top.items()]
    parts += _rate(columns, top[rows[-1]] + _ROW + 14, (last - first) / 1e9)
    path.write_text("\n".join([*parts, "</svg>\n"]))


def _row(process: str) -> str:
    return process.removeprefix("calls-").partition(".")[0]


def _blow(what: str) -> str:
    return "#000000" if what.startswith("kill") else "#bdbdbd" if what.startswith("frozen") else "#636363"


def _box(x: float, y: float, wide: float, tall: float, colour: str, told: str = "") -> str:
    title = f"<title>{escape(told)}</title>" if told else ""
    opacity = ' fill-opacity="0.6"' if told else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"{opacity}>{title}</rect>'
    )


def _legend() -> list[str]:
    parts, x = [], _LEFT
    for name, colour in {**_COLOURS, "kill -9": "#000000", "frozen": "#bdbdbd"}.items():
        parts += [_box(x, 12, 10, 10, colour), f'<text x="{x + 14}" y="21">{name}</text>']
        x += 30 + 7 * len(name)
    return parts


def _rate(columns: dict[tuple[str, int], Counter[str]], top: float, seconds: float) -> list[str]:
    """Calls per second below the rows: where it falls to nothing the gateway was away."""
    bins = Counter[int]()
    for (_, at), kinds in columns.items():
        bins[at // 6] += kinds.total()
    most = max(bins.values())
    points = " ".join(
        f"{_LEFT + 6 * at + 3},{top + _CHART * (1 - bins[at] / most):.1f}" for at in range(_WIDTH // 6 + 1)
    )
    rate = most / (6 * seconds / _WIDTH) if seconds else 0
    return [
        f'<polyline points="{points}" fill="none" stroke="#3182bd"/>',
        f'<text x="6" y="{top + 10}">{rate:,.0f} calls/s</text>',
        f'<text x="{_LEFT}" y="{top + _CHART + 16}">0 s</text>',
        f'<text x="{_LEFT + _WIDTH - 40}" y="{top + _CHART + 16}">{seconds:.0f} s</text>',
    ]
