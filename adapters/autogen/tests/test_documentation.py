"""What the documentation shows runs, and the example keeps what it promises."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mortmain.testing import temporary_store

ROOT = Path(__file__).resolve().parents[3]


async def run_blocks(blocks: list[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks:
        code = compile(block, "autogen.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, names)
        if inspect.iscoroutine(result):
            await result


def test_every_block_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "autogen.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    with temporary_store() as store:
        monkeypatch.chdir(Path(store.directory).parent)
        asyncio.run(run_blocks(blocks))
        assert store.read("teams/research").version >= 3
        assert store.claims() == []


def test_the_example_loses_answers_with_the_file_only() -> None:
    program = ROOT / "adapters" / "autogen" / "examples" / "night_shift.py"
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"kept (\d) of 4", done.stdout) == ["1", "4"], done.stdout
    assert "holds 4 findings" in done.stdout
    assert "without a call of the model: True" in done.stdout
