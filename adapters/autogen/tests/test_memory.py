"""A memory that is shared: what several agents add is all kept, and nobody clears what he has not read."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
from typing import Any

import mortmain
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken, ComponentModel, Image
from autogen_core.memory import ListMemory, Memory, MemoryContent, MemoryMimeType
from autogen_core.model_context import BufferedChatCompletionContext
from autogen_ext.models.replay import ReplayChatCompletionClient
from mortmain import Store
from mortmain.testing import temporary_store
from PIL import Image as Pil

from mortmain_autogen import MortmainMemory
from teams import team, text


def twin(memory: MortmainMemory, store: Store) -> MortmainMemory:
    """The same list, as another process has it."""
    return MortmainMemory(memory.name, store, prefix=memory.key.rpartition("/")[0])


async def contents(memory: Memory) -> list[Any]:
    return [one.content for one in (await memory.query("")).results]


# -------------------------------------------------------------------- as ListMemory


CONTENTS = [
    text("plain"),
    text("späte Größe \N{SNOWMAN} \U0001f407\n\t\0"),
    text(""),
    MemoryContent(content="text/plain", mime_type="text/plain"),
    MemoryContent(content="own", mime_type="application/x-own", metadata={}),
    MemoryContent(content="# md", mime_type=MemoryMimeType.MARKDOWN, metadata={"score": 0.1, "n": 2**70, "deep": [{}]}),
    MemoryContent(content={"key": [1, 2.5, None, True], "": {"x": "y"}}, mime_type=MemoryMimeType.JSON),
    MemoryContent(content={"content": "a", "mime_type": "b"}, mime_type=MemoryMimeType.JSON),
    MemoryContent(content={"__mortmain__": "bytes", "value": "AA=="}, mime_type=MemoryMimeType.JSON),
    MemoryContent(content=bytes(range(256)), mime_type=MemoryMimeType.BINARY, metadata={"pair": (1, 2), "b": b"\xff"}),
]


async def test_contents_read_back_exactly(memory: MortmainMemory, store: Store) -> None:
    for content in CONTENTS:
        await memory.add(content)
    found = (await twin(memory, store).query()).results
    assert found == CONTENTS
    for one, other in zip(found, CONTENTS, strict=True):
        assert type(one.content) is type(other.content)
        assert type(one.mime_type) is type(other.mime_type)
    assert type((found[-1].metadata or {})["pair"]) is tuple


async def test_an_image_reads_back_pixel_by_pixel(memory: MortmainMemory, store: Store) -> None:
    picture = Pil.frombytes("RGB", (16, 16), os.urandom(16 * 16 * 3))
    await memory.add(MemoryContent(content=Image(picture), mime_type=MemoryMimeType.IMAGE))
    found = (await contents(twin(memory, store)))[0]
    assert isinstance(found, Image)
    assert found.image.tobytes() == picture.tobytes()


async def test_a_content_that_would_not_read_back_is_refused_with_its_path(memory: MortmainMemory) -> None:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    for metadata in ({"at": [object()]}, {"at": [1 + 2j]}, cycle):
        with pytest.raises(mortmain.InvalidRequest, match=r"\$"):
            await memory.add(MemoryContent(content="x", mime_type=MemoryMimeType.TEXT, metadata=metadata))
    with pytest.raises(mortmain.InvalidRequest):
        await memory.add(text("a lone surrogate \ud800"))
    with pytest.raises(mortmain.InvalidRequest):
        await memory.add("no content")  # type: ignore[arg-type]
    assert await contents(memory) == []


async def test_a_model_is_told_the_same_words_as_by_list_memory(memory: MortmainMemory) -> None:
    shipped = ListMemory("findings")
    told = []
    for one in (shipped, memory):
        empty = BufferedChatCompletionContext(buffer_size=9)
        assert (await one.update_context(empty)).memories.results == []
        assert await empty.get_messages() == []
        for content in CONTENTS:
            await one.add(content)
        context = BufferedChatCompletionContext(buffer_size=9)
        assert (await one.update_context(context)).memories.results == CONTENTS
        told.append(await context.get_messages())
    assert told[0] == told[1]
    assert len(told[1]) == 1


async def test_an_agent_of_a_team_gets_the_memory(memory: MortmainMemory) -> None:
    await memory.add(text("the tide turns at six"))
    crew = team("one", memory=[memory])
    result = await crew.run(task="when?")
    assert any("MemoryQueryEvent" in type(one).__name__ for one in result.messages)


async def test_what_other_programs_append_is_read_too(memory: MortmainMemory, store: Store) -> None:
    store.extend(memory.key, ["a text", {"finding": 1}, 7])
    found = (await memory.query()).results
    assert [one.content for one in found] == ["a text", {"finding": 1}, "7"]
    assert [one.mime_type for one in found] == [MemoryMimeType.TEXT, MemoryMimeType.JSON, MemoryMimeType.TEXT]


# -------------------------------------------------------------------- shared


async def test_what_many_add_at_once_is_all_kept(memory: MortmainMemory, store: Store) -> None:
    agents = [twin(memory, store) for _ in range(8)]
    await asyncio.gather(*(agent.add(text(f"{at}.{n}")) for at, agent in enumerate(agents) for n in range(5)))
    assert sorted(await contents(memory)) == sorted(f"{at}.{n}" for at in range(8) for n in range(5))


async def test_clear_removes_what_was_read_and_own_additions(memory: MortmainMemory, store: Store) -> None:
    store.append(memory.key, "theirs")
    assert await contents(memory) == ["theirs"]
    await asyncio.gather(*(memory.add(text(str(n))) for n in range(10)))
    await memory.clear()
    assert await contents(memory) == []
    await memory.clear()
    await memory.add(text("again"))
    await memory.clear()
    assert await contents(twin(memory, store)) == []


async def test_clear_without_a_read_removes_what_is_there(memory: MortmainMemory, store: Store) -> None:
    store.append(memory.key, "old")
    await memory.clear()
    assert await contents(memory) == []


@pytest.mark.parametrize("look", ["read", "write"])
async def test_clear_spares_what_was_added_since(memory: MortmainMemory, store: Store, look: str) -> None:
    if look == "read":
        await memory.query()
    else:
        await memory.add(text("mine"))
    other = twin(memory, store)
    await other.add(text("theirs"))
    await memory.add(text("mine, after theirs"))
    with pytest.raises(mortmain.VersionConflict):
        await memory.clear()
    with pytest.raises(mortmain.VersionConflict):
        await memory.clear()
    assert "theirs" in await contents(memory)
    await memory.clear()
    assert await contents(memory) == []


async def test_of_two_that_clear_what_they_read_exactly_one_wins(memory: MortmainMemory, store: Store) -> None:
    other = twin(memory, store)
    await memory.add(text("one"))
    await asyncio.gather(memory.query(), other.query())
    results = await asyncio.gather(memory.clear(), other.clear(), return_exceptions=True)
    assert [type(one) for one in results if one is not None] == [mortmain.VersionConflict]


async def test_clear_is_fenced_after_a_reclamation_and_an_own_addition_does_not_launder_it(
    memory: MortmainMemory, store: Store
) -> None:
    await memory.add(text("one"))
    await memory.query()
    store.reclaim(memory.key)
    await memory.add(text("two"))
    with pytest.raises(mortmain.Conflict):
        await memory.clear()
    assert await contents(memory) == ["one", "two"]
    store.reclaim(memory.key)
    with pytest.raises(mortmain.Fenced):
        await memory.clear()
    assert isinstance(memory.fence_error, mortmain.Fenced)
    await memory.query()
    await memory.clear()
    assert memory.fence_error is None


async def test_a_key_that_holds_something_else_is_named(memory: MortmainMemory, store: Store) -> None:
    store.commit(memory.key, {"no": "list"}, overwrite=True)
    for call in (memory.query(), memory.add(text("one"))):
        with pytest.raises(mortmain.WrongType):
            await call


async def test_a_cancelled_task_finishes_its_write(memory: MortmainMemory) -> None:
    task = asyncio.create_task(memory.add(text("one")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await contents(memory) == ["one"]
    token = CancellationToken()
    write = asyncio.create_task(memory.add(text("two"), token))
    await asyncio.sleep(0)
    token.cancel()
    await asyncio.gather(write, return_exceptions=True)
    with pytest.raises(asyncio.CancelledError):
        await memory.add(text("never"), token)
    with pytest.raises(asyncio.CancelledError):
        await memory.query("", token)
    assert "never" not in await contents(memory)


# -------------------------------------------------------------------- the object


async def test_a_component_round_trip_is_the_same_memory(memory: MortmainMemory) -> None:
    await memory.add(text("kept"))
    config = memory.dump_component()
    assert isinstance(config, ComponentModel)
    assert (config.provider, config.component_type) == ("mortmain_autogen.MortmainMemory", "memory")
    assert config.config["name"] == "findings"
    again = Memory.load_component(ComponentModel.model_validate_json(config.model_dump_json()))
    assert isinstance(again, MortmainMemory)
    assert await contents(again) == ["kept"]
    assert again.dump_component() == config
    await again.close()


async def test_an_agent_with_it_round_trips(memory: MortmainMemory) -> None:
    agent = AssistantAgent("agent", ReplayChatCompletionClient(["one"]), memory=[memory])
    again = AssistantAgent.load_component(agent.dump_component())
    assert again.dump_component() == agent.dump_component()
    found = again._memory
    assert found is not None
    await found[0].add(text("by the copy"))
    assert await contents(memory) == ["by the copy"]
    await found[0].close()


async def test_a_relative_directory_means_the_same_from_anywhere(tmp_path: Any, monkeypatch: Any) -> None:
    with temporary_store() as store:
        monkeypatch.chdir(os.path.dirname(store.directory))
        async with MortmainMemory("m", "state") as memory:
            await memory.add(text("one"))
            monkeypatch.chdir(tmp_path)
            assert memory.directory == store.directory
            assert repr(memory).count(memory.directory) == 1
            async with Memory.load_component(memory.dump_component(), MortmainMemory) as again:
                assert await contents(again) == ["one"]


async def test_copies_and_pickles_are_the_same_list(memory: MortmainMemory) -> None:
    await memory.add(text("one"))
    for again in (copy.copy(memory), copy.deepcopy({"m": memory})["m"], pickle.loads(pickle.dumps(memory))):
        assert await contents(again) == ["one"]
        await again.close()
    assert await contents(memory) == ["one"]


async def test_it_closes_only_what_it_opened(memory: MortmainMemory, store: Store) -> None:
    async with memory:
        await memory.add(text("one"))
    await memory.close()
    with pytest.raises(mortmain.StoreClosed):
        await memory.query()
    with MortmainMemory("m", store.directory) as one, MortmainMemory("m", store.directory) as other:
        await one.close()
        await one.close()
        await other.query()
    assert store.read("m").exists is False


def test_it_is_bound_to_no_event_loop(memory: MortmainMemory) -> None:
    for n in range(3):
        asyncio.run(memory.add(text(str(n))))
    assert asyncio.run(contents(memory)) == ["0", "1", "2"]


def test_a_forked_child_may_use_it(memory: MortmainMemory) -> None:
    asyncio.run(memory.add(text("parent")))
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(memory.add(text("child")))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asyncio.run(contents(memory)) == ["parent", "child"]


def test_foreign_names_never_meet(store: Store, prefix: str) -> None:
    names = ["a/b", "a%2Fb", "a b", "", ".", "x" * 5000, "x" * 5001, "ü"]
    keys = {MortmainMemory(name, store, prefix=prefix).key for name in names}
    assert len(keys) == len(names)
    for key in keys:
        store.append(key, "one")
    for bad in (7, None):
        with pytest.raises(mortmain.InvalidRequest):
            MortmainMemory(bad, store)  # type: ignore[arg-type]
    with pytest.raises(mortmain.InvalidRequest):
        MortmainMemory("m", 7)  # type: ignore[arg-type]
