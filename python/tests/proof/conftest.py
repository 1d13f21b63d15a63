"""The runners of repro/ are programs, not packages: their folders are on the path while these tests run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "repro" / "sabotage"))
