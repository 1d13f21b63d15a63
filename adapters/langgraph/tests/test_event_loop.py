"""What an event loop asks of the adapter: cancellation, and nothing that blocks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import mortmain
import pytest
from langgraph.checkpoint.base import empty_checkpoint

from graphs import config
from mortmain_langgraph import MortmainSaver, MortmainStore


async def test_a_cancelled_task_finishes_its_write(saver: MortmainSaver) -> None:
    checkpoint: Any = {**empty_checkpoint(), "id": "1", "channel_values": {"x": 1}}
    writing = asyncio.ensure_future(saver.aput(config(), checkpoint, {}, {}))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await saver.aget_tuple(config()) is not None


async def test_no_gateway_is_looked_for_on_the_event_loop(
    store: mortmain.Store, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[int] = []
    attach = mortmain.open

    def noting(*arguments: Any, **options: Any) -> mortmain.Store:
        where.append(threading.get_ident())
        return attach(*arguments, **options)

    monkeypatch.setattr(mortmain, "open", noting)
    async with MortmainSaver.open(store.directory, prefix) as saver:
        assert await saver.aget_tuple(config()) is None
    async with MortmainStore.open(store.directory, prefix=prefix) as memory, memory.awatch():
        assert await memory.aget(("a",), "k") is None
    assert len(where) == 2
    assert threading.get_ident() not in where
