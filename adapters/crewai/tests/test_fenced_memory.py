"""FencedMemory: search, question to the model and write are one; what cannot be stored is kept."""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import Any

import mortmain
import pytest
from crewai import Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from mortmain import Store

from fakes import FIELDS, Model, embed
from mortmain_crewai import FencedMemory, MortmainStorage
from mortmain_crewai._readset import ReadSet


def model(memory: FencedMemory) -> Model:
    found: Any = memory.llm
    assert isinstance(found, Model)
    return found


def contents(memory: FencedMemory) -> list[str]:
    return sorted(one.content for one in memory.list_records())


# -------------------------------------------------------------------- one read-set, one commit


def merged(memory: FencedMemory, another: FencedMemory) -> list[str]:
    """Two agents add to one record, the second while the first asks its model."""
    memory.remember("plan a", **FIELDS)
    model(memory).meanwhile = lambda: another.remember("plan b", **FIELDS)
    memory.remember("plan c", **FIELDS)
    return contents(memory)


def test_both_findings_are_kept(memory: FencedMemory, another: FencedMemory) -> None:
    assert merged(memory, another) == ["plan a, plan b, plan c"]
    assert (memory.reruns, another.reruns) == (1, 0)
    assert model(memory).calls == 2


def test_one_finding_is_lost_without_the_read_set(
    memory: FencedMemory, another: FencedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: as CrewAI does it, the write goes on from whatever is there."""
    commit = ReadSet.commit

    def careless(self: ReadSet, takes: Any = None) -> None:
        for key, seen in self._seen.items():
            fresh = self.storage.store.read(key).ticket()
            self._seen[key] = type(seen)(seen.record, fresh)
        commit(self, takes)

    monkeypatch.setattr(ReadSet, "commit", careless)
    assert merged(memory, another) == ["plan a, plan c"]


def twins(memory: FencedMemory, another: FencedMemory) -> list[str]:
    """Two agents find the same, when there is no record of it yet; the model guesses the scope meanwhile."""
    model(memory).meanwhile = lambda: another.remember("plan a", **FIELDS)
    memory.remember("plan b")
    return contents(memory)


def test_a_similar_record_that_came_meanwhile_is_consolidated(memory: FencedMemory, another: FencedMemory) -> None:
    assert twins(memory, another) == ["plan a, plan b"]


def test_similar_records_pile_up_without_asking_again(
    memory: FencedMemory, another: FencedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the commit guards what was found, not that nothing else was."""
    monkeypatch.setattr(ReadSet, "_ask_again", lambda self, txn: None)
    assert twins(memory, another) == ["plan a", "plan b"]


def test_another_subject_costs_no_call_of_the_model(memory: FencedMemory, another: FencedMemory) -> None:
    memory.remember("plan a", **FIELDS)
    model(memory).meanwhile = lambda: another.remember("weather is fine", **FIELDS)
    memory.remember("plan c", **FIELDS)
    assert contents(memory) == ["plan a, plan c", "weather is fine"]
    assert (memory.reruns, model(memory).calls) == (0, 1)


def test_what_was_forgotten_stays_forgotten(memory: FencedMemory, another: FencedMemory) -> None:
    memory.remember("plan a", **FIELDS)
    model(memory).meanwhile = lambda: another.forget(scope="/plan")
    memory.remember("plan c", **FIELDS)
    assert contents(memory) == ["plan c"]


def test_a_private_record_stays_private(memory: FencedMemory) -> None:
    memory.remember("plan a", source="ada", private=True, **FIELDS)
    memory.remember("plan b", source="bob", **FIELDS)
    (one,) = memory.list_records()
    assert (one.content, one.source, one.private) == ("plan a, plan b", "ada", True)
    assert memory.recall("plan", depth="shallow", source="bob") == []


def test_a_record_that_no_search_found_is_left_alone(memory: FencedMemory) -> None:
    """A model may name any id; without a read there is no base to delete it on."""
    memory.remember("plan a", **FIELDS)
    weather = memory.remember("weather is fine", scope="/other", categories=[], importance=0.5)
    assert weather is not None

    class Wild(Model):
        def plan(self, actions: list[dict[str, Any]]) -> str:
            return super().plan([{"action": "delete", "record_id": weather.id}])

    memory._llm_instance = Wild()  # type: ignore[assignment]
    memory.remember("plan b", **FIELDS)
    assert contents(memory) == ["plan a", "weather is fine"]


def test_a_batch_is_one_commit(memory: FencedMemory, store: Store, storage: MortmainStorage) -> None:
    memory.remember("plan a", **FIELDS)
    memory.remember_many(["plan b", "weather is fine", "tides rise"], **FIELDS)
    memory.drain_writes()
    assert contents(memory) == ["plan a, plan b", "tides rise", "weather is fine"]
    assert len({one.revision for one in store.scan(storage.layout.records)}) == 1


def test_a_large_batch_is_several_commits_and_loses_nothing(memory: FencedMemory, store: Store) -> None:
    for _ in range(2):
        # The second time every one of them finds five others, and is merged into its like.
        memory.remember_many([f"subject{n} plan {n}" for n in range(160)], **FIELDS)
        memory.drain_writes()
        memory.raise_if_fenced()
    # Some subjects are alike to this embedder, so that they share a record.
    everything = [part for one in memory._mortmain.list_records() for part in one.content.split(", ")]
    assert {one.split("plan ")[1] for one in everything} == {str(n) for n in range(160)}
    assert len({one.revision for one in store.scan(memory._mortmain.layout.records)}) == 3


# -------------------------------------------------------------------- giving up


def drained(memory: FencedMemory) -> None:
    """Wait for what is stored in the background. CrewAI before 1.15 raises here what went wrong there."""
    with contextlib.suppress(Exception):
        memory.drain_writes()


def test_what_was_given_up_is_a_dead_letter_and_stored_later_once(
    memory: FencedMemory, another: FencedMemory
) -> None:
    memory.remember("plan a", **FIELDS)
    memory.retries = 2
    restless(memory, another)
    with pytest.raises(mortmain.Conflict) as caught:
        memory.remember("plan z", source="ada", **FIELDS)
    assert caught.value.attempts == 3
    assert memory.reruns == 2
    (letter,) = another.dead_letters()
    assert (letter.contents, letter.scope) == (["plan z"], "/plan")
    assert "VersionConflict" in letter.error
    assert letter.when.tzinfo is not None
    model(memory).meanwhile = None
    # Another process takes the letter while this one asks its model.
    model(memory).meanwhile = lambda: another.retry_dead_letters()
    assert memory.retry_dead_letters() == 0
    assert memory.dead_letters() == []
    assert contents(memory)[0].count("plan z") == 1


def restless(memory: FencedMemory, another: FencedMemory) -> None:
    """Whenever this memory asks its model, another agent writes the record."""

    def write() -> None:
        (one,) = another.list_records()
        another.update(one.id, importance=0.5)

    model(memory).meanwhile = write
    model(memory).again = True


def test_a_failure_in_the_background_is_not_silent(memory: FencedMemory, another: FencedMemory) -> None:
    memory.remember("plan a", **FIELDS)
    memory.retries = 0
    restless(memory, another)
    memory.remember_many(["plan y", "plan z"], **FIELDS)
    drained(memory)
    assert [letter.contents for letter in memory.dead_letters()] == [["plan y", "plan z"]]
    assert isinstance(memory.fence_error, mortmain.VersionConflict)
    with pytest.raises(mortmain.VersionConflict):
        memory.raise_if_fenced()
    memory.raise_if_fenced()


def test_an_embedder_that_fails_in_the_background_loses_nothing(memory: FencedMemory) -> None:
    def broken(texts: list[str]) -> Any:
        raise TypeError("no embedding today")

    memory._embedder_instance = broken
    memory.remember_many(["plan a"], **FIELDS)
    drained(memory)
    memory._embedder_instance = embed
    assert [letter.error for letter in memory.dead_letters()] == ["TypeError: no embedding today"]
    assert memory.retry_dead_letters() == 1
    assert contents(memory) == ["plan a"]


def test_an_abort_of_a_hook_passes_and_is_not_retried(memory: FencedMemory) -> None:
    try:
        from crewai.hooks.dispatch import HookAborted
    except ImportError:
        from mortmain_crewai._memory import HookAborted  # type: ignore[assignment]

    def abort(texts: list[str]) -> Any:
        raise HookAborted("not allowed")

    memory._embedder_instance = abort
    with pytest.raises(HookAborted):
        memory.remember("plan a", **FIELDS)
    memory.remember_many(["plan a"], **FIELDS)
    drained(memory)
    assert (memory.reruns, memory.dead_letters()) == (0, [])


# -------------------------------------------------------------------- errors that CrewAI hides


@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_a_search_that_failed_is_not_an_empty_memory(
    memory: FencedMemory, monkeypatch: pytest.MonkeyPatch, depth: Any
) -> None:
    memory.remember("plan a", **FIELDS)
    gone = mortmain.GatewayUnavailable("no gateway", reason="unreachable")

    def fail(self: MortmainStorage) -> Any:
        raise gone

    with monkeypatch.context() as broken:
        broken.setattr(MortmainStorage, "follow", fail)
        with pytest.raises(mortmain.GatewayUnavailable):
            memory.recall("plan", depth=depth)
        # CrewAI would take the failed search for "nothing similar" and store a double.
        with pytest.raises(mortmain.GatewayUnavailable):
            memory.remember("plan b", **FIELDS)
    assert contents(memory) == ["plan a"]
    assert len(memory.recall("plan", depth=depth)) == 1
    with pytest.raises(mortmain.GatewayUnavailable):
        memory.raise_if_fenced()


def test_an_update_goes_on_from_what_was_seen(memory: FencedMemory, another: FencedMemory) -> None:
    one = memory.remember("plan a", **FIELDS)
    assert one is not None
    memory.update(one.id, importance=0.9)
    another.update(one.id, content="plan b")
    with pytest.raises(mortmain.VersionConflict):
        memory.update(one.id, content="plan c")
    memory.recall("plan", depth="shallow")
    assert memory.update(one.id, content="plan c").importance == 0.9


# -------------------------------------------------------------------- what it is built on


def test_no_other_storage_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    class Foreign:
        def save(self, records: Any) -> None:
            raise AssertionError("written")

    foreign = FencedMemory(storage=Foreign(), llm=Model(), embedder=embed)  # type: ignore[arg-type]
    with pytest.raises(mortmain.InvalidRequest):
        foreign.remember("plan a", **FIELDS)
    with pytest.raises(mortmain.InvalidRequest):
        FencedMemory(storage="lancedb")
    monkeypatch.chdir(tmp_path)
    default = FencedMemory()
    assert isinstance(default.storage, MortmainStorage)
    assert default.storage.directory == str(tmp_path / "state")
    assert FencedMemory(storage="elsewhere")._mortmain.directory == str(tmp_path / "elsewhere")


def test_a_copy_works_on(memory: FencedMemory) -> None:
    memory.remember("plan a", **FIELDS)
    twin = copy.deepcopy(memory)
    twin.remember("plan b", **FIELDS)
    assert contents(memory) == ["plan a, plan b"]
    twin.close()
    assert twin.remember("plan c", **FIELDS) is not None


def test_views_write_through_the_fence(memory: FencedMemory, another: FencedMemory) -> None:
    team = memory.scope("/team")
    team.remember("plan a", categories=[], importance=0.5)
    model(memory).meanwhile = lambda: another.scope("/team").remember("plan b", categories=[], importance=0.5)
    team.remember("plan c", categories=[], importance=0.5)
    assert contents(memory) == ["plan a, plan b, plan c"]
    assert len(memory.slice(["/team"]).recall("plan", depth="shallow")) == 1


def test_many_threads_lose_no_finding(memory: FencedMemory, another: FencedMemory) -> None:
    memory.remember("plan zero", **FIELDS)
    memory.retries = another.retries = 50

    def work(one: FencedMemory, name: str) -> None:
        for n in range(4):
            one.remember(f"plan {name}{n}", **FIELDS)

    threads = [threading.Thread(target=work, args=(one, name)) for one, name in ((memory, "m"), (another, "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (merged_content,) = contents(memory)
    assert sorted(merged_content.split(", ")) == sorted(
        ["plan zero", *(f"plan {name}{n}" for name in "ma" for n in range(4))]
    )


class Chat(BaseLLM):
    """An agent's model: one final answer."""

    def call(self, messages: Any, *_: Any, **__: Any) -> str:
        return "Thought: I know.\nFinal Answer: plan the tide is low"

    def supports_function_calling(self) -> bool:
        return False

    def supports_stop_words(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 8192


def test_a_crew_remembers_through_the_fence(storage: MortmainStorage) -> None:
    chat = Chat(model="scripted")
    memory = FencedMemory(storage=storage, llm=chat, embedder=embed)
    agent = Agent(role="Researcher", goal="Find out", backstory="Old", llm=chat)
    task = Task(description="plan the tide", expected_output="a sentence", agent=agent)
    crew = Crew(agents=[agent], tasks=[task], memory=memory)
    assert "tide is low" in crew.kickoff().raw
    drained(memory)
    memory.raise_if_fenced()
    assert any("tide is low" in one.content for one in memory.list_records())
