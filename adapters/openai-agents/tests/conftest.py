"""One gateway for the whole run; every test has a prefix of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from agents import set_tracing_disabled
from mortmain import Store
from mortmain.testing import temporary_store

from mortmain_openai_agents import MortmainSession

_numbers = itertools.count()
set_tracing_disabled(True)

# A session object of its own for each process that a test plays: they share nothing but the store.
Opener = Callable[..., MortmainSession]


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with temporary_store() as one:
        yield one


@pytest.fixture
def prefix() -> str:
    return f"test{next(_numbers)}/"


@pytest.fixture
def opened(store: Store, prefix: str) -> Opener:
    def one(session_id: str = "s", **options: object) -> MortmainSession:
        return MortmainSession(session_id, store, **{"prefix": prefix, **options})  # type: ignore[arg-type]

    return one


@pytest.fixture
def session(opened: Opener) -> MortmainSession:
    return opened()
