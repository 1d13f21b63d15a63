"""LangGraph on mortmain: a checkpointer that cannot lose an update.

    graph = builder.compile(checkpointer=MortmainSaver.open("state"))
"""

from __future__ import annotations

from ._admin import ThreadInfo, export_to, import_from
from ._claim import ThreadClaim
from ._item_watch import AsyncItemWatch, ItemEvent, ItemWatch
from ._items import VersionedItem, VersionedSearchItem
from ._saver import MortmainSaver
from ._store import MortmainStore

__version__ = "0.1.0"

__all__ = [
    "AsyncItemWatch",
    "ItemEvent",
    "ItemWatch",
    "MortmainSaver",
    "MortmainStore",
    "ThreadClaim",
    "ThreadInfo",
    "VersionedItem",
    "VersionedSearchItem",
    "export_to",
    "import_from",
]
