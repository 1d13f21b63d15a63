"""The scripts know every command and option, and bash itself completes with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mortmain
from mortmain._cli.complete import _words
from mortmain._cli.main import _parser

from .conftest import Answer

Run = Callable[..., Answer]


def complete(run: Run, tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = tmp_path / "mortmain.bash"
    script.write_text(run("completion", "bash").out)
    command = tmp_path / "mortmain"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mortmain._cli.main "$@"\n')
    command.chmod(0o755)
    quoted = " ".join(f"'{word}'" for word in ("mortmain", *words))
    show = 'printf "%s\\n" "${COMPREPLY[@]}"'
    program = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _mortmain; {show}"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_directories_are_offered(run: Run, tmp_path: Path) -> None:
    assert sorted(complete(run, tmp_path, "--dir", "state", "rest")) == ["restore", "restore-backup"]
    assert complete(run, tmp_path, "put", "key", "--over") == ["--overwrite"]
    assert "--window" in complete(run, tmp_path, "contention", "--")
    (tmp_path / "some-place").mkdir()
    assert complete(run, tmp_path, "backup", f"{tmp_path}/some-") == [f"{tmp_path}/some-place"]
    assert complete(run, tmp_path, "--dir", f"{tmp_path}/some-") == [f"{tmp_path}/some-place"]
    assert complete(run, tmp_path, "log", "key", "--limit", "") == []


def test_keys_are_offered_from_a_gateway_that_runs_and_none_is_started(run: Run, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with mortmain.open(state) as store:
        try:
            store.create("plans/one", 1)
            store.create("plans/two", 1)
            store.create("other", 1)
            assert complete(run, tmp_path, "--dir", state, "cat", "plans/") == ["plans/one", "plans/two"]
        finally:
            store.stop()
    assert complete(run, tmp_path, "--dir", state, "cat", "plans/") == []
    assert not (tmp_path / "state" / "run" / "gateway.json").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_every_script(run: Run, shell: str) -> None:
    script = run("completion", shell).out
    words = list(_words(_parser()))
    assert {"put", "backup", "restore-backup", "contention", "mount", "completion"} <= {word.name for word in words}
    for word in words:
        assert word.name in script
        for texts, _, _ in word.options:
            assert all(text.lstrip("-") in script for text in texts)
    assert run("completion", shell, "--json").object["script"] == script
    assert run("completion", "csh").code == 2
