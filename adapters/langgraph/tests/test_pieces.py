"""How often a value's bytes are written, seen from the store: in the record at first, then once as a piece."""

from __future__ import annotations

import os
import tracemalloc
from typing import Any

import pytest
from langchain_core.runnables.config import ensure_config
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from mortmain import Store

from mortmain_langgraph import MortmainSaver
from mortmain_langgraph._pieces import Pieces


class Run:
    """A run on a thread, which puts checkpoints and counts what the store holds afterwards."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.store, self.prefix = store, prefix
        self.go_on()

    def go_on(self) -> Any:
        """As another process does: nothing is known but what is read."""
        self.saver = MortmainSaver(self.store, self.prefix)
        self.config: Any = ensure_config({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
        return self.saver.get_tuple(self.config)

    def put(self, **values: Any) -> tuple[int, int]:
        """(bytes of all records, number of pieces)."""
        made: Any = {**empty_checkpoint(), "id": str(uuid6()), "channel_values": values}
        self.saver.put(self.config, made, {"source": "loop", "step": 1}, {})
        found = self.saver.get_tuple({"configurable": {"thread_id": "t"}})
        assert found is not None
        assert found.checkpoint["channel_values"] == values
        below = list(self.store.scan(f"{self.prefix}/"))
        records = sum(len(one.value) for one in below if one.key.endswith("/0"))
        return records, sum("/v/" in one.key for one in below)

    def write(self, value: Any) -> None:
        config = {"configurable": {**self.config["configurable"], "checkpoint_id": str(uuid6())}}
        self.saver.put_writes({**self.config, **config}, [("v", value)], str(uuid6()))


@pytest.fixture
def run(store: Store, prefix: str) -> Run:
    return Run(store, prefix)


def text(size: int) -> str:
    return os.urandom(size // 2).hex()


def test_a_new_value_of_some_kilobytes_needs_no_key_of_its_own(run: Run) -> None:
    for times in range(1, 4):
        records, pieces = run.put(v=text(8000))
        assert pieces == 0
        assert records > 8000 * times


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one process", "a process each"])
def test_what_stays_as_it_is_is_written_no_third_time(run: Run, elsewhere: bool) -> None:
    same = text(8000)
    seen = []
    for _ in range(4):
        seen.append(run.put(v=same))
        if elsewhere:
            run.go_on()
    assert [pieces for _, pieces in seen] == [0, 1, 1, 1]
    assert seen[-1][0] < 8000 + 4 * 1000


def test_what_a_task_wrote_already_is_not_written_again(run: Run) -> None:
    value = text(8000)
    run.write(value)
    records, pieces = run.put(v=value)
    assert pieces == 1
    assert records < 1000


def test_a_value_that_comes_back_is_not_written_again(run: Run) -> None:
    one, other = text(150_000), text(150_000)
    assert [run.put(v=value)[1] for value in (one, other, one, other)] == [3, 6, 6, 6]


def test_a_value_that_is_equal_only_in_length_and_samples_is_written(run: Run) -> None:
    value = text(8000)
    assert run.put(v=value)[1] == 0
    changed = value[:1000] + ("a" if value[1000] != "a" else "b") + value[1001:]
    records, _ = run.put(v=changed)
    assert records > 16_000


def test_a_run_knows_what_it_wrote_however_much_others_write(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mortmain_langgraph._pieces._CACHE_BYTES", 1000)
    same = text(150_000)
    assert [run.put(v=same, other=text(3000))[1] for _ in range(4)] == [3, 3, 3, 3]


def test_what_grows_is_written_no_third_time(run: Run) -> None:
    grown: list[str] = []
    for _ in range(20):
        grown.append(text(900))
        run.go_on()
        records, _ = run.put(v=grown)
    pieces = sum(len(one.value) for one in run.store.scan(f"{run.prefix}/") if "/v/" in one.key)
    whole = 20 * 900
    assert records < 20 * 1000
    assert pieces < 3 * whole


def test_many_new_values_do_not_make_one_huge_record(run: Run) -> None:
    records, pieces = run.put(**{f"v{number}": text(5000) for number in range(6)})
    assert pieces == 4
    assert records < 13_000


def test_a_large_value_that_changes_at_its_end_costs_its_end(run: Run) -> None:
    items = [text(1000) for _ in range(300)]
    run.put(v=items)
    before = sum(len(one.value) for one in run.store.scan(f"{run.prefix}/") if "/v/" in one.key)
    run.put(v=[*items, text(1000)])
    after = sum(len(one.value) for one in run.store.scan(f"{run.prefix}/") if "/v/" in one.key)
    assert after - before < 1100


def test_a_small_value_that_stays_in_memory_keeps_no_large_one_alive() -> None:
    """Each channel held a large value once, and is written again and again with the small one that came after it."""
    pieces, small = Pieces(), [os.urandom(2_000) for _ in range(120)]
    tracemalloc.start()
    try:
        for number in range(120):
            pieces.form("space", str(number), "bytes", os.urandom(1_000_000), set(), {})
            for channel in range(number + 1):
                pieces.form("space", str(channel), "bytes", small[channel], set(), {})
        assert tracemalloc.get_traced_memory()[0] < 80_000_000
    finally:
        tracemalloc.stop()
