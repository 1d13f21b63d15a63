"""The life cycle with the real JVM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mortmain
from mortmain._gateway import GatewayInfo, ensure_gateway, find_gateway
from mortmain._gateway.archive import archive_path, train_after
from mortmain._gateway.java import find_java
from mortmain._gateway.process import jar_path, spawn_gateway

from .simulation import end_children

SOON = 20.0


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def kill(info: GatewayInfo | None) -> None:
    """Ends a gateway for good, whoever its parent is."""
    if info is None or info.pid is None:
        return
    try:
        os.kill(info.pid, signal.SIGKILL)
        os.waitpid(info.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "state"
    yield directory
    end_children()
    kill(find_gateway(directory) if not (directory / "run").is_symlink() else None)


def client(program: str, *words: object, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def test_ten_processes_on_an_empty_directory_share_one_gateway(home: Path) -> None:
    program = """if True:
        import sys, mortmain
        store = mortmain.open(sys.argv[1], agent=sys.argv[2])
        store.increment("n", 1)
        print(store.info()["pid"])
    """
    clients = [client(program, home, f"agent {i}") for i in range(10)]
    pids = {each.communicate(timeout=120)[0] for each in clients}
    assert [each.returncode for each in clients] == [0] * 10
    assert len(pids) == 1
    with mortmain.open(home) as store:
        assert store.read("n").value == 10


def test_the_others_carry_on_when_the_first_client_is_killed(home: Path) -> None:
    program = """if True:
        import sys, mortmain
        store = mortmain.open(sys.argv[1])
        print(store.info()["pid"], flush=True)
        sys.stdin.read()
    """
    first = client(program, home)
    assert first.stdout is not None
    pid = int(first.stdout.readline())
    with mortmain.open(home) as store:
        os.killpg(os.getpgid(first.pid), 0)
        first.kill()
        first.communicate()
        store.create("k", 1)
        assert store.info()["pid"] == pid


def test_a_gateway_that_was_killed_is_replaced_and_nothing_is_lost(home: Path) -> None:
    with mortmain.open(home) as store:
        store.create("k", "kept")
        kill(find_gateway(home))
        assert store.read("k").value == "kept"


def test_a_wrong_word_on_tcp_is_said_and_the_gateway_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORTMAIN_TRANSPORT", "tcp")
    info = ensure_gateway(home)
    assert info.transport == "tcp"
    path = home / "run" / "gateway.json"
    right = path.read_text()
    told = json.loads(right)
    told["token"] = "0" * 64
    path.write_text(json.dumps(told))
    with pytest.raises(mortmain.GatewayUnavailable) as caught:
        ensure_gateway(home, timeout=2.0)
    assert caught.value.reason == "bad-token"
    path.write_text(right)
    assert ensure_gateway(home, start=False).instance == info.instance


def test_the_jvm_does_not_keep_the_agents_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "secret")
    info = ensure_gateway(home)
    environment = Path(f"/proc/{info.pid}/environ").read_bytes()
    assert b"SECRET_API_KEY" not in environment
    assert b"PATH=" in environment
    token = info.token.encode()
    assert token not in environment
    assert token not in Path(f"/proc/{info.pid}/cmdline").read_bytes()


def test_it_leaves_when_nobody_is_connected(home: Path) -> None:
    home.mkdir()
    (home / "run").mkdir(mode=0o700)
    process, _ = spawn_gateway(find_java(), str(home), ["--idle", "1"])
    until(lambda: find_gateway(home), "it never served")
    assert process.wait(SOON) == 0
    assert find_gateway(home) is None


def test_a_path_that_is_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 20) / ("path" * 20)
    try:
        with mortmain.open(directory) as store:
            store.create("k", 1)
            assert store.info()["transport"] == "unix"
    finally:
        end_children()


def test_nothing_but_a_path_in_the_environment(home: Path) -> None:
    program = "import sys, mortmain; mortmain.open(sys.argv[1]).create('k', 1)"
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", program, home], env=environment, timeout=60, check=False)
    assert done.returncode == 0
    assert ensure_gateway(home, start=False).pid


def test_a_stopped_gateway_is_stalled_and_goes_on_when_it_is_let(home: Path) -> None:
    info = ensure_gateway(home)
    assert info.pid is not None
    os.kill(info.pid, signal.SIGSTOP)
    try:
        with pytest.raises(mortmain.GatewayUnavailable) as caught:
            ensure_gateway(home, timeout=1.0)
        assert caught.value.reason == "stalled"
    finally:
        os.kill(info.pid, signal.SIGCONT)
    assert ensure_gateway(home).instance == info.instance


def test_damage_is_raised_by_open_as_journal_corrupt(home: Path) -> None:
    with mortmain.open(home) as store:
        for i in range(50):
            store.create(f"k/{i}", "x" * 3000)
        store.stop()
    segment = home / "journal" / "00000001.seg"
    content = bytearray(segment.read_bytes())
    content[20_000] ^= 0xFF
    segment.write_bytes(content)
    with pytest.raises(mortmain.JournalCorrupt) as caught:
        mortmain.open(home)
    assert caught.value.file == "journal/00000001.seg"
    assert caught.value.offset is not None


def test_an_option_that_java_does_not_know_is_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORTMAIN_JAVA_OPTS", "-XX:+NoSuchOption")
    with pytest.raises(mortmain.GatewayUnavailable, match="NoSuchOption") as caught:
        ensure_gateway(home)
    assert caught.value.reason == "start-failed"


def test_the_operators_collector_takes_the_place_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORTMAIN_JAVA_OPTS", "-XX:+UseParallelGC")
    info = ensure_gateway(home)
    assert b"UseSerialGC" not in Path(f"/proc/{info.pid}/cmdline").read_bytes()


def test_the_training_run_makes_an_archive_that_the_next_start_uses(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORTMAIN_CACHE", str(tmp_path / "cache"))
    run = home / "run"
    archive = archive_path(find_java(), jar_path(), str(run))
    assert archive is not None
    trainer = train_after(find_java(), jar_path(), str(run))
    assert trainer is not None
    assert trainer.wait(120) == 0
    assert archive.is_file(), [path.name for path in archive.parent.iterdir()]
    info = ensure_gateway(home)
    assert os.fsencode(archive) in Path(f"/proc/{info.pid}/cmdline").read_bytes()
    assert "warning" not in (run / "gateway.log").read_text().lower()


def test_a_start_leaves_no_thread_and_no_descriptor_behind(home: Path) -> None:
    import threading

    ensure_gateway(home)
    threads = threading.active_count()
    before = sorted(os.listdir("/proc/self/fd"))
    kill(find_gateway(home))
    ensure_gateway(home)
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads
