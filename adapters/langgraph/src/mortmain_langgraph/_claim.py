"""A claim on a thread: for runs of which a second one must not even start."""

from __future__ import annotations

import asyncio
import secrets
from types import TracebackType
from typing import TYPE_CHECKING

import mortmain

from ._tickets import CLAIM

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from mortmain import Claim

    from ._connection import Connection
    from ._tickets import Fence


class ThreadClaim:
    """What `saver.claim` gives; for one use, with `with` or `async with`. Thread-safe; not picklable.

    config: what the runs under this claim are started with. Leaving the block releases the claim.
    """

    def __init__(
        self,
        connection: Connection,
        fence: Fence,
        thread_id: str,
        key: str,
        ttl: float,
        wait: float | None,
        max_hold: float | None,
    ) -> None:
        self.thread_id = thread_id
        self._connection = connection
        self._fence = fence
        self._key = key
        self._terms = (ttl, wait, max_hold)
        self._name = secrets.token_hex(16)
        self._claim: Claim | None = None
        self.config: RunnableConfig = {"configurable": {"thread_id": thread_id, CLAIM: self._name}}

    @property
    def claim(self) -> Claim:
        """The claim on the thread's head; InvalidRequest before the block is entered."""
        if self._claim is None:
            raise mortmain.InvalidRequest(
                "claim: use it inside its with block", field="claim", reason="not entered"
            )
        return self._claim

    @property
    def lost(self) -> bool:
        """True once it is known here that the claim is gone."""
        return self.claim.lost

    @property
    def remaining(self) -> float:
        """Seconds until it expires without a renewal."""
        return self.claim.remaining

    def check(self) -> None:
        """Raise Fenced or ClaimLost if the thread is no longer claimed: before effects outside of the store."""
        self.claim.check()

    def __enter__(self) -> ThreadClaim:
        ttl, wait, max_hold = self._terms
        self._claim = self._connection.store.claim(self._key, ttl, wait, max_hold)
        self._fence.claims[self._name] = self._claim
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        claim = self._fence.claims.pop(self._name, None)
        if claim is not None:
            claim.release()

    async def __aenter__(self) -> ThreadClaim:
        entering = asyncio.ensure_future(asyncio.to_thread(self.__enter__))
        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:
            # The thread goes on; a claim that it still gets is nobody's, so it is given back.
            entering.add_done_callback(self._give_back)
            raise

    def _give_back(self, entering: asyncio.Future[ThreadClaim]) -> None:
        if not entering.cancelled() and entering.exception() is None:
            asyncio.get_running_loop().run_in_executor(None, self.__exit__, None, None, None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)
