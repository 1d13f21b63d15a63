"""Loopback TCP: both sides prove that they know the gateway's word before anything else is said.

Without the gateway's proof, another local user who binds a dead gateway's port could collect the word and
acknowledge commits.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
import time
from collections.abc import Callable

from mortmain._errors import GatewayUnavailable


def open_tcp(address: str, port: int, deadline: float) -> socket.socket:
    """A connected socket, nothing sent yet. deadline: on time.monotonic()."""
    sock = socket.create_connection((address, port), timeout=max(deadline - time.monotonic(), 0.001))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def proof(word: str, role: str, ours: str, theirs: str, instance: str) -> str:
    """HMAC-SHA256 in hex. role: gateway or client; ours, theirs: the client's and the gateway's nonce in hex.
    """
    text = f"mortmain {role}\n{ours}\n{theirs}\n{instance}"
    return hmac.new(word.encode(), text.encode(), hashlib.sha256).hexdigest()


def prove(ask: Callable[[str], str], word: str, instance: str) -> None:
    """Check the gateway's proof, then give ours. ask: sends one command, returns the answer's line."""
    ours = secrets.token_hex(32)
    answer = ask(f"M\n{ours}\ne\n")
    theirs, their_proof = answer[2:66], answer[66:]
    if not answer.startswith("!y") or not hmac.compare_digest(
        their_proof.encode(), proof(word, "gateway", ours, theirs, instance).encode()
    ):
        raise _bad_token("what listens on the gateway's port could not prove that it is the gateway")
    if ask(f"P\n{proof(word, 'client', ours, theirs, instance)}\ne\n") != "!yv":
        raise _bad_token("the gateway did not accept this client's proof")


def _bad_token(message: str) -> GatewayUnavailable:
    message = f"{message}: the authentication word in run/gateway.json may be stale"
    return GatewayUnavailable(message, reason="bad-token")
