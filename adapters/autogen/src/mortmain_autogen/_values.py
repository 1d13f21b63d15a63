"""Values as JSON that reads back exactly.

What is plain JSON is stored as it is, so that anybody can read it. Everything else that is understood becomes an
object with the one name `__mortmain__`; a value that would read back as something else is refused.

    {"__mortmain__": "bytes", "value": "AAE="}
    {"__mortmain__": "model", "class": "package.module:Class", "value": {...}}

Also: tuple, set, frozenset, float (NaN and infinities), datetime, date, time, timedelta, decimal, uuid, enum, image,
and dict (one whose keys are not all str, or that has that name itself).
"""

from __future__ import annotations

import base64
import importlib
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import mortmain
from autogen_core import Image
from pydantic import BaseModel, ValidationError

TAG = "__mortmain__"
_PLAIN = frozenset({str, int, bool, type(None)})
# Classes that were seen here, so that those a module does not name come back in the same process.
_classes: WeakValueDictionary[str, type[Any]] = WeakValueDictionary()


class Unreadable(mortmain.InvalidRequest):
    """A stored model does not fit its class any more."""


def pack(value: Any) -> Any:
    """The JSON form; InvalidRequest with the path of what has none."""
    try:
        return _pack(value, "$")
    except RecursionError:
        raise _refused("$", "it is nested too deeply, or contains itself") from None


def _refused(path: str, why: str) -> mortmain.InvalidRequest:
    return mortmain.InvalidRequest(f"value: {path}: {why}", field="value", reason=f"{path}: {why}")


def _tagged(kind: str, value: Any, **more: str) -> dict[str, Any]:
    return {TAG: kind, **more, "value": value}


def _pack(value: Any, path: str) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list:
        return [_pack(item, f"{path}[{at}]") for at, item in enumerate(value)]
    if kind is dict:
        return _pack_dict(value, path)
    if kind is float and math.isfinite(value):
        return value
    known = _PACKERS.get(kind)
    if known is not None:
        name, form = known
        return _tagged(name, form(value))
    if kind in _COLLECTIONS:
        return _tagged(_COLLECTIONS[kind], [_pack(item, f"{path}[{at}]") for at, item in enumerate(value)])
    return _pack_other(value, path)


def _pack_dict(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    if TAG not in value and all(type(name) is str for name in value):
        return {name: _pack(item, f"{path}.{name:.60}") for name, item in value.items()}
    pairs = [[_pack(name, f"{path} (a key)"), _pack(item, f"{path}[{name!r:.60}]")] for name, item in value.items()]
    return _tagged("dict", pairs)


def _pack_other(value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        return _pack_model(value, path)
    if isinstance(value, Enum):
        return _tagged("enum", _pack(value.value, path), **{"class": _name_of(type(value))})
    if isinstance(value, Mapping):
        return _pack_dict(value, path)
    raise _refused(path, f"{type(value).__name__} cannot be stored so that it reads back the same")


def _pack_model(value: BaseModel, path: str) -> dict[str, Any]:
    cls = type(value)
    name = _name_of(cls)
    form = _pack(value.model_dump(round_trip=True, warnings=False), f"{path}<{cls.__name__}>")
    try:
        same = bool(cls.model_validate(unpack(form)) == value)
    except Exception as error:
        # A class can raise anything while it is made and compared.
        why = f"{cls.__name__} does not read back: {type(error).__name__}: {error!s:.200}"
        raise _refused(path, why) from error
    if not same:
        raise _refused(path, f"{cls.__name__} would read back as something else: some field is not dumped whole")
    return _tagged("model", form, **{"class": name})


def _name_of(cls: type[Any]) -> str:
    name = f"{cls.__module__}:{cls.__qualname__}"
    _classes[name] = cls
    return name


# -------------------------------------------------------------------- and back


def unpack(form: Any) -> Any:
    """What `pack` was given. A class that cannot be found here reads back as its plain data."""
    if isinstance(form, list):
        return [unpack(item) for item in form]
    if not isinstance(form, dict):
        return form
    if TAG not in form:
        return {name: unpack(item) for name, item in form.items()}
    read = _READERS.get(form[TAG])
    if read is None:
        raise mortmain.Unsupported(
            f"a value of the kind {form[TAG]!r:.60} needs a newer mortmain-autogen", operation="read"
        )
    return read(form)


def _read_model(form: dict[str, Any]) -> Any:
    data = unpack(form["value"])
    cls = _find(form["class"], BaseModel)
    if cls is None:
        return data
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        reason = f"the stored {cls.__name__} does not fit its class any more: {error.errors()[0]['msg']}"
        raise Unreadable(f"value: {reason}", field="value", reason=reason) from None


def _read_enum(form: dict[str, Any]) -> Any:
    value = unpack(form["value"])
    cls = _find(form["class"], Enum)
    if cls is None:
        return value
    try:
        return cls(value)
    except ValueError:
        return value


def _find(name: str, base: type[Any]) -> Any:
    """The class of a name, if it is one of that base."""
    found: Any = _classes.get(name)
    if found is None:
        module, _, path = name.partition(":")
        try:
            found = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError, ValueError):
            return None
    return found if isinstance(found, type) and issubclass(found, base) else None


def _to_base64(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


# Exact types only: a subclass would read back as its base.
_PACKERS: dict[type[Any], tuple[str, Callable[[Any], Any]]] = {
    bytes: ("bytes", _to_base64),
    bytearray: ("bytearray", _to_base64),
    float: ("float", repr),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
    UUID: ("uuid", str),
    Image: ("image", Image.to_base64),
}
_COLLECTIONS: dict[type[Any], str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dict": lambda form: {unpack(name): unpack(item) for name, item in form["value"]},
    "tuple": lambda form: tuple(unpack(form["value"])),
    "set": lambda form: set(unpack(form["value"])),
    "frozenset": lambda form: frozenset(unpack(form["value"])),
    "bytes": lambda form: base64.b64decode(form["value"]),
    "bytearray": lambda form: bytearray(base64.b64decode(form["value"])),
    "float": lambda form: float(form["value"]),
    "datetime": lambda form: datetime.fromisoformat(form["value"]),
    "date": lambda form: date.fromisoformat(form["value"]),
    "time": lambda form: time.fromisoformat(form["value"]),
    "timedelta": lambda form: timedelta(*form["value"]),
    "decimal": lambda form: Decimal(form["value"]),
    "uuid": lambda form: UUID(form["value"]),
    "image": lambda form: Image.from_base64(form["value"]),
    "model": _read_model,
    "enum": _read_enum,
}
