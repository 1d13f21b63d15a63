"""MortmainCompactionSession: the SDK's compaction, fenced like every other write of the run."""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from agents.memory import OpenAIResponsesCompactionSession

from ._history import Stage, staging
from ._session import MortmainSession
from ._snapshot import Compacting, compacting
from ._turns import finish

if TYPE_CHECKING:
    from agents import RunContextWrapper, TResponseInputItem
    from agents.memory import OpenAIResponsesCompactionArgs, Session
    from mortmain import Conflict

_run: contextvars.ContextVar[RunContextWrapper[Any] | None] = contextvars.ContextVar("mortmain_run", default=None)


class _SessionMoved(Exception):
    """Somebody wrote the session while it was compacted."""


class MortmainCompactionSession(OpenAIResponsesCompactionSession):
    """`OpenAIResponsesCompactionSession` with the same constructor, over a MortmainSession (or an EncryptedSession on
    one).

    The SDK's own does not pass the run's context on, which would switch the fence off; this one does. A compaction
    that was overtaken changes nothing and is counted in `.skipped`: the history stays as it is. As its parent for one
    event loop.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.skipped = 0
        super().__init__(*args, **options)

    @property
    def underlying_session(self) -> Any:
        """The session that holds the history; during a call of a run a view of it that adds the run's context."""
        run = _run.get()
        if run is None or not _takes_context(self._underlying):
            return self._underlying
        return _OfRun(self._underlying, run)

    @underlying_session.setter
    def underlying_session(self, session: Session) -> None:
        self._underlying: Any = session

    @property
    def fence_error(self) -> Conflict | None:
        """The latest conflict of the session that holds the history."""
        inner = _innermost(self._underlying)
        return None if inner is None else inner.fence_error

    def raise_if_fenced(self) -> None:
        """Raise the latest conflict and forget it."""
        inner = _innermost(self._underlying)
        if inner is not None:
            inner.raise_if_fenced()

    # ------------------------------------------------------------ the session protocol

    async def get_items(
        self, limit: int | None = None, *, wrapper: RunContextWrapper[Any] | None = None
    ) -> list[TResponseInputItem]:
        """As of the session that holds the history."""
        parent: Any = super()
        return cast("list[TResponseInputItem]", await _during(wrapper, lambda: parent.get_items(limit)))

    async def add_items(
        self, items: list[TResponseInputItem], *, wrapper: RunContextWrapper[Any] | None = None
    ) -> None:
        """As of the session that holds the history."""
        parent: Any = super()
        await _during(wrapper, lambda: parent.add_items(items))

    async def pop_item(self, *, wrapper: RunContextWrapper[Any] | None = None) -> TResponseInputItem | None:
        """As of the session that holds the history."""
        parent: Any = super()
        return cast("TResponseInputItem | None", await _during(wrapper, lambda: parent.pop_item()))

    async def clear_session(self, *, wrapper: RunContextWrapper[Any] | None = None) -> None:
        """As of the session that holds the history."""
        parent: Any = super()
        await _during(wrapper, lambda: parent.clear_session())

    # ------------------------------------------------------------ compaction

    async def run_compaction(
        self,
        args: OpenAIResponsesCompactionArgs | None = None,
        *,
        wrapper: RunContextWrapper[Any] | None = None,
    ) -> None:
        """Compact if it is due, or with {"force": True}. Without a run it goes on from what this object last saw; in
        the mode "input", which reads the history, from what is there now."""
        parent: Any = super()
        if hasattr(parent, "_run_compaction"):
            await self._run_compaction(args, wrapper=wrapper)
            return
        # Before 0.22 the SDK does not count what a compaction costs, and takes no context.
        options = {"wrapper": wrapper} if "wrapper" in inspect.signature(parent.run_compaction).parameters else {}
        await self._guarded(args, wrapper, lambda: parent.run_compaction(args, **options))

    async def _run_compaction(self, args: Any, *, wrapper: Any, **options: Any) -> None:
        # An EncryptedSession around this one calls it directly (from 0.23).
        parent: Any = super()
        await self._guarded(args, wrapper, lambda: parent._run_compaction(args, wrapper=wrapper, **options))

    async def _defer_compaction(self, *args: Any, wrapper: Any = None, **options: Any) -> None:
        parent: Any = super()
        await _during(wrapper, lambda: parent._defer_compaction(*args, **options))

    async def _guarded(self, args: Any, wrapper: Any, compact: Callable[[], Awaitable[None]]) -> None:
        inner = _innermost(self._underlying)
        if inner is None:
            await _during(wrapper, compact)
            return
        wanted = args or {}
        mode = wanted.get("compaction_mode") or self.compaction_mode
        pin = await inner._history.pin(wrapper, fresh=mode == "input")
        if not pin.good and wanted.get("force"):
            self._skip()
            return
        # What is cached may be older than the pin; it is read again.
        self._forget()
        token = compacting.set(Compacting(wrapper, pin, self._skip))
        try:
            await _during(wrapper, compact)
        except _SessionMoved:
            self._skip()
        finally:
            compacting.reset(token)

    def _skip(self) -> None:
        self.skipped += 1
        self._forget()

    def _forget(self) -> None:
        self._compaction_candidate_items = None
        self._session_items = None

    async def _replace_underlying_session_items(self, *, output_items: list[Any], **options: Any) -> None:
        # The SDK empties the session and fills it again, whatever was written since it was read.
        inner, now = _innermost(self._underlying), compacting.get()
        if inner is None or now is None:
            await super()._replace_underlying_session_items(output_items=output_items, **options)
            return
        # Through the session, which may encrypt; it is stored in one commit at the end.
        stage = Stage(inner._history)
        token = staging.set(stage)
        try:
            await self.underlying_session.clear_session()
            if output_items:
                await self.underlying_session.add_items(output_items)
        finally:
            staging.reset(token)
        if not await finish(inner._history.replace(now.pin, lambda items: stage.items)):
            raise _SessionMoved


class _OfRun:
    """A session during one call of a run: its operations get the run's context."""

    def __init__(self, session: Any, run: RunContextWrapper[Any]) -> None:
        self._session = session
        self._wrapper = run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def get_items(self, limit: int | None = None) -> Any:
        return await self._session.get_items(limit, wrapper=self._wrapper)

    async def add_items(self, items: list[Any]) -> None:
        await self._session.add_items(items, wrapper=self._wrapper)

    async def pop_item(self) -> Any:
        return await self._session.pop_item(wrapper=self._wrapper)

    async def clear_session(self) -> None:
        await self._session.clear_session(wrapper=self._wrapper)


async def _during(run: RunContextWrapper[Any] | None, call: Callable[[], Awaitable[Any]]) -> Any:
    token = _run.set(run)
    try:
        return await call()
    finally:
        _run.reset(token)


def _takes_context(session: Any) -> bool:
    methods = (session.get_items, session.add_items, session.pop_item, session.clear_session)
    return all("wrapper" in inspect.signature(method).parameters for method in methods)


def _innermost(session: Any) -> MortmainSession | None:
    """The MortmainSession that holds the items, below an encrypting one."""
    while session is not None and not isinstance(session, MortmainSession):
        session = getattr(session, "underlying_session", None)
    return session
