"""LangGraph on mortmain: a checkpointer that cannot lose an update.

    graph = builder.compile(checkpointer=MortmainSaver.open("state"))
"""

from __future__ import annotations

from ._saver import MortmainSaver

__version__ = "0.1.0"

__all__ = ["MortmainSaver"]
