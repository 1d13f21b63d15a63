"""OpenAI Agents SDK sessions and run states in mortmain: of two runs on one session exactly one goes on.

    session = MortmainSession("user-7", "state")
    result = await Runner.run(agent, "Hello", session=session)

The other run gets a typed `mortmain.Conflict`.
"""

from __future__ import annotations

from ._compaction import MortmainCompactionSession
from ._runstate import RunStateStore
from ._session import MortmainSession

__version__ = "0.1.0"

__all__ = ["MortmainCompactionSession", "MortmainSession", "RunStateStore"]
