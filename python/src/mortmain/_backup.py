"""Backups: taken by the gateway while commits go on, restored by a JVM of their own, with no gateway running."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from . import _frames
from . import _replies as replies
from . import _requests as requests
from ._effects import Ask, Flow
from ._errors import invalid
from ._flows import Flows
from ._models import BackupReport, VerifyReport
from ._open_path import directory_of

Progress = Callable[[int, int], Any]

# Seconds that one question waits in the gateway: the first answers come soon, the later ones seldom.
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0


def backed_up(
    flows: Flows, directory: str | os.PathLike[str], progress: Progress | None, timeout: float | None
) -> Flow[BackupReport]:
    """Asks for a backup by one id until it is done: a gateway that died in it is followed by one that starts over."""
    if directory is None:
        raise invalid("directory", "a path")
    fields: dict[str, Any] = {"directory": directory_of(directory), "id": secrets.token_hex(16), "wait": _FIRST_WAIT}
    while True:
        reply, _ = yield Ask(flows.link, requests.simple(_frames.BACKUP, fields), flows.deadline(timeout))
        answer = reply.fields
        if progress is not None:
            progress(answer["copied"], answer["total"])
        if answer["done"]:
            return report_of(answer)
        fields["wait"] = min(_LONGEST_WAIT, 2 * fields["wait"])


def verified(flows: Flows, progress: Progress | None, timeout: float | None) -> Flow[VerifyReport]:
    """Like a backup: a journal that takes long to read is asked for again and again."""
    fields: dict[str, Any] = {"id": secrets.token_hex(16), "wait": _FIRST_WAIT}
    while True:
        reply, _ = yield Ask(flows.link, requests.simple(_frames.VERIFY, fields), flows.deadline(timeout))
        answer = reply.fields
        if progress is not None and "total" in answer:
            progress(answer["copied"], answer["total"])
        if answer.get("done", True):
            return replies.parse_report(reply)
        fields["wait"] = min(_LONGEST_WAIT, 2 * fields["wait"])


def report_of(told: Mapping[str, Any]) -> BackupReport:
    return BackupReport(
        directory=told["directory"],
        store_id=told["store_id"],
        revision=told["revision"],
        segments=told["segments"],
        frames=told["frames"],
        records=told["records"],
        bytes=told["bytes"],
        taken_at=replies.moment(told["taken_at"]),
        restored_from=told.get("restored_from"),
    )


def restore(
    backup: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    java: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> BackupReport:
    """Make a new store of a backup, in a directory that is empty or missing and that no gateway serves.

    The backup is verified first. The store has a new store_id, no claims and one more reclamation of everything: no
    snapshot, ticket, claim or request of the original is valid in it (StoreChanged).
    java: the java program to do it with. progress: called with bytes copied and bytes in all.
    InvalidRequest: the directory is not empty, or the backup is none or was not finished. JournalCorrupt: it is
    damaged. Unsupported: a version of mortmain with another format took it. Nothing was written then.
    GatewayUnavailable, reason locked: the directory is in use.
    """
    from ._gateway.failure import forget_failures
    from ._gateway.offline import run_offline

    if backup is None or directory is None:
        raise invalid("backup" if backup is None else "directory", "a path")
    source, target = directory_of(backup), directory_of(directory)
    if not os.path.isdir(source):
        raise invalid("backup", f"{source} is not a directory")
    told = run_offline(target, "restore", ["--from", source], java=java, progress=progress)
    forget_failures(os.path.join(target, "run"))
    return report_of(told)
