"""Four waiters, each with an agent of its own, take orders of one table at the same time. They share one session.

    python shared_bill.py

The agent adds each order to the bill that it finds in the history. With the session that the Agents SDK ships all four
are told that they are done, and the bill holds one order. With MortmainSession a run that was overtaken is told so,
left nothing behind, and is made again on what is there now: the bill holds all four.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import mortmain
from agents import Agent, Model, ModelResponse, Runner, SQLiteSession, Usage, set_tracing_disabled
from mortmain.testing import temporary_store
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from mortmain_openai_agents import MortmainSession

ORDERS = {"soup": 7, "fish": 19, "wine": 12, "cake": 6}


class BillModel(Model):
    """Stands in for a model, offline: adds what the last message orders to the latest bill of the history."""

    def __init__(self, together: Together) -> None:
        self.together = together

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **options: Any) -> ModelResponse:
        bills = [item["content"][0]["text"] for item in input if item.get("role") == "assistant"]
        bill = json.loads(bills[-1]) if bills else {}
        dish = input[-1]["content"]
        await self.together.wait()  # All have read the session before anybody answers: a model takes its time.
        text = json.dumps({**bill, dish: ORDERS[dish]})
        part = ResponseOutputText(text=text, type="output_text", annotations=[], logprobs=[])
        message = ResponseOutputMessage(
            id="1", type="message", role="assistant", content=[part], status="completed"
        )
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError("this example does not stream")


class Together:
    """Lets nobody pass before `count` have come, and everybody afterwards."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all_here = asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._all_here.set()
        await self._all_here.wait()


async def take_order(dish: str, session: Any, together: Together) -> str:
    agent = Agent(name="waiter", model=BillModel(together))
    for attempt in range(1, 20):
        try:
            await Runner.run(agent, dish, session=session)
        except mortmain.Conflict:
            continue
        return f"{dish}: done" + (f" at try {attempt}" if attempt > 1 else "")
    return f"{dish}: gave up"


async def evening(name: str, open_session: Any) -> None:
    together = Together(len(ORDERS))
    told = await asyncio.gather(*(take_order(dish, open_session(), together) for dish in ORDERS))
    items = await open_session().get_items()
    bill = json.loads(items[-1]["content"][0]["text"])
    print(f"{name}: {'; '.join(told)}")
    print(f"  the bill holds {len(bill)} of {len(ORDERS)} orders: {bill}")


def main() -> None:
    set_tracing_disabled(True)
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(evening("SQLiteSession", lambda: SQLiteSession("table-4", Path(scratch, "bills.db"))))
    with temporary_store() as store:
        asyncio.run(
            evening("MortmainSession", lambda: MortmainSession("table-4", store, on_conflict="abort_turn"))
        )


if __name__ == "__main__":
    main()
