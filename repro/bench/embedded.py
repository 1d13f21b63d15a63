"""What jep brings: a call without a socket, `reduce` against `update` on one hot key, commits beside a slow reducer.

    .venv/bin/python repro/bench/embedded.py [call | hot | slow] [SECONDS]

Needs the extra jep. Prints lines of `name value unit`; one store per part, in a directory of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mortmain
from mortmain._gateway.java import find_java
from mortmain._gateway.process import jar_path
from mortmain._gateway.reducers import jep_jar, what_is_missing
from mortmain.testing import stop_quietly

HERE = Path(__file__).resolve()
ROOM = HERE.parent / "embedded_functions"
WRITERS = 8
# Java compiles what is hot; nothing counts before (seconds).
WARM = 5.0


def tell(name: str, value: float, unit: str) -> None:
    print(f"{name:<52} {value:>10.1f} {unit}", flush=True)


@contextmanager
def reducing() -> Iterator[mortmain.Store]:
    with tempfile.TemporaryDirectory(prefix="mortmain-") as scratch:
        state = Path(scratch, "state")
        state.mkdir(mode=0o700)
        (state / "reducers").write_text("bench_functions\n")
        os.environ["PYTHONPATH"] = str(ROOM)
        with mortmain.open(state, agent="bench", start=True) as store:
            yield store
            stop_quietly(store)


# ---------------------------------------------------------------- one call


def call() -> None:
    """In a JVM, by a script of its own, and over the socket."""
    command = [find_java().path, "-XX:+UseSerialGC", "-cp", f"{jar_path()}:{jep_jar()}"]
    script = [sys.executable, str(HERE), "inside"]
    with tempfile.TemporaryDirectory(prefix="mortmain-") as scratch:
        place = [os.path.join(scratch, "state")]
        subprocess.run([*command, "mortmain.gateway.jep.JepPython", *script, *place], check=True)
        inside(place[0])


def inside(place: str) -> None:
    with mortmain.open(place, agent="bench") as store:
        where = store.info()["transport"]
        store.ensure("k", {"text": "x" * 180})
        for name, work in (
            ("read of 200 B", lambda: store.read("k")),
            ("commit of 200 B", lambda: store.update("k", lambda value: {**value})),
        ):
            for _ in range(2000):
                work()
            tell(f"{where}: {name}, median of 5000", 1e6 * median(work, 5000), "µs")
        frame = _ping(store)
        connection = store._link.pool.take() or store._link.connect(None, False)
        for _ in range(5000):
            connection.exchange(frame, None)
        ping = median(lambda: connection.exchange(frame, None), 10000)
        tell(f"{where}: PING, one frame there and back", 1e6 * ping, "µs")
        store._link.pool.give(connection)
        store.stop()


def _ping(store: mortmain.Store) -> bytes:
    from mortmain import _frames

    return _frames.Request(_frames.PING, b"{}", b"x" * 200).bytes(0, "", 0)


def median(work, count: int) -> float:
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return sorted(took)[count // 2]


# ---------------------------------------------------------------- one hot key


def hot(seconds: float) -> None:
    rates = {}
    for way in ("update", "reduce"):
        with reducing() as store:
            store.create("hot", {"n": 0, "by": {}})
            start = time.monotonic() + 1.5
            crowd = [
                subprocess.Popen(
                    [sys.executable, str(HERE), "writer", way, store.directory, str(start), str(seconds)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for _ in range(WRITERS)
            ]
            counts = [[int(word) for word in one.communicate()[0].split()] for one in crowd]
            done, kept = sum(every for every, _ in counts), store.read("hot").value["n"]
            if kept != done:
                raise SystemExit(f"{way}: {done} acknowledged, {kept} kept")
            rates[way] = sum(counted for _, counted in counts) / seconds
            tell(f"{way}, {WRITERS} processes on one key", rates[way], "commits/s")
    tell("reduce against update", rates["reduce"] / rates["update"], "x")


def writer(way: str, directory: str, start: float, seconds: float) -> None:
    sys.path.insert(0, str(ROOM))
    from bench_functions import count

    me = str(os.getpid())
    done = counted = 0
    with mortmain.open(directory, start=False, timeout=60.0) as store:
        store.read("hot")
        while time.monotonic() < start:
            time.sleep(0.001)
        while time.monotonic() < start + WARM + seconds:
            if way == "update":
                store.update("hot", lambda value: count(value, me))
            else:
                store.reduce("hot", "bench_functions:count", me)
            done += 1
            counted += start + WARM <= time.monotonic() < start + WARM + seconds
    print(done, counted)


# ---------------------------------------------------------------- beside a slow one


def slow(seconds: float) -> None:
    for name in ("nothing", "wait", "burn"):
        with reducing() as store:
            over = time.monotonic() + seconds
            busy = threading.Thread(target=_keep_busy, args=(store.directory, name, over))
            busy.start()
            took = []
            base = store.create("other", {"text": "x" * 180})
            while time.monotonic() < over:
                begun = time.perf_counter()
                base = store.commit("other", {"text": "x" * 180}, base=base)
                took.append(time.perf_counter() - begun)
            busy.join()
            took.sort()
            beside = "alone" if name == "nothing" else f"beside functions that {name}"
            tell(f"commits of another key, {beside}, p50", 1e6 * took[len(took) // 2], "µs")
            tell(f"commits of another key, {beside}, p99", 1e6 * took[int(len(took) * 0.99)], "µs")


def _keep_busy(directory: str, name: str, over: float) -> None:
    if name == "nothing":
        return
    # A process of its own, so that this one's interpreter is free.
    subprocess.run([sys.executable, str(HERE), "busy", directory, name, str(over)], check=True)


def busy(directory: str, name: str, over: float) -> None:
    with mortmain.open(directory, agent="slow", start=False) as store:
        while time.monotonic() < over:
            store.reduce("slow", f"bench_functions:{name}", min(0.5, max(0.01, over - time.monotonic())))


def main() -> None:
    part, rest = (sys.argv[1:2] or ["all"])[0], sys.argv[2:]
    if part == "inside":
        inside(rest[0])
    elif part == "writer":
        writer(rest[0], rest[1], float(rest[2]), float(rest[3]))
    elif part == "busy":
        busy(rest[0], rest[1], float(rest[2]))
    else:
        measure(part, float(rest[0]) if rest else 5.0)


def measure(part: str, seconds: float) -> None:
    missing = what_is_missing()
    if missing is not None:
        raise SystemExit(missing)
    if part in ("all", "call"):
        call()
    if part in ("all", "hot"):
        hot(seconds)
    if part in ("all", "slow"):
        slow(seconds)


if __name__ == "__main__":
    main()
