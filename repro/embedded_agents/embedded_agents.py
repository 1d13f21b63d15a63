"""Compiles nothing beforehand: Java runs EmbeddedAgents.java from its source, with mortmain.jar and jep's jar."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mortmain._gateway.java import find_java
from mortmain._gateway.process import jar_path
from mortmain._gateway.reducers import jep_jar, what_is_missing

HERE = Path(__file__).resolve().parent


def main() -> int:
    missing = what_is_missing()
    if missing is not None:
        print(missing, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mortmain-") as scratch:
        path = os.pathsep.join((str(jar_path()), str(jep_jar())))
        place = os.path.join(scratch, "state")
        os.mkdir(place, 0o700)
        command = [find_java().path, "-XX:+UseSerialGC", "-cp", path, str(HERE / "EmbeddedAgents.java")]
        return subprocess.run([*command, place, sys.executable, str(HERE)]).returncode


if __name__ == "__main__":
    sys.exit(main())
