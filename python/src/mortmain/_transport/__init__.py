"""Connections to a gateway: connect, prove both sides, upgrade, exchange frames, pool; inside a JVM through memory."""

from ._connection import Connection
from ._greeted import Broken, Greeted
from ._handshake import Address, connect, greet, open_socket
from ._pool import Pool

__all__ = ["Address", "Broken", "Connection", "Greeted", "Pool", "connect", "greet", "open_socket"]
