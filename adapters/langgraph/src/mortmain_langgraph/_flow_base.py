"""What the flows of a saver have in common: where a checkpoint is, and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mortmain

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from ._layout import Layout
    from ._pieces import Pieces
    from ._tickets import Fence

# Below the limit of 1,000 keys of a commit, with room for the head and the record.
KEYS = 900
# Below the limit of 128 MiB of a commit.
BYTES = 64 * 1024 * 1024
# Rounds of an operation that somebody else's writes disturb.
ROUNDS = 20


def where(config: RunnableConfig) -> tuple[str, str, str | None]:
    """(thread id, namespace, checkpoint id or None) of a config."""
    conf = config["configurable"]
    return str(conf["thread_id"]), conf.get("checkpoint_ns") or "", conf.get("checkpoint_id") or None


def address(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {"thread_id": thread_id, "checkpoint_ns": ns, "checkpoint_id": checkpoint_id}
    }


def disturbed(thread_id: str) -> mortmain.MortmainError:
    return mortmain.VersionConflict(
        f"thread {thread_id} was pruned or deleted while it was read: read it again", key=thread_id
    )


class Flows:
    """What all flows of one saver and serializer know. Thread-safe."""

    def __init__(
        self, layout: Layout, pieces: Pieces, fence: Fence, serde: SerializerProtocol, strict: bool
    ) -> None:
        self.layout = layout
        self.pieces = pieces
        self.fence = fence
        self.serde = serde
        self.strict = strict
