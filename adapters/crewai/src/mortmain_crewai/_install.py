"""One call at start-up that puts everything on mortmain."""

from __future__ import annotations

import os

import mortmain
from crewai.flow.persistence.factory import set_flow_persistence_factory
from crewai.knowledge.storage.factory import set_knowledge_storage_factory
from crewai.memory.storage.factory import set_memory_storage_factory
from mortmain import Store

from ._flow import MortmainFlowPersistence
from ._knowledge import MortmainKnowledgeStorage
from ._storage import MortmainStorage

# What CrewAI asks for where an application says nothing.
_DEFAULT = "lancedb"


def install(store: Store | str | os.PathLike[str] = "state") -> None:
    """From here on memories, knowledge and `@persist` are on this state directory, wherever an application hands over
    no storage object of its own. A memory that names a path keeps to itself, below a prefix made of that path.

    For memories whose consolidation is one commit give crews a `FencedMemory`; CrewAI has no factory for that.
    """
    set_memory_storage_factory(lambda spec: MortmainStorage(store, prefix=_prefix(spec)))
    set_knowledge_storage_factory(
        lambda embedder, name: MortmainKnowledgeStorage(store, embedder=embedder, collection_name=name)
    )
    persistence = MortmainFlowPersistence(store)
    set_flow_persistence_factory(lambda: persistence)


def _prefix(spec: str) -> str:
    return "memory/" if spec == _DEFAULT else f"memory-at/{mortmain.key(spec)}/"
