"""One client of the torture: random calls on a few hot keys until its time is over, all of them recorded.

Arguments: its name, the store, the folder of the history, when to end (time.monotonic), the seed, the profile. It may
be stopped, continued and killed at any time.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mortmain
from history import Recorder
from marks import make, mark
from workload import ACCOUNTS, MANY, PROFILES, REGISTERS, SUMS, log_key

_TIMEOUT = 60.0
_TTL = (0.3, 0.5, 1.0)


class Client:
    """For one thread. Every mutating call has a request id of its own choice."""

    def __init__(self, name: str, store: mortmain.Store, recorder: Recorder, chance: random.Random, profile: str):
        self.name = name
        self.store = store
        self.recorder = recorder
        self.chance = chance
        self.sizes = PROFILES[profile].sizes
        self.hot = PROFILES[profile].hot
        self.ids = 0
        self.old: dict[str, mortmain.Snapshot[Any]] = {}
        # When a base had been read, by key and revision; ns.
        self.read_ended: dict[tuple[str, int], int] = {}

    # ------------------------------------------------------------ recording

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.name}-{self.ids}"

    def call(self, kind: str, keys: list[str], work: Callable[[int], Any], **fields: Any) -> Any:
        """The result, or None where it raised what a client of the store has to reckon with."""
        number = self.recorder.begin(kind, keys, **fields)
        try:
            result = work(number)
        except mortmain.MortmainError as error:
            self.recorder.end(number, error.code.lower(), text=str(error)[:300])
            if isinstance(error, mortmain.CommitUnconfirmed) and self.chance.random() < 0.5:
                self.resolve(fields["id"])
            return None
        self.recorder.end(number, "ok", **told(result))
        return result

    def timeout(self) -> float:
        """Now and then far too short, so that answers are lost without anybody being killed."""
        return self.chance.choice((0.01, 0.05, 0.2)) if self.chance.random() < 0.15 else _TIMEOUT

    def resolve(self, request_id: str) -> None:
        self.call("resolve", [], lambda _: self.store.resolve(request_id, timeout=_TIMEOUT), id=request_id)

    def size(self) -> int:
        return self.chance.choice(self.sizes)

    # ------------------------------------------------------------ reads

    def read(self, key: str | None = None) -> mortmain.Snapshot[Any] | None:
        key = key or self.register()
        found = self.call("read", [key], lambda _: self.store.read(key, timeout=_TIMEOUT))
        return None if found is None else self.keep(found)

    def keep(self, snapshot: mortmain.Snapshot[Any]) -> mortmain.Snapshot[Any]:
        if len(self.read_ended) > 1000:
            self.read_ended.clear()
        self.read_ended.setdefault((snapshot.key, snapshot.read_revision), time.monotonic_ns())
        if snapshot.key not in self.old or self.chance.random() < 0.1:
            self.old[snapshot.key] = snapshot
        return snapshot

    def read_cut(self) -> None:
        keys = list(ACCOUNTS)
        if self.chance.random() < 0.5:
            keys += [self.register(), log_key(self.chance), self.chance.choice(SUMS)]
        self.call("read_many", keys, lambda _: list(self.store.read_many(keys, timeout=_TIMEOUT).values()))

    def scan(self) -> None:
        prefix = self.chance.choice(("acct/", "sum/", "reg/"))
        self.call("scan", [prefix], lambda _: list(self.store.scan(prefix, timeout=_TIMEOUT)))

    def register(self) -> str:
        return self.chance.choice(REGISTERS[: self.hot])

    # ------------------------------------------------------------ writes of a register

    def commit_on_base(self) -> None:
        key = self.register()
        base = self.old.pop(key) if key in self.old and self.chance.random() < 0.15 else self.read(key)
        if base is not None:
            if self.chance.random() < 0.2:
                time.sleep(self.chance.random() * 0.02)
            self.commit(base)

    def commit(self, base: mortmain.Snapshot[Any], kind: str = "commit") -> None:
        request_id, before = self.new_id(), mark(base.value, base.exists)
        value, timeout = make(request_id, 0, before, self.size()), self.timeout()
        self.call(
            kind,
            [base.key],
            lambda _: self.store.commit(base.key, value, base=base, request_id=request_id, timeout=timeout),
            id=request_id,
            base=self.based(base),
            prev={base.key: before},
        )
        if self.chance.random() < 0.05:
            # The same bytes once more: the same answer, and nothing happens.
            self.call(
                "resend",
                [base.key],
                lambda _: self.store.commit(base.key, value, base=base, request_id=request_id, timeout=_TIMEOUT),
                id=request_id,
                base=self.based(base),
                prev={base.key: before},
            )

    def based(self, snapshot: mortmain.Snapshot[Any]) -> dict[str, int]:
        base = {"version": snapshot.version, "epoch": snapshot.epoch, "revision": snapshot.read_revision}
        ended = self.read_ended.get((snapshot.key, snapshot.read_revision))
        return base if ended is None else {**base, "read_ended": ended}

    def delete(self) -> None:
        base = self.read()
        if base is not None and base.exists:
            request_id, timeout = self.new_id(), self.timeout()
            self.call(
                "delete",
                [base.key],
                lambda _: self.store.delete(base.key, base=base, request_id=request_id, timeout=timeout),
                id=request_id,
                base=self.based(base),
                prev={base.key: mark(base.value)},
            )

    def update(self, key: str | None = None) -> None:
        key, request_id, size, timeout = key or self.register(), self.new_id(), self.size(), self.timeout()

        def work(call: int) -> mortmain.Receipt:
            tries = 0

            def change(value: Any) -> Any:
                nonlocal tries
                before = mark(value, value is not None)
                self.recorder.attempt(call, tries, {key: before})
                tries += 1
                return make(request_id, tries - 1, before, size)

            return self.store.update(key, change, request_id=request_id, timeout=timeout)

        self.call("update", [key], work, id=request_id)

    def update_one_of_many(self) -> None:
        self.update(f"many/{self.chance.randrange(MANY)}")

    # ------------------------------------------------------------ deltas

    def append(self) -> None:
        key, request_id, timeout = log_key(self.chance), self.new_id(), self.timeout()
        self._append(key, request_id, request_id, timeout)
        if self.chance.random() < 0.05:
            # Another request with the same item: it is in the list already, or comes in now, once.
            self._append(key, self.new_id(), request_id, _TIMEOUT)

    def _append(self, key: str, request_id: str, item: str, timeout: float) -> None:
        self.call(
            "append",
            [key],
            lambda _: self.store.append(key, item, unique=item, request_id=request_id, timeout=timeout),
            id=request_id,
            item=item,
        )

    def increment(self) -> None:
        key, request_id, timeout = self.chance.choice(SUMS), self.new_id(), self.timeout()
        self._increment("increment", key, request_id, timeout)
        if self.chance.random() < 0.15:
            # It has no base that would be behind the second time: only its id keeps it from happening twice.
            self._increment("resend", key, request_id, _TIMEOUT)

    def _increment(self, kind: str, key: str, request_id: str, timeout: float) -> None:
        self.call(
            kind,
            [key],
            lambda _: self.store.increment(key, request_id=request_id, timeout=timeout),
            id=request_id,
        )

    # ------------------------------------------------------------ claims and transactions

    def claim(self) -> None:
        key, ttl = self.register(), self.chance.choice(_TTL)
        stalls = self.chance.random() < 0.4
        hold = 0.0 if stalls else 600.0
        wait = self.chance.choice((0.0, 0.5, 2.0))
        claim = self.call(
            "claim", [key], lambda _: self.store.claim(key, ttl=ttl, wait=wait, max_hold=hold, timeout=_TIMEOUT)
        )
        if claim is None:
            return
        name, granted = self.new_id(), time.monotonic_ns()
        with claim:
            snapshot = read = self.call("claim.read", [key], lambda _: claim.read(timeout=_TIMEOUT))
            if read is None:
                return
            self.keep(read)
            for _ in range(self.chance.randint(1, 3)):
                time.sleep(self.chance.random() * ttl * (1.6 if stalls else 0.2))
                snapshot = self._commit_through(claim, snapshot, name, granted)
                if snapshot is None:
                    break
        if stalls:
            # And once more beside the claim, on what was read before the stall.
            self.commit(read, "late commit")

    def _commit_through(self, claim: mortmain.Claim, snapshot: Any, name: str, granted: int) -> Any:
        key, request_id, before = claim.key, self.new_id(), mark(claim.value, claim.value is not None)
        value = make(request_id, 0, before, self.size())
        base = {"version": claim.version, "epoch": claim.epoch, "read_ended": granted}
        if snapshot.epoch == claim.epoch:
            base["revision"] = getattr(snapshot, "read_revision", snapshot.revision)
        return self.call(
            "claim.commit",
            [key],
            lambda _: claim.commit(value, request_id=request_id, timeout=_TIMEOUT),
            id=request_id,
            base=base,
            prev={key: before},
            claim=name,
        )

    def transfer(self) -> None:
        one, two, looked_at = self.chance.sample(ACCOUNTS, 3)
        amount, request_id, timeout = self.chance.randint(1, 5), self.new_id(), self.timeout()
        tries = 0

        def work(call: int) -> mortmain.Receipt:
            def move(txn: mortmain.Transaction) -> None:
                nonlocal tries
                found = txn.read_many([one, two, looked_at])
                seen = {key: mark(snapshot.value, snapshot.exists) for key, snapshot in found.items()}
                self.recorder.attempt(call, tries, seen)
                for key, change in ((one, -amount), (two, amount)):
                    holds = found[key].value["holds"] + change
                    txn.put(key, make(request_id, tries, seen[key], 0, holds=holds, seen=seen))
                tries += 1

            return self.store.transact(move, request_id=request_id, timeout=timeout)

        self.call("transact", [one, two], work, id=request_id)

    def reclaim(self) -> None:
        what: dict[str, str] = {"key": self.register()}
        if self.chance.random() < 0.2:
            what = {"prefix": "reg/"}
        request_id = self.new_id()
        self.call(
            "reclaim",
            list(what.values()),
            lambda _: self.store.reclaim(**what, reason="torture", request_id=request_id, timeout=_TIMEOUT),
            id=request_id,
        )


def told(result: Any) -> dict[str, Any]:
    """What an answer says, for the end of a call."""
    if isinstance(result, mortmain.Receipt):
        wrote = {key: [one.version, one.epoch, one.result] for key, one in result.keys.items()}
        return {"rev": result.revision, "replayed": result.replayed, "wrote": wrote}
    if isinstance(result, mortmain.Snapshot):
        result = [result]
    if isinstance(result, mortmain.Claim):
        return {"wrote": {result.key: [result.version, result.epoch, None]}}
    if isinstance(result, mortmain.Committed):
        return {"settled": "committed", **told(result.receipt)}
    if isinstance(result, mortmain.NotCommitted):
        return {"settled": "not committed"}
    if result and isinstance(result[0], mortmain.Snapshot):
        reads = {one.key: [one.version, one.epoch, mark(one.value, one.exists), holds(one)] for one in result}
        return {"rev": result[0].read_revision, "reads": reads}
    return {}


def holds(snapshot: mortmain.Snapshot[Any]) -> int | None:
    """What an account holds."""
    return snapshot.value.get("holds") if isinstance(snapshot.value, dict) else None


def opened(directory: str, name: str, until: float) -> mortmain.Store:
    """While gateways are killed as they start there may be none for longer than a timeout: that is told, not wrong."""
    while True:
        try:
            return mortmain.open(directory, agent=name, timeout=_TIMEOUT)
        except mortmain.GatewayUnavailable:
            if time.monotonic() >= until:
                sys.exit(0)


def main() -> None:
    name, directory, folder, until, seed, profile = sys.argv[1:]
    chance = random.Random(f"{seed} {name}")
    weights = PROFILES[profile].weights
    with opened(directory, name, float(until)) as store:
        client = Client(name, store, Recorder(Path(folder) / f"calls-{name}.jsonl"), chance, profile)
        while time.monotonic() < float(until):
            getattr(client, chance.choices(list(weights), list(weights.values()))[0])()


if __name__ == "__main__":
    main()
