"""On a terminal: lines that fit, colour unless it is not wanted, progress; nothing of that in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

import mortmain
from mortmain._cli.render import columns, fitted, printable


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("terminal") / "state"
    with mortmain.open(directory, agent="evil\x1b[2J\nagent") as store:
        store.create("plans/a-rather-long-name-of-a-plan", ["one"])
        store.append("plans/a-rather-long-name-of-a-plan", "計画" * 20)
        yield directory
        store.stop()


def on_terminal(width: int, *words: object, **environment: str) -> list[str]:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    line = [sys.executable, "-m", "mortmain._cli.main", *map(str, words)]
    given = {name: text for name, text in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    with subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=theirs, env={**given, "TERM": "xterm", **environment}
    ) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:
                break
            if not some:
                break
            told += some
        assert process.wait() == 0, told
    os.close(ours)
    return told.decode().replace("\r\n", "\n").splitlines()


def test_lines_fit_the_terminal_and_nobody_else_steers_it(state: Path) -> None:
    lines = on_terminal(60, "--dir", state, "ls", "-l")
    lines += on_terminal(60, "--dir", state, "log", "plans/a-rather-long-name-of-a-plan", "--values")
    assert lines
    assert all(columns(line) <= 60 for line in lines)
    assert any(line.endswith("…") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_colour_is_for_terminals_that_want_it(state: Path) -> None:
    words = ("--dir", state, "diff", "plans/a-rather-long-name-of-a-plan", 1, 2)
    assert any("\x1b[32m" in line for line in on_terminal(200, *words))
    assert not any("\x1b" in line for line in on_terminal(200, *words, NO_COLOR="1"))
    assert not any("\x1b" in line for line in on_terminal(200, *words, TERM="dumb"))


def test_long_work_shows_how_far_it_is_and_cleans_up(state: Path, tmp_path: Path) -> None:
    for what, words in (
        ("copied", ("--dir", state, "backup", tmp_path / "one")),
        ("read", ("--dir", state, "verify")),
        ("read", ("--dir", tmp_path / "one", "verify")),
        ("restored", ("--dir", tmp_path / "again", "restore-backup", tmp_path / "one")),
        ("read", ("--dir", tmp_path / "again", "verify")),
    ):
        shown = on_terminal(80, *words)
        steps = [line for line in shown if line.startswith(f"{what} ")]
        assert steps[-1].endswith("(100 %)")
        assert any(line and line.isspace() for line in shown), "it is gone when it is done"
    silent = subprocess.run(
        [sys.executable, "-m", "mortmain._cli.main", "--dir", str(state), "backup", str(tmp_path / "two")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert silent.stderr == ""
    assert "copied" not in silent.stdout
    offline = subprocess.run(
        [sys.executable, "-m", "mortmain._cli.main", "--dir", str(tmp_path / "again"), "verify", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert offline.stderr == ""
    assert len(offline.stdout.splitlines()) == 1


def test_width_is_counted_in_columns() -> None:
    assert (columns("abc"), columns("計画"), columns("e\u0301")) == (3, 4, 1)
    assert fitted("計画計画", 5) == "計画…"
    assert fitted("計画計画", None) == "計画計画"
    assert printable("a\x1b[2Jb\u202ec") == "a\ufffd[2Jb\ufffdc"
