"""The gateway of a state directory: found, or started and then found. All processes of a host share it; it outlives
the one that started it.
"""

from __future__ import annotations

import os
import sys

from mortmain._errors import GatewayUnavailable, invalid

from .discover import GatewayInfo, absolute, find_gateway
from .probe import Gone, Reached, look
from .wait import Deadline

__all__ = ["STARTS", "GatewayInfo", "Reached", "ensure_gateway", "find_gateway", "look", "may_start", "reach_gateway"]

STARTS = ("auto", "never")
_NOT_ALLOWED = "this process may not start one (start=False or MORTMAIN_START=never): run"


def ensure_gateway(
    directory: str | os.PathLike[str],
    *,
    start: bool | None = None,
    create: bool = True,
    java: str | os.PathLike[str] | None = None,
    timeout: float | None = 30.0,
) -> GatewayInfo:
    """Where the live gateway of `directory` is. As reach_gateway, which also hands over the connection that proved
    it.
    """
    reached = reach_gateway(directory, start=start, create=create, java=java, timeout=timeout)
    reached.connection.close()
    return reached.info


def reach_gateway(
    directory: str | os.PathLike[str],
    *,
    start: bool | None = None,
    create: bool = True,
    java: str | os.PathLike[str] | None = None,
    timeout: float | None = 30.0,
    agent: str | None = None,
) -> Reached:
    """A live gateway and a greeted connection to it; starts one where nobody serves. Thread-safe.

    start: None = as MORTMAIN_START says (auto | never). create: make a store where there is none. timeout: seconds,
    None = as long as it takes.
    GatewayUnavailable says by .reason what is wrong; JavaNotFound and ProtocolMismatch derive from it. What the JVM
    found when it opened the journal
    is raised as what it is: JournalCorrupt, StoreReadOnly …
    """
    root = absolute(directory)
    deadline = Deadline(timeout)
    if "_jep" in sys.modules:
        from .inside import reach_inside

        reached = reach_inside(root, may_start(start), create, deadline, agent)
        if reached is not None:
            return reached
    found = look(root, deadline, agent)
    if isinstance(found, Reached):
        return found
    if not may_start(start):
        raise _nobody(root, found)
    from .launch import start_gateway

    return start_gateway(root, create, java, deadline, agent)


def may_start(start: bool | None) -> bool:
    """The argument wins over MORTMAIN_START."""
    if start is not None:
        return start
    said = os.environ.get("MORTMAIN_START") or "auto"
    if said not in STARTS:
        raise invalid("MORTMAIN_START", f"it is {said}, not {' or '.join(STARTS)}")
    return said != "never"


def _nobody(root: str, gone: Gone) -> GatewayUnavailable:
    if gone.why is not None:
        gone.why.args = (f"{gone.why}; {_NOT_ALLOWED} `mortmain --dir {root} serve`",)
        return gone.why
    return GatewayUnavailable(
        f"no gateway serves {root}; {_NOT_ALLOWED} `mortmain --dir {root} serve`",
        reason="unreachable",
    )
