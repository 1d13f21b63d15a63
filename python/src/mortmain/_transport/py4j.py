"""A stock py4j client to the gateway, over either transport. Only who asks for it pays for importing py4j (55
ms).
"""

from __future__ import annotations

import os
import socket
import time
import weakref
from typing import Any

from py4j.java_gateway import GatewayClient, GatewayConnection, GatewayParameters, JavaGateway
from py4j.protocol import Py4JNetworkError

from mortmain._errors import GatewayUnavailable

from ._handshake import Address, open_socket

_CONNECT_SECONDS = 10.0
_clients: weakref.WeakSet[Any] = weakref.WeakSet()


class _Connection(GatewayConnection):  # type: ignore[misc]
    """Speaks py4j's lines over a socket that is authenticated already: by the kernel, or by both sides'
    proofs on TCP.
    """

    def __init__(self, info: Address, parameters: Any, gateway_property: Any) -> None:
        super().__init__(parameters, gateway_property)
        self._info = info
        self.socket: socket.socket

    def start(self) -> None:
        self.socket.close()
        try:
            self.socket = open_socket(self._info, time.monotonic() + _CONNECT_SECONDS)
        except GatewayUnavailable as error:
            raise Py4JNetworkError(str(error), error) from error
        self.socket.settimeout(None)
        self.stream = self.socket.makefile("rb")
        self.is_connected = True

    def abandon(self) -> None:
        """Close this process's copy of the socket and nothing else: after a fork it is the parent's
        connection.
        """
        try:
            os.close(self.socket.detach())
        except OSError:
            pass


class _Client(GatewayClient):  # type: ignore[misc]
    def __init__(self, info: Address, parameters: Any) -> None:
        super().__init__(gateway_parameters=parameters)
        self._info = info
        self._made: weakref.WeakSet[_Connection] = weakref.WeakSet()
        _clients.add(self)

    def _create_connection(self) -> _Connection:
        connection = _Connection(self._info, self.gateway_parameters, self.gateway_property)
        connection.start()
        self._made.add(connection)
        return connection

    def _should_retry(self, *_: object) -> bool:
        # py4j would send a command again whose answer was lost: a commit would run twice.
        return False

    def drop_after_fork(self) -> None:
        self.deque.clear()
        for connection in list(self._made):
            connection.abandon()


class _Gateway(JavaGateway):  # type: ignore[misc]
    def __init__(self, info: Address) -> None:
        self._info = info
        super().__init__(
            gateway_parameters=GatewayParameters(address="127.0.0.1", port=0, auto_convert=False)
        )

    def _create_gateway_client(self) -> _Client:
        return _Client(self._info, self.gateway_parameters)


def open_gateway(info: Address) -> Any:
    """A JavaGateway to the gateway that `info` names; nothing is connected before the first call."""
    return _Gateway(info)


def _after_fork() -> None:
    for client in list(_clients):
        client.drop_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
