"""Our reducers, as they are, as functions that run inside the gateway (`store.reduce`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import mortmain
import pytest
from mortmain.testing import temporary_store

from mortmain_langgraph import reducers


@pytest.fixture
def folding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mortmain.Store]:
    if importlib.util.find_spec("jep") is None:
        pytest.skip('jep is not installed: `pip install "mortmain[jep]"`')
    (tmp_path / "our_folds.py").write_text(
        "from mortmain_langgraph.reducers import bounded_append, upsert_by\n"
        "by_id = upsert_by('id')\nlast_two = bounded_append(2)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with temporary_store() as store:
        store.stop()
        Path(store.directory, "reducers").write_text("mortmain_langgraph.reducers\nour_folds\n")
        yield store


def test_a_reducer_folds_there_as_it_does_here(folding: mortmain.Store) -> None:
    updates = {
        "mortmain_langgraph.reducers:append": ([1], 2, [3, 4]),
        "mortmain_langgraph.reducers:counter": (1, 2.5, 3),
        "mortmain_langgraph.reducers:deep_merge": ({"a": {"b": 1}}, {"a": {"c": [2]}}, {"d": None}),
        "mortmain_langgraph.reducers:maximum": (1, 7, 3),
        "mortmain_langgraph.reducers:last_write_wins": ("a", "b", "c"),
        "our_folds:by_id": ([{"id": 1, "x": 1}], [{"id": 2}, {"id": 1, "x": 3}], [reducers.removed(2)]),
        "our_folds:last_two": ([1], [2], [3]),
    }
    here = {"by_id": reducers.upsert_by("id"), "last_two": reducers.bounded_append(2)}
    for function, folded in updates.items():
        name = function.partition(":")[2]
        expected = None
        for update in folded:
            folding.reduce(name, function, update)
            expected = here.get(name, getattr(reducers, name, None))(expected, update)
        assert folding.read(name).value == expected, function
    with pytest.raises(mortmain.ReducerFailed):  # a set is no JSON value
        folding.reduce("set", "mortmain_langgraph.reducers:set_union", ["a"])
