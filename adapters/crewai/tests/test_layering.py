"""The adapter uses mortmain's public names and its own framework, nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import mortmain

import mortmain_crewai

SOURCES = sorted(Path(mortmain_crewai.__file__).parent.rglob("*.py"))
FOREIGN = ("mortmain_langgraph", "mortmain_autogen", "mortmain_openai_agents")


def imported(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{one.name}" for one in node.names]
    return names


def test_no_private_module_of_mortmain_and_no_other_adapter_is_imported() -> None:
    assert len(SOURCES) > 5
    for source in SOURCES:
        for name in imported(ast.parse(source.read_text())):
            parts = name.split(".")
            assert parts[0] not in FOREIGN, (source.name, name)
            if parts[0] == "mortmain":
                assert not any(part.startswith("_") for part in parts), (source.name, name)


def test_only_public_names_of_mortmain_are_used() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mortmain":
                assert node.attr in mortmain.__all__, (source.name, node.attr)


def test_what_is_exported_is_there() -> None:
    assert sorted(mortmain_crewai.__all__) == mortmain_crewai.__all__
    for name in mortmain_crewai.__all__:
        assert getattr(mortmain_crewai, name).__doc__
