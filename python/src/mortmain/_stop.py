"""Stopping a gateway: asked only if one runs, and waited for until it has closed its connections."""

from __future__ import annotations

import time

from . import _frames
from . import _requests as requests
from ._effects import Connect, Exchange, Flow, Pause
from ._errors import GatewayUnavailable
from ._flows import Flows
from ._transport import Broken

_LOOK_AGAIN = 0.01


def stop_gateway(flows: Flows, timeout: float | None) -> Flow[None]:
    """Returns when the gateway has closed its side, or GatewayUnavailable (reason timeout). None running:
    nothing to do.
    """
    link = flows.link
    deadline = flows.deadline(timeout)
    try:
        connection = yield Connect(link, deadline, start=False)
    except GatewayUnavailable as error:
        if error.reason in ("unreachable", "refused"):
            return
        raise
    try:
        frame = requests.simple(_frames.STOP, {}).bytes(connection.deadline_ms(deadline), "", 0)
        # Not through the one loop: that would start a successor only to stop it.
        yield Exchange(connection, frame, deadline)
        while connection.usable():
            if deadline is not None and time.monotonic() >= deadline:
                raise GatewayUnavailable(
                    f"the gateway of {link.directory} was asked to stop and is still there", reason="timeout"
                )
            yield Pause(_LOOK_AGAIN)
    except Broken as broken:
        if broken.expired:
            raise GatewayUnavailable(
                f"the gateway of {link.directory} did not answer in time", reason="timeout"
            ) from None
    finally:
        connection.close()
        link.pool.drain()
