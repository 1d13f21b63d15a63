"""One gateway for the whole run; every test has a prefix of its own. No telemetry, no network, no output of CrewAI."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator

for _name in ("CREWAI_DISABLE_TELEMETRY", "CREWAI_DISABLE_TRACKING", "OTEL_SDK_DISABLED", "CREWAI_TESTING"):
    os.environ[_name] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
os.environ["OPENAI_API_KEY"] = "none"
_SCRATCH = tempfile.TemporaryDirectory()
os.environ["CREWAI_STORAGE_DIR"] = _SCRATCH.name
os.environ["XDG_DATA_HOME"] = _SCRATCH.name

import mortmain
import pytest
from crewai.events.utils.console_formatter import set_suppress_console_output
from mortmain import Store
from mortmain.testing import temporary_store

from fakes import Model, embed
from mortmain_crewai import FencedMemory, MortmainStorage

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _quiet() -> None:
    set_suppress_console_output(True)


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with temporary_store() as one:
        yield one


@pytest.fixture
def prefix() -> str:
    return f"test{next(_numbers)}/"


@pytest.fixture
def storage(store: Store, prefix: str) -> MortmainStorage:
    return MortmainStorage(store, prefix=prefix)


@pytest.fixture
def other(store: Store, prefix: str) -> MortmainStorage:
    """Another agent's storage of the same memory."""
    return MortmainStorage(store.as_agent("other"), prefix=prefix)


@pytest.fixture
def memory(storage: MortmainStorage) -> Iterator[FencedMemory]:
    one = FencedMemory(storage=storage, llm=Model(), embedder=embed)  # type: ignore[arg-type]
    yield one
    one.close()


@pytest.fixture
def another(other: MortmainStorage) -> Iterator[FencedMemory]:
    """Another agent's memory on the same records."""
    one = FencedMemory(storage=other, llm=Model(), embedder=embed)  # type: ignore[arg-type]
    yield one
    one.close()


def refused(error: BaseException | None) -> mortmain.Conflict:
    """The conflict behind an error that CrewAI made of it."""
    while error is not None and not isinstance(error, mortmain.Conflict):
        error = error.__cause__
    assert error is not None
    return error
