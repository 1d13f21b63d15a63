"""What the pages show must run: the Python blocks of a page, in order, in an empty directory, by a real gateway."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = (
    "README.md", "docs/python.md", "docs/history.md", "docs/watch.md", "docs/mounts.md", "docs/backup.md",
    "docs/contention.md",
)  # fmt: skip
ALL = ["README.md", "CONTRIBUTING.md", *sorted(page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/*.md"))]
_STOP = "\n\nimport mortmain\nmortmain.open('state', agent='page').stop()\n"


@pytest.mark.parametrize("page", PAGES)
def test_the_python_blocks_of_a_page_run(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks, f"{page} shows no Python"
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks) + _STOP)
    done = subprocess.run([sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ALL)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    home = (ROOT / page).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    missing = [link for link in links if not (home / link).exists()]
    assert missing == []
