"""A promise without a test, a test without a promise, a name that leads nowhere: docs/guarantees.md has none."""

from __future__ import annotations

import re

import pytest

from .ladder import (
    KINDS,
    PAGE,
    ROOT,
    Promise,
    bullets,
    is_there,
    named,
    page_of,
    plain,
    promised,
    promises,
    section,
    to_be_named,
)

PROMISES = promises(PAGE.read_text())


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.title)
def test_a_promise_that_names_what_is_not_there(promise: Promise) -> None:
    assert set(promise.backing) <= set(KINDS)
    names = [(kind, name) for kind, of_kind in promise.backing.items() for name in of_kind]
    assert [name for kind, name in names if not is_there(kind, name)] == []


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.title)
def test_a_promise_without_a_test_or_that_no_page_makes(promise: Promise) -> None:
    assert promise.backing.get("tests")
    assert promise.quotes
    for sentence, link in promise.quotes:
        assert plain(sentence) in plain(page_of(link).read_text()), f"{link} does not say so"


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_promise_names(kind: str) -> None:
    assert sorted(to_be_named()[kind] - named(PROMISES, kind)) == []


def test_a_promise_that_nothing_backs() -> None:
    quoted = {(page_of(link), plain(sentence)) for promise in PROMISES for sentence, link in promise.quotes}
    wanted = promised()
    assert len(wanted) > 25, "the lists are not where they were"
    assert [each for each in wanted if (ROOT / each[0], each[1]) not in quoted] == []


def test_a_part_of_a_page_that_nothing_backs() -> None:
    quoted = [plain(sentence) for promise in PROMISES for sentence, _ in promise.quotes]
    for heading in ("Two checks", "Claims and time", "Deltas", "Transactions", "Durable", "Exactly once"):
        assert any(sentence in plain(section("docs/concepts.md", heading)) for sentence in quoted), heading
    for bullet in bullets(section("docs/watch.md", "What is promised")):
        assert any(sentence in plain(bullet) for sentence in quoted), bullet


def test_the_check_sees_a_name_that_leads_nowhere() -> None:
    for kind, name in (
        ("models", "FencedCommit.NoSuchProperty"),
        ("models", "GroupCommit.NoZombieApply"),
        ("tests", "NoSuchTest"),
        ("tests", "StoreTest#noSuchMethod"),
        ("tests", "python/tests/gateway/test_commits.py::test_no_such"),
        ("tests", "python/tests/gateway/test_no_such.py"),
        ("sabotages", "no-such"),
        ("repro", "no_such"),
    ):
        assert not is_there(kind, name)


def test_each_sabotage_is_named_by_a_promise_whose_tests_it_runs() -> None:
    """The tests of a sabotage are a part of what backs its promise: the class at least."""
    for promise in PROMISES:
        classes = {re.split("#|::", name)[0].rpartition("/")[2] for name in promise.backing["tests"]}
        for name in promise.backing.get("sabotages", []):
            text = (ROOT / f"repro/sabotage/patches/{name}.patch").read_text()
            tests = set(re.findall(r"-Dtest=(\w+)#", text)) | set(re.findall(r"/(\w+\.py)::", text))
            assert tests & classes, f"{promise.title} names none of the tests of {name}"
