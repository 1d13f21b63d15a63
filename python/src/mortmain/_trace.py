"""OpenTelemetry spans, for programs that use its API: one per call of a store. Without it nothing is imported and
nothing is done.
"""

from __future__ import annotations

import sys
from typing import Any

from ._errors import Conflict, MortmainError

# Who traces has imported it.
API = "opentelemetry.trace"
# One span per event of a watch would say nothing.
_SILENT = frozenset({"watch"})


class Span:
    """One call's span, current until it ends. For one thread or task."""

    __slots__ = ("_span", "_token", "_trace")

    def __init__(self, trace: Any, name: str, key: str | None, agent: str | None, directory: str) -> None:
        from mortmain import __version__

        self._trace = trace
        attributes = {"mortmain.directory": directory}
        if key is not None:
            attributes["mortmain.key"] = key
        if agent is not None:
            attributes["mortmain.agent"] = agent
        tracer = trace.get_tracer("mortmain", __version__)
        self._span = tracer.start_span(f"mortmain.{name}", kind=trace.SpanKind.CLIENT, attributes=attributes)
        self._token = sys.modules["opentelemetry.context"].attach(trace.set_span_in_context(self._span))

    def end(self, error: BaseException | None, attempts: int, revision: int) -> None:
        """A conflict is normal: its code is told, and the status of the span is left alone."""
        span = self._span
        span.set_attribute("mortmain.attempts", attempts)
        if revision:
            span.set_attribute("mortmain.revision", revision)
        if error is not None:
            code = error.code if isinstance(error, MortmainError) else type(error).__qualname__
            span.set_attribute("error.type", code)
            if isinstance(error, Conflict):
                span.add_event("conflict", {"mortmain.message": str(error), "mortmain.retry": error.retry})
            else:
                span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, str(error)))
                span.record_exception(error)
        span.end()
        sys.modules["opentelemetry.context"].detach(self._token)


def begin(name: str, key: str | None, agent: str | None, directory: str) -> Span | None:
    """None where nobody imported the API."""
    trace: Any = sys.modules.get(API)
    if trace is None or name in _SILENT or not hasattr(trace, "get_tracer"):
        return None
    return Span(trace, name, key, agent, directory)
