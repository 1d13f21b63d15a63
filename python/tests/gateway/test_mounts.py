"""Mirrored files through the real gateway: what they show, what an editor does to them, what a crash leaves of them."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mortmain

from . import workers

Until = Callable[..., None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def mounted(store: mortmain.Store, at: str, place: Path):
    """(store, prefix, directory), ended after the test: the gateway is shared."""
    store.mount(at, place)
    yield store, at, place
    store.unmount(at)


def test_a_file_shows_what_was_acknowledged(mounted):
    store, at, place = mounted
    receipt = store.create(f"{at}plan.md", "# Plan\n")
    assert receipt.mirrored is True
    assert (place / "plan.md").read_bytes() == b"# Plan\n"
    store.commit(f"{at}deep/er/blob", b"\x00\xff", base=store.read(f"{at}deep/er/blob"))
    assert (place / "deep" / "er" / "blob").read_bytes() == b"\x00\xff"
    value = {"steps": ["mäß", 1.50, [], {}], "of": None}
    store.create(f"{at}plan.json", value)
    assert (place / "plan.json").read_text() == json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    for number in range(3):
        assert store.append(f"{at}log", number).mirrored is True
        assert json.loads((place / "log").read_text()) == list(range(number + 1))


def test_a_key_that_is_not_mounted_says_nothing_of_files(mounted, at):
    store, _, place = mounted
    assert store.create(f"beside-{at}x", 1).mirrored is None
    assert list(place.iterdir()) == []


def test_a_deleted_key_takes_its_file_and_its_empty_directories_along(mounted):
    store, at, place = mounted
    receipt = store.create(f"{at}a/b/c", "x")
    (place / "a" / "mine.txt").write_text("not ours")
    store.delete(f"{at}a/b/c", base=receipt)
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*")) == ["a", "a/mine.txt"]
    store.create(f"{at}a/b/c", "again")
    assert (place / "a" / "b" / "c").read_text() == "again"


def test_what_was_there_before_the_mount_is_written_and_equal_files_are_kept(store, at, place):
    place.mkdir()
    store.create(f"{at}equal", "same")
    store.create(f"{at}missing", {"a": 1})
    store.create(f"{at}other", "ours")
    (place / "equal").write_text("same")
    (place / "other").write_text("theirs")
    kept = (place / "equal").stat().st_ino
    mount = store.mount(at, place)
    try:
        assert (mount.prefix, mount.directory, mount.edited, mount.edited_keys) == (at, str(place), 1, (f"{at}other",))
        assert (place / "equal").stat().st_ino == kept
        assert json.loads((place / "missing").read_text()) == {"a": 1}
        with pytest.raises(mortmain.ForeignEdit) as caught:
            store.read(f"{at}other")
        assert caught.value.path == str(place / "other")
        assert (place / "other").read_text() == "theirs"
        (place / "other").unlink()
        assert store.read(f"{at}other").value == "ours"
        assert store.commit(f"{at}other", "newer", base=store.read(f"{at}other")).mirrored is True
        assert (place / "other").read_text() == "newer"
    finally:
        store.unmount(at)


def test_an_edit_is_refused_at_the_next_read_and_commit_and_can_be_adopted(mounted):
    store, at, place = mounted
    base = store.create(f"{at}plan.md", "plan a")
    (place / "plan.md").write_text("PLAN A")  # of the same size, at once
    for call in (
        lambda: store.read(f"{at}plan.md"),
        lambda: store.commit(f"{at}plan.md", "lost", base=base),
        lambda: store.delete(f"{at}plan.md", base=base),
        lambda: store.check(base),
        lambda: store.update(f"{at}plan.md", lambda text: text + "!"),
    ):
        with pytest.raises(mortmain.ForeignEdit) as caught:
            call()
        assert caught.value.key == f"{at}plan.md"
        assert caught.value.retry == "adopt"
        assert (place / "plan.md").read_text() == "PLAN A"
    receipt = store.adopt(f"{at}plan.md", meta={"run": "7"})
    assert (receipt.version, receipt.mirrored) == (2, True)
    event = store.history(f"{at}plan.md")[0]
    assert (event.writer, event.meta) == ("foreign", {"adopted_by": "test", "run": "7"})
    assert store.read(f"{at}plan.md").value == "PLAN A"
    with pytest.raises(mortmain.VersionConflict):
        store.commit(f"{at}plan.md", "lost", base=base)
    assert store.commit(f"{at}plan.md", "plan b", base=receipt).mirrored is True
    assert (place / "plan.md").read_text() == "plan b"


def test_adopting_is_done_once_and_where_nothing_was_edited_nothing_happens(mounted):
    store, at, place = mounted
    store.create(f"{at}x", "a")
    assert store.adopt(f"{at}x").version == 1
    (place / "x").write_text("b")
    first = store.adopt(f"{at}x", request_id=f"adopt-{at}")
    again = store.adopt(f"{at}x", request_id=f"adopt-{at}")
    assert (first.version, again.version, again.replayed) == (2, 2, True)
    assert isinstance(store.resolve(f"adopt-{at}"), mortmain.Committed)
    with pytest.raises(mortmain.InvalidRequest):
        store.adopt(f"{at}never")
    with pytest.raises(mortmain.InvalidRequest, match="not mounted"):
        store.adopt("elsewhere")


def test_a_new_file_is_an_edit_of_a_key_that_does_not_exist_yet(mounted):
    store, at, place = mounted
    (place / "notes.md").write_text("by hand")
    (place / "data.json").write_text('{"by": "hand"}')
    with pytest.raises(mortmain.ForeignEdit):
        store.create(f"{at}notes.md", "ours")
    assert store.adopt(f"{at}notes.md").version == 1
    store.adopt(f"{at}data.json")
    assert store.read(f"{at}notes.md").value == "by hand"
    assert store.read(f"{at}data.json").value == {"by": "hand"}


def test_new_keys_of_one_commit_that_cannot_be_files_beside_each_other_are_refused(mounted):
    store, at, place = mounted

    def both(txn: mortmain.Transaction) -> None:
        txn.put(f"{at}new", "a file")
        txn.put(f"{at}new/below", "of a directory")

    with pytest.raises(mortmain.InvalidRequest, match="cannot both be files"):
        store.transact(both)
    assert not store.read(f"{at}new").exists
    with store.transaction() as txn:
        txn.delete(f"{at}new")  # which is not there: no file stands in the way
        txn.put(f"{at}new/below", "of a directory")
    assert txn.receipt.mirrored
    assert (place / "new" / "below").read_text() == "of a directory"


def test_an_empty_file_of_a_mounted_directory_becomes_a_key_like_any_other(store, at, place):
    (place / "package").mkdir(parents=True)
    (place / "package" / "__init__.py").touch()
    place.chmod(0o700)
    store.mount(at, place, foreign="adopt")
    try:
        snap = store.read(f"{at}package/__init__.py")
        assert (snap.exists, snap.value, snap.writer) == (True, "", "foreign")
        assert store.commit(snap.key, "x = 1", base=snap).mirrored
        assert (place / "package" / "__init__.py").read_text() == "x = 1"
    finally:
        store.unmount(at)


def test_what_is_not_json_cannot_be_adopted_where_the_key_is(mounted):
    store, at, place = mounted
    store.create(f"{at}plan", {"a": 1})
    (place / "plan").write_text('{"a": 1')
    with pytest.raises(mortmain.InvalidRequest, match="not JSON"):
        store.adopt(f"{at}plan")
    (place / "plan").write_text('{"a":    2}')
    store.adopt(f"{at}plan")
    assert store.read(f"{at}plan").value == {"a": 2}
    (place / "plan").write_text('{"a": 2}\n')  # another format is no edit
    assert store.read(f"{at}plan").version == 2


def test_an_editor_that_saves_the_same_bytes_has_edited_nothing(mounted):
    store, at, place = mounted
    receipt = store.create(f"{at}x", "text")
    (place / "new").write_text("text")
    os.replace(place / "new", place / "x")
    assert store.read(f"{at}x").version == 1
    assert store.commit(f"{at}x", "next", base=receipt).mirrored is True


def test_an_edit_under_adopt_makes_the_agent_lose_a_version_conflict(store, at, place):
    store.mount(at, place, foreign="adopt")
    try:
        base = store.create(f"{at}plan.md", "a")
        (place / "plan.md").write_text("by hand")
        with pytest.raises(mortmain.VersionConflict) as caught:
            store.commit(f"{at}plan.md", "b", base=base)
        assert caught.value.winner == "foreign"
        assert caught.value.current.value == "by hand"
        assert store.read(f"{at}plan.md").value == "by hand"
        (place / "plan.md").write_text("again by hand")
        assert store.update(f"{at}plan.md", str.upper).version == 4
        assert (place / "plan.md").read_text() == "AGAIN BY HAND"
        with store.claim(f"{at}plan.md") as claim:
            (place / "plan.md").write_text("under a claim")
            with pytest.raises(mortmain.VersionConflict):
                claim.commit("mine")
        assert store.read(f"{at}plan.md").value == "under a claim"
        (place / "new.txt").write_text("new")
        assert store.read(f"{at}new.txt").value == "new"
    finally:
        store.unmount(at)


@pytest.mark.slow
def test_a_directory_of_5000_files_is_mounted_in_seconds(own_store, tmp_path, until: Until):
    code = tmp_path / "code"
    for number in range(5_000):
        file = code / f"package{number % 50}" / f"module{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"print({number})\n")
    (code / ".git").mkdir()
    (code / ".git" / "config").write_text("not a key")
    began = time.monotonic()
    mount = own_store.mount("code/", code, foreign="adopt", timeout=120)
    took = time.monotonic() - began
    assert (mount.files, mount.edited, mount.behind) == (5_000, 0, 0)
    assert took < 20, took
    assert own_store.read("code/package7/module7.py").value == "print(7)\n"
    assert own_store.info()["keys"] == 5_000
    own_store.unmount("code/")
    began = time.monotonic()
    own_store.mount("code/", tmp_path / "copy", timeout=120)
    took = time.monotonic() - began
    assert took < 20, took
    for number in (0, 4_999):
        name = f"package{number % 50}/module{number}.py"
        assert (tmp_path / "copy" / name).read_text() == (code / name).read_text()


@pytest.mark.parametrize("other", ["a", "a/b/c", "a/b"])
def test_keys_that_cannot_be_files_side_by_side_are_refused(mounted, other):
    store, at, _ = mounted
    store.create(f"{at}a/b" if other != "a/b" else f"{at}a", 1)
    with pytest.raises(mortmain.InvalidRequest, match="cannot both be files") as caught:
        store.create(f"{at}{other}", 1)
    assert caught.value.field == "key"
    with pytest.raises(mortmain.InvalidRequest), store.transaction() as txn:
        txn.put(f"{at}{other}", 1)


def test_a_mount_of_keys_that_cannot_be_files_side_by_side_is_refused(store, at, place):
    store.create(f"{at}a", 1)
    store.create(f"{at}a/b", 1)
    with pytest.raises(mortmain.InvalidRequest, match="cannot both be files"):
        store.mount(at, place)
    assert [mount for mount in store.info()["mounts"] if mount["prefix"] == at] == []


def test_directories_that_could_lead_elsewhere_are_refused(store, at, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").write_text("x")
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o775)
    refused = {
        "link": tmp_path / "link",
        "file": tmp_path / "file",
        "chmod go-w": open_to_all,
        "state directory": Path(store.directory),
        "lie in each other": Path(store.directory) / "files",
        "does not exist": tmp_path / "missing" / "deeper",
    }
    for words, directory in refused.items():
        with pytest.raises(mortmain.InvalidRequest, match=words) as caught:
            store.mount(at, directory)
        assert caught.value.field == "directory"
    with pytest.raises(mortmain.InvalidRequest):
        store.mount(at, real, foreign="ignore")
    with pytest.raises(mortmain.InvalidRequest):
        store.mount("no-slash", real)
    assert list(real.iterdir()) == []


def test_a_key_and_a_directory_have_one_mount(mounted, tmp_path):
    store, at, place = mounted
    free = tmp_path / "x"
    for prefix, directory in ((f"{at}below/", free), (at, free), ("other/", place), ("other/", place / "x")):
        with pytest.raises(mortmain.InvalidRequest):
            store.mount(prefix, directory)
    assert store.mount(at, place, sync=False, foreign="adopt").sync is False
    with pytest.raises(mortmain.InvalidRequest):
        store.unmount("nothing/")


def test_links_below_the_directory_are_never_followed(mounted, tmp_path):
    store, at, place = mounted
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "target").write_text("precious")
    (place / "link").symlink_to(outside / "target")
    (place / "way").symlink_to(outside)
    with pytest.raises(mortmain.ForeignEdit):
        store.create(f"{at}link", "overwritten?")
    with pytest.raises(mortmain.InvalidRequest, match="not a file"):
        store.adopt(f"{at}link")
    receipt = store.create(f"{at}way/in", "escaped?")
    assert receipt.mirrored is False
    assert "way" in next(mount["problem"] for mount in store.info()["mounts"] if mount["prefix"] == at)
    assert sorted(os.listdir(outside)) == ["target"]
    assert (outside / "target").read_text() == "precious"
    (place / "link").unlink()
    (place / "way").unlink()
    assert store.create(f"{at}link", "now").mirrored is True


def test_a_directory_that_is_swapped_for_a_link_is_not_written_through(mounted, tmp_path, until: Until):
    store, at, place = mounted
    base = store.create(f"{at}x", "a")
    place.rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    receipt = store.commit(f"{at}x", "b", base=base)
    assert receipt.mirrored is False
    assert os.listdir(tmp_path / "elsewhere") == []
    assert (tmp_path / "moved" / "x").read_text() == "a"
    place.unlink()
    (tmp_path / "moved").rename(place)
    until(lambda: (place / "x").read_text() == "b")


def test_a_mirror_that_cannot_be_written_fails_no_commit(mounted, until: Until):
    store, at, place = mounted
    (place / "in-the-way").mkdir()
    (place / "in-the-way" / "mine").write_text("x")
    assert store.create(f"{at}in-the-way", "a").mirrored is False
    with pytest.raises(mortmain.ForeignEdit):
        store.read(f"{at}in-the-way")
    long = "n" * 300  # longer than a file name may be
    receipt = store.create(f"{at}{long}", "kept")
    assert receipt.mirrored is False
    assert store.read(f"{at}{long}").value == "kept"
    mount = next(mount for mount in store.info()["mounts"] if mount["prefix"] == at)
    assert (mount["behind"], mount["edited"]) == (2, 1)
    assert mount["problem"]
    assert store.create(f"{at}short", "b").mirrored is True
    store.delete(f"{at}{long}", base=receipt)


def test_files_written_in_the_background_come_soon_and_end_at_the_newest(store, at, place, until: Until):
    store.mount(at, place, sync=False)
    try:
        for number in range(50):
            assert store.commit(f"{at}x", str(number), overwrite=True).mirrored is False
        until(lambda: (place / "x").read_text() == "49")
    finally:
        store.unmount(at)


def test_an_executable_file_stays_executable(mounted):
    store, at, place = mounted
    base = store.create(f"{at}run.sh", "#!/bin/sh\n")
    (place / "run.sh").chmod(0o755)
    store.commit(f"{at}run.sh", "#!/bin/sh\nls\n", base=base)
    assert (place / "run.sh").stat().st_mode & 0o777 == 0o755


def test_readers_never_see_half_a_file(mounted):
    store, at, place = mounted
    store.create(f"{at}x", "0" * 100_000)
    stop = threading.Event()
    wrong = []

    def look() -> None:
        while not stop.is_set():
            text = (place / "x").read_text()
            if len(text) != 100_000 or len(set(text)) != 1:
                wrong.append(text)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(200):
        store.commit(f"{at}x", str(number % 10) * 100_000, overwrite=True)
    stop.set()
    reader.join()
    assert wrong == []


def test_a_zombie_that_wakes_up_never_reaches_the_file(own_store, place):
    """SIGSTOP past its claim, reclaimed, SIGCONT: its commit is fenced and its bytes are nowhere."""
    own_store.mount("plans/", place)
    own_store.create("plans/plan", "start")
    worker = workers.start("zombie", own_store, "plans/plan", 60)
    assert workers.said(worker) == "claimed"
    os.kill(worker.pid, signal.SIGSTOP)
    own_store.reclaim("plans/plan", reason="it stalled")
    receipt = own_store.update("plans/plan", lambda text: text + ", the successor's")
    assert receipt.mirrored is True
    workers.tell(worker)
    os.kill(worker.pid, signal.SIGCONT)
    late = workers.result_of(worker)
    assert (late["claim"]["code"], late["snapshot"]["code"]) == ("FENCED", "FENCED")
    assert (place / "plan").read_text() == "start, the successor's"
    own_store.stop()
    for file in place.iterdir():
        assert "late" not in file.read_text()


def test_eight_writers_of_one_file_leave_the_last_version_in_it(own_store, place):
    own_store.mount("plans/", place)
    crowd = [workers.start("append", own_store, "plans/log", 2, 40) for _ in range(4)]
    for worker in crowd:
        workers.result_of(worker)
    snap = own_store.read("plans/log")
    assert len(snap.value) == 4 * 2 * 40
    assert json.loads((place / "log").read_text()) == snap.value


def test_kill_nine_of_the_gateway_leaves_acknowledged_files_and_rolls_the_others_forward(
    own_store, place, kill_gateway: Callable[[mortmain.Store], None], until: Until
):
    """The journal may be ahead of the files by what was in flight; after the next start it is not, and nothing of ours
    is taken for an edit.
    """
    own_store.mount("plans/", place)
    acknowledged: dict[str, int] = {}
    stop = threading.Event()

    def write(name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            receipt = own_store.commit(f"plans/{name}", f"{number:06}" * 50, overwrite=True, timeout=60)
            if receipt.mirrored:
                acknowledged[name] = number

    threads = [threading.Thread(target=write, args=(f"file{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        before = dict(acknowledged)
        until(lambda before=before: len(acknowledged) == 3 and acknowledged != before)
        kill_gateway(own_store)
        for name, number in before.items():
            assert int((place / name).read_text()[:6]) >= number
    stop.set()
    for thread in threads:
        thread.join()
    kill_gateway(own_store)
    for name in acknowledged:
        snap = own_store.read(f"plans/{name}")
        until(lambda snap=snap, name=name: (place / name).read_text() == snap.value)
    mount = own_store.info()["mounts"][0]
    assert (mount["edited"], mount["problem"]) == (0, None)
    assert [path.name for path in place.iterdir() if path.name not in acknowledged] == []


def test_what_happened_while_no_gateway_ran(own_store, place, kill_gateway: Callable[..., None], until: Until):
    own_store.mount("plans/", place)
    bases = {name: own_store.create(f"plans/{name}", "first") for name in ("edited", "emptied", "removed", "old")}
    own_store.commit("plans/old", "second", base=bases["old"])
    own_store.stop()
    (place / "edited").write_text("by hand")
    (place / "emptied").write_text("")
    (place / "removed").unlink()
    (place / "old").write_text("first")  # an old version, and we know that the new one was forced
    for name in ("edited", "old"):
        with pytest.raises(mortmain.ForeignEdit):
            own_store.read(f"plans/{name}")
    for name in ("emptied", "removed"):
        assert own_store.read(f"plans/{name}").value == "first"
        until(lambda name=name: (place / name).exists() and (place / name).read_text() == "first")
    assert (place / "edited").read_text() == "by hand"
    kill_gateway(own_store)
    with pytest.raises(mortmain.ForeignEdit):
        own_store.read("plans/edited")
    assert own_store.adopt("plans/edited").version == 2


def test_mirrored_through_follows_once_a_second(own_store, place, until: Until):
    own_store.mount("plans/", place)
    receipt = own_store.create("plans/x", 1)
    until(lambda: own_store.info()["mounts"][0]["through"] >= receipt.revision)
    (place / "x").write_text("2")
    with pytest.raises(mortmain.ForeignEdit):
        own_store.read("plans/x")
    other = own_store.create("plans/y", 1)
    until(lambda: own_store.info()["mounts"][0]["through"] >= other.revision)


def test_the_asynchronous_twin(store, at, place):
    import asyncio

    async def go() -> None:
        aio = store.aio
        await aio.mount(at, place)
        await aio.create(f"{at}x", "a")
        (place / "x").write_text("b")
        with pytest.raises(mortmain.ForeignEdit):
            await aio.read(f"{at}x")
        assert (await aio.adopt(f"{at}x")).version == 2
        await aio.unmount(at)

    asyncio.run(go())


def test_a_directory_is_relative_to_the_caller(store, at, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert store.mount(at, "here").directory == str(tmp_path / "here")
    store.unmount(at)
