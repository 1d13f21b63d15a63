"""For tests of programs that use mortmain: a real gateway in a directory of its own.

A test makes a conflict with `store.as_agent("other").update(...)` and a zombie with `store.reclaim(key)`.
The pytest plug-in gives the fixture `mortmain_store`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._errors import MortmainError
from ._open import open as open_store
from ._store import Store

if TYPE_CHECKING:
    import pytest

__all__ = ["temporary_store"]


@contextmanager
def temporary_store(*, agent: str | None = "test", **options: Any) -> Iterator[Store]:
    """A store with its own directory and gateway; at the end the gateway is stopped and the directory
    removed.

    options: as `mortmain.open`.
    """
    # Short, because the path of a Unix socket is limited.
    directory = tempfile.mkdtemp(prefix="mortmain-")
    try:
        with open_store(os.path.join(directory, "state"), agent=agent, **{"start": True, **options}) as store:
            try:
                yield store
            finally:
                stop_quietly(store)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def stop_quietly(store: Store) -> None:
    """Stop the gateway of a store even if the test closed it or killed the gateway."""
    try:
        with open_store(store.directory, agent="test", start=False, create=False, timeout=10.0) as own:
            own.stop()
    except MortmainError:
        pass


try:
    import pytest
except ImportError:
    pass
else:

    @pytest.fixture
    def mortmain_store() -> Iterator[Store]:
        """A fresh store of its own for one test."""
        with temporary_store() as store:
            yield store

    __all__ = [*__all__, "mortmain_store"]
