"""Who wrote what: each part of a value is followed back through the versions until one is found that did not have
it yet.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._codec import to_json
from ._effects import Flow
from ._models import Blame, Difference, Event

if TYPE_CHECKING:
    from ._flows import Flows

# Versions that one question to the gateway brings, with their values.
_PAGE = 200


def _mark(value: Any) -> bytes:
    """Equal for equal JSON; of other values (a codec's, say) what they print."""
    try:
        return to_json(value, "value")
    except Exception:
        return repr(value).encode()


def _parts(value: Any) -> tuple[type, list[Any], list[Any]]:
    """(the shape, the labels, the contents) of what is blamed apart."""
    if isinstance(value, list):
        return list, list(range(len(value))), value
    if isinstance(value, dict):
        return dict, list(value), list(value.values())
    if isinstance(value, str):
        lines = value.splitlines(keepends=True)
        return str, list(range(1, len(lines) + 1)), lines
    return object, [None], [value]


def _kept(new: Any, old: Any) -> dict[Any, Any]:
    """Label in the new value -> label in the old one, of the parts that both have."""
    shape, labels, contents = _parts(new)
    old_shape, old_labels, old_contents = _parts(old)
    if shape is not old_shape:
        return {}
    if shape in (dict, object):
        marks = {label: _mark(content) for label, content in zip(old_labels, old_contents, strict=True)}
        return {
            label: label
            for label, content in zip(labels, contents, strict=True)
            if label in marks and marks[label] == _mark(content)
        }
    ours, theirs = [_mark(part) for part in contents], [_mark(part) for part in old_contents]
    kept = {}
    for block in _matcher(theirs, ours).get_matching_blocks():
        for i in range(block.size):
            kept[labels[block.b + i]] = old_labels[block.a + i]
    return kept


def _matcher(old: Sequence[Any], new: Sequence[Any]) -> difflib.SequenceMatcher[Any]:
    return difflib.SequenceMatcher(None, old, new, autojunk=False)


def blamed(
    flows: Flows, key: str, version: int | None, limit: int | None, timeout: float | None
) -> Flow[list[Blame]]:
    """Reads one page of versions after the other, until every part has its writer."""
    snap = yield from flows.read(key, None, timeout, version)
    if not snap.exists:
        return []
    _, labels, contents = _parts(snap.value)
    found: dict[Any, Event] = {}
    # The label that a part has in the version at hand -> the one that it has in the value that was asked for.
    open_parts: dict[Any, Any] = {label: label for label in labels}
    current: Any = snap.value
    before, left = snap.version + 1, limit
    event: Event | None = None
    while open_parts:
        count = _PAGE if left is None else min(_PAGE, left)
        page, more = yield from flows.history_page(key, count, before, True, timeout)
        for older in page:
            if event is not None and open_parts:
                current, open_parts = yield from _step(flows, key, event, older, current, open_parts, found, timeout)
            event, before = older, older.version
        left = None if left is None else left - len(page)
        if not more or not page or left == 0:
            if event is not None and not more:
                # There is nothing before the oldest version: it wrote the rest.
                found.update(dict.fromkeys(open_parts.values(), event))
            break
    return [_blame(label, content, found.get(label)) for label, content in zip(labels, contents, strict=True)]


def _step(
    flows: Flows,
    key: str,
    event: Event,
    older: Event,
    current: Any,
    open_parts: dict[Any, Any],
    found: dict[Any, Event],
    timeout: float | None,
) -> Flow[tuple[Any, dict[Any, Any]]]:
    """Blames `event` for what the version before it did not have; returns that version's value and what is left to
    blame.
    """
    if older.kind == "delete":
        found.update(dict.fromkeys(open_parts.values(), event))
        return None, {}
    if event.before is not None:
        # An append: what lies before is as it was.
        found.update({label: event for index, label in open_parts.items() if index >= event.before})
        return current[: event.before], {i: label for i, label in open_parts.items() if i < event.before}
    previous = older.value
    if older.before is not None:
        previous = (yield from flows.read(key, None, timeout, older.version)).value
    kept = _kept(current, previous)
    found.update({label: event for here, label in open_parts.items() if here not in kept})
    return previous, {kept[here]: label for here, label in open_parts.items() if here in kept}


def _blame(label: Any, content: Any, event: Event | None) -> Blame:
    if event is None:
        return Blame(label, content, None, 0, 0, None)
    return Blame(
        label, content, event.writer, event.version, event.revision, event.committed_at, event.request_id, event.meta
    )


def differences(old: Any, new: Any) -> list[Difference]:
    """Where two values differ: objects field by field, lists by their items, texts by their lines, all else as a
    whole.
    """
    return _differences((), old, new)


def _differences(path: tuple[str | int, ...], old: Any, new: Any) -> list[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for name in [*old, *(name for name in new if name not in old)]:
            if name not in new:
                found.append(Difference("removed", (*path, name), old[name]))
            elif name not in old:
                found.append(Difference("added", (*path, name), None, new[name]))
            else:
                found += _differences((*path, name), old[name], new[name])
        return found
    if isinstance(old, list) and isinstance(new, list):
        return _of_sequences(path, old, new, 0)
    if isinstance(old, str) and isinstance(new, str) and not path:
        return _of_sequences(path, old.splitlines(), new.splitlines(), 1) or (
            [] if old == new else [Difference("changed", path, old, new)]
        )
    return [] if type(old) is type(new) and _mark(old) == _mark(new) else [Difference("changed", path, old, new)]


def _of_sequences(path: tuple[str | int, ...], old: list[Any], new: list[Any], first: int) -> list[Difference]:
    found: list[Difference] = []
    marks = [_mark(part) for part in old], [_mark(part) for part in new]
    for tag, from_old, to_old, from_new, to_new in _matcher(*marks).get_opcodes():
        both = min(to_old - from_old, to_new - from_new) if tag == "replace" else 0
        for i in range(both):
            place = (*path, first + from_new + i)
            if first == 0:
                found += _differences(place, old[from_old + i], new[from_new + i])
            else:
                found.append(Difference("changed", place, old[from_old + i], new[from_new + i]))
        if tag in ("replace", "delete"):
            found += [Difference("removed", (*path, first + i), old[i]) for i in range(from_old + both, to_old)]
        if tag in ("replace", "insert"):
            found += [Difference("added", (*path, first + i), None, new[i]) for i in range(from_new + both, to_new)]
    return found
