"""Functions that run inside the gateway."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import re
import signal
import threading
import time
from pathlib import Path

import pytest

import mortmain

M = "mortmain_test_reducers"


@pytest.fixture
def at(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^a-z0-9_]", "-", request.node.name.lower()) + "/"


def _add(directory: str, key: str, count: int) -> None:
    with mortmain.open(directory, start=False) as store:
        for _ in range(count):
            store.reduce(key, f"{M}:add", 1)


def test_writers_of_one_key_lose_nothing_and_see_no_conflict(reducing, at):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add, args=(reducing.directory, f"{at}n", 50)) for _ in range(4)]
    for process in processes:
        process.start()
    for _ in range(50):
        reducing.update(f"{at}n", lambda value: value + 1, default=0)
        reducing.increment(f"{at}n", 1)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert reducing.read(f"{at}n").value == 300
    assert {event.version for event in reducing.history(f"{at}n", limit=None)} == set(range(1, 301))


@pytest.mark.parametrize("value", [{"a": [1, "ü"]}, "text ü", b"\x00\xff\x80", [1.5, None], 2**80])
def test_every_type_of_value_makes_the_round_trip(reducing, at, value):
    key = mortmain.key(at.strip("/"), "k")
    before = reducing.create(key, value)
    after = reducing.reduce(key, f"{M}:back", None)
    assert after.version == before.version, "what changes nothing makes no version"
    assert reducing.read(key).value == value


def test_a_function_that_raises_changes_nothing_and_says_where(reducing, at):
    reducing.create(f"{at}k", 1)
    with pytest.raises(mortmain.ReducerFailed) as caught:
        reducing.reduce(f"{at}k", f"{M}:fail", "such thing")
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.function == f"{M}:fail"
    assert error.retry == "never"
    assert 'raise KeyError(f"no {argument}")' in error.traceback
    assert error.traceback.endswith("KeyError: 'no such thing'\n")
    assert reducing.read(f"{at}k").version == 1


@pytest.mark.parametrize("function", ["forget", "stamp", "unlisted", "missing", "__all__"])
def test_what_is_no_value_or_no_public_function_is_refused(reducing, at, function):
    with pytest.raises(mortmain.ReducerFailed):
        reducing.reduce(f"{at}k", f"{M}:{function}", 1)
    assert not reducing.read(f"{at}k").exists


def test_only_named_modules_run(reducing, at):
    with pytest.raises(mortmain.InvalidRequest):
        reducing.reduce(f"{at}k", "os:system", "true")
    with pytest.raises(mortmain.InvalidRequest):
        reducing.reduce(f"{at}k", "no function", 1)


@pytest.mark.parametrize(("function", "argument"), [("sleep", 4), ("spin", 0)])
def test_one_that_takes_too_long_is_given_up_and_blocks_nobody(reducing, at, function, argument):
    failed: list[mortmain.MortmainError] = []

    def slow() -> None:
        try:
            reducing.reduce(f"{at}slow", f"{M}:{function}", argument)
        except mortmain.MortmainError as error:
            failed.append(error)

    thread = threading.Thread(target=slow)
    thread.start()
    commits = 0
    while thread.is_alive():
        reducing.increment(f"{at}other", 1)
        reducing.reduce(f"{at}quick", f"{M}:add", 1)
        commits += 1
    thread.join()
    assert isinstance(failed[0], mortmain.ReducerFailed)
    assert "time limit" in str(failed[0])
    assert "mortmain_test_reducers.py" in failed[0].traceback
    assert commits > 5, "others went on for the whole second"
    assert reducing.read(f"{at}quick").value == commits
    assert not reducing.read(f"{at}slow").exists


def test_functions_that_let_nobody_else_run_do_not_use_up_the_threads(reducing, at):
    for _ in range(5):
        with pytest.raises(mortmain.ReducerFailed):
            reducing.reduce(f"{at}k", f"{M}:hold", 1.4)
    time.sleep(1.4)  # the last one still holds all others up
    assert reducing.reduce(f"{at}k", f"{M}:add", 1).version == 1


def test_a_name_cannot_smuggle_a_value_in(reducing, at):
    with pytest.raises(mortmain.InvalidRequest):
        reducing.reduce(f"{at}k", f"{M}:add\0json\x001\0", 1)


def test_the_same_id_runs_once(reducing, at):
    first = reducing.reduce(f"{at}k", f"{M}:append", "x", request_id=f"{at}1")
    again = reducing.reduce(f"{at}k", f"{M}:append", "x", request_id=f"{at}1")
    assert again.replayed
    assert again.version == first.version
    with pytest.raises(mortmain.RequestIdReused):
        reducing.reduce(f"{at}k", f"{M}:append", "y", request_id=f"{at}1")
    assert isinstance(reducing.resolve(f"{at}1"), mortmain.Committed)
    assert reducing.read(f"{at}k").value == ["x"]


def test_it_waits_for_a_claim_then_says_who_holds_it(reducing, at):
    with reducing.as_agent("holder").claim(f"{at}k"):
        with pytest.raises(mortmain.ClaimHeld) as caught:
            reducing.reduce(f"{at}k", f"{M}:add", 1, timeout=0.2)
        assert caught.value.holder == "holder"
        waiting = threading.Thread(target=reducing.reduce, args=(f"{at}k", f"{M}:add", 1))
        waiting.start()
    waiting.join()
    assert reducing.read(f"{at}k").value == 1


def test_what_was_computed_is_journaled_not_how(reducing, at):
    reducing.reduce(f"{at}k", f"{M}:add", 5, meta={"run": "7"})
    (event,) = reducing.history(f"{at}k", values=True)
    assert (event.kind, event.value, event.writer, event.meta) == ("delta", 5, "reducer", {"run": "7"})
    reducing.stop()
    named = Path(reducing.directory, "reducers")
    text = named.read_text()
    named.write_text("")  # the next gateway could not compute it again
    try:
        assert reducing.read(f"{at}k").value == 5
        with pytest.raises(mortmain.Unsupported):
            reducing.reduce(f"{at}k", f"{M}:add", 1)
    finally:
        named.write_text(text)
        reducing.stop()


def _together(work, count: int) -> list[object]:
    """What so many threads made of it, all of them on one key: results and errors."""
    made: list[object] = []

    def run(number: int) -> None:
        try:
            made.append(work(number))
        except mortmain.MortmainError as error:
            made.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made


def test_one_that_fails_among_others_fails_alone(reducing, at):
    def work(number: int) -> object:
        for _ in range(30):
            reducing.reduce(f"{at}k", f"{M}:append", number)
        if number % 2:
            return reducing.reduce(f"{at}k", f"{M}:spoil", "such thing")
        return reducing.reduce(f"{at}k", f"{M}:append", number)

    made = _together(work, 8)
    failed = [error for error in made if isinstance(error, mortmain.ReducerFailed)]
    assert len(failed) == 4
    assert all(error.traceback.endswith("KeyError: 'no such thing'\n") for error in failed)
    value = reducing.read(f"{at}k").value
    assert [value.count(number) for number in range(8)] == [31, 30] * 4
    assert [len(event.value) for event in reducing.history(f"{at}k", limit=None, values=True)] == [*range(244, 0, -1)]


def test_a_slow_one_among_others_is_given_up_and_the_rest_goes_on(reducing, at):
    def work(number: int) -> object:
        for _ in range(10):
            reducing.reduce(f"{at}k", f"{M}:sleep", 0)
        return reducing.reduce(f"{at}k", f"{M}:sleep", 4 if number == 0 else 0)

    made = _together(work, 6)
    (failed,) = (error for error in made if isinstance(error, mortmain.MortmainError))
    assert isinstance(failed, mortmain.ReducerFailed)
    assert "time limit" in str(failed)
    assert reducing.read(f"{at}k").value == 65


def test_a_gateway_that_dies_among_them_keeps_what_was_acknowledged_once(reducing, at):
    def work(number: int) -> object:
        for _ in range(40):
            reducing.reduce(f"{at}k", f"{M}:append", number)
        return number

    before = reducing.info()["pid"]

    def kill_soon() -> None:
        while len(reducing.read(f"{at}k").value or ()) < 60:
            time.sleep(0.001)
        os.kill(before, signal.SIGKILL)

    killer = threading.Thread(target=kill_soon)
    killer.start()
    assert sorted(_together(work, 6)) == [*range(6)]
    killer.join()
    assert reducing.info()["pid"] != before
    value = reducing.read(f"{at}k").value
    assert [value.count(number) for number in range(6)] == [40] * 6


def test_the_asynchronous_twin(reducing, at):
    async def work() -> None:
        await asyncio.gather(*(reducing.aio.reduce(f"{at}k", f"{M}:add", 1) for _ in range(20)))

    asyncio.run(work())
    assert reducing.read(f"{at}k").value == 20


def test_a_file_that_others_can_write_names_nothing(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "reducers").write_text(M)
    os.chmod(state / "reducers", 0o622)
    with pytest.raises(mortmain.GatewayUnavailable) as caught:
        mortmain.open(state)
    assert caught.value.reason == "insecure-directory"


def test_a_gateway_that_is_interrupted_still_ends_well(tmp_path):
    import subprocess
    import sys

    place = tmp_path / "state"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "modules")}
    options = ["--dir", str(place), "serve", "--reducers", M, "--reducer-limit", "2"]
    command = [sys.executable, "-m", "mortmain._cli.main", *options]
    # Whoever runs the tests in the background of a shell ignores this signal, and so would its children.
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as gateway:
        try:
            end = time.monotonic() + 60
            while not (place / "run" / "gateway.json").exists():
                assert time.monotonic() < end
                time.sleep(0.01)
            with mortmain.open(place, start=False) as store:
                assert store.reduce("k", f"{M}:add", 2).version == 1
            gateway.send_signal(signal.SIGINT)
            gateway.wait(20)
        finally:
            if gateway.poll() is None:
                gateway.kill()
    assert gateway.returncode == 0
