"""Sockets to a gateway: connect, prove both sides, upgrade to frames, exchange frames, pool."""

from ._connection import Broken, Connection
from ._handshake import Address, connect, open_socket
from ._pool import Pool

__all__ = ["Address", "Broken", "Connection", "Pool", "connect", "open_socket"]
