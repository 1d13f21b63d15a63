"""A small store as many programs have one: one JSON file per key with a version, and an owner who may be replaced.

Writes are compare-and-set under a file lock, so no update is ever lost. What it does not check is whether the writer
still owns the key.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class VersionChanged(Exception):
    pass


class VersionedFile:
    def __init__(self, path: str) -> None:
        self._path = path

    def create(self, value: Any) -> None:
        self._replace({"version": 1, "value": value, "owner": None})

    def read(self) -> dict[str, Any]:
        with open(self._path) as file:
            return json.load(file)

    def own(self, name: str) -> None:
        """Make `name` the owner, whoever it was before."""
        with self._locked():
            self._replace({**self.read(), "owner": name})

    def write(self, value: Any, base_version: int) -> int:
        """Compare and set; the new version."""
        with self._locked():
            current = self.read()
            if current["version"] != base_version:
                raise VersionChanged(f"version {base_version} was expected, it is {current['version']}")
            self._replace({**current, "version": base_version + 1, "value": value})
            return base_version + 1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self._path + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _replace(self, record: dict[str, Any]) -> None:
        with open(self._path + ".new", "w") as file:
            json.dump(record, file)
        os.replace(self._path + ".new", self._path)
