"""The patches of this folder: what each breaks, which tests must fail then. `python/tests/proof` looks at each, too."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).resolve().parent / "patches"

_JAVA = re.compile(r"mvn -pl java-core test -Dtest=(\w+)#(\w+)")
_PYTHON = re.compile(r"cd python && python -m pytest (tests/[\w/]+\.py)::(\w+)")
_TORTURE = re.compile(r"python repro/torture/torture\.py((?: --[a-z]+ [\w.]+)*) -> ([a-z]+(?:[a-z |]*[a-z])?)")


@dataclass(frozen=True)
class Java:
    """A method of a test class of java-core."""

    test: str
    method: str

    def __str__(self) -> str:
        return f"{self.test}#{self.method}"


@dataclass(frozen=True)
class Python:
    """A test of the Python client; the path is relative to python/."""

    path: str
    name: str

    def __str__(self) -> str:
        return f"{Path(self.path).name}::{self.name}"


@dataclass(frozen=True)
class Torture:
    """The black-box checker has to report at least one of these faults."""

    faults: tuple[str, ...]
    options: tuple[str, ...]

    def __str__(self) -> str:
        return "torture: " + " | ".join(self.faults)


Check = Java | Python | Torture


@dataclass(frozen=True)
class Sabotage:
    name: str
    breaks: str
    checks: tuple[Check, ...]
    patch: Path

    @property
    def files(self) -> list[str]:
        return re.findall(r"^\+\+\+ b/(\S+)", self.patch.read_text(), re.MULTILINE)


def sabotages() -> list[Sabotage]:
    return [parsed(path) for path in sorted(PATCHES.glob("*.patch"))]


def parsed(path: Path) -> Sabotage:
    """ValueError where the first lines do not say what is broken and what must fail."""
    head = []
    for line in path.read_text().splitlines():
        if not line.startswith("# "):
            break
        head.append(line[2:])
    said = [line.removeprefix("breaks: ") for line in head if line.startswith("breaks: ")]
    tests = [line.removeprefix("test: ") for line in head if line.startswith("test: ")]
    if len(said) != 1 or not tests or len(head) != 1 + len(tests):
        raise ValueError(f"{path.name}: begins with one line `# breaks: …` and at least one `# test: COMMAND`")
    return Sabotage(path.stem, said[0], tuple(check(path, test) for test in tests), path)


def check(path: Path, command: str) -> Check:
    if found := _JAVA.fullmatch(command):
        return Java(found[1], found[2])
    if found := _PYTHON.fullmatch(command):
        return Python(found[1], found[2])
    if found := _TORTURE.fullmatch(command):
        return Torture(tuple(found[2].split(" | ")), tuple(found[1].split()))
    raise ValueError(f"{path.name}: no command that the runner knows: {command}")


def apply(path: Path, tree: Path, *, only_look: bool = False) -> None:
    """ValueError with git's words where it does not fit."""
    command = ["git", "apply", "--whitespace=nowarn", *(["--check"] if only_look else []), str(path.resolve())]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{path.name} does not fit: {done.stderr.strip()}")


def exists(one: Check) -> bool:
    if isinstance(one, Java):
        sources = list((ROOT / "java-core/src/test/java").rglob(f"{one.test}.java"))
        return len(sources) == 1 and re.search(rf"\bvoid {one.method}\(", sources[0].read_text()) is not None
    if isinstance(one, Python):
        source = ROOT / "python" / one.path
        return source.is_file() and one.name in defined(source)
    return set(one.faults) <= reported_by_torture()


def defined(source: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.FunctionDef)}


def reported_by_torture() -> set[str]:
    """The faults in the table of docs/torture.md."""
    return set(re.findall(r"^\| ([a-z ]+) \|", (ROOT / "docs/torture.md").read_text(), re.MULTILINE)) - {"fault"}
