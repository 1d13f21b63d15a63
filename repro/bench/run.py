"""Runs the benchmark programs and writes one table (table.md, table.json) and its picture (table.png).

    .venv/bin/python repro/bench/run.py [--quick] [--large] [--only commit,own] [--out DIR] [--dir DIR]

The exit code is 1 if a program failed or lost something; a missed target is a line of the table, not an error.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import mortmain

import report
from machine import Disk, commit_of_tree, description
from measure import Latencies
from plan import Plan, Results
from rows import PROGRAMS, with_disk
from targets import NONE, Result

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    arguments = _arguments()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    base = Path(arguments.dir)
    base.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="bench-", dir=base))
    try:
        results, machine, disk, failed = _run(arguments, _plan(arguments, place))
    finally:
        _stop_gateways(place)
        shutil.rmtree(place, ignore_errors=True)
    title = "Quick benchmark, for orientation only" if arguments.quick else "Benchmarks"
    table = report.markdown(results, machine, disk, title)
    (out / "table.md").write_text(table)
    (out / "table.json").write_text(report.as_json(results, machine, disk, vars(arguments)))
    report.picture(
        results, out / "table.png", f"{machine['cores']} cores, fdatasync p50 {disk.p50:.0f} µs, {machine['tree']}"
    )
    print(table)
    print(f"written: {out / 'table.md'}, table.json, table.png")
    return 1 if failed else 0


def _stop_gateways(place: Path) -> None:
    """Those of a program that failed; all others are stopped already."""
    for file in place.rglob("run/gateway.json"):
        try:
            with mortmain.open(file.parent.parent, agent="bench", start=False, create=False, timeout=10.0) as store:
                store.stop()
        except mortmain.MortmainError:
            continue


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run, for orientation")
    parser.add_argument("--large", action="store_true", help="the rows with 1,000,000 keys too")
    parser.add_argument("--only", default="", metavar="P,P", help=f"some of {', '.join(PROGRAMS)}")
    parser.add_argument(
        "--out", default=str(ROOT / "target" / "bench"), help="where the table goes (default: target/bench)"
    )
    parser.add_argument(
        "--dir", default=str(ROOT / "target"), help="where the stores lie: the disk that is measured (target)"
    )
    arguments = parser.parse_args()
    unknown = set(filter(None, arguments.only.split(","))) - set(PROGRAMS)
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    return arguments


def _plan(arguments: argparse.Namespace, place: Path) -> Plan:
    if arguments.quick:
        return Plan(place, 2, 150, 1_500, 1.0, 50, 3, 20_000, 6, arguments.large)
    return Plan(place, 5, 500, 50_000, 4.0, 250, 9, 100_000, 30, arguments.large)


def _run(arguments: argparse.Namespace, plan: Plan) -> tuple[Results, dict[str, object], Latencies, bool]:
    chosen = [name for name in arguments.only.split(",") if name] or list(PROGRAMS)
    machine = {"tree": commit_of_tree(), **description(plan.place)}
    disk = Disk(plan.place)
    results: Results = {}
    failed = False
    beside = []
    for name in chosen:
        program, rows = PROGRAMS[name]
        before = disk.measure()
        began = time.monotonic()
        try:
            found = program(plan)
        except Exception as error:
            traceback.print_exc()
            failed = True
            found = {row: Result(None, NONE, note=f"FAILED: {error}") for row in rows}
        after = disk.measure()
        beside += [before, after]
        results |= with_disk(found, (before.p50 + after.p50) / 2)
        failed = failed or any(result.note.startswith("LOST") for result in found.values())
        for row, result in found.items():
            value = NONE if result.value is None else f"{result.value:.2f}"
            print(f"{row:<12} {value:>8}  {result.ours}  |  {result.theirs}  {result.note}", flush=True)
        syncs = f"fdatasync p50 {before.p50:.0f} and {after.p50:.0f} µs"
        print(f"             ({name}: {time.monotonic() - began:.0f} s, {syncs})", flush=True)
    disk.close()
    ordered = sorted(beside, key=lambda one: one.p50)
    return results, machine, ordered[len(ordered) // 2], failed


if __name__ == "__main__":
    sys.exit(main())
