"""The asynchronous twin of `_calling`: flows are awaited."""

from __future__ import annotations

from typing import TypeVar

from ._async_drive import drive_async
from ._call import Call
from ._effects import Flow
from ._flows import Flows, Meta
from ._link import Link
from ._models import Receipt
from ._requests import Author, Draft

T = TypeVar("T")


class AsyncCalling:
    """The connections, who calls, and how one call is run and observed."""

    def __init__(self, link: Link, author: Author) -> None:
        self._link = link
        self._author = author
        self._flows = Flows(link, author)

    async def _run(self, name: str, key: str | None, flow: Flow[T]) -> T:
        call = Call(self._link, name, key, self._author.name)
        try:
            result = await drive_async(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(result)
        return result

    async def _send(
        self, name: str, key: str, draft: Draft, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Receipt:
        return await self._run(name, key, self._flows.send(draft, request_id, timeout, meta))

    async def _run_rounds(self, name: str, key: str | None, flow: Flow[tuple[Receipt, int]]) -> Receipt:
        call = Call(self._link, name, key, self._author.name)
        try:
            receipt, call.attempts = await drive_async(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(receipt)
        return receipt
