"""Dataclasses as JSON, by their annotations: nested dataclasses, lists, tuples, dicts, optionals, enums,
datetimes.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from datetime import date, datetime
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from ._errors import invalid


def dump(value: Any) -> Any:
    """What JSON can say about a value made of dataclasses."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: dump(child) for name, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [dump(child) for child in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value


def load(kind: Any, data: Any) -> Any:
    """The value of an annotation; fields that the class does not know are ignored, so that it may shrink."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _load_dataclass(kind, data)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (list, tuple) and isinstance(data, list):
        return _load_items(origin, args, data)
    if origin is dict and isinstance(data, dict):
        return {name: load(args[1], child) for name, child in data.items()}
    if origin in (Union, types.UnionType):
        return _load_union(args, data)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(data)
    if kind in (datetime, date) and isinstance(data, str):
        return kind.fromisoformat(data)
    return data


def _load_dataclass(kind: type, data: Any) -> Any:
    if not isinstance(data, dict):
        raise invalid("value", f"{kind.__name__} is stored as an object, this is a {type(data).__name__}")
    hints = get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind) if field.init}
    return kind(**{name: load(hints[name], child) for name, child in data.items() if name in known})


def _load_items(origin: Any, args: tuple[Any, ...], data: list[Any]) -> Any:
    if origin is list:
        return [load(args[0], child) for child in data]
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(load(args[0], child) for child in data)
    return tuple(load(kind, child) for kind, child in zip(args, data, strict=False))


def _load_union(args: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        return None
    kinds = [kind for kind in args if kind is not type(None)]
    return load(kinds[0], data) if len(kinds) == 1 else cast(Any, data)
