"""Four crews survey one coast at the same time and remember what they find.

    python survey_crew.py

With the memory that CrewAI ships all four are told that it is remembered, and one finding is left. With FencedMemory
each of them that was overtaken asks its model again on what is there now, and all four findings are kept.

Runs offline: the agents' model and the embedder are scripted.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import threading
from collections.abc import Callable
from typing import Any

for _name in ("CREWAI_DISABLE_TELEMETRY", "OTEL_SDK_DISABLED", "CREWAI_TESTING"):
    os.environ[_name] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
_SCRATCH = tempfile.TemporaryDirectory()
os.environ["CREWAI_STORAGE_DIR"] = os.environ["XDG_DATA_HOME"] = _SCRATCH.name

from crewai import Agent, Crew, Memory, Task
from crewai.events.utils.console_formatter import set_suppress_console_output
from crewai.llms.base_llm import BaseLLM
from mortmain.testing import temporary_store

from mortmain_crewai import FencedMemory

TOPICS = ("tides", "currents", "winds", "ice")
set_suppress_console_output(True)


class Surveyor(BaseLLM):
    """The scripted model of an agent: it finds one thing, and merges findings as a model would."""

    topic: str = ""
    together: Any = None

    def call(self, messages: Any, *_: Any, **__: Any) -> str:
        text = messages if isinstance(messages, str) else messages[-1]["content"]
        known = re.search(r"id=(\S+) .*\n  content: (.*)", text)
        if known is None:
            return f"Thought: I looked.\nFinal Answer: about {self.topic}"
        together, self.together = self.together, None
        if together is not None:
            together.wait(60.0)  # All have read the memory before anybody writes: a model call takes its time.
        new = f"{known.group(2)}, about {self.topic}"
        action = {"action": "update", "record_id": known.group(1), "new_content": new}
        return json.dumps({"actions": [action], "insert_new": False})

    def supports_function_calling(self) -> bool:
        return False


def embed(texts: list[str]) -> list[list[float]]:
    """To this embedder all texts are alike, so everything is consolidated."""
    return [[1.0, 0.0, 0.0] for _ in texts]


def survey(memory_for: Callable[[Any], Memory], topic: str, together: threading.Barrier, told: list[str]) -> None:
    model = Surveyor(model="scripted", topic=topic, together=together)
    surveyor = Agent(role="Surveyor", goal="Survey the coast", backstory="Has seen it all", llm=model)
    task = Task(description=f"Find out about the {topic}", expected_output="one finding", agent=surveyor)
    finding = Crew(agents=[surveyor], tasks=[task]).kickoff().raw
    memory = memory_for(model)
    memory.remember(finding, scope="/coast", categories=["survey"], importance=0.5)
    told.append(topic)
    memory.close()


def run(memory_for: Callable[[Any], Memory]) -> tuple[list[str], list[str]]:
    """Which crews were told that their finding is remembered, and which findings are."""
    first = memory_for(Surveyor(model="scripted"))
    first.remember("the coast", scope="/coast", categories=["survey"], importance=0.5)
    first.close()
    together = threading.Barrier(len(TOPICS))
    told: list[str] = []
    crews = [threading.Thread(target=survey, args=(memory_for, topic, together, told)) for topic in TOPICS]
    for crew in crews:
        crew.start()
    for crew in crews:
        crew.join()
    reader = memory_for(Surveyor(model="scripted"))
    remembered = " ".join(record.content for record in reader.list_records())
    reader.close()
    return told, [topic for topic in TOPICS if f"about {topic}" in remembered]


def main() -> None:
    logging.disable(logging.WARNING)
    with temporary_store() as store, tempfile.TemporaryDirectory() as scratch:
        places: dict[str, Callable[[Any], Memory]] = {
            "Memory on LanceDB": lambda model: Memory(storage=scratch, llm=model, embedder=embed),
            "FencedMemory": lambda model: FencedMemory(storage=store, llm=model, embedder=embed, retries=20),
        }
        for name, memory_for in places.items():
            told, kept = run(memory_for)
            print(f"{name}: {len(told)} crews were told that their finding is remembered")
            print(f"  kept {len(kept)} of {len(TOPICS)}: {', '.join(kept)}", flush=True)


if __name__ == "__main__":
    main()
