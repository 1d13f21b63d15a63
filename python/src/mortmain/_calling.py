"""What all calls of a store have in common: they run in the calling thread, timed and told to whoever observes."""

from __future__ import annotations

from collections.abc import Callable
from sys import modules
from typing import Any, TypeVar

from ._call import Call
from ._direct import Meta, send
from ._effects import Flow, drive
from ._flows import Flows
from ._link import Link
from ._models import Receipt
from ._requests import Author, Draft
from ._trace import API

T = TypeVar("T")


class Calling:
    """The connections, who calls, and how one call is run and observed."""

    def __init__(self, link: Link, author: Author) -> None:
        self._link = link
        self._author = author
        self._flows = Flows(link, author)

    def _run(self, name: str, key: str | None, flow: Flow[T]) -> T:
        result: T = self._call(name, key, drive, flow)
        return result

    def _call(self, name: str, key: str | None, function: Callable[..., T], *arguments: Any) -> T:
        link = self._link
        call = None if link.observe is None and API not in modules else self._watched(name, key)
        try:
            result = function(*arguments)
        except BaseException as error:
            (call or self._watched(name, key)).failed(error)
            raise
        if call is not None:
            call.succeeded(result)
        return result

    def _send(
        self, name: str, key: str, draft: Draft, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Receipt:
        return self._call(name, key, send, self._flows, key, draft, request_id, timeout, meta)

    def _call_rounds(
        self, name: str, key: str | None, function: Callable[..., tuple[Receipt, int]], *arguments: Any
    ) -> Receipt:
        """... of a function that returns a receipt and the number of rounds."""
        link = self._link
        call = None if link.observe is None and API not in modules else self._watched(name, key)
        try:
            receipt, rounds = function(*arguments)
        except BaseException as error:
            (call or self._watched(name, key)).failed(error)
            raise
        if call is not None:
            call.attempts = rounds
            call.succeeded(receipt)
        return receipt

    def _watched(self, name: str, key: str | None) -> Call:
        return Call(self._link, name, key, self._author.name)
