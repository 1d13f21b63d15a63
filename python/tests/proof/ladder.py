"""What docs/guarantees.md names, and what there is to be named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sabotages import PATCHES, ROOT, Java, defined, exists

PAGE = ROOT / "docs/guarantees.md"
SPECS = ROOT / "specs/tla"
KINDS = ("models", "tests", "sabotages", "repro")
# Where a test that no promise names is a hole; the other rooms hold tests of parts.
GUARANTEE_TESTS = ("fence", "journal", "file", "mirror")


@dataclass
class Promise:
    """One heading of the page: sentences, each with its page, and what backs them."""

    title: str
    quotes: list[tuple[str, str]] = field(default_factory=list)
    backing: dict[str, list[str]] = field(default_factory=dict)


def promises(text: str) -> list[Promise]:
    found = []
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        promise = Promise(part.partition("\n")[0].strip())
        for line in part.splitlines()[1:]:
            if quote := re.fullmatch(r"> (.+) \(\[[^]]+\]\(([^)]+)\)\)", line):
                promise.quotes.append((quote[1], quote[2]))
            elif backing := re.fullmatch(r"- (\w+): (.+)", line):
                promise.backing[backing[1]] = backing[2].split(", ")
            elif line.strip() and not line.startswith("## "):
                raise ValueError(f"{promise.title}: what is this line: {line}")
        found.append(promise)
    return found


def plain(text: str) -> str:
    """Without line breaks and the bars and blanks of tables, so that a sentence is found however it is laid out."""
    return re.sub(r"[\s|]+", " ", re.sub(r"^ *[-*>] ", "", text, flags=re.MULTILINE)).replace("**", "").strip()


def is_there(kind: str, name: str) -> bool:
    if kind == "models":
        module, _, prop = name.partition(".")
        return prop in properties().get(module, set())
    if kind == "sabotages":
        return (PATCHES / f"{name}.patch").is_file()
    if kind == "repro":
        return (ROOT / "repro" / name / "expected.txt").is_file() and (ROOT / "repro" / name / "README.md").is_file()
    return kind == "tests" and test_is_there(name)


def test_is_there(name: str) -> bool:
    if name.endswith(".py") or "::" in name:
        path, _, test = name.partition("::")
        source = ROOT / path
        return source.is_file() and (not test or test in defined(source))
    test, _, method = name.partition("#")
    if method:
        return exists(Java(test, method))
    return len(list((ROOT / "java-core/src/test/java").rglob(f"{test}.java"))) == 1


def properties() -> dict[str, set[str]]:
    """What the model checker is asked to hold, by the name of the module."""
    found: dict[str, set[str]] = {}
    for line in (SPECS / "manifest.txt").read_text().splitlines():
        words = line.split()
        if words[:1] == ["model"]:
            section = ""
            for each in (SPECS / f"{words[1]}.cfg").read_text().splitlines():
                section = each.split()[0] if re.match(r"[A-Z]", each) else section
                if section.startswith(("INVARIANT", "PROPERT")):
                    names = [name for name in each.split() if name != section]
                    found.setdefault(words[2].removeprefix("MC"), set()).update(names)
    return found


def to_be_named() -> dict[str, set[str]]:
    java = {
        path.stem
        for room in GUARANTEE_TESTS
        for path in (ROOT / f"java-core/src/test/java/mortmain/{room}").glob("*Test.java")
    }
    python = {path.relative_to(ROOT).as_posix() for path in (ROOT / "python/tests/gateway").glob("test_*.py")}
    return {
        "models": set().union(*properties().values()),
        "tests": java | python | {"StoreTest"},
        "sabotages": {path.stem for path in PATCHES.glob("*.patch")},
        "repro": {path.parent.name for path in (ROOT / "repro").glob("*/expected.txt")},
    }


def named(found: list[Promise], kind: str) -> set[str]:
    """Without the method or function: a class or a file counts as named by any of its tests."""
    names = (name for promise in found for name in promise.backing.get(kind, []))
    return {name.partition(".")[2] if kind == "models" else re.split("#|::", name)[0] for name in names}


def promised() -> list[tuple[str, str]]:
    """Sentences that must be quoted, each with its page: the README's list, and lists and tables of other pages."""
    wanted = [
        ("README.md", sentence)
        for bullet in bullets(section("README.md", "What is guaranteed"))
        for sentence in re.split(r"(?<=\.) (?=[A-Z])", plain(bullet))
    ]
    for page in ("langgraph", "autogen", "crewai", "openai-agents"):
        # Not the head of a table, which the line of dashes follows.
        rows = re.findall(r"^\| (.+) \|\n(?!\|-)", section(f"docs/{page}.md", "What it stops"), re.MULTILINE)
        wanted += [(f"docs/{page}.md", plain(row)) for row in rows]
    return wanted


def bullets(text: str) -> list[str]:
    return re.split(r"^- ", text, flags=re.MULTILINE)[1:]


def section(page: str, heading: str) -> str:
    text = (ROOT / page).read_text()
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise ValueError(f"{page} has no section {heading}")
    return found[1]


def page_of(link: str) -> Path:
    return (PAGE.parent / link).resolve()
