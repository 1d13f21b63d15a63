"""Break one guard after the other, in a copy of the tree, and see whether the check that must notice does.

make sabotage [SABOTAGE_OPTIONS="--only NAME --json --without-torture --keep FOLDER"]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
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
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        outcomes = tried_all(options.keep, chosen, options)
    else:
        with tempfile.TemporaryDirectory(prefix="mortmain-sabotage-") as place:
            outcomes = tried_all(Path(place), chosen, options)
    told(outcomes, options.json, time.monotonic() - began)
    return 0 if all(one.outcome == _CAUGHT for one in outcomes) else 1


def tried_all(place: Path, chosen: list[Sabotage], options: argparse.Namespace) -> list[Outcome]:
    """What was judged in this place before is not tried again, unless it could not be run."""
    judged_before = place / "outcomes"
    outcomes = remembered(judged_before, {one.name for one in chosen})
    done = {one.sabotage for one in outcomes}
    left = [one for one in chosen if one.name not in done]
    if not left:
        return outcomes
    tree = Tree(place)
    said(options, f"built; first the checks of {len(left)} sabotages on the sound tree")
    require_green(tree, left)
    for one in left:
        found = tried(tree, one, options)
        for outcome in found:
            said(options, f"{outcome.outcome:8} {outcome.sabotage}: {outcome.check}: {outcome.detail}")
        outcomes += found
        with judged_before.open("a") as lines:
            lines.write(json.dumps([asdict(outcome) for outcome in found]) + "\n")
    return outcomes


def remembered(path: Path, names: set[str]) -> list[Outcome]:
    lines = path.read_text().splitlines() if path.exists() else []
    sabotaged = [[Outcome(**each) for each in json.loads(line)] for line in lines]
    whole = [each for each in sabotaged if all(one.outcome != _BROKEN for one in each)]
    return [one for each in whole for one in each if one.sabotage in names]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="of a patch, without .patch")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument("--without-torture", action="store_true", help="leave out the runs of the black-box checker")
    keep = "of the copy and of what was judged: the same call goes on where it was ended"
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help=keep)
    return parser.parse_args()


def said(options: argparse.Namespace, line: str) -> None:
    if not options.json:
        print(line, flush=True)


def require_green(tree: Tree, chosen: list[Sabotage]) -> None:
    """A check that fails anyway catches nothing. Torture's own run without a fault is one of `make repro`."""
    java = [check for one in chosen for check in one.checks if isinstance(check, Java)]
    python = [check for one in chosen for check in one.checks if isinstance(check, Python)]
    red: dict[Check, str] = {**(tree.failed_java(java) if java else {}), **tree.failed_python(python)}
    if red:
        raise SystemExit("these fail on the sound tree: " + ", ".join(f"{check} ({how})" for check, how in red.items()))


def tried(tree: Tree, one: Sabotage, options: argparse.Namespace) -> list[Outcome]:
    checks = [check for check in one.checks if not (options.without_torture and isinstance(check, Torture))]
    try:
        tree.sabotage(one)
        return [judged(one, check, outcome) for check, outcome in looked(tree, checks)]
    except Broken as error:
        return [Outcome(one.name, one.breaks, str(check), _BROKEN, str(error)) for check in checks]
    finally:
        tree.mend()


def looked(tree: Tree, checks: list[Check]) -> Iterator[tuple[Check, str | Broken | None]]:
    """How each check failed, or None. The Java ones share one start of Maven."""
    java = [check for check in checks if isinstance(check, Java)]
    try:
        failed = tree.failed_java(java) if java else {}
        yield from ((check, failed.get(check)) for check in java)
    except Broken as error:
        yield from ((check, error) for check in java)
    for check in checks:
        try:
            if isinstance(check, Python):
                yield check, tree.failed_python([check]).get(check)
            elif isinstance(check, Torture):
                reported = tree.reported(check)
                yield check, ", ".join(sorted(reported)) if reported & set(check.faults) else None
        except Broken as error:
            yield check, error


def judged(one: Sabotage, check: Check, found: str | Broken | None) -> Outcome:
    outcome = _BROKEN if isinstance(found, Broken) else _MISSED if found is None else _CAUGHT
    return Outcome(one.name, one.breaks, str(check), outcome, str(found or ""))


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
    caught = len(names - missed)
    print(f"\n{len(names)} patches, {caught} caught, {len(missed)} missed; {len(outcomes)} checks, {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
