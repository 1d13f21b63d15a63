"""Knowledge on mortmain, and one call that puts everything there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import mortmain
import numpy as np
import pytest
from crewai.flow.persistence import factory as flow_factory
from crewai.knowledge.knowledge import Knowledge
from crewai.knowledge.source.string_knowledge_source import StringKnowledgeSource
from crewai.knowledge.storage import factory as knowledge_factory
from crewai.memory.storage import factory as memory_factory
from crewai.memory.unified_memory import Memory
from mortmain import Store

from fakes import FIELDS, Model, embed
from mortmain_crewai import MortmainFlowPersistence, MortmainKnowledgeStorage, MortmainStorage, install


def test_documents_are_found_by_their_cosine_and_kept_once(store: Store, prefix: str) -> None:
    def made() -> MortmainKnowledgeStorage:
        # Long vectors: the score must not depend on their length.
        return MortmainKnowledgeStorage(
            store, embedder=lambda texts: [[7 * x for x in one] for one in embed(texts)], prefix=prefix
        )

    a, b = made(), made()
    a.save(["tides rise", "winds blow", "tides rise", " "])
    b.save(["tides rise", "tides fall"])
    assert a.save([]) is None
    found = a.search(["tides"], limit=5, score_threshold=0.99)
    assert sorted(one["content"] for one in found) == ["tides fall", "tides rise"]
    assert [one["score"] for one in found] == pytest.approx([1.0, 1.0], abs=1e-6)
    (winds,) = (one for one in a.search(["tides"], score_threshold=0.0) if one["content"] == "winds blow")
    tide, wind = np.asarray(embed(["tides", "winds"]))
    assert winds["score"] == pytest.approx((1 + tide @ wind) / 2, abs=1e-6)
    with pytest.raises(mortmain.InvalidRequest):
        a.search([" "])
    with pytest.raises(mortmain.InvalidRequest):
        MortmainKnowledgeStorage(store, embedder=lambda texts: [[0.0] for _ in texts], prefix=prefix).save(["x"])

    async def work() -> int:
        await a.asave(["ice melts"])
        found = await b.asearch(["ice"], score_threshold=0.99)
        await b.areset()
        return len(found)

    assert asyncio.run(work()) == 1
    assert a.search(["ice"], score_threshold=0.0) == []


@pytest.fixture
def _factories() -> Iterator[None]:
    kept = memory_factory._factory, knowledge_factory._factory, flow_factory._factory
    yield
    memory_factory._factory, knowledge_factory._factory, flow_factory._factory = kept


@pytest.mark.usefixtures("_factories")
def test_one_call_puts_everything_on_mortmain(store: Store) -> None:
    install(store)
    model: Any = Model()
    memory, second = (Memory(llm=model, embedder=embed) for _ in range(2))
    assert isinstance(memory._storage, MortmainStorage)
    memory.remember("plan a", **FIELDS)
    assert second._storage.count() == 1
    assert Memory(storage="./elsewhere", llm=model, embedder=embed)._storage.count() == 0
    assert isinstance(flow_factory.default_flow_persistence(), MortmainFlowPersistence)
    embedder: Any = embed
    knowledge = Knowledge("facts", [StringKnowledgeSource(content="tides rise")], embedder=embedder)
    knowledge.add_sources()
    assert isinstance(knowledge.storage, MortmainKnowledgeStorage)
    assert [one["content"] for one in knowledge.query(["tides"])] == ["tides rise"]
    memory.close()
    second.close()


def test_consolidation_by_crewais_own_memory_is_loud_when_it_is_overtaken(
    storage: MortmainStorage, other: MortmainStorage
) -> None:
    model = Model()
    memory: Any = Memory(storage=storage, llm=model, embedder=embed)  # type: ignore[arg-type]
    one = memory.remember("plan a", **FIELDS)
    found = other.get_record(one.id)
    assert found is not None
    model.meanwhile = lambda: other.update(found.model_copy(update={"content": "plan b"}))
    with pytest.raises(mortmain.VersionConflict):
        memory.remember("plan c", **FIELDS)
    assert [one.content for one in storage.list_records()] == ["plan b"]
    memory.close()
