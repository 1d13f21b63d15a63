"""Contents that could not be stored: kept durably until somebody tries again."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from mortmain import Snapshot, Ticket

from ._storage import MortmainStorage


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Contents that `FencedMemory` gave up on.

    error: the class and the sentence of what stopped them; when: aware, UTC; arguments: how they were to be stored.
    """

    contents: list[str]
    scope: str | None
    error: str
    when: datetime
    arguments: dict[str, Any] = field(default_factory=dict, hash=False)
    ticket: Ticket | None = field(default=None, repr=False, compare=False)


def post(storage: MortmainStorage, contents: list[str], arguments: dict[str, Any], error: BaseException) -> None:
    """Keep contents; keys sort by time."""
    when = datetime.now(timezone.utc)
    plain = json.loads(json.dumps(arguments, default=str))
    letter = {
        "contents": list(contents),
        "scope": arguments.get("scope"),
        "error": f"{type(error).__name__}: {error}",
        "when": when.isoformat(),
        "arguments": plain,
    }
    name = f"{when.strftime('%Y%m%dT%H%M%S.%f')}-{secrets.token_hex(4)}"
    storage.store.create(storage.layout.letters + name, letter)


def letters(storage: MortmainStorage) -> list[DeadLetter]:
    """All letters, oldest first."""
    return [_letter(snapshot) for snapshot in storage.store.scan(storage.layout.letters)]


def _letter(snapshot: Snapshot[Any]) -> DeadLetter:
    value = snapshot.value
    return DeadLetter(
        contents=value["contents"],
        scope=value["scope"],
        error=value["error"],
        when=datetime.fromisoformat(value["when"]),
        arguments=value["arguments"],
        ticket=snapshot.ticket(),
    )
