"""Refuses to build a distribution without its Java half."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class JarHook(BuildHookInterface):
    """Fails with one line when the jar is missing; an editable install finds it later, where `make jar` puts it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        jar = Path(self.root, "src", "mortmain", "mortmain.jar")
        if not jar.is_file():
            sys.exit(f"mortmain: {jar} is missing; run `make jar` in the repository first")
