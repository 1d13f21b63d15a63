"""What the documentation shows runs, and the example keeps what it promises."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import types
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from mortmain.testing import temporary_store

from scripted import Scripted, calls, says
from test_compaction import Client

ROOT = Path(__file__).resolve().parents[3]


async def test_every_block_of_the_page_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "openai-agents.md").read_text(), re.DOTALL)
    assert len(blocks) > 6
    with temporary_store() as store:
        monkeypatch.chdir(Path(store.directory).parent)
        page = types.ModuleType("page")
        monkeypatch.setitem(sys.modules, "page", page)
        names: dict[str, Any] = page.__dict__
        names["model"] = Scripted(*([says(str(number))] for number in range(9)))
        names["cashier_model"] = Scripted([calls("pay", '{"amount": 7}')], [says("paid")])
        names["client"] = Client()
        for block in blocks:
            code = compile(block, "openai-agents.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            done = eval(code, names)
            if inspect.isawaitable(done):
                await done
        for opened in ("session", "patient", "states"):
            names[opened].close()
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["0", "['order-7']"]
    assert printed[2:] == ["main 4", "another way 2", "0"]
    assert names["result"].final_output == "paid"


def test_the_example_loses_orders_with_the_shipped_session_only() -> None:
    program = ROOT / "adapters" / "openai-agents" / "examples" / "shared_bill.py"
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = re.findall(r"holds (\d) of 4", done.stdout)
    assert kept == ["1", "4"], (version("openai-agents"), done.stdout)
