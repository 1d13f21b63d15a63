"""Whether a gateway is alive: it answers the handshake with the instance id of gateway.json. Its pid says nothing:
a killed child that nobody waited for still has it, and another container has other pids."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mortmain._errors import GatewayUnavailable, ProtocolMismatch

from .discover import GatewayInfo, find_gateway
from .wait import Deadline

if TYPE_CHECKING:
    from mortmain._transport import Greeted

# A gateway that accepts and then says nothing for this long (seconds) is stalled, however long the caller would wait.
PATIENCE = 10.0
# Even at the caller's deadline: after less, silence would say more about this machine's load than about the gateway.
_AT_LEAST = 0.5


@dataclass(frozen=True)
class Reached:
    """A live gateway and the greeted connection that proved it."""

    info: GatewayInfo
    connection: Greeted


@dataclass(frozen=True)
class Gone:
    """Nobody serves the directory as far as gateway.json tells. why: the reason, or None where there is no
    gateway.json.
    """

    why: GatewayUnavailable | None


def look(root: str, deadline: Deadline, agent: str | None = None) -> Reached | Gone:
    """Asks the gateway that gateway.json names. Raises where starting another one would be wrong: stalled, too many
    connections, no common protocol.
    """
    info = find_gateway(root)
    if info is None:
        return Gone(None)
    return ask(info, deadline, agent)


def ask(info: GatewayInfo, deadline: Deadline, agent: str | None = None) -> Reached | Gone:
    from mortmain._transport import connect

    patience = deadline.remaining(at_most=PATIENCE) or 0.0
    try:
        return Reached(info, connect(info, max(patience, _AT_LEAST), agent))
    except ProtocolMismatch:
        raise
    except GatewayUnavailable as error:
        # bad-token: on TCP a stranger may have got the port of a dead gateway.
        if error.reason in ("refused", "unreachable", "bad-token"):
            return Gone(error)
        raise


def gateway_file(run: str) -> str:
    return os.path.join(run, "gateway.json")
