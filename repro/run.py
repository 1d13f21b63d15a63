"""Runs every claim of this folder and compares what it prints with its expected.txt.

The exit code is 0 only if every expected line came.

    .venv/bin/python repro/run.py [CLAIM ...]

A claim is a folder with README.md, expected.txt and a program of the folder's name; one that also has environment.txt
needs the environment of that adapter, whose tests run it by name. The expected lines must come in
their order; `…` in one stands for any text.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

REPRO = Path(__file__).resolve().parent
# Far above what a claim needs (3 s) on a busy machine; seconds.
_PATIENCE = 180.0


def claims() -> list[str]:
    return sorted(path.parent.name for path in REPRO.glob("*/expected.txt"))


def missing_lines(printed: list[str], expected: list[str]) -> list[str]:
    """The expected lines that did not come, or not in their order."""
    missing, at = [], 0
    for line in expected:
        pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
        found = next((i for i in range(at, len(printed)) if pattern.fullmatch(printed[i])), None)
        if found is None:
            missing.append(line)
        else:
            at = found + 1
    return missing


def run(claim: str) -> list[str]:
    """Runs one claim and shows its output; what is wrong with it, nothing if all is well."""
    program = REPRO / claim / f"{claim}.py"
    expected = [line.rstrip() for line in (REPRO / claim / "expected.txt").read_text().splitlines() if line.strip()]
    if not expected:
        return ["expected.txt is empty"]
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            output, _ = child.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            output = _give_up(child)
            output += f"\n(stopped after {_PATIENCE:.0f} s)"
    print(output.rstrip("\n"))
    printed = [line.rstrip() for line in output.splitlines()]
    wrong = [f"this line did not come: {line}" for line in missing_lines(printed, expected)]
    if child.returncode != 0:
        wrong.append(f"the program ended with exit code {child.returncode}")
    return wrong


def _give_up(child: subprocess.Popen[str]) -> str:
    """Ctrl-C first, so that it stops its gateway."""
    for blow in (signal.SIGINT, signal.SIGKILL):
        os.killpg(child.pid, blow)
        try:
            return child.communicate(timeout=15.0)[0]
        except subprocess.TimeoutExpired:
            continue
    return ""


def main() -> int:
    chosen = sys.argv[1:] or [claim for claim in claims() if not (REPRO / claim / "environment.txt").exists()]
    unknown = sorted(set(chosen) - set(claims()))
    if unknown or not chosen:
        print(f"no such claim: {', '.join(unknown)}; there are {', '.join(claims())}", file=sys.stderr)
        return 2
    summary, failed = [], False
    for claim in chosen:
        print(f"==== {claim} ====", flush=True)
        began = time.monotonic()
        wrong = run(claim)
        failed = failed or bool(wrong)
        summary.append(f"{'FAILED' if wrong else 'ok':<7}{claim} ({time.monotonic() - began:.1f} s)")
        summary += [f"       {line}" for line in wrong]
        print(flush=True)
    print("==== summary ====")
    print("\n".join(summary))
    print("A claim did not hold." if failed else f"All {len(chosen)} claims hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
