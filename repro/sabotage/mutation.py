"""What PIT left alive in the rules, against the list of survivors that are explained: java-core/mutation/survivors.txt.

make mutation
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "java-core/target/pit-reports/mutations.xml"
EXPLAINED = ROOT / "java-core/mutation/survivors.txt"
_DEAD = ("KILLED", "TIMED_OUT", "MEMORY_ERROR", "RUN_ERROR", "NON_VIABLE")

# Class.method and the mutator: a line number would be another one after each edit.
Mutant = tuple[str, str]


def main() -> int:
    mutants = list(ElementTree.parse(REPORT).getroot())
    left = [one for one in mutants if one.get("status") not in _DEAD]
    alive = Counter(named(one) for one in left)
    explained = explanations(EXPLAINED.read_text())
    dead = len(mutants) - alive.total()
    print(f"{len(mutants)} mutants of mortmain.fence, {dead} killed ({100 * dead / len(mutants):.0f} %)")
    print(f"{alive.total()} survive, {(alive & explained).total()} of them explained")
    for one, times in sorted((alive - explained).items()):
        lines = [
            each.findtext("lineNumber") for each in mutants if named(each) == one and each.get("status") not in _DEAD
        ]
        print(f"NOT EXPLAINED {one[0]} {one[1]} x {times}: lines {', '.join(map(str, lines))}")
    for one, times in sorted((explained - alive).items()):
        print(f"EXPLAINED BUT DEAD {one[0]} {one[1]} x {times}: take it out of {EXPLAINED.name}")
    return 0 if alive == explained else 1


def named(mutant: ElementTree.Element) -> Mutant:
    name = (mutant.findtext("mutatedClass") or "").rpartition(".")[2]
    mutator = (mutant.findtext("mutator") or "").rpartition(".")[2].replace("Mutator", "")
    return f"{name}.{mutant.findtext('mutatedMethod')}", mutator


def explanations(text: str) -> Counter[Mutant]:
    """Lines of `Class.method Mutator [xN]: why`; blank lines and those with # are left out."""
    found = Counter[Mutant]()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            mutant, colon, why = line.partition(": ")
            name, mutator, *times = mutant.split()
            if not colon or not why.strip():
                raise ValueError(f"without an explanation: {line}")
            found[name, mutator] += int(times[0].removeprefix("x")) if times else 1
    return found


if __name__ == "__main__":
    sys.exit(main())
