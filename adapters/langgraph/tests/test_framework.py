"""What LangGraph and LangChain build on a checkpointer: agents, caches, strict msgpack, encryption, drains."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import langgraph.runtime
import mortmain
import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.config import get_store
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy, Command, interrupt

from graphs import State, config, ten_steps
from mortmain_langgraph import MortmainSaver, MortmainStore

USER = ("users", "7")


# -------------------------------------------------------------------- agents


class Scripted(GenericFakeChatModel):
    """LangChain's scripted model; it takes tools and calls those that the script says."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def calling(name: str, call_id: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": call_id, "type": "tool_call"}])


def agent(saver: Any, memory: Any, script: list[AIMessage], meanwhile: Any = None) -> Any:
    @tool
    def remember(fact: str) -> str:
        """Keep a fact."""
        get_store().put(USER, fact, {"fact": fact})
        if meanwhile is not None:
            meanwhile()
        return "kept"

    @tool
    def approve(what: str) -> str:
        """Ask a person."""
        return f"the answer is {interrupt(what)}"

    return create_agent(
        Scripted(messages=iter(script)), [remember, approve], checkpointer=saver, store=memory
    )


def asked(text: str) -> Any:
    return {"messages": [{"role": "user", "content": text}]}


def told(saver: MortmainSaver) -> list[str]:
    found = saver.get_tuple(config())
    assert found is not None
    return [one.content for one in found.checkpoint["channel_values"]["messages"]]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_an_agent_remembers_asks_and_resumes(saver: MortmainSaver, memory: MortmainStore, durability: Any) -> None:
    first = agent(saver, memory, [calling("remember", "1", fact="tides"), AIMessage("noted")])
    first.invoke(asked("remember tides"), config(), durability=durability)
    assert [one.value for one in memory.search(USER)] == [{"fact": "tides"}]
    second = agent(saver, memory, [calling("approve", "2", what="ship it?"), AIMessage("shipped")])
    paused = second.invoke(asked("ship"), config(), durability=durability)
    assert [one.value for one in paused["__interrupt__"]] == ["ship it?"]
    # Another process resumes it.
    third = agent(MortmainSaver(saver._shared.connection.store, saver.prefix), memory, [AIMessage("shipped")])
    third.invoke(Command(resume="yes"), config(), durability=durability)
    assert told(saver) == ["remember tides", "", "kept", "noted", "ship", "", "the answer is yes", "shipped"]


async def test_an_async_agent_works_too(saver: MortmainSaver, memory: MortmainStore) -> None:
    one = agent(saver, memory, [calling("remember", "1", fact="winds"), AIMessage("noted")])
    await one.ainvoke(asked("remember winds"), config())
    assert told(saver)[-1] == "noted"
    assert await memory.aget(USER, "winds") is not None


def test_an_overtaken_agent_is_refused(saver: MortmainSaver, memory: MortmainStore) -> None:
    own = MortmainSaver(saver._shared.connection.store, saver.prefix)
    quick = agent(own, memory, [AIMessage("quick")])
    slow = agent(
        saver,
        memory,
        [calling("remember", "1", fact="ice"), AIMessage("slow")],
        lambda: quick.invoke(asked("hello"), config()),
    )
    with pytest.raises(mortmain.VersionConflict):
        slow.invoke(asked("remember ice"), config(), durability="sync")
    assert told(saver)[-2:] == ["hello", "quick"]
    assert "slow" not in told(saver)


# -------------------------------------------------------------------- caches


