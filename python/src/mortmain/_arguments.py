"""What a caller gave, checked: InvalidRequest says which argument and what it should be. The rules for names and
sizes live in the coordinator.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from inspect import CO_COROUTINE, iscoroutinefunction
from types import FunctionType
from typing import Any

from ._errors import invalid

# From so many seconds on a timeout is none; poll(2) knows no more than 24 days.
_ENDLESS = 1e6
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def check_key(key: object, field: str = "key") -> str:
    """The type only: the rules for names live in the coordinator."""
    if not isinstance(key, str):
        raise invalid(field, f"a str, not {type(key).__name__}")
    return key


def check_meta(meta: Mapping[str, str] | None) -> dict[str, str]:
    if meta is None:
        return {}
    if not isinstance(meta, Mapping) or not all(
        isinstance(name, str) and isinstance(text, str) for name, text in meta.items()
    ):
        raise invalid("meta", "a mapping of str to str")
    try:
        "".join((*meta, *meta.values())).encode()
    except UnicodeEncodeError:
        raise invalid("meta", "a lone surrogate is not text") from None
    return dict(meta)


def number_text(by: object) -> str:
    """The JSON number of an increment."""
    if isinstance(by, (int, float, Decimal)) and not isinstance(by, bool):
        text = str(by).replace("E", "e") if isinstance(by, Decimal) else repr(by)
        if isinstance(by, int):
            text = str(int(by))
        if _JSON_NUMBER.fullmatch(text):
            return text
    raise invalid("by", "a finite int, float or Decimal")


def check_unique(unique: object) -> str | None:
    if unique is None or isinstance(unique, str):
        return unique
    raise invalid("unique", f"a str, not {type(unique).__name__}")


def check_uniques(unique: object, count: int) -> list[str | None] | None:
    if unique is None:
        return None
    if isinstance(unique, str) or not isinstance(unique, Iterable):
        raise invalid("unique", "one id per item")
    ids = [check_unique(one) for one in unique]
    if len(ids) != count:
        raise invalid("unique", f"one id per item: {len(ids)} ids for {count} items")
    return ids


def check_not_async(fn: object, method: str) -> None:
    """A plain function is seen at once; what else can be called, `inspect` knows."""
    if type(fn) is FunctionType and not fn.__code__.co_flags & CO_COROUTINE and not fn.__dict__:
        return
    if iscoroutinefunction(fn):
        raise invalid("fn", f"an async function: use store.aio.{method}")


def check_directory(directory: object) -> str:
    """Relative to the caller, not to the gateway. Links on the way are resolved now and refused from then on; the
    directory itself must not be one.
    """
    try:
        text = os.fsdecode(os.fspath(directory))  # type: ignore[call-overload]
    except TypeError:
        raise invalid("directory", f"a path, not {type(directory).__name__}") from None
    if not text or "\0" in text:
        raise invalid("directory", "a path that is not empty")
    path = os.path.abspath(text)
    parent, name = os.path.split(path)
    return os.path.join(os.path.realpath(parent), name)


def check_limit(limit: object) -> int | None:
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0):
        return limit
    raise invalid("limit", "a number of keys, at least 0, or None")


def check_items(items: object) -> list[Any]:
    if isinstance(items, (str, bytes, bytearray, Mapping)) or not isinstance(items, Iterable):
        raise invalid("items", "an iterable of items")
    return list(items)


def check_count(field: str, number: object) -> int:
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 63:
        return number
    raise invalid(field, "an int, at least 0")


def check_seconds(field: str, seconds: object) -> float:
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < float("inf"):
        return float(seconds)
    raise invalid(field, "seconds, at least 0")


def limited(timeout: float | None) -> float | None:
    """A timeout, or None where it is longer than anybody waits."""
    return None if timeout is None or timeout >= _ENDLESS else timeout
