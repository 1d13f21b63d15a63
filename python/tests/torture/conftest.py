"""The checker of repro/torture is a program, not a package: its folder is on the path while these tests run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "repro" / "torture"))
