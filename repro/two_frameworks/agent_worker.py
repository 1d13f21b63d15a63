"""A worker made of an OpenAI agent. Arguments: its name, files or mortmain, the place of the state.

The model is scripted: it calls a tool again when the tool says so, as a model does that can read.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from typing import Any

import mortmain
from agents import Agent, Model, ModelResponse, Runner, SQLiteSession, Usage, function_tool, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from shared import Look, OnFiles, OnMortmain
from stage import say, wait_here


class ScriptedModel(Model):
    """take_step until a step is taken, then report, then a last word."""

    def __init__(self) -> None:
        self._calls = itertools.count()

    async def get_response(self, system_instructions: Any, input: Any, *others: Any, **named: Any) -> ModelResponse:
        outputs = [item for item in input if isinstance(item, dict) and item.get("type") == "function_call_output"]
        last = str(outputs[-1]["output"]) if outputs else ""
        if not outputs or last.startswith("conflict"):
            return self._answer(self._call("take_step"))
        if last.startswith("taken"):
            return self._answer(self._call("report"))
        text = ResponseOutputText(text=last, type="output_text", annotations=[])
        return self._answer(
            ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        )

    def _call(self, tool: str) -> ResponseFunctionToolCall:
        number = next(self._calls)
        return ResponseFunctionToolCall(name=tool, arguments="{}", call_id=f"{tool}-{number}", type="function_call")

    def _answer(self, item: Any) -> ModelResponse:
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        raise NotImplementedError("this program does not stream")


def make_agent(name: str, shared: OnFiles | OnMortmain) -> Agent[Any]:
    seen: list[tuple[Look, str]] = []

    @function_tool
    def take_step() -> str:
        """Take the first open step of the plan."""
        look = shared.look()
        step = look.open_step()
        if step is None:
            return "nothing is open"
        say(f"wants to do the {step}")
        wait_here()
        try:
            shared.take(look, step, name)
        except mortmain.VersionConflict as conflict:
            say(f"VersionConflict: {conflict.winner} was faster; tells the model")
            return f"conflict: {conflict}"
        seen.append((look, step))
        return f"taken: {step}"

    @function_tool
    def report() -> str:
        """Report that the step is done, and what was seen."""
        look, step = seen[-1]
        shared.report(look, step, name)
        say(f"did the {step}")
        return f"did the {step}"

    return Agent(name, instructions="Do one step of the plan.", tools=[take_step, report], model=ScriptedModel())


async def main(name: str, kind: str, place: str) -> None:
    set_tracing_disabled(True)
    if kind == "files":
        await Runner.run(make_agent(name, OnFiles(place)), "Go on.", session=SQLiteSession("survey"))
        return
    from mortmain_openai_agents import MortmainSession

    with mortmain.open(place, agent=name) as store:
        session = MortmainSession("survey", store)
        await Runner.run(make_agent(name, OnMortmain(store)), "Go on.", session=session)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