def cached(saver: Any, cache: Any, runs: list[str], middle: Any = None) -> Any:
    def look_up(state: State) -> Any:
        runs.append("look_up")
        return {"items": ["found"]}

    def report(state: State) -> Any:
        if middle is not None:
            middle()
        return {"items": ["reported"]}

    builder = StateGraph(State)
    builder.add_node("look_up", look_up, cache_policy=CachePolicy(key_func=lambda state: "same"))
    builder.add_node("report", report)
    builder.add_edge(START, "look_up")
    builder.add_edge("look_up", "report")
    return builder.compile(checkpointer=saver, cache=cache)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_a_cached_node_is_not_run_again_and_its_result_is_stored(
    saver: MortmainSaver, store: mortmain.Store, durability: Any
) -> None:
    cache, runs = InMemoryCache(), list[str]()
    graph = cached(saver, cache, runs)
    graph.invoke({"items": ["a"]}, config("1"), durability=durability)
    graph.invoke({"items": ["b"]}, config("2"), durability=durability)
    await graph.ainvoke({"items": ["c"]}, config("2"), durability=durability)
    assert runs == ["look_up"]
    fresh = MortmainSaver(store, saver.prefix).get_tuple(config("2"))
    assert fresh is not None
    assert fresh.checkpoint["channel_values"]["items"] == ["b", "found", "reported", "c", "found", "reported"]
    assert saver.fence_error is None


def test_a_run_with_a_cached_result_is_refused_as_any_other(saver: MortmainSaver) -> None:
    cache = InMemoryCache()
    other = cached(saver, cache, [])
    other.invoke({"items": ["warm"]}, config("1"))
    slow = cached(saver, cache, [], lambda: other.invoke({"items": ["other"]}, config()))
    with pytest.raises(mortmain.VersionConflict):
        slow.invoke({"items": ["mine"]}, config(), durability="sync")
    found = saver.get_tuple(config())
    assert found is not None
    assert found.checkpoint["channel_values"]["items"][-3:] == ["other", "found", "reported"]


# -------------------------------------------------------------------- serializers


def test_an_encrypted_thread_has_interrupts_subgraphs_and_refusals(store: mortmain.Store, prefix: str) -> None:
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"1234567890123456")
    saver = MortmainSaver(store, prefix, serde=serde)
    inner = StateGraph(State)
    inner.add_node("ask", lambda state: {"items": [interrupt("a question")]})
    inner.add_edge(START, "ask")
    builder = StateGraph(State)
    builder.add_node("inner", inner.compile())
    builder.add_edge(START, "inner")
    graph = builder.compile(checkpointer=saver)
    graph.invoke({"items": ["a secret"]}, config())
    quick = cached(saver, None, [])
    with pytest.raises(mortmain.VersionConflict):
        cached(saver, None, [], lambda: quick.invoke({"items": []}, config("2"))).invoke(
            {"items": []}, config("2"), durability="sync"
        )
    resumed = builder.compile(checkpointer=MortmainSaver(store, prefix, serde=serde))
    assert resumed.invoke(Command(resume="a secret answer"), config())["items"][-1] == "a secret answer"
    stored = b"".join(bytes(one.value) for one in store.scan(f"{prefix}/") if isinstance(one.value, bytes))
    assert b"secret" not in stored
    assert b"question" not in stored


# In a process of its own: LangGraph reads the switch when it is imported.
STRICT = """
import dataclasses, operator, sys
from typing import Annotated, TypedDict
import mortmain
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.config import get_store
from langgraph.graph import START, StateGraph
from mortmain_langgraph import MortmainSaver

@dataclasses.dataclass
class Known:
    name: str

@dataclasses.dataclass
class Unknown:
    name: str

class State(TypedDict):
    known: Annotated[list[Known], operator.add]
    hidden: object

def graph(saver, middle=lambda: None):
    def node(state):
        middle()
        return {"known": [Known("b")], "hidden": Unknown("x")}
    builder = StateGraph(State)
    builder.add_node("node", node)
    builder.add_node("last", lambda state: {"known": [Known("c")]})
    builder.add_edge(START, "node")
    builder.add_edge("node", "last")
    return builder.compile(checkpointer=saver)

def run(store, prefix, serde):
    thread = {"configurable": {"thread_id": "t"}}
    saver = MortmainSaver(store, prefix, serde=serde)
    graph(saver).invoke({"known": [Known("a")]}, thread)
    values = graph(MortmainSaver(store, prefix, serde=serde)).get_state(thread).values
    print(prefix, values["known"] == [Known("a"), Known("b"), Known("c")], isinstance(values["hidden"], Unknown))
    try:
        other = graph(MortmainSaver(store, prefix, serde=serde))
        graph(saver, lambda: other.invoke({"known": []}, thread)).invoke({"known": []}, thread, durability="sync")
    except mortmain.VersionConflict as error:
        print(prefix, "refused", saver.fence_error is not None)

with mortmain.open(sys.argv[1]) as store:
    run(store, "plain", None)
    run(store, "encrypted", EncryptedSerializer.from_pycryptodome_aes(key=b"1234567890123456"))
"""


