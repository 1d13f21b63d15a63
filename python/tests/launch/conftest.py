"""A directory for a store, and a stand-in for Java whose behaviour a test chooses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .simulation import SimulatedJava


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJava]:
    home = tmp_path / "java-home"
    home.mkdir()
    simulated = SimulatedJava(home)
    monkeypatch.setenv("MORTMAIN_JAVA", str(simulated.path))
    monkeypatch.setenv("MORTMAIN_CACHE", "")
    yield simulated
    simulated.end_all()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "state"
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
