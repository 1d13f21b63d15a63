"""OpenTelemetry spans, seen by its own SDK in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import mortmain


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    return spans


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    assert not trace.get_current_span().get_span_context().is_valid, "a span stayed current"


def test_each_call_is_a_span_with_key_agent_and_revision(store, at, spans):
    receipt = store.create(at + "k", 1)
    snapshot = store.read(at + "k")
    first, second = spans.get_finished_spans()
    assert (first.name, second.name) == ("mortmain.create", "mortmain.read")
    assert first.kind is SpanKind.CLIENT
    assert first.attributes["mortmain.key"] == at + "k"
    assert first.attributes["mortmain.agent"] == "test"
    assert first.attributes["mortmain.revision"] == receipt.revision
    assert second.attributes["mortmain.revision"] == snapshot.read_revision
    assert first.status.status_code is StatusCode.UNSET
    assert first.end_time > first.start_time


def test_a_conflict_is_told_and_is_no_error_of_the_span(store, at, spans):
    store.create(at + "k", 1)
    with pytest.raises(mortmain.VersionConflict):
        store.create(at + "k", 2)
    span = spans.get_finished_spans()[-1]
    assert span.attributes["error.type"] == "VERSION_CONFLICT"
    assert span.status.status_code is StatusCode.UNSET
    assert [event.name for event in span.events] == ["conflict"]


def test_what_is_no_conflict_is_an_error(store, at, spans):
    with pytest.raises(mortmain.InvalidRequest):
        store.read(at + "//")
    span = spans.get_finished_spans()[-1]
    assert span.attributes["error.type"] == "INVALID"
    assert span.status.status_code is StatusCode.ERROR


def test_an_update_is_one_span_around_what_its_function_does(store, at, spans):
    tracer = trace.get_tracer("the program")

    def think(value):
        with tracer.start_as_current_span("think"):
            return (value or 0) + 1

    with tracer.start_as_current_span("step"):
        store.update(at + "k", think)
    inner, update, outer = spans.get_finished_spans()
    assert [one.name for one in (inner, update, outer)] == ["think", "mortmain.update", "step"]
    assert inner.parent.span_id == update.context.span_id
    assert update.parent.span_id == outer.context.span_id
    assert update.attributes["mortmain.attempts"] == 1


def test_coroutines_have_spans_of_their_own(store, at, spans):
    async def both() -> None:
        await asyncio.gather(*(store.aio.increment(at + f"n{number}", 1) for number in range(5)))

    asyncio.run(both())
    found = spans.get_finished_spans()
    assert {one.name for one in found} == {"mortmain.increment"}
    assert len(found) == 5
    assert all(one.parent is None for one in found)


def test_a_watch_has_no_span_per_event(store, at, spans):
    store.create(at + "k", 1)
    spans.clear()
    with store.watch(at, after=0, timeout=0.1) as events:
        assert len(list(events)) == 1
    assert spans.get_finished_spans() == ()


def test_a_program_without_the_api_imports_none_of_it():
    program = "import mortmain, sys; print(any(name.startswith('opentelemetry') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
