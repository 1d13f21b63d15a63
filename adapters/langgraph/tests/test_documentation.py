"""What the documentation shows runs, and the example keeps what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from mortmain.testing import temporary_store

ROOT = Path(__file__).resolve().parents[3]


def test_every_block_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "langgraph.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    with temporary_store() as store:
        monkeypatch.chdir(Path(store.directory).parent)
        page_module = types.ModuleType("page")
        monkeypatch.setitem(sys.modules, "page", page_module)
        names: dict[str, Any] = page_module.__dict__
        for block in blocks:
            exec(compile(block, "langgraph.md", "exec", dont_inherit=True), names)
        names["saver"].close()
        names["memory"].close()


def test_the_example_loses_findings_with_the_default_saver_only() -> None:
    program = ROOT / "adapters" / "langgraph" / "examples" / "research_crew.py"
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = re.findall(r"kept (\d) of 4", done.stdout)
    assert kept == ["1", "4"], (version("langgraph"), done.stdout)
