"""The keys of a run, and how often a client does what."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

REGISTERS = tuple(f"reg/{number}" for number in range(6))
ACCOUNTS = tuple(f"acct/{number}" for number in range(5))
SUMS = ("sum/0", "sum/1")
LOGS = 3
MANY = 3000
# What each account holds at first.
HOLDS = 100
# A list is left for another one after this time, so that none grows for the whole of a long run. Seconds.
_LIST_AGE = 20


@dataclass(frozen=True)
class Profile:
    """weights: method of the client -> how often. sizes: bytes of padding, one is drawn. hot: how many registers."""

    weights: dict[str, int]
    sizes: tuple[int, ...] = (0, 0, 0, 0, 0, 10, 100, 3000, 20_000)
    hot: int = 4


_MIXED = {
    "read": 18,
    "read_cut": 8,
    "scan": 2,
    "commit_on_base": 18,
    "update": 14,
    "update_one_of_many": 5,
    "append": 12,
    "increment": 6,
    "claim": 5,
    "transfer": 12,
    "delete": 2,
    "reclaim": 1,
}

PROFILES = {
    "mixed": Profile(_MIXED),
    # Every client updates one key: rounds wait for their turn.
    "hot": Profile({"update": 60, "increment": 20, "append": 10, "read": 10, "reclaim": 1}, hot=1),
    # Above 16 KiB and above 1 MiB.
    "large": Profile(_MIXED, sizes=(0, 100, 17_000, 70_000, 300_000, 1_100_000, 3_000_000), hot=6),
    "many": Profile({**_MIXED, "update_one_of_many": 200}),
}


def log_key(chance: random.Random) -> str:
    return f"log/{int(time.monotonic()) // _LIST_AGE}-{chance.randrange(LOGS)}"
