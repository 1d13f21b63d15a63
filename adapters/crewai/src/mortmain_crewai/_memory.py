"""FencedMemory: CrewAI's memory, whose consolidation loses nothing."""

from __future__ import annotations

import copy
import logging
import os
from contextvars import ContextVar
from typing import Any, Literal

from crewai.memory.encoding_flow import EncodingFlow
from crewai.memory.storage.factory import resolve_memory_storage
from crewai.memory.types import MemoryMatch, MemoryRecord
from crewai.memory.unified_memory import Memory
from mortmain import Conflict, InvalidRequest, MortmainError, Store, Ticket
from pydantic import Field, PrivateAttr

from ._errors import listening, touches_base
from ._letters import DeadLetter, letters, post
from ._readset import ReadSet
from ._storage import MortmainStorage

try:
    from crewai.hooks.dispatch import HookAborted
except ImportError:  # CrewAI before 1.15 has no such hooks

    class HookAborted(Exception):  # type: ignore[no-redef]
        """Never raised."""


__all__ = ["FencedMemory"]

logger = logging.getLogger("mortmain.crewai")
# Below the limit of 1,000 keys of a commit.
_KEYS = 900
# Whether contents are stored in the background, where nobody is told of an error.
_background: ContextVar[bool] = ContextVar("mortmain_crewai_background", default=False)


