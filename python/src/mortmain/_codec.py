"""Values and bytes. JSON by default, str as text/plain, bytes as application/octet-stream; a Codec adds one
more content type.

What JSON cannot say, or would read back as something else, is refused with the path to it: object keys that
are not str, NaN and infinities, sets, lone surrogates. A tuple becomes a list. Integers of any size are
kept.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from ._errors import InvalidRequest, invalid
from ._frames import Data, dumps

JSON = "application/json"
TEXT = "text/plain"
BYTES = "application/octet-stream"

T = TypeVar("T")
_decode_json = json.JSONDecoder().decode
_scan_json = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_BINARY = (bytes, bytearray, memoryview)
# What is JSON and nothing else; a subclass may be more.
_JSON_TYPES = frozenset({dict, list, int, float, bool})
_SCALARS = frozenset({str, int, float, bool, type(None)})
_TEXT = frozenset({str})


class Codec(Protocol):
    """How values of one content type become bytes and come back. Must be thread-safe.

    A codec that also has `accepts(value) -> bool` encodes only the values that it accepts; the others take
    their default form.
    """

    @property
    def content_type(self) -> str: ...
    def encode(self, value: Any) -> bytes: ...
    def decode(self, data: bytes) -> Any: ...


def encode(value: Any, codec: Codec | None, field: str = "value") -> tuple[str, Data]:
    """(content type, bytes) of a value; InvalidRequest with the path of what cannot be stored. A view of bytes, which
    nobody can change, comes back as it is."""
    if codec is None:
        if type(value) in _JSON_TYPES:
            return JSON, to_json(value, field)
    else:
        accepts = getattr(codec, "accepts", None)
        if accepts is None or accepts(value):
            return codec.content_type, bytes(codec.encode(value))
    if type(value) is bytes:
        return BYTES, value
    if isinstance(value, str):
        try:
            return TEXT, value.encode()
        except UnicodeEncodeError:
            raise invalid(field, "a lone surrogate is not text") from None
    if isinstance(value, _BINARY):
        if type(value) is memoryview and type(value.obj) is bytes and value.format == "B" and value.contiguous:
            return BYTES, value
        return BYTES, bytes(value)
    return JSON, to_json(value, field)


def decode(content_type: str, data: bytes | memoryview, codec: Codec | None) -> Any:
    """The value of stored bytes. A JSON value of a model without its codec comes as plain JSON; an unknown
    type as bytes.
    """
    if codec is not None and content_type == codec.content_type:
        return codec.decode(bytes(data))
    if content_type == JSON or content_type.startswith(JSON + ";"):
        return from_json_text(str(data, "utf-8"))
    if content_type == TEXT:
        return str(data, "utf-8")
    return bytes(data)


def to_json(value: Any, field: str = "value") -> bytes:
    """Strict JSON, UTF-8."""
    try:
        if type(value) is int:
            return b"%d" % value
        text = dumps(value).encode()
        if type(value) in _SCALARS or _has_text_keys(value):
            return text
        problem = _find_problem(value, "$")
    except (ValueError, TypeError, RecursionError) as error:
        # The reason is looked for only now: the encoder does not say where it was.
        problem = _explain(value, error)
    raise invalid(field, problem)


def from_json(data: bytes | memoryview) -> Any:
    """What JSON bytes say."""
    return from_json_text(str(data, "utf-8"))


def from_json_text(text: str) -> Any:
    """What JSON says. A value that is nested deeper than this call's stack allows is read on a stack of its own."""
    try:
        value, end = _scan_json(text, 0)
        if end == len(text):
            return value
    except (StopIteration, ValueError, RecursionError):
        pass  # white space around it, or what the whole decoder explains
    try:
        return _decode_json(text)
    except RecursionError:
        return _on_fresh_stack(lambda: _decode_json(text))
    except ValueError as error:
        raise invalid("value", f"the stored JSON cannot be read: {error}") from None


def _on_fresh_stack(work: Callable[[], T]) -> T:
    results: list[T] = []

    def run() -> None:
        try:
            results.append(work())
        except (RecursionError, ValueError):
            pass

    thread = threading.Thread(target=run, name="mortmain-deep-json", daemon=True)
    thread.start()
    thread.join()
    if not results:
        raise invalid("value", "the stored JSON is nested too deeply to be read")
    return results[0]


