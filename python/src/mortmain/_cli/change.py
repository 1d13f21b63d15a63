"""Commands that write: put, append, delete, reclaim. They carry a base like every other commit, or say that they
have none.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

from mortmain._errors import InvalidRequest, VersionConflict

from .context import open_store, read_input
from .inspect import receipt_object
from .render import OK, print_json, print_table


def put(arguments: argparse.Namespace) -> int:
    value = _value(arguments)
    with open_store(arguments, create=True) as store:
        if arguments.create:
            receipt = store.create(arguments.key, value, **request_options(arguments))
        elif arguments.overwrite:
            receipt = store.commit(arguments.key, value, overwrite=True, **request_options(arguments))
        else:
            base = base_of(store, arguments.key, arguments.base, arguments.request_id)
            receipt = store.commit(arguments.key, value, base=base, **request_options(arguments))
    return print_receipt(arguments, receipt)


def append(arguments: argparse.Namespace) -> int:
    item = _value(arguments)
    with open_store(arguments, create=True) as store:
        receipt = store.append(arguments.key, item, unique=arguments.unique, **request_options(arguments))
    return print_receipt(arguments, receipt)


def delete(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        if arguments.overwrite:
            receipt = store.delete(arguments.key, overwrite=True, **request_options(arguments))
        else:
            base = base_of(store, arguments.key, arguments.base, arguments.request_id)
            receipt = store.delete(arguments.key, base=base, **request_options(arguments))
    return print_receipt(arguments, receipt)


def reclaim(arguments: argparse.Namespace) -> int:
    chosen = {
        name: value
        for name, value in (("key", arguments.key), ("prefix", arguments.prefix), ("holder", arguments.holder))
        if value is not None
    }
    if len(chosen) != 1:
        raise InvalidRequest("reclaim takes one of KEY, --prefix and --holder", field="key", reason="not one of them")
    with open_store(arguments) as store:
        taken = store.reclaim(**chosen, reason=arguments.reason)
    if arguments.json:
        print_json({"reclaimed": [{"key": key, "epoch": epoch, "holder": holder} for key, epoch, holder in taken]})
    elif taken:
        print_table(("key", "epoch", "holder"), taken)
    else:
        print("nobody held a claim there; who read before now is fenced all the same")
    return OK


def base_of(store: Any, key: str, version: int, request_id: str | None) -> Any:
    """The current snapshot, if it has that version; the commit on it still races fairly with everybody else's.

    Asked again under an id that wrote the next version: the base of that time, so that the gateway knows the request.
    """
    snap = store.read(key)
    if snap.version != version:
        if request_id and snap.version > version >= 0:
            for event in store.history(key, limit=1, before=version + 2):
                if (event.version, event.request_id) == (version + 1, request_id):
                    return replace(store.read(key, revision=event.revision - 1), epoch=event.epoch)
        raise VersionConflict(
            f"{key} is at version {snap.version}, not {version}"
            + (f": {snap.writer} wrote it" if snap.writer else "")
            + "; read it again",
            key=key,
            expected=version,
            actual=snap.version,
            winner=snap.writer,
        )
    return snap


def request_options(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"request_id": arguments.request_id} if arguments.request_id else {}


def _value(arguments: argparse.Namespace) -> Any:
    given = read_input(arguments.value)
    if arguments.type == "bytes":
        return given.encode() if isinstance(given, str) else given
    try:
        text = given if isinstance(given, str) else given.decode()
    except UnicodeDecodeError as error:
        if arguments.type == "auto":
            return given
        raise InvalidRequest(f"the value is not UTF-8: {error}", field="value", reason=str(error)) from error
    if arguments.type == "text":
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        if arguments.type == "auto":
            return text
        raise InvalidRequest(f"the value is not JSON: {error}", field="value", reason=str(error)) from error


def print_receipt(arguments: argparse.Namespace, receipt: Any) -> int:
    if arguments.json:
        print_json(receipt_object(receipt))
    else:
        for key, part in receipt.keys.items():
            print(f"{key} version {part.version} at revision {receipt.revision}")
    return OK
