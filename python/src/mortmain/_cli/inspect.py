"""Commands that look: status, ls, cat, claims, contention, resolve."""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

from mortmain._errors import GatewayUnavailable, InvalidRequest

from .context import directory_of, open_store
from .metrics import metrics
from .render import ERROR, OK, plain, print_json, print_table, print_value


def status(arguments: argparse.Namespace) -> int:
    """Starts nothing: it asks whether a gateway is there, for --wait seconds."""
    root = directory_of(arguments)
    try:
        info = {"directory": root, **_info_within(arguments, time.monotonic() + arguments.wait)}
    except GatewayUnavailable:
        if arguments.prometheus:
            print(metrics({}), end="")
        raise
    if arguments.prometheus:
        print(metrics(info), end="")
        return OK
    if arguments.json:
        print_json(info)
        return OK
    shown = (
        "directory", "store_id", "revision", "keys", "claims", "connections",
        "transport", "pid", "uptime", "version", "protocol",
    )  # fmt: skip
    for name in shown:
        if name in info:
            print(f"{name:<12}{info[name]}")
    for mount in info.get("mounts", []):
        told = f'"{mount["prefix"]}" at {mount["directory"]}: {mount["files"]} files'
        told += f", {mount['edited']} edited" if mount["edited"] else ""
        told += f", {mount['behind']} behind" if mount["behind"] else ""
        print(f"{'mount':<12}{told}" + (f"; {mount['problem']}" if mount["problem"] else ""))
    return OK


def _info_within(arguments: argparse.Namespace, end: float) -> Any:
    while True:
        try:
            with open_store(arguments, start=False) as store:
                return store.info()
        except GatewayUnavailable as error:
            # What only an operator can change is not waited for.
            if error.reason in ("insecure-directory",) or time.monotonic() >= end:
                raise
        time.sleep(0.05)


def ls(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        found = store.scan(arguments.prefix, limit=arguments.limit, values=False)
        if arguments.json:
            for snap in found:
                print_json(_without_value(snap))
        elif arguments.long:
            rows = ((s.version, s.epoch, s.revision, s.committed_at, s.writer, s.key) for s in found)
            print_table(("version", "epoch", "revision", "committed (UTC)", "writer", "key"), rows)
        else:
            for snap in found:
                print(snap.key)
    return OK


def _without_value(snap: Any) -> dict[str, Any]:
    shown: dict[str, Any] = plain(snap)
    shown.pop("value", None)
    shown.pop("partial", None)
    return shown


def cat(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        snap = store.read(
            arguments.key, last=arguments.last, version=arguments.version, revision=arguments.revision
        )
    if arguments.json:
        print_json(snap)
    elif snap.exists:
        print_value(snap.value)
    if not snap.exists and not arguments.json:
        then = "" if arguments.version is None and arguments.revision is None else " there"
        raise InvalidRequest(f"{arguments.key} does not exist{then}", field="key", reason="absent", key=arguments.key)
    return OK if snap.exists else ERROR


def claims(arguments: argparse.Namespace) -> int:
    with open_store(arguments) as store:
        live = store.claims(arguments.prefix)
    if arguments.json:
        for claim in live:
            print_json(claim)
    else:
        rows = ((c.key, c.holder, c.epoch, c.ttl, c.remaining, c.since) for c in live)
        print_table(("key", "holder", "epoch", "ttl", "remaining", "since (UTC)"), rows)
    return OK


def contention(arguments: argparse.Namespace) -> int:
    """The most contested first."""
    with open_store(arguments) as store:
        found = store.contention(arguments.window, arguments.within)
    if arguments.json:
        for one in found:
            print_json(one)
        return OK
    rows = (
        (
            sum(one.conflicts.values()), one.overwrites, one.key, _counts(one.writers), _counts(one.rejected),
            _counts(one.conflicts),
        )
        for one in found
    )  # fmt: skip
    print_table(("conflicts", "overwrites", "key", "written by", "rejected", "why"), rows)
    return OK


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1])) or "-"


def resolve(arguments: argparse.Namespace) -> int:
    """Final: an id that nobody knows is refused from now on."""
    with open_store(arguments) as store:
        outcome = store.resolve(arguments.request_id)
    receipt = getattr(outcome, "receipt", None)
    if arguments.json:
        print_json({"outcome": "not_committed" if receipt is None else "committed", "receipt": receipt})
    elif receipt is None:
        print("not committed, and it never will be")
    else:
        where = ", ".join(f"{key} version {part.version}" for key, part in receipt.keys.items())
        print(f"committed at revision {receipt.revision}: {where}")
    return OK


def receipt_object(receipt: Any) -> dict[str, Any]:
    """A receipt for --json, with one object per key."""
    shown: dict[str, Any] = plain(receipt)
    if len(receipt.keys) > 1:
        shown["keys"] = {key: plain(dataclasses.replace(part)) for key, part in receipt.keys.items()}
    return shown
