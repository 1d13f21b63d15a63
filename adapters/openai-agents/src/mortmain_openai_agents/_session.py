"""MortmainSession: the Agents SDK's session protocol on a list in a store."""

from __future__ import annotations

import asyncio
import copy
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import mortmain
from agents import SessionSettings
from agents.memory import SessionABC
from agents.memory.session_settings import coerce_session_settings, resolve_session_limit

from . import _keys
from ._branches import Branches
from ._connection import connect
from ._history import History
from ._snapshot import compaction_snapshot
from ._turns import finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents import RunContextWrapper, TResponseInputItem
    from mortmain import Conflict, Store
    from mortmain.aio import AsyncClaim

_MODES = ("raise", "rebase", "abort_turn")


class MortmainSession(Branches, SessionABC):
    """A session of which exactly one of several runs goes on, in any number of processes; the others get a typed
    `mortmain.Conflict`.

    A run goes on from its first `get_items`, and its commits are accepted as long as nobody else wrote the session.
    Calls without a run's context: `add_items` appends whatever others did, `pop_item` and `clear_session` go on from
    what this object last saw.

    store: an open `mortmain.Store`, which stays open, or a state directory, which is attached at the first use.
    session_settings: as of every session; a dict is fine. on_conflict, for the appends of an overtaken run: "raise";
    "rebase" appends anyway (see `.rebased`); "abort_turn" raises too, and keeps the run's input back until its first
    answer, so that a run which lost before it left nothing. agent: the name that goes with each commit.

    Thread-safe, usable from any number of event loops; a copy is the same session. Each call is one commit, which a
    cancelled task finishes. After `close` every call is a RuntimeError.
    """

    session_settings: SessionSettings | None

    def __init__(
        self,
        session_id: str,
        store: Store | str | os.PathLike[str] = "state",
        *,
        prefix: str = "sessions/",
        session_settings: SessionSettings | dict[str, Any] | None = None,
        on_conflict: str = "raise",
        agent: str | None = None,
    ) -> None:
        if on_conflict not in _MODES:
            raise mortmain.InvalidRequest(
                f"on_conflict: one of {', '.join(_MODES)}, not {on_conflict!r}",
                field="on_conflict",
                reason="unknown",
            )
        self.session_id = session_id
        self.session_settings = (
            SessionSettings() if session_settings is None else coerce_session_settings(session_settings)
        )
        self.on_conflict = on_conflict
        self.prefix = _keys.clean_prefix(prefix)
        self._agent = agent
        self._history = History(connect(store), self.prefix, session_id, agent, on_conflict)

    # ------------------------------------------------------------ the session protocol

    async def get_items(
        self, limit: int | None = None, *, wrapper: RunContextWrapper[Any] | None = None
    ) -> list[TResponseInputItem]:
        """The latest `limit` items in order, or what `session_settings` says, or all. ClaimHeld at a run's first read
        if somebody else claims the session."""
        effective = resolve_session_limit(limit, self.session_settings)
        return cast("list[TResponseInputItem]", await self._history.read(wrapper, effective))

    async def add_items(
        self, items: list[TResponseInputItem], *, wrapper: RunContextWrapper[Any] | None = None
    ) -> None:
        """Append the items in one commit. VersionConflict: another run wrote the session since this one read it, or a
        call of these items has its output already. Fenced, ClaimHeld: it was taken away, somebody claims it."""
        await finish(self._history.append(wrapper, list(items)))

    async def pop_item(self, *, wrapper: RunContextWrapper[Any] | None = None) -> TResponseInputItem | None:
        """Take the last item off, None if there is none. VersionConflict: the session is not what was last seen."""
        return cast("TResponseInputItem | None", await finish(self._history.pop(wrapper)))

    async def clear_session(self, *, wrapper: RunContextWrapper[Any] | None = None) -> None:
        """Delete all items and branches. VersionConflict: the session is not what was last seen."""
        await finish(self._history.clear(wrapper))

    async def _get_compaction_snapshot(
        self, limit: int, *, prune_prefix: Callable[[TResponseInputItem], bool] | None = None
    ) -> Any:
        # How the SDK's own stores let automatic compaction replace a suffix in one commit (from 0.23). A subclass that
        # changes what is stored must not be bypassed.
        own = type(self)
        if own.get_items is not MortmainSession.get_items or own.add_items is not MortmainSession.add_items:
            return None
        return await compaction_snapshot(self._history, limit, prune_prefix)

    # ------------------------------------------------------------ claims and conflicts

    def claim(self, ttl: float = 30.0, wait: float | None = 0.0, max_hold: float | None = 600.0) -> SessionClaim:
        """`async with session.claim(): ...`: meanwhile only this object's runs write the session.

        ClaimHeld if somebody else claims it, after `wait` seconds (None: as long as it takes). It is renewed every few
        seconds until max_hold; one who stalls longer than ttl seconds loses it, and is Fenced.
        """
        return SessionClaim(self._history, ttl, wait, max_hold)

    @property
    def key(self) -> str:
        """Where the items lie: a list."""
        return self._history.key

    @property
    def rebased(self) -> int:
        """How often a run of this object was overtaken and appended anyway (on_conflict="rebase")."""
        return self._history.rebases

    @property
    def fence_error(self) -> Conflict | None:
        """The latest conflict, also where the framework hid it (in a tool, in a retry)."""
        return self._history.error

    def raise_if_fenced(self) -> None:
        """Raise the latest conflict and forget it."""
        error, self._history.error = self._history.error, None
        if error is not None:
            raise error

    # ------------------------------------------------------------ the object

    def close(self) -> None:
        """End the use of this object; the sockets go with the last one of the directory, the gateway stays."""
        self._history.close()

    def __enter__(self) -> MortmainSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> MortmainSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __copy__(self) -> MortmainSession:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> MortmainSession:
        twin = self.__copy__()
        twin.session_settings = copy.deepcopy(self.session_settings, memo)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        options = {
            "prefix": self.prefix,
            "session_settings": self.session_settings,
            "on_conflict": self.on_conflict,
            "agent": self._agent,
        }
        return _reopened, (type(self), self.session_id, self._history.connection.directory, options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.session_id!r} {self._history.connection.directory} key={self.key!r}>"


