"""Backups of a live store, and the store that is made of one: another one, in which nothing of the old is valid."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mortmain
from mortmain._errors import CommitUnconfirmed
from mortmain._gateway.child import scrubbed_environment
from mortmain._gateway.java import find_java
from mortmain._gateway.process import java_command
from mortmain.testing import stop_quietly

Kill = Callable[[mortmain.Store], None]


@pytest.fixture
def restored() -> Iterator[Callable[..., mortmain.Store]]:
    """Opens restored stores, and stops their gateways."""
    stores: list[mortmain.Store] = []

    def open_one(backup: Path, directory: Path) -> mortmain.Store:
        mortmain.restore(backup, directory)
        stores.append(mortmain.open(directory, agent="restored"))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()
        stop_quietly(store)


def fill(store: mortmain.Store, mebibytes: int) -> None:
    for number in range(mebibytes):
        store.commit(f"bulk/{number}", os.urandom(1 << 20), base=store.read(f"bulk/{number}"))


def test_a_backup_under_load_restores_to_one_state_with_all_that_was_acknowledged(own_store, tmp_path, restored):
    fill(own_store, 12)
    stop = threading.Event()
    acknowledged = [0, 0, 0]

    def write(number: int) -> None:
        mine = own_store.as_agent(f"writer-{number}")
        while not stop.is_set():
            with mine.transaction() as txn:
                txn.append(f"items-{number}", acknowledged[number])
                txn.increment("count", 1)
            acknowledged[number] += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    while min(acknowledged) < 5:
        time.sleep(0.01)
    before = sum(acknowledged)
    heard: list[tuple[int, int]] = []
    report = own_store.backup(tmp_path / "backup", progress=lambda done, of: heard.append((done, of)))
    after = sum(acknowledged)
    stop.set()
    for writer in writers:
        writer.join()
    assert heard[-1][0] == heard[-1][1] > 12 << 20
    store = restored(tmp_path / "backup", tmp_path / "again")
    items = [store.read(f"items-{number}").value or [] for number in range(3)]
    assert before <= store.read("count").value == sum(map(len, items)) <= after + 3
    assert all(item == list(range(len(item))) for item in items)
    assert report.store_id == own_store.info()["store_id"] != store.info()["store_id"]
    assert store.verify().ok


def test_nothing_of_the_old_store_is_valid_in_the_restored_one(own_store, tmp_path, restored):
    first = own_store.create("plan", 1, request_id="the-first")
    snapshot, ticket = own_store.read("plan"), own_store.read("plan").ticket()
    claim = own_store.claim("held", ttl=60.0)
    watched = own_store.watch(after=0)
    own_store.backup(tmp_path / "backup")
    store = restored(tmp_path / "backup", tmp_path / "again")
    assert store.claims() == []
    assert store.read("plan").value == 1
    for base in (snapshot, ticket, first):
        with pytest.raises(mortmain.StoreChanged):
            store.commit("plan", 2, base=base)
        with pytest.raises(mortmain.StoreChanged):
            store.check(base)
        with pytest.raises(mortmain.StoreChanged):  # before the remembered id is looked at
            store.commit("plan", 1, base=base, request_id="the-first")
    assert store.read("plan").epoch == snapshot.epoch + 1
    assert store.commit("plan", 2, base=store.read("plan")).version == 2
    with store.claim("held") as own:
        own.commit("free")
    assert claim.commit("old").store_id == snapshot.store_id  # the original goes on
    claim.release()
    watched.close()


def test_one_store_object_over_a_directory_that_was_replaced_by_its_backup(own_store, tmp_path):
    """The program lives on while its directory is restored under it: everything that it holds is refused."""
    own_store.create("plan", 1)
    snapshot = own_store.read("plan")
    claim = own_store.claim("held", ttl=60.0)
    events = own_store.watch(after=0)
    own_store.backup(tmp_path / "backup")
    lost = own_store.append("log", "after the backup", request_id="lost-with-it")
    own_store._link._unconfirmed_ids["lost-with-it"] = (lost.revision - 1, lost.store_id)  # as if no answer had come
    own_store.stop()
    os.rename(own_store.directory, tmp_path / "aside")
    mortmain.restore(tmp_path / "backup", own_store.directory)
    with pytest.raises(mortmain.StoreChanged):
        own_store.commit("plan", 2, base=snapshot)
    with pytest.raises((mortmain.StoreChanged, mortmain.Fenced)):
        claim.commit("old")
    with pytest.raises((mortmain.StoreChanged, mortmain.Fenced)):
        claim.check()
    with pytest.raises(mortmain.StoreChanged):
        list(events)
    with pytest.raises(mortmain.StoreChanged):  # it did happen, in the other store
        own_store.resolve("lost-with-it")
    claim.release()
    assert not own_store.read("log").exists


def test_a_request_without_a_base_is_not_sent_on_to_another_store(own_store, tmp_path, monkeypatch):
    """Its answer was lost, and when it is sent again the directory holds the restored store."""
    own_store.create("plan", 1)
    own_store.backup(tmp_path / "backup")
    from mortmain._transport import Broken, Connection

    exchange = Connection.exchange
    sent: list[bytes] = []

    def lose_the_answer(self: Connection, frame: bytes, *more: Any) -> Any:
        reply = exchange(self, frame, *more)
        if b"append" in frame and not sent:
            sent.append(frame)
            own_store.stop()
            os.rename(own_store.directory, tmp_path / "aside")
            mortmain.restore(tmp_path / "backup", own_store.directory)
            self.close()
            raise Broken(sent=True)
        return reply

    monkeypatch.setattr(Connection, "exchange", lose_the_answer)
    with pytest.raises((mortmain.StoreChanged, CommitUnconfirmed)):
        own_store.append("log", 1)
    assert sent
    assert not own_store.read("log").exists


def test_the_gateway_is_killed_in_a_backup_and_the_caller_gets_a_whole_one(own_store, tmp_path, kill_gateway, restored):
    fill(own_store, 24)
    target = tmp_path / "backup"
    killed = threading.Event()

    def kill() -> None:
        while not (target / "BACKUP.partial").exists():
            time.sleep(0.0005)
        kill_gateway(own_store)
        killed.set()

    thread = threading.Thread(target=kill)
    thread.start()
    report = own_store.backup(target)
    thread.join()
    assert killed.is_set()
    assert report.records >= 24
    assert not (target / "BACKUP.partial").exists()
    store = restored(target, tmp_path / "again")
    for number in (0, 23):
        assert store.read(f"bulk/{number}").value == own_store.read(f"bulk/{number}").value


def test_half_a_backup_is_refused_and_nothing_is_written(own_store, tmp_path, kill_gateway):
    fill(own_store, 24)
    target = tmp_path / "backup"

    def lose_it() -> None:
        with pytest.raises(mortmain.MortmainError):
            own_store.backup(target, timeout=0.5)

    thread = threading.Thread(target=lose_it)
    own_store._link.start = False  # nobody takes the backup up again
    thread.start()
    while not (target / "BACKUP.partial").exists():
        time.sleep(0.0005)
    kill_gateway(own_store)
    thread.join()
    with pytest.raises(mortmain.InvalidRequest, match="not finished"):
        mortmain.restore(target, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(mortmain.GatewayUnavailable, match="restore"):
        mortmain.open(target)


@pytest.mark.slow
def test_a_restore_that_was_killed_is_no_store_and_can_be_repeated(own_store, tmp_path):
    fill(own_store, 16)
    own_store.create("plan", {"n": 1})
    old = own_store.info()["store_id"]
    own_store.backup(tmp_path / "backup")
    chance = random.Random(7)
    unfinished = 0
    for attempt in range(8):
        target = tmp_path / f"again-{attempt}"
        line = java_command(find_java(), str(target), "restore", ["--from", str(tmp_path / "backup")])
        with subprocess.Popen(line, stdout=subprocess.DEVNULL, cwd=tmp_path, env=scrubbed_environment()) as process:
            while process.poll() is None and not (target / "MANIFEST.restoring").exists():
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.1)
            process.send_signal(signal.SIGKILL)
        if not (target / "MANIFEST").exists():
            unfinished += 1
            with pytest.raises(mortmain.GatewayUnavailable, match="not finished"):
                mortmain.open(target)
            mortmain.restore(tmp_path / "backup", target)
        with mortmain.open(target) as store:
            try:
                assert store.info()["store_id"] != old
                assert store.read("plan").value == {"n": 1}
                assert len(list(store.scan("bulk/", values=False))) == 16
            finally:
                store.stop()
    assert unfinished >= 2


def test_a_damaged_backup_is_refused_and_nothing_is_written(own_store, tmp_path):
    own_store.create("plan", "x" * 10_000)
    own_store.backup(tmp_path / "backup")
    assert mortmain.restore(tmp_path / "backup", tmp_path / "whole").records > 0
    segment = tmp_path / "backup" / "journal" / "00000001.seg"
    good = segment.read_bytes()
    bad = bytearray(good)
    bad[5000] ^= 1
    segment.write_bytes(bad)
    with pytest.raises(mortmain.JournalCorrupt) as caught:
        mortmain.restore(tmp_path / "backup", tmp_path / "again")
    assert caught.value.file == "journal/00000001.seg"
    segment.write_bytes(good[:-4096])
    with pytest.raises(mortmain.JournalCorrupt):
        mortmain.restore(tmp_path / "backup", tmp_path / "again")
    segment.unlink()
    with pytest.raises(mortmain.JournalCorrupt):
        mortmain.restore(tmp_path / "backup", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_directories_that_will_not_do_are_refused_and_kept(own_store, tmp_path):
    own_store.create("plan", 1)
    own_store.backup(tmp_path / "backup")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    for wrong in (tmp_path / "used", tmp_path / "backup", own_store.directory, Path(own_store.directory) / "backup"):
        with pytest.raises(mortmain.InvalidRequest):
            own_store.backup(wrong)
    for wrong in (tmp_path / "used", own_store.directory, tmp_path / "backup", tmp_path / "backup" / "again"):
        with pytest.raises((mortmain.InvalidRequest, mortmain.GatewayUnavailable)):
            mortmain.restore(tmp_path / "backup", wrong)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["notes.txt"]
    for wrong in (tmp_path / "missing", tmp_path / "used", own_store.directory):
        with pytest.raises(mortmain.InvalidRequest):
            mortmain.restore(wrong, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "backup" / "again").exists()
    assert own_store.read("plan").value == 1


def test_a_backup_is_relative_to_the_caller_and_works_from_coroutines(own_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_store.create("plan", 1)
    report = asyncio.run(own_store.aio.backup("backup"))
    assert report.directory == str(tmp_path / "backup")
    assert "backup" in own_store.info()["capabilities"]


def test_a_restored_store_has_no_mounts_and_writes_no_file(own_store, tmp_path, restored):
    files = tmp_path / "files"
    files.mkdir()
    own_store.mount("plans/", files)
    own_store.create("plans/plan", "old")
    own_store.backup(tmp_path / "backup")
    own_store.commit("plans/plan", "newer", base=own_store.read("plans/plan"))
    store = restored(tmp_path / "backup", tmp_path / "again")
    assert (files / "plan").read_text() == "newer"
    assert not store.info()["mounts"]
    store.commit("plans/plan", "of the copy", base=store.read("plans/plan"))
    assert (files / "plan").read_text() == "newer"


def test_a_verification_says_how_far_it_is_and_ends_whole(own_store):
    for number in range(50):
        own_store.create(f"k{number}", "x" * 5_000)
    heard = []
    report = own_store.verify(progress=lambda read, of: heard.append((read, of)))
    assert report.ok
    assert report.records >= 50
    assert heard[-1][0] == heard[-1][1] > 0
    assert [read for read, _ in heard] == sorted(read for read, _ in heard)
