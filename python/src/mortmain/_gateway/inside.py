"""Python inside a JVM has no gateway to look for: the store is opened, or was opened, in that very JVM."""

from __future__ import annotations

import time

from .discover import GatewayInfo
from .launch import prepare
from .probe import Reached
from .wait import Deadline

_PATIENCE = 10.0


def reach_inside(root: str, start: bool, create: bool, deadline: Deadline, agent: str | None) -> Reached | None:
    """A greeted connection to the store of this JVM; None where a socket was asked for (MORTMAIN_TRANSPORT)."""
    from mortmain._transport import greet
    from mortmain._transport.jep import is_inside, open_inside

    if not is_inside():
        return None
    if start:
        prepare(root, create)
    connection = open_inside(root, start, create)
    info = GatewayInfo(root, connection.instance, "jep", None, None, None, "")
    over = time.monotonic() + (deadline.remaining(at_most=_PATIENCE) or 0.0)
    return Reached(info, greet(connection, info, over, agent))
