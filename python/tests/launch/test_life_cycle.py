"""Who is started when, against a Java that obeys or breaks the contract in one chosen way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mortmain._errors import GatewayUnavailable, InvalidRequest, JournalCorrupt, ProtocolMismatch
from mortmain._gateway import ensure_gateway, find_gateway

from .simulation import SimulatedJava


def test_the_second_client_attaches_to_the_first_ones_gateway(java: SimulatedJava, state: Path) -> None:
    first = ensure_gateway(state)
    second = ensure_gateway(state)
    assert first.instance == second.instance
    assert len(java.starts) == 1


def test_ten_processes_at_once_start_one_gateway(java: SimulatedJava, state: Path) -> None:
    java.behave("slow")
    program = "import sys; from mortmain._gateway import ensure_gateway; print(ensure_gateway(sys.argv[1]).instance)"
    clients = [subprocess.Popen([sys.executable, "-c", program, str(state)], stdout=subprocess.PIPE) for _ in range(10)]
    instances = {client.communicate(timeout=60)[0] for client in clients}
    assert len(instances) == 1
    assert b"" not in instances
    assert len(java.starts) == 1


def test_threads_of_one_process_start_one_gateway(java: SimulatedJava, state: Path) -> None:
    # fcntl locks do not exclude threads of one process.
    from concurrent.futures import ThreadPoolExecutor

    java.behave("slow")
    with ThreadPoolExecutor(8) as pool:
        instances = {info.instance for info in pool.map(lambda _: ensure_gateway(state), range(8))}
    assert len(instances) == 1
    assert len(java.starts) == 1


def test_a_stale_gateway_json_is_replaced(java: SimulatedJava, state: Path) -> None:
    dead = ensure_gateway(state)
    java.end_all()
    alive = ensure_gateway(state)
    assert alive.instance != dead.instance
    assert len(java.starts) == 2


def test_a_dead_child_that_nobody_waited_for_is_not_alive(java: SimulatedJava, state: Path) -> None:
    dead = ensure_gateway(state)
    assert dead.pid is not None
    os.kill(dead.pid, signal.SIGKILL)
    # The kernel has ended it, but this process, its parent, has not waited: its pid still exists.
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    os.kill(dead.pid, 0)
    alive = ensure_gateway(state)
    assert alive.instance != dead.instance


def test_a_reused_pid_is_not_alive(java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    java.end_all()
    told = json.loads((state / "run/gateway.json").read_text())
    told["pid"] = os.getpid()
    (state / "run/gateway.json").write_text(json.dumps(told))
    assert ensure_gateway(state).pid != os.getpid()
    assert len(java.starts) == 2


def test_another_instance_behind_the_socket_is_not_believed(java: SimulatedJava, state: Path) -> None:
    alive = ensure_gateway(state)
    told = json.loads((state / "run/gateway.json").read_text())
    told["instance"] = "00" * 16
    (state / "run/gateway.json").write_text(json.dumps(told))
    # The live one still holds LOCK, so none can be started beside it.
    with pytest.raises(GatewayUnavailable) as caught:
        ensure_gateway(state, timeout=1.0)
    assert caught.value.reason == "locked"
    assert alive.pid is not None
    os.kill(alive.pid, 0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"instance": 5}', '{"instance": "a", "transport": "unix"}'])
def test_a_gateway_json_that_says_nothing_is_as_good_as_none(java: SimulatedJava, state: Path, content: str) -> None:
    (state / "run").mkdir(parents=True, mode=0o700)
    (state / "run/gateway.json").write_text(content)
    assert find_gateway(state) is None
    assert ensure_gateway(state).version == "simulated"


def test_a_silent_gateway_is_stalled_and_none_is_started_beside_it(java: SimulatedJava, state: Path) -> None:
    java.behave("silent")
    with pytest.raises(GatewayUnavailable) as caught:
        ensure_gateway(state, timeout=1.0)
    assert caught.value.reason == "stalled"
    with pytest.raises(GatewayUnavailable) as caught:
        ensure_gateway(state, timeout=0.2)
    assert caught.value.reason == "stalled"
    assert len(java.starts) == 1


def test_no_common_protocol_is_said_with_both_ranges(java: SimulatedJava, state: Path) -> None:
    java.behave("newer protocol")
    with pytest.raises(ProtocolMismatch, match=r"7\.\.9"):
        ensure_gateway(state)
    with pytest.raises(ProtocolMismatch):
        ensure_gateway(state)
    assert len(java.starts) == 1


def test_a_start_that_throws_shows_the_end_of_its_log(java: SimulatedJava, state: Path) -> None:
    java.behave("throw")
    with pytest.raises(GatewayUnavailable, match="made of cheese") as caught:
        ensure_gateway(state)
    assert caught.value.reason == "start-failed"
    assert "exit code 1" in str(caught.value)


def test_a_damaged_journal_is_raised_as_what_it_is(java: SimulatedJava, state: Path) -> None:
    java.behave("corrupt")
    with pytest.raises(JournalCorrupt) as caught:
        ensure_gateway(state)
    assert (caught.value.file, caught.value.offset) == ("journal/00000001.seg", 4096)
    assert (caught.value.first_revision, caught.value.last_revision) == (7, 9)


def test_the_fourth_start_in_a_minute_of_a_poisoned_store_is_refused(java: SimulatedJava, state: Path) -> None:
    java.behave("poisoned")
    for _ in range(3):
        with pytest.raises(GatewayUnavailable, match="EIO"):
            ensure_gateway(state)
    with pytest.raises(GatewayUnavailable, match=r"3 starts .* not started again(.|\n)*EIO"):
        ensure_gateway(state)
    assert len(java.starts) == 3


def test_poisoned_starts_of_an_hour_ago_do_not_count(java: SimulatedJava, state: Path) -> None:
    java.behave("poisoned")
    for _ in range(3):
        with pytest.raises(GatewayUnavailable):
            ensure_gateway(state)
        an_hour_ago = time.time() - 3600
        os.utime(state / "run/failure.json", (an_hour_ago, an_hour_ago))
    java.behave("serve")
    assert ensure_gateway(state).version == "simulated"
    assert not (state / "run/failure.json").exists()


def test_an_operators_option_that_java_refuses_never_locks_the_store_up(java: SimulatedJava, state: Path) -> None:
    java.behave("throw")
    for _ in range(4):
        with pytest.raises(GatewayUnavailable, match="cheese"):
            ensure_gateway(state)
    java.behave("serve")
    assert ensure_gateway(state).version == "simulated"


def test_a_java_that_was_killed_while_it_started_is_started_again(java: SimulatedJava, state: Path) -> None:
    java.behave("killed once")
    assert ensure_gateway(state).version == "simulated"
    assert len(java.starts) == 2


def test_lock_held_by_one_who_never_serves_ends_at_the_deadline(java: SimulatedJava, state: Path) -> None:
    state.mkdir()
    with open(state / "LOCK", "w") as lock, open(state / "LOCK.info", "w") as info:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        info.write("pid 1 on elsewhere\n")
        info.flush()
        with pytest.raises(GatewayUnavailable, match="pid 1 on elsewhere") as caught:
            ensure_gateway(state, timeout=1.0)
    assert caught.value.reason == "locked"


def test_a_gateway_that_serve_started_meanwhile_is_found_after_exit_75(java: SimulatedJava, state: Path) -> None:
    # `mortmain serve` takes no start.lock: it holds LOCK first and publishes itself later.
    (state / "run").mkdir(parents=True, mode=0o700)
    java.behave("slow")
    served = subprocess.Popen([str(java.path), "gateway"], cwd=state)
    try:
        while not (state / "LOCK").exists() or not _is_locked(state / "LOCK"):
            time.sleep(0.005)
        info = ensure_gateway(state, timeout=20.0)
        assert info.pid == served.pid
    finally:
        served.kill()
        served.wait()


def test_a_starter_that_is_stopped_does_not_stop_the_others(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mortmain._gateway.lock.PATIENCE", 0.2)
    holds = (
        "import signal, sys\n"
        "from mortmain._gateway import lock\n"
        "from mortmain._gateway.wait import Deadline\n"
        "lock.PATIENCE = 0.2\n"
        "with lock.start_lock(sys.argv[1], Deadline(20.0), lambda: None):\n"
        "    print('held', flush=True)\n"
        "    signal.pause()\n"
    )
    run = state / "run"
    run.mkdir(parents=True, mode=0o700)
    stopped = []
    try:
        for _ in range(2):
            holder = subprocess.Popen([sys.executable, "-c", holds, str(run)], stdout=subprocess.PIPE)
            stopped.append(holder)
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            holder.send_signal(signal.SIGSTOP)
        assert ensure_gateway(state, timeout=20.0).version == "simulated"
        assert len(java.starts) == 1
    finally:
        for holder in stopped:
            holder.kill()
            holder.communicate()


def _is_locked(path: Path) -> bool:
    with open(path, "r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES)
        return False


def test_a_start_that_takes_too_long_says_so_with_its_log(java: SimulatedJava, state: Path) -> None:
    java.behave("hang")
    with pytest.raises(GatewayUnavailable, match="still replaying") as caught:
        ensure_gateway(state, timeout=1.0)
    assert caught.value.reason == "timeout"


def test_others_readable_run_directory_is_refused(java: SimulatedJava, state: Path) -> None:
    ensure_gateway(state)
    (state / "run").chmod(0o755)
    with pytest.raises(GatewayUnavailable, match="0755") as caught:
        ensure_gateway(state)
    assert caught.value.reason == "insecure-directory"


def test_a_link_in_place_of_run_is_refused(java: SimulatedJava, state: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    state.mkdir()
    (state / "run").symlink_to(elsewhere)
    with pytest.raises(GatewayUnavailable) as caught:
        ensure_gateway(state)
    assert caught.value.reason == "insecure-directory"
    assert java.starts == []


def test_never_start_by_argument_and_by_environment(
    java: SimulatedJava, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GatewayUnavailable, match="serve"):
        ensure_gateway(state, start=False)
    monkeypatch.setenv("MORTMAIN_START", "never")
    with pytest.raises(GatewayUnavailable, match="serve"):
        ensure_gateway(state)
    assert java.starts == []
    assert ensure_gateway(state, start=True).version == "simulated"


def test_create_false_makes_nothing(java: SimulatedJava, state: Path) -> None:
    with pytest.raises(InvalidRequest, match="no store"):
        ensure_gateway(state, create=False)
    assert not state.exists()


def test_a_file_in_place_of_the_directory(java: SimulatedJava, state: Path) -> None:
    state.write_text("not a directory")
    with pytest.raises(InvalidRequest, match="directory"):
        ensure_gateway(state)
    state.unlink()


def test_a_forked_child_can_start_a_gateway_while_a_thread_of_the_parent_was_starting_one(
    java: SimulatedJava, state: Path, tmp_path: Path
) -> None:
    # The child inherits the memory of a lock that a thread holds which does not exist in it.
    from mortmain._gateway import lock

    held = lock._threads.setdefault(str(state / "run"), lock.threading.Lock())
    held.acquire()
    try:
        pid = os.fork()
        if pid == 0:
            try:
                ensure_gateway(state, timeout=10.0)
                os._exit(0)
            except BaseException:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        held.release()
    # The child's gateway outlived it.
    assert ensure_gateway(state, start=False).version == "simulated"
