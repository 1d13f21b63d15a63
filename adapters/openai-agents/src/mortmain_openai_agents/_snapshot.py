"""The SDK's private form of a history whose end can be replaced in one commit; SDKs before 0.23 have none."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.memory import session as sdk

from ._turns import finish

if TYPE_CHECKING:
    from agents import TResponseInputItem

    from ._history import History, Pin

_Snapshot: Any = getattr(sdk, "_CompactionSnapshot", None)


@dataclass(frozen=True, slots=True)
class Compacting:
    """A compaction that is under way in this task. pin: where the session was when it began."""

    run: object | None
    pin: Pin
    skip: Callable[[], None]


compacting: contextvars.ContextVar[Compacting | None] = contextvars.ContextVar("mortmain_compacting", default=None)


async def compaction_snapshot(
    history: History, limit: int, prune_prefix: Callable[[TResponseInputItem], bool] | None
) -> Any:
    """The latest `limit` items, whether these are all, and how to replace some of them; None without an SDK that asks
    for it.

    replace_suffix(start, output): False and nothing changed if anybody wrote the session meanwhile.
    """
    if _Snapshot is None:
        return None
    now = compacting.get()
    pin = await history.pin(None if now is None else now.run)
    items = pin.items[-limit:] if limit > 0 else []

    async def replace_suffix(start: int, output: list[Any]) -> bool:
        replaced = len(items[start:])
        if not replaced:
            return False

        def change(everything: list[Any]) -> list[Any]:
            kept = everything[: len(everything) - replaced]
            if prune_prefix is not None:
                gone = next((at for at, item in enumerate(kept) if not prune_prefix(item)), len(kept))
                kept = kept[gone:]
            return [*kept, *output]

        done = await finish(history.replace(pin, change))
        if not done and now is not None:
            now.skip()
        return done

    return _Snapshot(items, len(items) == len(pin.items), replace_suffix)
