"""Sockets to a gateway: connect, prove both sides, upgrade to frames, exchange frames, pool."""

from ._connection import Broken, Connection
from ._handshake import connect
from ._pool import Pool

__all__ = ["Broken", "Connection", "Pool", "connect"]
