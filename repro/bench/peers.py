"""The two sides of every comparison, each as its own users would write it. A peer belongs to one thread.

SQLite: WAL, synchronous=FULL, so that both sides force the disk before they say yes. Each method returns once the
change is durable. Lost is what a side acknowledged and does not show afterwards; `run.py` counts no figure of a run
that lost something.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import mortmain

VALUE = 512
# Of a worker that waits for a lock; above every wait that was seen. Seconds.
BUSY = 120.0


def item(worker: int, number: int) -> dict[str, Any]:
    """What is appended: 100 bytes of JSON, a short chat message."""
    return {"worker": worker, "number": number, "text": "x" * 64}


def counter() -> dict[str, Any]:
    """The value of a hot key: 512 bytes of JSON with a number that counts the writes."""
    return {"n": 0, "pad": "x" * (VALUE - 18)}


class Mortmain:
    name = "mortmain"

    def __init__(self, place: Path, agent: str = "bench") -> None:
        self.store = mortmain.open(place / "state", agent=agent, timeout=BUSY)
        self._bases: dict[str, Any] = {}

    @classmethod
    def prepare(cls, place: Path) -> None:
        cls(place).close()

    def close(self) -> None:
        self.store.close()

    # -- own key: a commit on the base of the last one

    def own(self, key: str) -> None:
        base = self._bases.get(key)
        if base is None:
            base = self.store.read(key)
        self._bases[key] = self.store.commit(key, os.urandom(VALUE), base=base)

    def writes_of(self, key: str) -> int:
        return self.store.read(key).version

    # -- one hot key

    def update(self, key: str) -> None:
        self.store.update(key, _one_more, default=counter())

    def count_of(self, key: str) -> int:
        snap = self.store.read(key)
        return snap.value["n"] if snap.exists else 0

    def append(self, key: str, what: Any) -> None:
        self.store.append(key, what)

    def items_of(self, key: str) -> list[Any]:
        snap = self.store.read(key)
        return snap.value if snap.exists else []

    # -- reads

    def put(self, key: str, value: bytes) -> None:
        self.store.commit(key, value, overwrite=True)

    def read(self, key: str) -> bytes:
        return self.store.read(key).value


def _one_more(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "n": value["n"] + 1}


class Sqlite:
    name = "sqlite"

    def __init__(self, place: Path, agent: str = "bench") -> None:
        self.db = sqlite3.connect(place / "state.db", timeout=BUSY, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self._versions: dict[str, int] = {}

    @classmethod
    def prepare(cls, place: Path) -> None:
        side = cls(place)
        side.db.execute("CREATE TABLE state (key TEXT PRIMARY KEY, version INTEGER, value BLOB) WITHOUT ROWID")
        side.db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, key TEXT, value TEXT)")
        side.db.execute("CREATE INDEX items_of ON items (key, id)")
        side.close()

    def close(self) -> None:
        self.db.close()

    def own(self, key: str) -> None:
        """Compare and set in one statement, which is the fastest safe way."""
        version = self._versions.get(key)
        if version is None:
            self.db.execute("INSERT OR IGNORE INTO state VALUES (?, 0, x'')", (key,))
            version = self.writes_of(key)
        changed = self.db.execute(
            "UPDATE state SET value = ?, version = version + 1 WHERE key = ? AND version = ?",
            (os.urandom(VALUE), key, version),
        ).rowcount
        if changed != 1:
            raise AssertionError(f"{key} is not at version {version}")
        self._versions[key] = version + 1

    def writes_of(self, key: str) -> int:
        return self.db.execute("SELECT version FROM state WHERE key = ?", (key,)).fetchone()[0]

    def update(self, key: str) -> None:
        self._begin()
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        value = _one_more(json.loads(row[0]) if row else counter())
        self.db.execute("REPLACE INTO state VALUES (?, 0, ?)", (key, json.dumps(value)))
        self.db.execute("COMMIT")

    def count_of(self, key: str) -> int:
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0])["n"] if row else 0

    def append(self, key: str, what: Any) -> None:
        """The whole list is one JSON value."""
        self._begin()
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        value = json.loads(row[0]) if row else []
        value.append(what)
        self.db.execute("REPLACE INTO state VALUES (?, 0, ?)", (key, json.dumps(value)))
        self.db.execute("COMMIT")

    def items_of(self, key: str) -> list[Any]:
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else []

    def _begin(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")

    def put(self, key: str, value: bytes) -> None:
        self.db.execute("REPLACE INTO state VALUES (?, 0, ?)", (key, value))

    def read(self, key: str) -> bytes:
        return self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()[0]


class SqliteRows(Sqlite):
    """A list is one row per item: for `append` only."""

    name = "sqlite rows"

    def append(self, key: str, what: Any) -> None:
        self.db.execute("INSERT INTO items (key, value) VALUES (?, ?)", (key, json.dumps(what)))

    def items_of(self, key: str) -> list[Any]:
        rows = self.db.execute("SELECT value FROM items WHERE key = ? ORDER BY id", (key,))
        return [json.loads(row[0]) for row in rows]


class Coherence:
    """agent-coherence's compare-and-set of a file, for `own` only. Its coordinator ends with the process that started
    it: the watcher, which comes first and goes last.

    What it refuses because it is busy is asked again, as its users must.
    """

    name = "agent-coherence"
    _NUMBER = 8

    def __init__(self, place: Path, agent: str = "bench") -> None:
        from ccs.adapters.coherent_volume import CoherentVolume
        from ccs.core.exceptions import CoherenceError

        self._error = CoherenceError
        self._root = place / "workspace"
        self._volume = CoherentVolume(self._root, managed=("own/**",))

    @classmethod
    def prepare(cls, place: Path) -> None:
        (place / "workspace" / "own").mkdir(parents=True)

    def close(self) -> None:
        """It has nothing to close."""

    def own(self, key: str) -> None:
        path = key.replace("/", "-")
        file = self._root / "own" / path
        if not file.exists():
            file.write_bytes(bytes(VALUE))
        while True:
            try:
                self._volume.write_cas(f"own/{path}", self._next)
                return
            except self._error:
                continue

    def _next(self, old: bytes) -> bytes:
        number = int.from_bytes(old[: self._NUMBER], "big") + 1
        return number.to_bytes(self._NUMBER, "big") + os.urandom(VALUE - self._NUMBER)

    def writes_of(self, key: str) -> int:
        file = self._root / "own" / key.replace("/", "-")
        return int.from_bytes(file.read_bytes()[: self._NUMBER], "big")


SIDES = {side.name: side for side in (Mortmain, Sqlite, SqliteRows, Coherence)}
