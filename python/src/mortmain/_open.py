"""`open`: from a path or URL and the environment to an attached Link."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._codec import Codec
from ._errors import invalid
from ._gateway import may_start
from ._link import Link
from ._models import Operation
from ._open_path import directory_of
from ._requests import Author
from ._store import Store

if TYPE_CHECKING:
    from ._async_store import AsyncStore

Observer = Callable[[Operation], None]


def default_agent() -> str:
    """MORTMAIN_AGENT, else "script.py:pid"."""
    given = os.environ.get("MORTMAIN_AGENT")
    if given:
        return given
    script = os.path.basename(sys.argv[0] if sys.argv else "") or "python"
    return f"{script}:{os.getpid()}"


def author_of(agent: str | None) -> Author:
    """The agent that was asked for, or the default one, which a forked child derives anew."""
    return Author(default_agent(), None, default_agent) if agent is None else Author(agent)


def make_link(
    directory: str | os.PathLike[str] | None,
    start: bool | None = None,
    create: bool = True,
    timeout: float | None = 30.0,
    java: str | os.PathLike[str] | None = None,
    codec: Codec | None = None,
    observe: Observer | None = None,
) -> Link:
    """A link that is not attached yet."""
    if timeout is not None and (
        isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0
    ):
        raise invalid("timeout", "seconds, more than 0, or None")
    if codec is not None and not all(hasattr(codec, name) for name in ("content_type", "encode", "decode")):
        raise invalid("codec", f"content_type, encode and decode, as mortmain.codec(Model) has them, not {codec!r:.80}")
    if observe is not None and not callable(observe):
        raise invalid("observe", "a function of an Operation")
    return Link(
        directory_of(directory),
        start=may_start(start),
        create=create,
        timeout=timeout,
        java=None if java is None else os.fspath(java),
        codec=codec,
        observe=observe,
    )


def open(
    directory: str | os.PathLike[str] | None = None,
    *,
    agent: str | None = None,
    start: bool | None = None,
    create: bool = True,
    timeout: float | None = 30.0,
    java: str | os.PathLike[str] | None = None,
    codec: Codec | None = None,
    observe: Observer | None = None,
) -> Store:
    """Attach to the gateway of a state directory, or start it. Thread-safe. A context manager: leaving closes
    sockets, never the gateway.

    directory: a path or a URL ("file:///var/lib/state"); None: MORTMAIN_DIR. agent: the name that goes with
    each commit; None:
    MORTMAIN_AGENT, else "script.py:pid". start: whether this process may start the gateway; None: unless
    MORTMAIN_START is "never".
    create: make the store if the directory holds none, else InvalidRequest. timeout: seconds of talk with the
    gateway per call, None for as long as it takes. java: the java program to start it with. codec: for the
    values of one more content type.
    observe: called after each call with an `Operation`.
    GatewayUnavailable says by `.reason` what is wrong; JavaNotFound what was looked at; JournalCorrupt if the
    journal is damaged.
    """
    link = make_link(directory, start, create, timeout, java, codec, observe)
    author = author_of(agent)
    link.attach()
    return Store(link, author)


def reopen(directory: str, agent: str) -> Store:
    """An unpickled Store: the same directory and agent; it attaches at its first call."""
    return Store(make_link(directory), Author(agent))


def reopen_async(directory: str, agent: str) -> AsyncStore:
    """An unpickled AsyncStore."""
    return reopen(directory, agent).aio
