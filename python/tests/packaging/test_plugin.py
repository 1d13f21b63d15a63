"""The plug-in of an installed mortmain is loaded by every pytest of its environment: it must cost next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_plugin_brings_neither_py4j_nor_an_event_loop() -> None:
    program = """if True:
        import sys, pytest
        before = set(sys.modules)
        import mortmain.testing
        print(sorted({"py4j", "asyncio", "subprocess"} & (set(sys.modules) - before)))
    """
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_fixture_is_there_without_a_word_in_conftest(tmp_path: Path) -> None:
    (tmp_path / "test_user.py").write_text("def test_it(mortmain_store):\n    mortmain_store.create('k', 1)\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in told.stdout, told.stdout
