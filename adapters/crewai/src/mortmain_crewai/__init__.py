"""CrewAI on mortmain: memory and flow persistence that cannot lose an update.

    crew = Crew(agents=[...], tasks=[...], memory=FencedMemory(storage="state"))
"""

from __future__ import annotations

from ._errors import EmbeddingDimensionMismatchError
from ._flow import MortmainFlowPersistence
from ._install import install
from ._knowledge import MortmainKnowledgeStorage
from ._layout import content_id
from ._letters import DeadLetter
from ._memory import FencedMemory
from ._storage import MortmainStorage

__version__ = "0.1.0"

__all__ = [
    "DeadLetter",
    "EmbeddingDimensionMismatchError",
    "FencedMemory",
    "MortmainFlowPersistence",
    "MortmainKnowledgeStorage",
    "MortmainStorage",
    "content_id",
    "install",
]
