"""What the documentation shows runs, and the example keeps what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crewai.flow.persistence import factory as flow_factory
from crewai.knowledge.storage import factory as knowledge_factory
from crewai.memory.storage import factory as memory_factory
from mortmain.testing import temporary_store

from fakes import Model, embed

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def _factories() -> Iterator[None]:
    kept = memory_factory._factory, knowledge_factory._factory, flow_factory._factory
    yield
    memory_factory._factory, knowledge_factory._factory, flow_factory._factory = kept


@pytest.mark.usefixtures("_factories")
def test_every_block_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "crewai.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 5
    with temporary_store() as store:
        monkeypatch.chdir(Path(store.directory).parent)
        module = types.ModuleType("page")
        monkeypatch.setitem(sys.modules, "page", module)
        names: dict[str, Any] = module.__dict__
        names.update(model=Model(), embed=embed)
        for block in blocks:
            exec(compile(block, "crewai.md", "exec", dont_inherit=True), names)
        for name in ("memory", "storage", "persistence"):
            names[name].close()


@pytest.mark.timeout(200)
def test_the_example_loses_findings_with_crewais_own_memory_only() -> None:
    program = ROOT / "adapters" / "crewai" / "examples" / "survey_crew.py"
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=190, check=False)
    assert done.returncode == 0, done.stderr
    told = re.findall(r"(\d) crews were told", done.stdout)
    kept = re.findall(r"kept (\d) of 4", done.stdout)
    # How many of its writes LanceDB lets pass is a matter of time; more than it keeps in any case.
    assert int(told[0]) > int(kept[0]), done.stdout
    assert (told[1], kept[1]) == ("4", "4"), done.stdout
