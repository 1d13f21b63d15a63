"""The JSON form of values: whatever is stored reads back equal and of the same types."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import mortmain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mortmain_autogen._values import pack, unpack


class Colour(Enum):
    RED = "r"
    PAIR = (1, 2)


class Named(str, Enum):
    ONE = "one"


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.binary(),
    st.datetimes(timezones=st.just(timezone.utc)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.sampled_from([*Colour, *Named]),
)
NAMES = st.one_of(st.text(st.characters(exclude_categories=("Cs",))), st.just("__mortmain__"), st.integers())
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(NAMES, inner, max_size=4),
        st.frozensets(st.integers(), max_size=4),
        st.sets(st.text("ab"), max_size=4),
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)):
        return all(map(same, one, other))
    return not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_every_value_reads_back_equal_and_of_the_same_type(value: Any) -> None:
    form = pack(value)
    assert same(unpack(json.loads(json.dumps(form, allow_nan=False))), value)
    assert same(unpack(form), value)


def test_nan_reads_back() -> None:
    assert math.isnan(unpack(json.loads(json.dumps(pack([math.nan]), allow_nan=False)))[0])


def test_plain_json_is_stored_as_it_is() -> None:
    value = {"a": [1, 2.5, "x", None, True, {"b": {}}]}
    assert pack(value) == value


@pytest.mark.parametrize("value", [object(), 1j, range(3), print, Exception("x"), type, {"a": iter([])}])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(mortmain.InvalidRequest):
        pack(value)


@pytest.mark.parametrize(
    "value",
    [date(2026, 1, 2), time(3, 4, 5), timedelta(-1, 3), Decimal("1.10"), UUID(int=7), datetime(2026, 1, 2)],
)
def test_each_kind_is_named(value: Any) -> None:
    assert pack(value)["__mortmain__"] == type(value).__name__.lower()


def test_only_models_and_enums_are_made_from_names() -> None:
    for name in ("os:system", "builtins:object", "no.such:Thing", "", "subprocess:Popen"):
        for kind in ("model", "enum"):
            assert unpack({"__mortmain__": kind, "class": name, "value": {"x": 1}}) == {"x": 1}
