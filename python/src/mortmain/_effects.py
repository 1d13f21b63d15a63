"""Flows are generators that yield effects (connect, exchange, ask, pause, call the user's function). They are written
once and driven twice: `drive` here runs the effects in the calling thread, `_async_drive` awaits them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from ._frames import Frame, Reply, Request
from ._transport import Greeted

if TYPE_CHECKING:
    from ._link import Link

T = TypeVar("T")
Flow = Generator["Effect", Any, T]


class Effect:
    """What a flow asks its driver to do."""

    __slots__ = ()

    def run(self) -> Any:
        """Do it in this thread."""
        raise NotImplementedError


class Connect(Effect):
    """A new connection to the gateway, which is started if need be."""

    __slots__ = ("deadline", "link", "start")

    def __init__(self, link: Link, deadline: float | None, start: bool | None = None) -> None:
        self.link = link
        self.deadline = deadline
        self.start = link.start if start is None else start

    def run(self) -> Greeted:
        return self.link.connect(self.deadline, self.start)


class Exchange(Effect):
    """One frame out, one reply in."""

    __slots__ = ("connection", "deadline", "frame")

    def __init__(self, connection: Greeted, frame: Frame, deadline: float | None) -> None:
        self.connection = connection
        self.frame = frame
        self.deadline = deadline

    def run(self) -> Reply:
        return self.connection.exchange(self.frame, self.deadline)


class Ask(Effect):
    """One request, answered: the reply and the store id of its connection."""

    __slots__ = ("deadline", "link", "request")

    def __init__(self, link: Link, request: Request, deadline: float | None) -> None:
        self.link = link
        self.request = request
        self.deadline = deadline

    def run(self) -> tuple[Reply, str]:
        return self.link.ask(self.request, self.deadline)


class Pause(Effect):
    """Let seconds pass."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def run(self) -> None:
        time.sleep(self.seconds)


class Invoke(Effect):
    """Call the user's function; the asynchronous driver awaits what it returns."""

    __slots__ = ("argument", "function")

    def __init__(self, function: Callable[[Any], Any], argument: Any) -> None:
        self.function = function
        self.argument = argument

    def run(self) -> Any:
        return self.function(self.argument)


def drive(flow: Flow[T]) -> T:
    """Run a flow in the calling thread."""
    try:
        effect = next(flow)
        while True:
            try:
                result = effect.run()
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
