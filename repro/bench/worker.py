"""One process of a crowd: does what a line of standard input says, answers with one line of JSON.

Arguments: side, place, its number. A line: {"work", "key", "start", and "end" or "times"}; start and end are moments
of time.monotonic(), which all processes of a machine share.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peers


def main() -> None:
    side = peers.SIDES[sys.argv[1]](Path(sys.argv[2]), agent=f"worker-{sys.argv[3]}")
    number = int(sys.argv[3])
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_obey(side, number, order)), flush=True)
    side.close()


def _obey(side: Any, number: int, order: dict[str, Any]) -> dict[str, Any]:
    call = _call(side, number, order)
    clock = time.monotonic
    time.sleep(max(0.0, order["start"] - clock()))
    end, times = order.get("end", float("inf")), order.get("times", sys.maxsize)
    waits: list[float] = []
    in_time = 0
    began = now = clock()
    while len(waits) < times and now < end:
        call()
        done = clock()
        waits.append(done - now)
        in_time += done <= end
        now = done
    return {"acknowledged": len(waits), "in_time": in_time, "began": began, "ended": now, "waits": waits}


def _call(side: Any, number: int, order: dict[str, Any]) -> Callable[[], None]:
    key = order["key"]
    if order["work"] == "own":
        return lambda: side.own(f"{key}/{number}")
    if order["work"] == "update":
        return lambda: side.update(key)
    numbers = iter(range(sys.maxsize))
    return lambda: side.append(key, peers.item(number, next(numbers)))


if __name__ == "__main__":
    main()
