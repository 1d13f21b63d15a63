"""log, blame, diff, restore, watch and cat of the past, against the real gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mortmain

from .conftest import Answer

Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("past") / "state"
    with mortmain.open(directory, agent="ann") as store:
        ann, bob = store.as_agent("ann", meta={"run": "7"}), store.as_agent("bob")
        ann.create("plan", {"steps": ["a", "b"], "owner": "ann"})
        bob.update("plan", lambda plan: {**plan, "steps": ["a", "c"]})
        bob.commit("plan", {"steps": [], "owner": "bob"}, overwrite=True)
        ann.append("log", "one")
        bob.append("log", {"two": 2})
        ann.create("note", "first\nsecond\n")
        bob.update("note", lambda text: text.replace("second", "2nd \x1b[31mred"))
        store.delete("note", overwrite=True)
        yield directory
        store.stop()


@pytest.fixture
def cli(run: Command, shared: Path) -> Command:
    return lambda *words: run("--dir", shared, *words)


def test_log_is_newest_first_and_marks_an_overwrite(cli: Command) -> None:
    lines = cli("log", "plan").out.splitlines()
    assert lines[0].split()[:2] == ["version", "kind"]
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert "put overwrite" in lines[1]
    assert "run=7" in lines[3]
    found = cli("log", "plan", "--limit", 1, "--before", 3, "--values", "--json").objects
    assert [(one["version"], one["value"]["steps"], one["writer"]) for one in found] == [(2, ["a", "c"], "bob")]
    assert "value" not in cli("log", "plan", "--json").objects[0]
    assert cli("log", "absent").out == ""


def test_cat_of_a_version_and_of_a_revision(cli: Command) -> None:
    first = cli("log", "plan", "--json").objects[-1]
    assert cli("cat", "plan", "--version", 1, "--json").object["value"]["steps"] == ["a", "b"]
    assert cli("cat", "plan", "--revision", first["revision"], "--json").object["version"] == 1
    assert cli("cat", "note", "--version", 1).out == "first\nsecond\n"
    gone = cli("cat", "note", "--version", 3)
    assert (gone.code, "does not exist there" in gone.err) == (1, True)
    never = cli("cat", "plan", "--version", 9, "--json")
    assert (never.code, never.object["code"], never.object["field"]) == (1, "INVALID", "version")
    assert cli("cat", "plan", "--version", 1, "--revision", 1).code == 2


def test_blame_names_the_writer_of_each_part(cli: Command) -> None:
    lines = cli("blame", "log").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["1", "ann"], ["2", "bob"]]
    found = cli("blame", "plan", "--version", 2, "--json").objects
    assert [(one["where"], one["writer"]) for one in found] == [("steps", "bob"), ("owner", "ann")]


def test_blame_of_what_another_agent_wrote_does_not_steer_the_terminal(cli: Command) -> None:
    shown = cli("blame", "note", "--version", 2).out
    assert "\x1b" not in shown
    assert "2nd \ufffd[31mred" in shown


def test_diff_is_unified_or_one_object_per_place(cli: Command) -> None:
    lines = cli("diff", "plan", 1, 2).out.splitlines()
    assert lines[0].startswith("--- plan version 1 (ann, ")
    assert '-    "b"' in lines
    assert '+    "c"' in lines
    assert cli("diff", "plan", 1, 2, "--json").objects == [
        {"kind": "changed", "path": ["steps", 1], "old": "b", "new": "c"}
    ]
    assert "-second" in cli("diff", "note", 1, 3).out.splitlines()
    assert cli("diff", "plan", 1, 1).out == ""
    assert cli("diff", "plan", 1).code == 2


def test_restore_needs_the_version_that_was_seen(cli: Command) -> None:
    cli("put", "r", "--create", "one")
    cli("put", "r", "--base", 1, "two")
    late = cli("restore", "r", "--version", 1, "--base", 1, "--json")
    assert (late.code, late.object["code"]) == (3, "VERSION_CONFLICT")
    assert "r version 3 at revision" in cli("restore", "r", "--version", 1, "--base", 2).out
    assert cli("cat", "r").out == "one\n"
    assert cli("restore", "r", "--version", 1).code == 2


def test_watch_prints_events_until_silence_or_a_count(cli: Command) -> None:
    shown = cli("watch", "--after", 0, "--silence", 0).out
    assert "put     plan version 1  by ann" in shown
    assert "overwrite" in shown
    found = cli("watch", "--after", 0, "--count", 2, "--values", "--json").objects
    assert [(one["key"], one["version"]) for one in found] == [("plan", 1), ("plan", 2)]
    assert found[0]["value"]["owner"] == "ann"


def test_watch_prints_each_event_as_it_comes(shared: Path) -> None:
    command = [sys.executable, "-m", "mortmain._cli.main", "--dir", str(shared), "watch", "live/", "--json"]
    with mortmain.open(shared, agent="writer") as store:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        assert process.stdout is not None
        try:
            stop = threading.Event()

            def write() -> None:
                while not stop.wait(0.05):
                    store.append("live/log", 1)

            writer = threading.Thread(target=write)
            writer.start()
            first = json.loads(process.stdout.readline())
            stop.set()
            writer.join()
            assert (first["key"], first["kind"], first["writer"]) == ("live/log", "delta", "writer")
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()
