"""What is stored reads back as what it was, or is refused with the path to what cannot be."""

from __future__ import annotations

import enum
import pickle
import sys
import types
from dataclasses import dataclass, field
from datetime import datetime, timezone

import pytest

import mortmain
from mortmain._codec import BYTES, JSON, TEXT, decode, encode, from_json, to_json


def there_and_back(value, codec=None):
    return decode(*encode(value, codec), codec)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "grüße \U0001f600",
        b"",
        b"\x00\xff",
        None,
        True,
        0,
        -1,
        10**300,
        1.5,
        [],
        {},
        {"ä": [1, {"b": None}]},
        "\u2028",
    ],
)
def test_values_read_back_with_the_type_they_were_written_with(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_content_types():
    assert encode("x", None)[0] == TEXT
    assert encode(bytearray(b"x"), None) == (BYTES, b"x")
    assert encode(memoryview(b"x"), None) == (BYTES, b"x")
    assert encode((1, "é"), None) == (JSON, '[1,"é"]'.encode())


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [{"b": {1: 2}}]}, "$.a[0].b: an object key must be str, not int"),
        ({None: 1}, "$: an object key"),
        ({"a": float("nan")}, "$.a: NaN"),
        ([1, float("-inf")], "$[1]: NaN"),
        ({"a": {1, 2}}, "$.a: set"),
        ({"a": ["\ud800"]}, "$.a[0]: a lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        ({"a": b"bytes inside"}, "$.a: bytes"),
        ({"a": object()}, "$.a: object"),
        (mortmain.DELETE, "_Delete is not JSON"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_path(value, where):
    with pytest.raises(mortmain.InvalidRequest) as caught:
        to_json(value)
    assert where in caught.value.reason
    assert caught.value.field == "value"


def test_a_lone_surrogate_is_no_text():
    with pytest.raises(mortmain.InvalidRequest):
        encode("\ud800", None)


def test_a_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(mortmain.InvalidRequest, match="contains itself"):
        to_json(loop)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_values_work_or_are_refused_and_never_end_in_a_recursion_error(depth):
    value: list = []
    for _ in range(depth):
        value = [value]
    data = or_too_deep(lambda: to_json(value))
    assert data is None or str(data).count("[") == depth + 1
    back = or_too_deep(lambda: from_json(b"[" * depth + b"]" * depth))
    assert back is None or isinstance(back, list)
    assert depth > 900 or back is not None


def or_too_deep(work):
    """The result, or None where it was refused for its depth; any other error passes."""
    try:
        return work()
    except mortmain.InvalidRequest as error:
        if "deep" not in str(error.reason):
            raise
        return None


def test_a_deep_value_is_read_even_by_a_caller_that_is_deep_itself():
    text = b"[" * 500 + b"]" * 500

    def nested(levels: int):
        return nested(levels - 1) if levels else from_json(text)

    assert nested(sys.getrecursionlimit() - 300)


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Step:
    name: str
    done: bool = False


@dataclass
class Plan:
    title: str
    steps: list[Step]
    by_name: dict[str, Step] = field(default_factory=dict)
    colour: Colour = Colour.RED
    due: datetime | None = None
    pair: tuple[int, Step] | None = None


def test_a_dataclass_reads_back_as_itself():
    codec = mortmain.codec(Plan)
    due = datetime(2026, 5, 1, tzinfo=timezone.utc)
    plan = Plan("t", [Step("a", True)], {"b": Step("b")}, Colour.RED, due, (1, Step("c")))
    assert encode(plan, codec)[0] == "application/json;model=Plan"
    assert there_and_back(plan, codec) == plan
    assert pickle.loads(pickle.dumps(codec)).content_type == codec.content_type
    assert decode(codec.content_type, encode(plan, codec)[1], None)["steps"] == [{"name": "a", "done": True}]


def test_other_values_keep_their_form_beside_a_model():
    codec = mortmain.codec(Plan)
    assert encode({"x": 1}, codec)[0] == JSON
    assert encode("text", codec)[0] == TEXT


def test_a_model_of_pydantic_is_told_by_its_methods():
    class Model:
        def __init__(self, n: int) -> None:
            self.n = n

        def model_dump_json(self) -> str:
            return f'{{"n":{self.n}}}'

        @classmethod
        def model_validate_json(cls, data: bytes) -> Model:
            return cls(from_json(data)["n"])

    codec = mortmain.codec(Model)
    assert there_and_back(Model(4), codec).n == 4
    assert codec.content_type == "application/json;model=Model"


def test_a_struct_of_msgspec_is_told_by_its_fields(monkeypatch):
    class Struct:
        __struct_fields__ = ("n",)
        n = 3

    simulated = types.SimpleNamespace(
        json=types.SimpleNamespace(
            encode=lambda value: b"%d" % value.n, decode=lambda data, type: (type, int(data))
        )
    )
    monkeypatch.setitem(sys.modules, "msgspec", simulated)
    codec = mortmain.codec(Struct)
    assert there_and_back(Struct(), codec) == (Struct, 3)


def test_a_class_that_is_no_model_is_refused():
    for model in (dict, 3, "Plan"):
        with pytest.raises(mortmain.InvalidRequest):
            mortmain.codec(model)


def test_a_codec_of_ones_own_takes_every_value():
    class Upper:
        content_type = "text/x-upper"

        def encode(self, value):
            return value.upper().encode()

        def decode(self, data):
            return data.decode().lower()

    assert encode("abc", Upper()) == ("text/x-upper", b"ABC")
    assert there_and_back("abc", Upper()) == "abc"
    assert decode("text/x-upper", b"ABC", None) == b"ABC"
