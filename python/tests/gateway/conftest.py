"""One real gateway for all tests that leave it alone, and one of its own for each test that does not."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mortmain
from mortmain._gateway import find_gateway
from mortmain.testing import temporary_store


@pytest.fixture(scope="session")
def shared_store() -> Iterator[mortmain.Store]:
    with temporary_store(agent="shared") as store:
        yield store


@pytest.fixture
def store(shared_store: mortmain.Store) -> mortmain.Store:
    """An agent of the shared gateway; tests keep to keys below `at`."""
    return shared_store.as_agent("test")


@pytest.fixture
def at(request: pytest.FixtureRequest) -> str:
    """A prefix that no other test uses."""
    return re.sub(r"[^a-z0-9_]", "-", request.node.nodeid.split("::", 1)[-1].lower()) + "/"


@pytest.fixture
def own_store() -> Iterator[mortmain.Store]:
    """A store whose gateway may be killed."""
    with temporary_store(agent="own") as store:
        yield store


@pytest.fixture
def kill_gateway() -> Callable[[mortmain.Store], None]:
    def kill(store: mortmain.Store) -> None:
        info = find_gateway(store.directory)
        assert info is not None
        assert info.pid is not None
        os.kill(info.pid, signal.SIGKILL)

    return kill


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, not for a time."""

    def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come true in time"
            time.sleep(0.005)

    return wait


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"
