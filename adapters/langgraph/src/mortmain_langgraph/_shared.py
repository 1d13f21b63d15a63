"""What all views of one saver have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._flows import SaverFlows
from ._layout import Layout
from ._pieces import Pieces
from ._tickets import Fence

if TYPE_CHECKING:
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from ._connection import Connection


class Shared:
    """What all views of one saver have in common, clones of `with_allowlist` included. Thread-safe."""

    def __init__(self, connection: Connection, prefix: str, strict: bool) -> None:
        self.connection = connection
        self.layout = Layout(prefix)
        self.pieces = Pieces()
        self.fence = Fence()
        self.strict = strict
        self._flows: SaverFlows | None = None

    def flows(self, serde: SerializerProtocol) -> SaverFlows:
        """With this serializer: clones have others, but nearly always it is the same as the last time."""
        flows = self._flows
        if flows is None or flows.serde is not serde:
            flows = self._flows = SaverFlows(self.layout, self.pieces, self.fence, serde, self.strict)
        return flows

    def __deepcopy__(self, memo: dict[int, Any]) -> Shared:
        return self
