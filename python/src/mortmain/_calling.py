"""What all calls of a store have in common: a flow is run in the calling thread, timed and told to the observer."""

from __future__ import annotations

from typing import TypeVar

from ._call import Call
from ._flows import Flows
from ._link import Flow, Link, drive
from ._models import Receipt
from ._requests import Author

T = TypeVar("T")


class Calling:
    """The connections, who calls, and how one call is run and observed."""

    def __init__(self, link: Link, author: Author) -> None:
        self._link = link
        self._author = author
        self._flows = Flows(link, author)

    def _run(self, name: str, key: str | None, flow: Flow[T]) -> T:
        call = Call(self._link, name, key, self._author.name)
        try:
            result = drive(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(result)
        return result

    def _run_rounds(self, name: str, key: str | None, flow: Flow[tuple[Receipt, int]]) -> Receipt:
        call = Call(self._link, name, key, self._author.name)
        try:
            receipt, call.attempts = drive(flow)
        except BaseException as error:
            call.failed(error)
            raise
        call.succeeded(receipt)
        return receipt
