"""AutoGen on mortmain: team state, memory and cache that cannot lose an update.

    async with checkout("state", "teams/research", team):
        await team.run(task="go on")
"""

from __future__ import annotations

from ._cache import MortmainCacheStore, MortmainCacheStoreConfig
from ._checkout import Checkout, checkout
from ._memory import MortmainMemory, MortmainMemoryConfig

__version__ = "0.1.0"

__all__ = [
    "Checkout",
    "MortmainCacheStore",
    "MortmainCacheStoreConfig",
    "MortmainMemory",
    "MortmainMemoryConfig",
    "checkout",
]