class FencedMemory(Memory):
    """CrewAI's `Memory` on a `MortmainStorage`. Thread-safe; a deep copy uses the same connection.

    Storing is search, question to the model, write. Here what was searched is part of the commit: if another agent
    changed or deleted a record that the model was shown, or stored a similar one meanwhile, nothing is written and the
    whole is run again on what is there now, at most `retries` times. Then the contents become a dead letter and the
    last `mortmain.Conflict` is raised. An update keeps the record's `source` and `private`.

    storage: a MortmainStorage, an open `mortmain.Store` or a state directory. Others are refused by the first call that
    stores.
    retries: how often one call may run again; every run costs its calls of the model.
    """

    storage: Any = Field(default_factory=MortmainStorage, description="A MortmainStorage, a Store or a directory.")
    retries: int = Field(default=5, ge=0, description="How often one call may run again after a conflict.")

    _reruns: int = PrivateAttr(default=0)
    _error: MortmainError | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        if isinstance(self.storage, str):
            self.storage = resolve_memory_storage(self.storage) or _at(self.storage)
        elif isinstance(self.storage, (os.PathLike, Store)):
            self.storage = MortmainStorage(self.storage)
        super().model_post_init(context)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> FencedMemory:
        """Another memory on the same connection, with the same model and embedder."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        twin = type(self)(**{**values, "storage": copy.deepcopy(self.storage, memo)})
        twin._llm_instance, twin._embedder_instance = self._llm_instance, self._embedder_instance
        if memo is not None:
            memo[id(self)] = twin
        return twin

    # ------------------------------------------------------------ what went wrong, where CrewAI hides it

    @property
    def reruns(self) -> int:
        """How often this object ran a consolidation again."""
        return self._reruns

    @property
    def fence_error(self) -> MortmainError | None:
        """The last error that stopped a call of this object, in the background or where CrewAI hides it."""
        return self._error or self._mortmain.fence_error

    def raise_if_fenced(self) -> None:
        """Raise it, once."""
        error, self._error = self._error, None
        self._mortmain.fence_error, hidden = None, self._mortmain.fence_error
        if (error or hidden) is not None:
            raise error or hidden  # type: ignore[misc]

    @property
    def _mortmain(self) -> MortmainStorage:
        storage: Any = self._storage
        if not isinstance(storage, MortmainStorage):
            raise InvalidRequest(
                f"storage: a MortmainStorage, a Store or a directory, not {type(storage).__name__}: "
                "no other storage can commit on what was read",
                field="storage",
                reason="type",
            )
        return storage

    # ------------------------------------------------------------ storing

    def _encode_batch(self, contents: list[str], *args: Any, **kwargs: Any) -> list[MemoryRecord]:
        """CrewAI's seam below `remember` and `remember_many`. A large batch is several commits."""
        arguments = dict(zip(_ARGUMENTS, args, strict=False), **kwargs)
        records: list[MemoryRecord] = []
        for at in range(0, len(contents), self._batch):
            try:
                records += self._encode(contents[at : at + self._batch], arguments)
            except HookAborted:
                raise
            except Exception as error:
                if isinstance(error, Conflict) or _background.get():
                    self._give_up(contents[at:], arguments, error)
                raise
        return records

    @property
    def _batch(self) -> int:
        """Contents of one commit: each may find, and delete, as many records as a search returns."""
        return max(1, _KEYS // (2 * self.consolidation_limit + 2))

    def _encode(
        self, contents: list[str], arguments: dict[str, Any], takes: Ticket | None = None
    ) -> list[MemoryRecord]:
        for left in reversed(range(self.retries + 1)):
            reads = ReadSet(self._mortmain, self._config.consolidation_threshold)
            flow = EncodingFlow(storage=reads, llm=self._llm, embedder=self._embedder, config=self._config)
            flow.kickoff(inputs={"items": [{"content": one, **arguments} for one in contents]})
            try:
                reads.commit(takes)
            except Conflict as error:
                if not left or (takes is not None and touches_base(error, [takes.key])):
                    error.attempts = self.retries + 1 - left
                    raise
                logger.info("a consolidation runs again: %s", error)
                self._reruns += 1
                continue
            return [
                item.result_record
                for item in flow.state.items
                if not item.dropped and item.result_record is not None
            ]
        raise AssertionError("unreachable")

    def _background_encode_batch(self, *args: Any, **kwargs: Any) -> list[MemoryRecord]:
        background = _background.set(True)
        try:
            return super()._background_encode_batch(*args, **kwargs)
        finally:
            _background.reset(background)

    def _give_up(self, contents: list[str], arguments: dict[str, Any], error: Exception) -> None:
        if isinstance(error, MortmainError):
            self._error = error
        try:
            for at in range(0, len(contents), self._batch):
                post(self._mortmain, contents[at : at + self._batch], arguments, error)
        except MortmainError as another:
            self._error = another
            logger.error("%d contents are stored nowhere: %s, and then: %s", len(contents), error, another)

    def dead_letters(self) -> list[DeadLetter]:
        """The contents that this memory, in whichever process, gave up on, oldest first."""
        return letters(self._mortmain)

    def retry_dead_letters(self) -> int:
        """Store them again; how many letters are done. Each is taken in the same commit that stores its contents, so
        two processes that try at once store them once. A letter that fails again stays."""
        done = 0
        for letter in self.dead_letters():
            try:
                self._encode(letter.contents, letter.arguments, letter.ticket)
            except HookAborted:
                raise
            except Exception as error:
                logger.info("a dead letter of %s stays: %s", letter.when, error)
                continue
            done += 1
        return done

    # ------------------------------------------------------------ the other calls

    def recall(
        self,
        query: str,
        scope: str | None = None,
        categories: list[str] | None = None,
        limit: int = 10,
        depth: Literal["shallow", "deep"] = "deep",
        source: str | None = None,
        include_private: bool = False,
    ) -> list[MemoryMatch]:
        """As in CrewAI, but a search that failed is an error, not an empty memory."""
        with listening() as errors:
            found = super().recall(query, scope, categories, limit, depth, source, include_private)
        if errors:
            raise errors[0]
        return found

    def update(
        self,
        record_id: str,
        content: str | None = None,
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
    ) -> MemoryRecord:
        """As in CrewAI. A `VersionConflict` if the record was written since it was last read or written here."""
        seen = self._mortmain.bases.last(record_id)
        if seen is not None and not self.read_only:
            self._mortmain.store.check(seen)
        return super().update(record_id, content, scope, categories, metadata, importance)


def _at(directory: str) -> MortmainStorage:
    """A memory in a state directory, unless the word is one of CrewAI's names for its own storages."""
    if directory in ("lancedb", "qdrant-edge"):
        raise InvalidRequest(
            f"storage: {directory} cannot commit on what was read: name a state directory",
            field="storage",
            reason="foreign storage",
        )
    return MortmainStorage(directory)


_ARGUMENTS = ("scope", "categories", "metadata", "importance", "source", "private", "root_scope")
