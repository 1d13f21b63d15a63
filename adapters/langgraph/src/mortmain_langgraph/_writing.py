"""What a saver writes, as flows: checkpoints and what tasks wrote, each in one commit with the guards of its run."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import mortmain
from langgraph.checkpoint.base import WRITES_IDX_MAP, get_checkpoint_metadata

from ._drive import Commit, Flow
from ._flow_base import BYTES, KEYS, Flows, address, where
from ._layout import Form, Record, Space, Writes
from ._pieces import INLINE, ROOM
from ._tickets import RunTicket, is_of_a_graph

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
    from mortmain import Receipt

# Pieces by their name.
Missing = dict[bytes, memoryview]
_NOTHING: frozenset[bytes] = frozenset()


class Writing(Flows):
    """The flows of `put` and `put_writes`. Thread-safe."""

    # ------------------------------------------------------------ writing

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Flow[RunnableConfig]:
        thread_id, ns, parent_id = where(config)
        space = self.layout.space(thread_id, ns)
        run = self._writer(config, space)
        stored, last = (run.known, run.values) if run is not None else (_NOTHING, None)
        checkpoint_id = checkpoint["id"]
        rest: dict[str, Any] = {**checkpoint}
        values = rest.pop("channel_values")
        dumps = self.serde.dumps_typed
        forms: dict[str, Form] = {}
        missing: Missing = {}
        room = ROOM
        for channel, value in values.items():
            kind, data = dumps(value)
            if len(data) <= INLINE:
                forms[channel] = [kind, data]
                continue
            form = forms[channel] = self.pieces.form(space.prefix, channel, kind, data, stored, missing, last, room)
            if len(form) == 2:
                room -= len(data)
        full = get_checkpoint_metadata(config, metadata)
        run_id = full.get("run_id")
        record = Record(
            thread_id,
            ns,
            checkpoint_id,
            parent_id,
            dumps(rest),
            dumps(full),
            forms,
            run_id if isinstance(run_id, str) else None,
        )
        key, data = space.record(checkpoint_id), record.pack()
        receipt = yield from self._write(space, run, key, data, missing, checkpoint_id)
        if receipt.keys[key].revision != receipt.revision:
            # This id was there already: `ensure` kept the old record, and the new one replaces it.
            yield from self._write(space, run, key, data, {}, checkpoint_id, replace=True)
        return address(thread_id, ns, checkpoint_id)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Flow[None]:
        thread_id, ns, checkpoint_id = where(config)
        if checkpoint_id is None:
            raise mortmain.InvalidRequest(
                "config: put_writes needs a checkpoint_id", field="config", reason="no checkpoint_id"
            )
        space = self.layout.space(thread_id, ns)
        run = self._writer(config, space)
        stored = run.known if run is not None else _NOTHING
        items: list[tuple[int, str, Form]] = []
        missing: Missing = {}
        dumps = self.serde.dumps_typed
        for index, (channel, value) in enumerate(writes):
            kind, data = dumps(value)
            form: Form = [kind, data]
            if len(data) > INLINE:
                # Without room: what a task writes is stored again with the next checkpoint, most often as it is.
                form = self.pieces.form(space.prefix, "", kind, data, stored, missing)
            items.append((WRITES_IDX_MAP.get(channel, index), channel, form))
        packed = Writes(task_id, task_path, items).pack()
        yield from self._write(space, run, space.new_writes(checkpoint_id), packed, missing, checkpoint_id)

    def _writer(self, config: RunnableConfig, space: Space) -> RunTicket | None:
        run = self.fence.current(config, space)
        if run is not None:
            run.check()
        elif self.strict and is_of_a_graph(config):
            raise mortmain.InvalidRequest(
                f"config: a graph writes thread {space.thread_id} without having read it through this saver "
                f"(langgraph {version('langgraph')} carries its config in a way that is not known here); "
                "MortmainSaver(..., strict=False) accepts such writes unfenced",
                field="config",
                reason="no ticket",
            )
        return run

    def _write(
        self,
        space: Space,
        run: RunTicket | None,
        key: str,
        data: bytes,
        missing: Missing,
        checkpoint_id: str,
        replace: bool = False,
    ) -> Flow[Receipt]:
        """The one commit of every write: guards, head, record and the pieces that may be missing."""
        last = missing
        if missing and not _fits(missing):
            last = yield from self._write_ahead(space, missing)
        about = {"thread": space.thread_id, "ns": space.ns, "checkpoint": checkpoint_id}

        def build(txn: Any) -> None:
            if run is not None:
                run.guard(txn)
                txn.put(space.head, about)
            else:
                # Not a run's write, so it follows nothing; the head moves, and runs that read before are refused.
                txn.merge(space.head, {**about, "raw": secrets.token_hex(4)})
            (txn.put if replace else txn.ensure)(key, data)
            for name, piece in last.items():
                txn.ensure(space.piece(name), piece)

        try:
            receipt = yield Commit(build, None if run is not None else {"langgraph": "raw"})
        except mortmain.Conflict as error:
            if run is not None:
                run.refuse(error)
                self.fence.record(space.thread_id, error)
            raise
        if run is not None and missing:
            run.known.update(missing)
        return cast("Receipt", receipt)

    def _write_ahead(self, space: Space, missing: Missing) -> Flow[Missing]:
        """Pieces that do not fit into one commit go first; alone they mean nothing. Gives those of the last commit."""
        left = missing
        while not _fits(left):
            batch: Missing = {}
            size = 0
            for name, piece in left.items():
                if len(batch) >= KEYS or size + len(piece) > BYTES:
                    break
                batch[name] = piece
                size += len(piece)

            def build(txn: Any, batch: Missing = batch) -> None:
                for name, piece in batch.items():
                    txn.ensure(space.piece(name), piece)

            yield Commit(build)
            left = {name: piece for name, piece in left.items() if name not in batch}
        return left


def _fits(pieces: Missing) -> bool:
    return len(pieces) <= KEYS and sum(map(len, pieces.values())) <= BYTES
