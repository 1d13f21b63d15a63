"""The doctor tells each fault of the files apart, as the gateway would find it, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mortmain
from mortmain._cli.doctor import _file_system_of, _is_locked
from mortmain._cli.examine import crc32c

from .conftest import Answer

Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("pattern") / "state"
    with mortmain.open(state) as store:
        store.create("k", 1)
        stop(store)
    return state


@pytest.fixture
def whole(pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pattern, tmp_path / "state"))


def stop(store: mortmain.Store) -> None:
    """Until its last words are written: LOCK is free then."""
    store.stop()
    end = time.monotonic() + 20
    while _is_locked(os.path.join(store.directory, "LOCK")):
        assert time.monotonic() < end
        time.sleep(0.01)


def findings(run: Run, state: Path) -> dict[str, Any]:
    def names() -> list[tuple[Path, int, int]]:
        # The last word of a gateway that was stopped may still come.
        files = (path for path in state.rglob("*") if path.is_file() and path.name != "gateway.log")
        return sorted((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)

    before = names()
    told = run("doctor", "--json", "--dir", state).object
    assert names() == before, "the doctor changed something"
    return {one["check"]: one for one in told["findings"]}


def refused(state: Path) -> str:
    with pytest.raises(mortmain.MortmainError) as caught:
        mortmain.open(state, timeout=20.0)
    return str(caught.value)


def test_a_whole_store_is_well(run: Run, whole: Path) -> None:
    assert findings(run, whole)["journal"]["level"] == "ok"
    assert f"{crc32c(b'123456789'):08x}" == "e3069283"


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("MANIFEST", lambda path: path.write_bytes(path.read_bytes().replace(b"segment", b"segmend")), "MANIFEST is"),
        ("MANIFEST", lambda path: path.unlink(), "MANIFEST is missing"),
        ("FORMAT", lambda path: path.write_text("mortmain 7\n"), "format 7"),
        ("FORMAT", lambda path: path.unlink(), "FORMAT cannot be read"),
        ("journal/00000001.seg", lambda path: path.unlink(), "cannot be read"),
        ("journal/00000001.seg", lambda path: path.write_bytes(path.read_bytes()[:-512]), "bytes instead of"),
        ("journal/00000001.seg", lambda path: path.write_bytes(b"x" * path.stat().st_size), "does not begin like"),
    ],
)
def test_what_the_gateway_would_refuse_is_explained(
    run: Run, whole: Path, name: str, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(whole / name)
    told = findings(run, whole)["journal"]
    assert told["level"] == "fail"
    assert said in told["found"]
    assert told["advice"]
    refused(whole)


def aid(revision: bytes, *blocks: bytes) -> bytes:
    parts = [b"MORTIDX1"]
    for number, content in enumerate([revision + b"\0", *blocks, b""]):
        crc = crc32c(number.to_bytes(4, "big") + content)
        parts += [len(content).to_bytes(4, "big"), crc.to_bytes(4, "big"), content]
    return b"".join(parts)


@pytest.mark.parametrize(
    ("content", "level", "said"),
    [
        (None, "ok", "replays the journal"),
        (aid(b"\x91\x08", b"x" * 100), "ok", "after revision 1041"),
        (aid(b"\x91\x08", b"x" * 100)[:-20], "warn", "not finished"),
        (aid(b"\x91\x08", b"x" * 100)[:-8], "warn", "not finished"),
        (aid(b"\x91\x08").replace(b"\x91", b"\x92"), "warn", "damaged"),
        (b"MORTIDX0" + bytes(100), "warn", "damaged"),
        (b"", "warn", "damaged"),
    ],
)
def test_the_start_up_aid_is_looked_at(run: Run, whole: Path, content: bytes | None, level: str, said: str) -> None:
    if content is not None:
        (whole / "index").mkdir(exist_ok=True)
        (whole / "index" / "state").write_bytes(content)
    told = findings(run, whole)["index"]
    assert told["level"] == level
    assert said in told["found"]


def test_a_backup_and_half_a_restore_are_named(run: Run, whole: Path, tmp_path: Path) -> None:
    with mortmain.open(whole) as store:
        store.backup(tmp_path / "backup")
        stop(store)
    told = findings(run, tmp_path / "backup")["journal"]
    assert "is a backup, not a store" in told["found"]
    assert "restore-backup" in told["advice"]
    (tmp_path / "backup" / "BACKUP").rename(tmp_path / "backup" / "BACKUP.partial")
    assert "was not finished" in findings(run, tmp_path / "backup")["journal"]["found"]
    (whole / "MANIFEST").rename(whole / "MANIFEST.restoring")
    told = findings(run, whole)["journal"]
    assert "not finished" in told["found"]
    assert "not finished" in refused(whole)


def test_three_failed_starts_a_crash_and_a_bad_environment(
    run: Run, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = {"code": "CORRUPT", "message": "bad", "at": time.time()}
    (whole / "run" / "failures.json").write_text(json.dumps([failure] * 3))
    (whole / "run" / "hs_err.log").write_text("#")
    monkeypatch.setenv("MORTMAIN_JAVA_OPTS", "-Xmx1g 'open")
    monkeypatch.setenv("MORTMAIN_TRANSPORT", "pigeon")
    monkeypatch.setenv("MORTMAIN_START", "never")
    told = findings(run, whole)
    assert "three starts" in told["starts"]["found"]
    assert told["crash"]["level"] == "warn"
    assert "MORTMAIN_JAVA_OPTS" in told["options"]["found"]
    assert "pigeon" in told["transport"]["found"]
    assert "serve" in told["gateway"]["advice"]
    os.unlink(whole / "run" / "failures.json")
    monkeypatch.setenv("MORTMAIN_START", "nevr")
    told = findings(run, whole)
    assert "starts" not in told
    assert "nevr" in told["start"]["found"]


def segment(state: Path) -> Path:
    return state / "journal" / "00000001.seg"


def frames(content: bytes) -> list[int]:
    """Where the frames begin."""
    found, at = [], content.find(b"MFRM")
    while at >= 0:
        found.append(at)
        at = content.find(b"MFRM", at + 4)
    return found


def test_damage_inside_of_the_journal_is_named_by_the_start_that_it_prevents(run: Run, whole: Path) -> None:
    content = bytearray(segment(whole).read_bytes())
    content[frames(content)[0] + 60] ^= 1
    segment(whole).write_bytes(content)
    assert "damaged at byte" in refused(whole)
    told = findings(run, whole)["failure"]
    assert told["level"] == "fail"
    assert "journal/00000001.seg is damaged at byte" in told["found"]
    assert "repair --truncate-at" in told["advice"]


def test_a_torn_tail_is_set_aside_and_that_is_said(run: Run, whole: Path) -> None:
    content = bytearray(segment(whole).read_bytes())
    last = frames(content)[-1]
    content[last + 16 :] = bytes(len(content) - last - 16)  # of the last frame only its beginning reached the disk
    segment(whole).write_bytes(content)
    assert "lost" not in findings(run, whole)
    with mortmain.open(whole) as store:
        assert store.read("k").value == 1
        stop(store)
    told = findings(run, whole)
    assert [one for one in told.values() if one["level"] == "fail"] == []
    assert (told["lost"]["level"], str(whole / "lost") in told["lost"]["found"]) == ("warn", True)


def test_a_tmpfs_is_named(run: Run, tmp_path: Path) -> None:
    if _file_system_of("/dev/shm") != "tmpfs":
        pytest.skip("no tmpfs to look at")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        told = findings(run, Path(folder))["disk"]
    assert (told["level"], "reboot" in told["found"]) == ("warn", True)
