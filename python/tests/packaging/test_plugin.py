"""The plug-in of an installed mortmain is loaded by every pytest of its environment: it must cost next to nothing."""

from __future__ import annotations

import subprocess
import sys


def test_the_plugin_brings_neither_py4j_nor_an_event_loop() -> None:
    program = """if True:
        import sys, pytest
        before = set(sys.modules)
        import mortmain.testing
        print(sorted({"py4j", "asyncio", "subprocess"} & (set(sys.modules) - before)))
    """
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_fixture_is_there_without_a_word_in_conftest() -> None:
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider", "--rootdir=/", "/dev/null"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "mortmain_store" in told.stdout
