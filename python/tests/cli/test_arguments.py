"""Usage: what the arguments mean, and what a mistake looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Answer

Run = Callable[..., Answer]

COMMANDS = (
    "serve", "status", "stop", "verify", "repair", "doctor", "ls", "cat", "put", "append", "delete", "claims",
    "reclaim", "resolve",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_and_takes_dir_and_json(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from mortmain._cli.main import main

    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f"mortmain --dir state {command}" in shown
    assert "--json" in shown


def test_a_mistake_in_the_arguments_is_2_and_says_which(run: Run) -> None:
    answer = run("put", "k", "v")
    assert answer.code == 2
    assert "--base --create --overwrite" in answer.err
    assert run("nonsense").code == 2
    assert run().code == 2
    assert run("put", "k", "v", "--base", "-1").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("put", "k", "v", "--base", "x"), "argument --base: 'x' is no whole number, at least 0"),
        (("log", "k", "--limit", "-1"), "argument --limit: '-1' is no whole number, at least 0"),
        (("watch", "--silence", "nan"), "argument --silence: 'nan' is no number of seconds, at least 0"),
    ],
)
def test_a_number_that_is_none_is_said_without_our_inner_names(run: Run, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)
    assert answer.code == 2
    assert said in answer.err


def test_a_mistake_is_an_object_with_json(run: Run) -> None:
    answer = run("put", "k", "v", "--json")
    assert answer.code == 2
    assert answer.object["code"] == "INVALID"


def test_dir_is_taken_before_and_after_the_command(run: Run, tmp_path: Path) -> None:
    before = run("--dir", tmp_path / "a", "doctor", "--json").object
    after = run("doctor", "--json", "--dir", tmp_path / "a").object
    assert before["directory"] == after["directory"] == str(tmp_path / "a")
    both = run("--dir", tmp_path / "a", "doctor", "--json", "--dir", tmp_path / "b").object
    assert both["directory"] == str(tmp_path / "b")


def test_the_environment_names_the_directory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MORTMAIN_DIR", raising=False)
    answer = run("ls")
    assert answer.code == 1
    assert "MORTMAIN_DIR" in answer.err
    monkeypatch.setenv("MORTMAIN_DIR", str(tmp_path))
    assert run("doctor", "--json").object["directory"] == str(tmp_path)