def _has_text_keys(value: Any) -> bool:
    # The encoder would turn other keys into text silently. It went through the value already, so there is no
    # cycle in it.
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if not _TEXT.issuperset(map(type, node)) and not all(isinstance(name, str) for name in node):
                return False
            node = node.values()
        elif not isinstance(node, (list, tuple)):
            continue
        if not _SCALARS.issuperset(map(type, node)):
            stack.extend(node)
    return True


def _explain(value: Any, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _explain_depth(value)
    if "ircular" in str(error):
        return "it contains itself"
    return _find_problem(value, "$")


def _explain_depth(value: Any) -> str:
    # The slow encoder looks for cycles, and finds a short one long before the stack ends.
    try:
        json.dumps(value)
    except ValueError:
        return "it contains itself"
    except (RecursionError, TypeError):
        pass
    return "nested too deeply"


def _find_problem(root: Any, path: str) -> str:
    stack = [(root, path)]
    while stack:
        node, path = stack.pop()
        if isinstance(node, dict):
            for name, child in node.items():
                if not isinstance(name, str):
                    return f"{path}: an object key must be str, not {type(name).__name__} ({name!r:.40})"
                if not _is_text(name):
                    return f"{path}: an object key holds a lone surrogate"
                stack.append((child, f"{path}.{name:.60}"))
        elif isinstance(node, (list, tuple)):
            stack.extend((child, f"{path}[{index}]") for index, child in enumerate(node))
        else:
            problem = _leaf_problem(node)
            if problem:
                return f"{path}: {problem}"
    return "it cannot be written as JSON"


def _leaf_problem(node: Any) -> str | None:
    if isinstance(node, str):
        return None if _is_text(node) else "a lone surrogate is not text"
    if isinstance(node, float):
        return (
            "NaN and infinities are not JSON"
            if node != node or node in (float("inf"), -float("inf"))
            else None
        )
    if isinstance(node, int):
        try:
            str(node)
        except ValueError:
            return "an integer has more digits than sys.set_int_max_str_digits allows"
        return None
    if node is None:
        return None
    return f"{type(node).__name__} is not JSON"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _ModelCodec(Generic[T]):
    """What `codec` returns. Immutable, thread-safe."""

    def __init__(self, model: type[T], dump: Callable[[T], bytes], load: Callable[[bytes], T]) -> None:
        self.content_type = f"{JSON};model={model.__name__}"
        self._model = model
        self._dump = dump
        self._load = load

    def accepts(self, value: Any) -> bool:
        return isinstance(value, self._model)

    def encode(self, value: T) -> bytes:
        return self._dump(value)

    def decode(self, data: bytes) -> T:
        return self._load(data)

    def __repr__(self) -> str:
        return f"mortmain.codec({self._model.__name__})"

    def __reduce__(self) -> tuple[Any, ...]:
        return codec, (self._model,)


def codec(model: type[T]) -> _ModelCodec[T]:
    """A codec for a pydantic model, a dataclass or a msgspec Struct: `open(..., codec=codec(Plan))` reads
    Plans back as Plans.

    The content type is `application/json;model=NAME`. Values that are not of the model keep their default
    form.
    Bytes that do not fit the model raise what the model's library raises.
    """
    if not isinstance(model, type):
        raise invalid("model", "not a class")
    if hasattr(model, "model_validate_json") and hasattr(model, "model_dump_json"):
        return _ModelCodec(model, lambda value: value.model_dump_json().encode(), model.model_validate_json)  # type: ignore[attr-defined]
    if hasattr(model, "__struct_fields__") and "msgspec" in sys.modules:
        msgspec_json = sys.modules["msgspec"].json
        return _ModelCodec(model, msgspec_json.encode, lambda data: msgspec_json.decode(data, type=model))
    if hasattr(model, "__dataclass_fields__"):
        from ._dataclass_codec import dump, load

        return _ModelCodec(
            model, lambda value: to_json(dump(value)), lambda data: load(model, from_json(data))
        )
    raise InvalidRequest(
        f"model: {model.__name__} is neither a pydantic model nor a dataclass nor a msgspec Struct",
        field="model",
        reason="unknown kind of class",
    )
