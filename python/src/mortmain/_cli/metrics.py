"""`store.info()` in Prometheus' text format, for `mortmain status --prometheus`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Sample = tuple[str, Mapping[str, Any], float]

# Upper bounds of the histogram, powers of two of a nanosecond like the gateway's own: 16 µs to 17 s.
_BOUNDS = [2.0**power / 1e9 for power in range(14, 35, 2)]


def metrics(info: Mapping[str, Any]) -> str:
    """The whole page; `mortmain_up 0` alone where info is empty, that is, no gateway runs."""
    page = _Page()
    page.add("mortmain_up", "gauge", "Whether the gateway of the directory answers.", 1 if info else 0)
    if info:
        _store(page, info)
        _journal(page, info.get("journal") or {})
        _requests(page, info)
    return page.text()


class _Page:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: str, about: str, *samples: float | Sample | None) -> None:
        """samples: a number, or (suffix of the name, labels, number); None is left out."""
        shown: list[Sample] = [one if isinstance(one, tuple) else ("", {}, one) for one in samples if one is not None]
        if shown:
            self._lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            self._lines += [f"{name}{suffix}{_labels(labels)} {_number(value)}" for suffix, labels, value in shown]

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _labels(labels: Mapping[str, Any]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(str(text))}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(int(value))


def _store(page: _Page, info: Mapping[str, Any]) -> None:
    limits = info.get("limits") or {}
    about = {name: info.get(name) for name in ("version", "protocol", "transport", "store_id", "directory")}
    page.add("mortmain_info", "gauge", "What serves which store; always 1.", ("", about, 1))
    for name, source, what in (
        ("mortmain_uptime_seconds", "uptime", "Since the gateway started."),
        ("mortmain_revision", "revision", "The newest durable revision."),
        ("mortmain_keys", "keys", "Keys that have a value."),
        ("mortmain_tombstones", "tombstones", "Deleted keys that are still remembered."),
        ("mortmain_claims", "claims", "Live claims."),
        ("mortmain_connections", "connections", "Open connections."),
        ("mortmain_remembered_requests", "requests", "Request ids that are remembered."),
        ("mortmain_horizon_revision", "horizon", "Request ids that were made before this revision may be forgotten."),
        ("mortmain_in_flight_bytes", "in_flight", "Bytes of large requests that are being served."),
    ):
        page.add(name, "gauge", what, info.get(source))
    page.add("mortmain_read_only", "gauge", "Whether the store takes reads only.", 1 if info.get("read_only") else 0)
    page.add("mortmain_connections_limit", "gauge", "Connections that the gateway takes.", limits.get("connections"))
    taken = limits.get("in_flight")
    page.add("mortmain_in_flight_limit_bytes", "gauge", "Bytes of requests in flight that it takes.", taken)


def _journal(page: _Page, journal: Mapping[str, Any]) -> None:
    page.add("mortmain_journal_bytes", "gauge", "Size of the live segments.", journal.get("bytes"))
    page.add("mortmain_journal_forces_total", "counter", "Frames that were forced.", journal.get("forces"))
    page.add("mortmain_journal_records_total", "counter", "Events that were forced.", journal.get("records"))
    page.add(
        "mortmain_journal_force_seconds", "gauge", "How long a force takes, by quantile.",
        *(
            ("", {"quantile": quantile}, journal[name] / 1e6)
            for quantile, name in (("0.5", "force_p50_us"), ("0.99", "force_p99_us"))
            if name in journal
        ),
    )  # fmt: skip


def _requests(page: _Page, info: Mapping[str, Any]) -> None:
    counters = dict(info.get("counters") or {})
    page.add("mortmain_commits_total", "counter", "Commits that were accepted.", counters.pop("commits", None))
    rejections = counters.pop("rejections", None) or {}
    page.add(
        "mortmain_requests_total", "counter", "Requests that were answered, by operation.",
        *(("", {"op": op}, count) for op, count in counters.items()),
    )  # fmt: skip
    page.add(
        "mortmain_rejections_total", "counter", "Requests that got an error, by code.",
        *(("", {"code": code}, count) for code, count in rejections.items()),
    )  # fmt: skip
    page.add(
        "mortmain_request_seconds", "histogram", "From taking a request up to answering it; waiting included.",
        *(sample for op, figures in (info.get("latencies") or {}).items() for sample in _histogram(op, figures)),
    )  # fmt: skip


def _histogram(op: str, figures: Mapping[str, Any]) -> Iterable[Sample]:
    cumulative = [(bound / 1e6, count) for bound, count in figures["buckets"]]
    for bound in _BOUNDS:
        below = max((count for upper, count in cumulative if upper <= bound * 1.0000001), default=0)
        yield "_bucket", {"op": op, "le": repr(bound)}, below
    yield "_bucket", {"op": op, "le": "+Inf"}, figures["count"]
    yield "_sum", {"op": op}, figures["sum"] / 1e6
    yield "_count", {"op": op}, figures["count"]
