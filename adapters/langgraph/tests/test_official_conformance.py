"""The conformance package that LangGraph ships, base and extended: every clause."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import Capability
from mortmain import Store

from mortmain_langgraph import MortmainSaver


@pytest.mark.parametrize("capability", [one.value for one in Capability])
async def test_every_clause_passes(capability: str, store: Store, prefix: str) -> None:
    @checkpointer_test(name=f"MortmainSaver-{capability}")
    async def factory() -> AsyncGenerator[MortmainSaver, None]:
        yield MortmainSaver(store, prefix)

    failures: list[str] = []

    report = await validate(factory, capabilities={capability})
    result = report.results[capability]
    failures.extend(result.failures)
    assert failures == []
    assert result.detected
    assert result.passed
    assert result.tests_passed > 0
