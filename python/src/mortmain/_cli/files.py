"""Commands about keys that are plain files too: mount, unmount, adopt."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from mortmain._errors import InvalidRequest

from .change import request_options
from .context import open_store
from .inspect import receipt_object
from .render import OK, print_json, print_table


def mount(arguments: argparse.Namespace) -> int:
    """Without a prefix it lists the mounts."""
    if arguments.prefix is None:
        return _mounts(arguments)
    if arguments.directory is None:
        raise InvalidRequest("name a directory for the files", field="directory", reason="missing")
    with open_store(arguments, create=True) as store:
        made = store.mount(
            arguments.prefix, arguments.directory, sync=not arguments.background, foreign=arguments.foreign
        )
    if arguments.json:
        print_json(made)
    else:
        print(f'"{made.prefix}" is mounted at {made.directory}: {made.files} files')
        if made.edited:
            told = ", ".join(made.edited_keys) + (" …" if made.edited > len(made.edited_keys) else "")
            print(f"{made.edited} files were there already and are not what their keys hold; adopt or remove: {told}")
        if made.problem:
            print(f"not everything could be written: {made.problem}")
    return OK


def _mounts(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        mounts = store.info().get("mounts", [])
    if arguments.json:
        for one in mounts:
            print_json(one)
    else:
        heads = ("prefix", "files", "behind", "edited", "foreign", "sync", "directory", "problem")
        print_table(heads, (mount_row(one) for one in mounts))
    return OK


def mount_row(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """One mount of `store.info()` as cells of a table."""
    return (
        f'"{told["prefix"]}"', told["files"], told["behind"], told["edited"], told["foreign"],
        "yes" if told["sync"] else "no", told["directory"], told["problem"],
    )  # fmt: skip


def unmount(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        store.unmount(arguments.prefix)
    if arguments.json:
        print_json({"prefix": arguments.prefix})
    else:
        print(f'"{arguments.prefix}" is not mounted any more; its files stay as they are')
    return OK


def adopt(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        receipt = store.adopt(arguments.key, **request_options(arguments))
    if arguments.json:
        print_json(receipt_object(receipt))
    else:
        print(f"{receipt.key} version {receipt.version} at revision {receipt.revision}")
    return OK
