"""A model and an embedder that run offline, and the records that tests make."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from crewai.memory.types import MemoryRecord
from pydantic import BaseModel

FIELDS: dict[str, Any] = {"scope": "/plan", "categories": ["plan"], "importance": 0.5}
DIMENSIONS = 8


def embed(texts: list[str]) -> list[list[float]]:
    """Every text is equal to every other that begins with the same word."""
    return [vector(text.split(" ")[0]) for text in texts]


def vector(seed: str) -> list[float]:
    digest = hashlib.sha256(seed.encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    raw = random.standard_normal(DIMENSIONS)
    return (raw / np.linalg.norm(raw)).astype(np.float32).tolist()  # type: ignore[no-any-return]


def record(content: str, **fields: Any) -> MemoryRecord:
    return MemoryRecord(content=content, **{"embedding": vector(content.split(" ")[0]), **fields})


class Model:
    """Consolidates by adding what is new to the first record that it is shown. `meanwhile` runs during its next call,
    as whatever happens while a real model thinks."""

    def __init__(self) -> None:
        self.calls = 0
        self.meanwhile: Callable[[], None] | None = None
        self.again = False

    def supports_function_calling(self) -> bool:
        return False

    def call(self, messages: Any, **_: Any) -> str:
        self.calls += 1
        meanwhile = self.meanwhile
        if meanwhile is not None:
            self.meanwhile = meanwhile if self.again else None
            meanwhile()
        text = messages[-1]["content"]
        known = re.search(r"id=(\S+) .*\n  content: (.*)", text)
        if known is None:
            return json.dumps(
                {"suggested_scope": "/guessed", "categories": ["guess"], "importance": 0.7, "extracted_metadata": {}}
            )
        new = re.findall(r"plan \w+", text.replace(known.group(2), ""))
        content = f"{known.group(2)}, {new[0]}"
        return self.plan([{"action": "update", "record_id": known.group(1), "new_content": content}])

    def plan(self, actions: list[dict[str, Any]]) -> str:
        return json.dumps({"actions": actions, "insert_new": False})


class Point(BaseModel):
    x: int
    y: int