def _reopened(kind: type[MortmainSession], session_id: str, directory: str, options: dict[str, Any]) -> Any:
    return kind(session_id, directory, **options)


class SessionClaim:
    """What `session.claim` gives; for one `async with`, which gives the live claim: `.check()`, `.lost`,
    `.remaining`. Leaving releases it."""

    def __init__(self, history: History, ttl: float, wait: float | None, max_hold: float | None) -> None:
        self._history = history
        self._terms = (ttl, wait, max_hold)
        self._claim: AsyncClaim | None = None

    async def __aenter__(self) -> AsyncClaim:
        store = await self._history.store()
        asking = asyncio.ensure_future(acquired(store.claim(self._history.key, *self._terms)))
        try:
            claim = await asyncio.shield(asking)
        except asyncio.CancelledError:
            # What is still granted is nobody's, so it is given back.
            asking.add_done_callback(give_back)
            raise
        except mortmain.Conflict as error:
            self._history.error = error
            raise
        self._claim = self._history.claim = claim
        return claim

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        claim, self._claim = self._claim, None
        if self._history.claim is claim:
            self._history.claim = None
        if claim is not None:
            await finish(claim.release())


async def acquired(pending: Any) -> AsyncClaim:
    claim: AsyncClaim = await pending
    return claim


_releases: set[asyncio.Task[None]] = set()


def give_back(asking: asyncio.Future[AsyncClaim]) -> None:
    if not asking.cancelled() and asking.exception() is None:
        release = asyncio.get_running_loop().create_task(asking.result().release())
        _releases.add(release)
        release.add_done_callback(_releases.discard)
