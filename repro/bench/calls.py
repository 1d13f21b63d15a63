"""One process: a commit, a read, a long list, a frame."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import mortmain

from machine import Disk, cpu_seconds
from measure import Latencies, interleaved, median, micros, timed
from peers import Mortmain, Sqlite
from plan import Plan, Results, both_sides, close_sides, result_of
from targets import NONE


def commit(plan: Plan) -> Results:
    """One process commits 512 B on the base of its last commit; SQLite compares and sets 512 B; bare fdatasync."""
    place = plan.fresh("commit")
    ours, theirs = both_sides(place, Mortmain, Sqlite)
    disk = Disk(place)
    calls = {"ours": lambda: ours.own("k"), "theirs": lambda: theirs.own("k"), "disk": disk.write}
    done = {"ours": plan.warm_up, "theirs": plan.warm_up // 4, "disk": 0}
    for name, times in done.items():
        timed(calls[name], times)
    found = interleaved(calls, plan.rounds * 2, plan.calls)
    lost = [
        f"{name} lost {done[name] + len(found[name]) - side.writes_of('k')}"
        for name, side in (("ours", ours), ("theirs", theirs))
        if side.writes_of("k") != done[name] + len(found[name])
    ]
    left, right, bare = (Latencies.of(found[name]) for name in calls)
    note = f"p99 ratio {left.p99 / right.p99:.2f}x; of its p50, " + _where_it_goes(ours, theirs, bare, plan.calls)
    close_sides(ours, theirs, disk)
    return {"commit": result_of(left.p50 / right.p50, left, right, lost, note)}


def mounted(plan: Plan) -> Results:
    """Commits of 512 B through one gateway: to a key that is a file too, and to one that is not. The file is looked at
    after each round of calls: it must show what was acknowledged.
    """
    place = plan.fresh("mounted")
    side = Mortmain(place)
    side.store.mount("files/", place / "files")
    calls = {"mounted": lambda: side.own("files/k"), "unmounted": lambda: side.own("k")}
    timed(calls["mounted"], plan.warm_up // 2)
    timed(calls["unmounted"], plan.warm_up // 2)
    lost = []
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(plan.rounds * 2):
        for name, seconds in interleaved(calls, 1, plan.calls).items():
            found[name] += seconds
        if (place / "files" / "k").read_bytes() != side.store.read("files/k").value:
            lost.append("the file is not what was acknowledged")
    told = side.store.info()["mounts"][0]
    lost += [f"{told['behind']} files behind, {told['problem']}"] if told["behind"] or told["problem"] else []
    left, right = Latencies.of(found["mounted"]), Latencies.of(found["unmounted"])
    close_sides(side)
    return {"mounted": result_of(right.p50 / left.p50, left, right, lost, "throughput of one process, by its p50")}


def _where_it_goes(ours: Mortmain, theirs: Sqlite, bare: Latencies, calls: int) -> str:
    """The parts of one commit alone, each measured by itself."""
    ping = _ping(ours.store, b"")
    timed(ping, calls)
    empty = Latencies.of(timed(ping, calls))
    gateway = ours.store.info()["pid"]
    before = cpu_seconds(gateway)
    client = _cpu_of(lambda: ours.own("k"), calls)
    own, kernel = (after - then for after, then in zip(cpu_seconds(gateway), before, strict=True))
    parts = (
        ("fdatasync in the same rounds", bare.p50),
        ("an empty frame call", empty.p50),
        ("CPU of the client", client),
        ("CPU of the gateway", 1e6 * own / calls),
        ("and of the kernel for the gateway", 1e6 * kernel / calls),
        ("CPU of SQLite", _cpu_of(lambda: theirs.own("k"), calls)),
    )
    return ", ".join(f"{what} {micros(value)}" for what, value in parts)


def _cpu_of(call: Callable[[], object], times: int) -> float:
    """Microseconds of this process, the kernel's for it included, per call."""
    began = time.process_time()
    timed(call, times)
    return 1e6 * (time.process_time() - began) / times


