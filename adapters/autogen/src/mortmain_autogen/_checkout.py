"""The state of a team, an agent or a runtime, of which one run at a time goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import mortmain

from ._connection import Connection, connect
from ._finish import finish
from ._latch import Scope, scope, typed
from ._values import pack, unpack

if TYPE_CHECKING:
    from contextvars import Token

    from mortmain import Receipt, Store
    from mortmain.aio import AsyncClaim


class Stateful(Protocol):
    """A team, an agent, a runtime, a model context."""

    async def save_state(self) -> Mapping[str, Any]: ...
    async def load_state(self, state: Mapping[str, Any]) -> None: ...


S = TypeVar("S", bound=Stateful)


class Checkout(Generic[S]):
    """What `checkout` gives; `async with` gives its target. For one use, in one task.

    existed: whether there was a state to load. receipt: of the last commit, None before the first.
    """

    def __init__(
        self,
        place: Store | str | os.PathLike[str],
        key: str,
        target: S,
        ttl: float,
        wait: float | None,
        max_hold: float | None,
        allow_running: bool,
    ) -> None:
        for method in ("save_state", "load_state"):
            if not callable(getattr(target, method, None)):
                raise mortmain.InvalidRequest(
                    f"target: {type(target).__name__} has no {method}", field="target", reason="type"
                )
        self._place = place
        self._target = target
        self._terms = (ttl, wait, max_hold)
        self._allow_running = allow_running
        self._connection: Connection | None = None
        self._claim: AsyncClaim | None = None
        self._scope: Scope | None = None
        self._token: Token[Scope | None] | None = None
        self.key = key
        self.existed = False
        self.receipt: Receipt | None = None

    def __repr__(self) -> str:
        return f"<Checkout {self.key} of {type(self._target).__name__} {self._claim or 'without a claim'}>"

    # ------------------------------------------------------------ async with

    async def __aenter__(self) -> S:
        if self._connection is not None:
            raise mortmain.InvalidRequest("checkout: for one use: make another one", field="checkout", reason="used")
        if not self._allow_running:
            self._refuse_running("loaded")
        self._connection = connect(self._place)
        try:
            store = await self._connection.attached()
            self._claim = await store.aio.claim(self.key, *self._terms)
            await self._load(self._claim.value)
        except BaseException:
            await self._leave()
            raise
        self._scope = Scope(self._connection.directory, self._claim, scope.get())
        self._token = scope.set(self._scope)
        return self._target

    async def _load(self, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            raise mortmain.WrongType(
                f"{self.key} holds no state: another program wrote it, so use another key",
                key=self.key,
                expected="object",
                actual=type(value).__name__,
            )
        # Left out, the load would let the running team overwrite what is there.
        self._refuse_running("loaded")
        self.existed = True
        await self._target.load_state(unpack(value))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        inside = self._scope
        assert inside is not None
        try:
            if error is None:
                await self.save()
                return
            known = typed(error, inside)
            if known is not None:
                inside.deliver(known)
                raise known from error
        finally:
            inside.open = False
            self._restore()
            await self._leave()

    def _restore(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            try:
                scope.reset(token)
            except ValueError:
                # Left in another context than it was entered in, as a generator's finalizer does; the scope is closed.
                pass

    async def _leave(self) -> None:
        try:
            if self._claim is not None:
                await finish(self._claim.release)
        finally:
            if self._connection is not None:
                self._connection.leave()

    # ------------------------------------------------------------ inside

    async def save(self) -> Receipt:
        """Commit the state as it is now, and go on. Leaving without an exception does it by itself.

        Raises, and writes nothing: a conflict that AutoGen hid from the body, Fenced once the claim was reclaimed,
        InvalidRequest while the team runs or for a state that would not read back the same.
        """
        if self._scope is None or self._claim is None or not self._scope.open:
            raise mortmain.InvalidRequest("checkout: save inside of it", field="checkout", reason="not entered")
        for hidden in self._scope.pending():
            if isinstance(hidden, (mortmain.Conflict, mortmain.CommitUnconfirmed)):
                self._scope.deliver(hidden)
                raise hidden
        if not self._allow_running:
            self._refuse_running("saved")
        state = await self._target.save_state()
        if not isinstance(state, Mapping):
            raise mortmain.InvalidRequest(
                f"target: save_state gave {type(state).__name__}, not a mapping", field="target", reason="state"
            )
        claim, form = self._claim, pack(dict(state))
        self.receipt = await finish(lambda: claim.commit(form))
        return self.receipt

    async def check(self) -> None:
        """Raise Fenced if a commit would now: for effects outside of the store, just before they happen."""
        if self._claim is None:
            raise mortmain.InvalidRequest("checkout: check inside of it", field="checkout", reason="not entered")
        await self._claim.check()

    def _refuse_running(self, done: str) -> None:
        # AutoGen shows it nowhere else, and warns that the state of a running team may be inconsistent.
        if getattr(self._target, "_is_running", False):
            raise mortmain.InvalidRequest(
                f"target: the {type(self._target).__name__} is running and cannot be {done}: wait until its run is "
                "over (allow_running=True saves it as it is)",
                field="target",
                reason="running",
            )


def checkout(
    store: Store | str | os.PathLike[str],
    key: str,
    target: S,
    *,
    ttl: float = 30.0,
    wait: float | None = 0.0,
    max_hold: float | None = 600.0,
    allow_running: bool = False,
) -> Checkout[S]:
    """Claim a key, load the target's state if there is one, run the body, save the state and commit it:

        async with checkout("state", "teams/research", team):
            await team.run(task="go on")

    Of two workers that load, run and save exactly one wins: the second gets ClaimHeld before it spends a token, and one
    that stalled until its claim was reclaimed gets Fenced. A body that raises commits nothing. An error of a
    MortmainMemory or MortmainCacheStore that a team turned into `RuntimeError(str)` is raised as what it was.

    store: a state directory or an open mortmain.Store, which is never closed. key: where the state lies; the value is
    what `save_state` gives. target: anything with save_state and load_state. ttl: seconds without a renewal until the
    claim expires; it is renewed in the background until max_hold seconds are over, so that a hung run does lose it.
    wait: seconds in the queue; 0 raises ClaimHeld at once, None waits as long as it takes. allow_running: save a team
    even while it runs, otherwise InvalidRequest; a state that is there is never loaded into a running team.
    """
    return Checkout(store, key, target, ttl, wait, max_hold, allow_running)
