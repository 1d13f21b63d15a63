"""MortmainKnowledgeStorage: CrewAI's knowledge collections on mortmain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import mortmain
import numpy as np
from crewai.knowledge.storage.base_knowledge_storage import BaseKnowledgeStorage
from crewai.memory.types import MemoryRecord, embed_texts
from crewai.rag.embeddings.factory import build_embedder
from mortmain import InvalidRequest, Store
from pydantic import PrivateAttr

from ._async import in_thread
from ._layout import content_id, prefix_of
from ._storage import MortmainStorage

if TYPE_CHECKING:
    from crewai.rag.types import SearchResult


class MortmainKnowledgeStorage(BaseKnowledgeStorage):
    """Documents of one collection, found by the cosine of their embeddings. Thread-safe.

    A document is stored once by its content, so any number of processes may add at the same time: nothing is lost and
    nothing is doubled. Scores are (1 + cosine) / 2, as in CrewAI's own storage. Unlike it this one raises what went
    wrong: an empty result means that nothing was found.

    embedder: a function of a list of texts, or CrewAI's configuration of one; None is CrewAI's default.
    """

    collection_name: str | None = None
    prefix: str = "knowledge/"

    _storage: MortmainStorage = PrivateAttr()
    _embedder: Any = PrivateAttr(default=None)

    def __init__(
        self,
        store: Store | str | os.PathLike[str] = "state",
        /,
        *,
        embedder: Any = None,
        collection_name: str | None = None,
        prefix: str = "knowledge/",
    ) -> None:
        fields: dict[str, Any] = {"collection_name": collection_name, "prefix": prefix_of(prefix)}
        super().__init__(**fields)
        self._storage = MortmainStorage(store, prefix=self.prefix + mortmain.key(collection_name or ""))
        self._embedder = embedder

    def __repr__(self) -> str:
        return f"<MortmainKnowledgeStorage {self._storage.directory!r} {self._storage.prefix!r}>"

    def _embed(self, texts: list[str]) -> list[list[float]]:
        if not callable(self._embedder):
            self._embedder = build_embedder(self._embedder or {"provider": "openai", "config": {}})
        vectors = np.asarray(embed_texts(self._embedder, texts), dtype=np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.ndim == 2 else np.zeros(1)
        if vectors.ndim != 2 or not lengths.all():
            raise InvalidRequest(
                "documents: a text without an embedding", field="documents", reason="no embedding"
            )
        # Of unit vectors the closest is the one with the greatest cosine. 32 bits, as the models give.
        return (vectors / lengths).astype(np.float32).tolist()  # type: ignore[no-any-return]

    def search(
        self,
        query: list[str],
        limit: int = 5,
        metadata_filter: dict[str, Any] | None = None,
        score_threshold: float = 0.6,
    ) -> list[SearchResult]:
        """The documents that are closest to the query, best first."""
        text = " ".join(query).strip()
        if not text:
            raise InvalidRequest("query: at least one word", field="query", reason="empty")
        found = self._storage.search(self._embed([text])[0], metadata_filter=metadata_filter, limit=limit)
        results: list[SearchResult] = []
        for record, closeness in found:
            score = min(1.0, max(0.0, 1.0 - (1.0 / closeness - 1.0) / 4.0))
            if score >= (score_threshold or 0.0):
                results.append(
                    {"id": record.id, "content": record.content, "metadata": record.metadata, "score": score}
                )
        return results

    def save(self, documents: list[str]) -> None:
        """Add documents; one that is there already stays as it is."""
        texts = [text for text in dict.fromkeys(documents) if text.strip()]
        if not texts:
            return
        self._storage.save(
            [
                MemoryRecord(id=content_id(text), content=text, embedding=vector)
                for text, vector in zip(texts, self._embed(texts), strict=True)
            ]
        )

    def reset(self) -> None:
        """Delete the collection."""
        self._storage.reset()

    async def asearch(
        self,
        query: list[str],
        limit: int = 5,
        metadata_filter: dict[str, Any] | None = None,
        score_threshold: float = 0.6,
    ) -> list[SearchResult]:
        """The twin of `search`."""
        return await in_thread(self.search, query, limit, metadata_filter, score_threshold)

    async def asave(self, documents: list[str]) -> None:
        """The twin of `save`; a cancelled task leaves all of it or nothing of each commit."""
        await in_thread(self.save, documents)

    async def areset(self) -> None:
        """The twin of `reset`."""
        await in_thread(self.reset)
