"""The commits of one write that stand on no base: what is checked of them here, and what they say."""

from __future__ import annotations

from typing import Any

from . import _arguments as arguments
from ._codec import Codec, encode, to_json
from ._errors import invalid
from ._requests import Draft


def create(codec: Codec | None, key: str, value: Any) -> Draft:
    draft = Draft(codec)
    draft.guard("absent", arguments.check_key(key))
    draft.put(key, *encode(value, codec))
    return draft


def ensure(codec: Codec | None, key: str, value: Any) -> Draft:
    draft = Draft(codec)
    draft.ensure(arguments.check_key(key), *encode(value, codec))
    return draft


def append(key: str, items: list[Any], unique: list[str | None] | None) -> Draft:
    draft = Draft(None)
    draft.append(arguments.check_key(key), [to_json(item, "item") for item in items], unique)
    return draft


def increment(key: str, by: object) -> Draft:
    draft = Draft(None)
    draft.increment(arguments.check_key(key), arguments.number_text(by))
    return draft


def add_to_set(key: str, item: Any) -> Draft:
    draft = Draft(None)
    draft.add_to_set(arguments.check_key(key), to_json(item, "item"))
    return draft


def reduce(key: str, function: str, argument: Any) -> Draft:
    if not isinstance(function, str) or function.count(":") != 1:
        raise invalid("function", '"package.module:function"')
    draft = Draft(None)
    draft.reduce(arguments.check_key(key), function, to_json(argument, "argument"))
    return draft