def strict_run(directory: str, switch: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", STRICT, directory],
        env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": switch},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


if hasattr(BaseCheckpointSaver, "with_allowlist"):  # Older versions know no allowlist.

    def test_strict_msgpack_restores_what_the_graph_declares_and_nothing_else(tmp_path: Any) -> None:
        with mortmain.open(tmp_path / "state") as store:
            try:
                assert strict_run(store.directory, "true") == [
                    "plain True False",
                    "plain refused True",
                    "encrypted True False",
                    "encrypted refused True",
                ]
            finally:
                store.stop()


# -------------------------------------------------------------------- drains


class ServersOwn(BaseCheckpointSaver[str]):
    """Wraps a saver as LangGraph's server does: it makes the version numbers itself."""

    def __init__(self, inner: MortmainSaver) -> None:
        super().__init__(serde=inner.serde)
        self.inner = inner

    def get_next_version(self, current: str | None, channel: None) -> str:
        return f"{(int(current.split('.')[0]) if current else 0) + 1:032}.0"

    async def aget_tuple(self, config: Any) -> Any:
        return await self.inner.aget_tuple(config)

    def get_tuple(self, config: Any) -> Any:
        return self.inner.get_tuple(config)

    async def aput(self, *arguments: Any) -> Any:
        return await self.inner.aput(*arguments)

    def put(self, *arguments: Any) -> Any:
        return self.inner.put(*arguments)

    async def aput_writes(self, *arguments: Any) -> None:
        await self.inner.aput_writes(*arguments)

    def put_writes(self, *arguments: Any) -> None:
        self.inner.put_writes(*arguments)


if hasattr(langgraph.runtime, "RunControl"):  # Older versions cannot be drained.
    from langgraph.errors import GraphDrained
    from langgraph.runtime import RunControl

    @pytest.mark.parametrize("durability", ["sync", "async", "exit"])
    def test_a_drained_run_goes_on_later_and_only_if_nobody_came_between(
        saver: MortmainSaver, durability: Any
    ) -> None:
        ran: list[int] = []
        control = RunControl()
        graph = ten_steps(saver, ran, lambda: control.request_drain("deploy"))
        with pytest.raises(GraphDrained, match="deploy"):
            graph.invoke({"items": ["mine"]}, config(), durability=durability, control=control)
        assert ran == [0]
        # Another process goes on from there.
        ran.clear()
        ten_steps(MortmainSaver(saver._shared.connection.store, saver.prefix), ran, lambda: None).invoke(None, config())
        assert ran == list(range(1, 10))
        assert saver.fence_error is None

    def test_a_refused_run_of_a_server_is_drained(saver: MortmainSaver) -> None:
        def other() -> None:
            end = time.monotonic() + 20.0
            while (found := saver.get_tuple(config())) is None or "mine" not in str(found.checkpoint):
                assert time.monotonic() < end
            ten_steps(MortmainSaver(saver._shared.connection.store, saver.prefix), [], lambda: None).invoke(
                {"items": ["other"]}, config()
            )

        ran: list[int] = []
        control = RunControl()
        graph = ten_steps(ServersOwn(saver), ran, other)
        with pytest.raises((GraphDrained, mortmain.VersionConflict)):
            graph.invoke({"items": ["mine"]}, config(), durability="async", control=control)
        assert control.drain_requested
        assert str(control.drain_reason).startswith("VersionConflict: ")
        assert len(ran) < 10
        with pytest.raises(mortmain.VersionConflict):
            saver.raise_if_fenced("t")
