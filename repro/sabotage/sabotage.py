"""Break one guard after the other, in a copy of the tree, and see whether the check that must notice does.

make sabotage [SABOTAGE_OPTIONS="--only NAME --json --without-torture"]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sabotages import Check, Java, Python, Sabotage, Torture, sabotages
from tree import Broken, Tree

_CAUGHT, _MISSED, _BROKEN = "caught", "MISSED", "NOT RUN"


@dataclass(frozen=True)
class Outcome:
    sabotage: str
    breaks: str
    check: str
    outcome: str
    detail: str = ""


def main() -> int:
    options = arguments()
    chosen = [one for one in sabotages() if not options.only or one.name in options.only]
    unknown = set(options.only) - {one.name for one in chosen}
    if unknown or not chosen:
        print(f"no such sabotage: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    began = time.monotonic()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="mortmain-sabotage-") as place:
        tree = Tree(Path(place))
        tree.build()
        said(options, "built; first the checks on the sound tree")
        require_green(tree, chosen)
        for one in chosen:
            for outcome in tried(tree, one, options):
                said(options, f"{outcome.outcome:8} {outcome.sabotage}: {outcome.check}")
                outcomes.append(outcome)
    told(outcomes, options.json, time.monotonic() - began)
    return 0 if all(one.outcome == _CAUGHT for one in outcomes) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="of a patch, without .patch")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--without-torture", action="store_true", help="leave out the runs of the black-box checker")
    return parser.parse_args()


def said(options: argparse.Namespace, line: str) -> None:
    if not options.json:
        print(line, flush=True)


def require_green(tree: Tree, chosen: list[Sabotage]) -> None:
    """A check that fails anyway catches nothing. Torture's own run without a fault is one of `make repro`."""
    checks = [check for one in chosen for check in one.checks]
    red: set[Check] = set()
    if java := [check for check in checks if isinstance(check, Java)]:
        red |= tree.failed_java(java)
    red |= tree.failed_python(check for check in checks if isinstance(check, Python))
    if red:
        raise SystemExit("these fail on the sound tree: " + ", ".join(sorted(map(str, red))))


def tried(tree: Tree, one: Sabotage, options: argparse.Namespace) -> list[Outcome]:
    checks = [check for check in one.checks if not (options.without_torture and isinstance(check, Torture))]
    try:
        tree.sabotage(one)
        return [judged(tree, one, check) for check in checks]
    except Broken as error:
        return [Outcome(one.name, one.breaks, str(check), _BROKEN, str(error)) for check in checks]
    finally:
        tree.mend(one)


def judged(tree: Tree, one: Sabotage, check: Check) -> Outcome:
    detail = ""
    try:
        if isinstance(check, Java):
            caught = bool(tree.failed_java([check]))
        elif isinstance(check, Python):
            caught = bool(tree.failed_python([check]))
        else:
            reported = tree.reported(check)
            caught, detail = bool(reported & set(check.faults)), ", ".join(sorted(reported))
    except Broken as error:
        return Outcome(one.name, one.breaks, str(check), _BROKEN, str(error))
    return Outcome(one.name, one.breaks, str(check), _CAUGHT if caught else _MISSED, detail)


def told(outcomes: list[Outcome], as_json: bool, seconds: float) -> None:
    if as_json:
        print(json.dumps({"outcomes": [asdict(one) for one in outcomes], "seconds": round(seconds)}, indent=1))
        return
    print("\n| sabotage | what is broken | check | |\n|---|---|---|---|")
    for one in outcomes:
        outcome = f"{one.outcome}: {one.detail}" if one.detail else one.outcome
        print(f"| {one.sabotage} | {one.breaks} | {one.check} | {outcome} |")
    names = {one.sabotage for one in outcomes}
    missed = {one.sabotage for one in outcomes if one.outcome != _CAUGHT}
    print(f"\n{len(names)} sabotages, {len(outcomes)} checks, {len(missed)} sabotages not caught; {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