def read(plan: Plan) -> Results:
    """One process reads a value of 4 KB that nobody writes."""
    ours, theirs = both_sides(plan.fresh("read"), Mortmain, Sqlite)
    value = os.urandom(4096)
    for side in (ours, theirs):
        side.put("k", value)
    timed(lambda: ours.read("k"), plan.warm_up * 2)
    found = interleaved(
        {"ours": lambda: ours.read("k"), "theirs": lambda: theirs.read("k")}, plan.rounds * 2, plan.calls * 4
    )
    lost = [] if ours.read("k") == theirs.read("k") == value else ["another value was read"]
    left, right = Latencies.of(found["ours"]), Latencies.of(found["theirs"])
    close_sides(ours, theirs)
    return {"read": result_of(left.p50, left, right, lost)}


def appended_list(plan: Plan) -> Results:
    """Lists of 10,000 items of 20 B and of 100 B, each item in a commit of its own.

    Cold: the gateway is started again and warmed up on most of the lists, and the others are read for the first time;
    the disk's pages are in the kernel's cache.
    """
    place, length, lists = plan.fresh("list"), 10_000, range(plan.lists)
    measured = lists[2::3]
    sizes = {"short": lambda n: f"message {n:08d}", "long": lambda n: {"number": n, "text": "x" * 78}}
    with mortmain.open(place / "state", agent="bench") as store:
        for number in range(length):
            with store.transaction() as txn:
                for name, item in sizes.items():
                    for which in lists:
                        txn.append(f"{name}/{which}", item(number))
        store.stop()
    told, lost = {}, []
    with mortmain.open(place / "state", agent="bench") as store:
        for name, item in sizes.items():
            expected = [item(number) for number in range(length)]
            for _ in range(8 * plan.rounds):
                for which in set(lists) - set(measured):
                    store.read(f"{name}/{which}")
            cold = []
            for which in measured:
                began = time.perf_counter()
                value = store.read(f"{name}/{which}").value
                cold.append(time.perf_counter() - began)
                if value != expected:
                    lost.append(f"{name} list {which} came back with {len(value)} items")
            again = median(timed(lambda key=f"{name}/2": store.read(key), 20))
            text = json.dumps(expected)
            decode = median(timed(lambda text=text: json.loads(text), 20))
            told[name] = (median(cold), again, decode)
        store.stop()
    said = [
        f"{name} items ({size} B): cold {micros(1e6 * told[name][0])}, again {micros(1e6 * told[name][1])}, "
        f"of which Python decodes JSON for {micros(1e6 * told[name][2])}"
        for name, size in (("short", 20), ("long", 100))
    ]
    cold = told["short"][0]
    return {"list": result_of(cold * 1e3, micros(cold * 1e6), NONE, lost, "; ".join(said))}


def frames(plan: Plan) -> Results:
    """A PING that carries a payload there and back: our frames, and stock py4j's call(bytes) on the entry point."""
    place = plan.fresh("frames")
    results: Results = {}
    with mortmain.open(place / "state", agent="bench") as store:
        gateway = mortmain.py4j_gateway(place / "state")
        for row, size in (("frame_200", 200), ("frame_4k", 4096), ("frame_64k", 65536), ("frame_1m", 1 << 20)):
            payload = os.urandom(size)
            ours, theirs = _ping(store, payload), _stock_ping(gateway, payload)
            calls = max(5, min(plan.calls, 40 * (1 << 20) // (size * 40 + 4096)))
            timed(ours, calls), timed(theirs, calls)
            found = interleaved({"ours": ours, "theirs": theirs}, plan.rounds, calls)
            lost = [] if bytes(ours()) == theirs()[-size:] == payload else ["other bytes came back"]
            left, right = Latencies.of(found["ours"]), Latencies.of(found["theirs"])
            results[row] = result_of(right.p50 / left.p50, left, right, lost)
        gateway.close()
        store.stop()
    return results


def _ping(store: mortmain.Store, payload: bytes) -> Callable[[], bytes]:
    from mortmain._effects import drive
    from mortmain._frames import PING, Request

    def call() -> bytes:
        reply, _ = drive(store._link.call(Request(PING, b"{}", payload), None))
        return reply.payload

    return call


def _stock_ping(gateway: Any, payload: bytes) -> Callable[[], bytes]:
    from mortmain._frames import PING, Request

    frame = Request(PING, b"{}", payload).bytes(0, "", 0)[4:]
    return lambda: gateway.entry_point.call(frame)
