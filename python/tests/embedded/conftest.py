"""What needs jep skips, with the reason, where jep is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mortmain
from mortmain._gateway.java import find_java
from mortmain._gateway.process import jar_path
from mortmain._gateway.reducers import jep_jar, what_is_missing
from mortmain.testing import stop_quietly

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def needs_jep() -> None:
    missing = what_is_missing()
    if missing is not None:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def reducing() -> Iterator[mortmain.Store]:
    """A gateway, started by its first client, whose state directory names modules."""
    root = Path(tempfile.mkdtemp(prefix="mortmain-"))
    (root / "state").mkdir(mode=0o700)
    (root / "state" / "reducers").write_text("mortmain_test_reducers  # of the tests\n\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE / "modules"))
        with mortmain.open(root / "state", agent="reducer", start=True) as store:
            yield store
            stop_quietly(store)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def run_inside() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script in the Python of a JVM of its own."""

    def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        java = [find_java().path, "-XX:+UseSerialGC", "-cp", f"{jar_path()}:{jep_jar()}"]
        command = [*java, "mortmain.gateway.jep.JepPython", sys.executable, str(script), *arguments]
        return subprocess.run(
            command,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=170,
            env={**os.environ, **environment},
        )

    return run
