"""mount, unmount, adopt, and what status and doctor say of mirrored files, against the real gateway."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mortmain

from .conftest import Answer

Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("mounts") / "state"
    with mortmain.open(directory, agent="ann") as store:
        store.create("plans/plan.md", "one\n")
        yield directory
        store.stop()


@pytest.fixture
def cli(run: Command, shared: Path) -> Command:
    return lambda *words: run("--dir", shared, *words)


def test_mount_edit_adopt_unmount(cli: Command, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("mount", "plans/", "files").out == f'"plans/" is mounted at {tmp_path}/files: 1 files\n'
    file = tmp_path / "files" / "plan.md"
    assert file.read_text() == "one\n"
    file.write_text("by hand\n")
    refused = cli("cat", "plans/plan.md")
    assert (refused.code, refused.out) == (3, "")
    assert "adopt(plans/plan.md)" in refused.err
    assert cli("cat", "plans/plan.md", "--json").object["retry"] == "adopt"
    assert "1 edited" in cli("status").out
    told = {one["check"]: one for one in cli("doctor", "--json").object["findings"]}
    assert told["mount"]["level"] == "warn"
    assert "plans/plan.md" in told["mount"]["found"]
    assert cli("adopt", "plans/plan.md").out.startswith("plans/plan.md version 2 at revision ")
    assert cli("cat", "plans/plan.md").out == "by hand\n"
    assert cli("mount", "--json").object["edited"] == 0
    listed = cli("mount").out.splitlines()
    assert listed[0].split() == ["prefix", "files", "behind", "edited", "foreign", "sync", "directory", "problem"]
    assert listed[1].split() == ['"plans/"', "1", "0", "0", "raise", "yes", str(tmp_path / "files"), "-"]
    assert "stay" in cli("unmount", "plans/").out
    assert cli("mount").out == ""
    assert cli("unmount", "plans/").code == 1


def test_doctor_says_what_keeps_files_from_being_written(cli: Command, tmp_path: Path) -> None:
    assert cli("mount", "plans/", tmp_path / "x", "--background", "--foreign", "adopt").code == 0
    (tmp_path / "x").rename(tmp_path / "y")
    cli("put", "plans/other", "--create", "1")
    found = next(one for one in cli("doctor", "--json").object["findings"] if one["check"] == "mount")
    assert found["level"] == "fail"
    assert str(tmp_path / "x") in found["found"]
    cli("unmount", "plans/")


def test_a_directory_that_must_not_be_mounted_is_an_error(cli: Command, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    answer = cli("mount", "plans/", tmp_path, "--json")
    tmp_path.chmod(0o700)
    assert answer.code == 1
    assert json.loads(answer.out)["field"] == "directory"
    assert cli("mount", "plans/").code == 1
