"""kill -9 of the gateway under load: nothing acknowledged is lost, nothing is applied twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mortmain
from mortmain.testing import temporary_store

CLIENTS = 4


def start_client(directory: str, name: str) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("killed_client.py")
    return subprocess.Popen(
        [sys.executable, str(program), directory, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def gateway_of(directory: str, other_than: int | None) -> int:
    """The pid of the gateway that serves now, once it is another one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            pid = json.loads(Path(directory, "run", "gateway.json").read_text())["pid"]
        except (FileNotFoundError, ValueError):
            pid = other_than
        if pid != other_than:
            return int(pid)
        time.sleep(0.005)
    raise AssertionError("no gateway came back")


def java_processes(directory: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if b"gateway" in line and directory.encode() in line and state != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_under_load_lose_nothing_and_apply_nothing_twice(rounds: int) -> None:
    with temporary_store() as store:
        directory = store.directory
        clients = [start_client(directory, f"client-{i}") for i in range(CLIENTS)]
        for client in clients:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
        chance = random.Random(7)
        killed: int | None = None
        for _ in range(rounds):
            killed = gateway_of(directory, killed)
            time.sleep(chance.random() * 0.4)
            os.kill(killed, signal.SIGKILL)
        gateway_of(directory, killed)
        reports = [json.loads(client.communicate("", timeout=120)[0]) for client in clients]
        assert [client.returncode for client in clients] == [0] * CLIENTS
        assert len(java_processes(directory)) == 1
        settle_and_compare(store, reports, rounds)


def settle_and_compare(store: mortmain.Store, reports: list[dict[str, object]], rounds: int) -> None:
    totals = {"update": 0, "append": 0, "own": 0, "increment": 0}
    for report in reports:
        for kind, count in report["acknowledged"].items():  # type: ignore[attr-defined]
            totals[kind] += count
        for kind, request_id in report["unconfirmed"]:  # type: ignore[attr-defined]
            totals[kind] += isinstance(store.resolve(request_id), mortmain.Committed)
    assert totals["update"] > rounds
    assert store.read("counter").value == totals["update"]
    assert store.read("sum").value == totals["increment"]
    items = store.read("list").value
    assert len(items) == len(set(items)) == totals["append"]
    versions = [store.read(f"own/{report['name']}").version for report in reports]
    assert sum(versions) == totals["own"]
    assert store.verify().ok
