"""One gateway for the whole run; every test has a prefix of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from mortmain import Store
from mortmain.testing import temporary_store

from mortmain_langgraph import MortmainSaver, MortmainStore

_numbers = itertools.count()


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with temporary_store() as one:
        yield one


@pytest.fixture
def prefix() -> str:
    return f"test{next(_numbers)}"


@pytest.fixture
def saver(store: Store, prefix: str) -> MortmainSaver:
    return MortmainSaver(store, prefix)


@pytest.fixture
def memory(store: Store, prefix: str) -> MortmainStore:
    return MortmainStore(store, prefix=prefix)
