"""The asynchronous twin of `_operating`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from . import _operator_flows as operators
from ._async_calling import AsyncCalling
from ._backup import backed_up, verified
from ._models import BackupReport, Committed, Contention, Mount, NotCommitted, Receipt, VerifyReport
from ._stop import stop_gateway

Meta = Mapping[str, str] | None


class AsyncOperating(AsyncCalling):
    """The part of a store that its operator needs."""

    # ------------------------------------------------------------ mirrored files

    async def mount(
        self,
        prefix: str,
        directory: str | os.PathLike[str],
        sync: bool = True,
        foreign: str = "raise",
        *,
        timeout: float | None = None,
    ) -> Mount:
        """Keep every key below a prefix also as a plain file in a directory, which is relative to the caller; mounting
        again changes the settings.

        sync: a commit is acknowledged after its files were written (receipt.mirrored), else soon. foreign: what happens
        when somebody else edits a file: "raise" ForeignEdit for the next read or commit of the key, or "adopt" the
        edit first; files that are in the directory already become keys then. InvalidRequest for a directory that is
        not the user's, that others can write, or that is a link, and for keys that cannot be files side by side.
        """
        return await self._run("mount", prefix, operators.mount(self._flows, prefix, directory, sync, foreign, timeout))

    async def unmount(self, prefix: str, *, timeout: float | None = None) -> None:
        """End a mount; its files stay as they are. InvalidRequest when there is none."""
        await self._run("unmount", prefix, operators.unmount(self._flows, prefix, timeout))

    async def adopt(
        self, key: str, *, request_id: str | None = None, timeout: float | None = None, meta: Meta = None
    ) -> Receipt:
        """Make what somebody else wrote into the file of a mounted key its next version, by the writer "foreign".

        Without an edit nothing changes, and the receipt carries the current version. InvalidRequest when the key is
        not mounted, or the file is no JSON and the key is.
        """
        return await self._run("adopt", key, operators.adopt(self._flows, key, request_id, timeout, meta))

    # ------------------------------------------------------------ operators

    async def resolve(self, request_id: str, *, timeout: float | None = None) -> Committed | NotCommitted:
        """Whether a request was committed, finally: an unknown id is refused from now on before the answer is
        NotCommitted.

        GatewayUnavailable after the timeout while the gateway is away.
        """
        return await self._run("resolve", None, operators.resolve(self._flows, request_id, timeout))

    async def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Facts about gateway and store: pid, version, store_id, revision, limits, counters, latencies and
        more.
        """
        return await self._run("info", None, operators.info(self._flows, timeout))

    async def verify(
        self, *, progress: Callable[[int, int], Any] | None = None, timeout: float | None = None
    ) -> VerifyReport:
        """Read the whole journal again. The report has `.ok`; damage is JournalCorrupt.

        progress: called with bytes read and bytes in all. timeout: of each question to the gateway, not of the whole.
        """
        return await self._run("verify", None, verified(self._flows, progress, timeout))

    async def backup(
        self,
        directory: str | os.PathLike[str],
        *,
        progress: Callable[[int, int], Any] | None = None,
        timeout: float | None = None,
    ) -> BackupReport:
        """Copy everything that is durable into an empty or missing directory, while commits go on; what was
        acknowledged before the call is in it, and it is one state of the whole store. The copy is read again and
        checked. `mortmain.restore` makes a store of it.

        directory: relative to this process. progress: called with bytes copied and bytes in all. timeout: of each
        question to the gateway, not of the whole. InvalidRequest: the directory is not empty, lies inside the store or
        has no room. JournalCorrupt: the store is damaged.
        """
        return await self._run("backup", None, backed_up(self._flows, directory, progress, timeout))

    async def contention(
        self, window: float = 60.0, within: float = 0.1, *, timeout: float | None = None
    ) -> list[Contention]:
        """The keys that agents fought over in the last `window` seconds, the most contested first: with a rejection, or
        written by different agents at most `within` seconds apart.

        The newest 10,000 rejections and 20,000 writes are known, since the gateway started.
        """
        return await self._run("contention", None, operators.contention(self._flows, window, within, timeout))

    async def retain(
        self, prefix: str, *, versions: int | None = None, days: float | None = None, timeout: float | None = None
    ) -> dict[str, Any]:
        """Say what history of the keys below a prefix is kept: the last `versions` of each, and whatever was current
        within the last `days`. The newest version, and what is younger than a minute, always are. The longest prefix
        that a key has decides; without both numbers the rule of the prefix is taken back. Returns all settings, as
        `config` does.

        What is not kept is dropped in the background; asking for it is RevisionCompacted.
        """
        return await self._run("retain", None, operators.retain(self._flows, prefix, versions, days, timeout))

    async def config(self, *, timeout: float | None = None, **settings: int) -> dict[str, Any]:
        """The settings of the store; those that are given are changed first. They are part of the journal, so whoever
        starts the gateway has no say in them. They hold from the next commit on.

        history_bytes: bytes of history that are kept at most, of all keys together. value_bytes: of the largest value,
        1 KiB to 128 MiB; what is there already stays. horizon_seconds (60 to a year), horizon_ids (1,000 to 4,000,000):
        request ids are remembered as long, and as many; whichever ends first. `retain`: the rules, by prefix.
        InvalidRequest: there is no such setting, or it cannot have the value; those before it are changed.
        """
        return await self._run("config", None, operators.config(self._flows, settings, timeout))

    async def compact(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Drop what retention does not keep, now and not when it is worth it. Commits go on meanwhile.

        timeout: of each question to the gateway, not of the whole. Returns segments, bytes and records_dropped.
        """
        return await self._run("compact", None, operators.compact(self._flows, timeout))

    async def stop(self, *, timeout: float | None = None) -> None:
        """Stop the gateway, if one runs: what it began is finished, and the directory is free when this returns.
        Whoever needs the gateway next starts it again.
        """
        await self._run("stop", None, stop_gateway(self._flows, timeout))
