"""The gateway is killed again and again while four processes write: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from mortmain.testing import temporary_store  # noqa: E402

from stage import Process, say  # noqa: E402

WRITERS = ("writer-1", "writer-2", "writer-3", "writer-4")
ITEMS = 400
KILLS = 3


def main() -> None:
    with temporary_store(agent="director", timeout=60.0) as store, ExitStack() as stack:
        order = (HERE / "writer.py", store.directory, str(ITEMS))
        writers = [stack.enter_context(Process(name, *order, quiet=name != WRITERS[0])) for name in WRITERS]
        say(f"{len(writers)} processes append {ITEMS} items each to one list")
        for kill in range(1, KILLS + 1):
            writers[0].until_it_says(f"{100 * kill} acknowledged")
            os.kill(store.info()["pid"], signal.SIGKILL)
            say(f"kill -9 of the gateway, number {kill}, while they write")
        for writer in writers:
            writer.until_it_ends()
        report(store.read("log").value)


def report(items: list[str]) -> None:
    acknowledged = {f"{name}/{number}" for name in WRITERS for number in range(1, ITEMS + 1)}
    there = Counter(items)
    lost, twice = acknowledged - set(there), [item for item, times in there.items() if times > 1]
    say(f"acknowledged: {len(acknowledged)}, there: {len(items)}, lost: {len(lost)}, twice: {len(twice)}")
    numbers = [[int(one.split("/")[1]) for one in items if one.startswith(name)] for name in WRITERS]
    in_order = all(mine == sorted(mine) for mine in numbers)
    say(f"the items of each writer are in its order: {'yes' if in_order else 'NO'}")


if __name__ == "__main__":
    main()
