"""Grants: what stands behind a claim handle, sync or async. One background thread of the process renews them.

A claim trades mutual exclusion for progress: nothing stops its expired holder from running on. What stops it
is the commit, which carries the claim's id and epoch and is refused once the key was reclaimed.
"""

from __future__ import annotations

import copy
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from . import _arguments as arguments
from . import _frames
from . import _replies as replies
from . import _requests as requests
from ._codec import decode, encode, to_json
from ._effects import Ask, Flow
from ._errors import ClaimHeld, ClaimLost, Conflict, Fenced, GatewayUnavailable, MortmainError, invalid
from ._flows import Flows, Meta, merge_patch
from ._link import logger
from ._models import Receipt, Snapshot
from ._renewal import RELEASE_TIMEOUT, Renewer
from ._request_id import encode_request_id
from ._requests import Draft

UNKNOWN = object()


class Grant:
    """The state behind a claim handle and the flows on it; both twins share it. Thread-safe."""

    def __init__(
        self,
        flows: Flows,
        claim_id: str,
        snapshot: Snapshot[Any],
        epoch: int,
        ttl: float,
        sent_at: float,
        max_hold: float | None,
    ) -> None:
        self.flows = flows
        self.key = snapshot.key
        self.claim_id = claim_id
        self.epoch = epoch
        self.ttl = ttl
        self.base: Snapshot[Any] | Receipt = snapshot
        self.content_type = snapshot.content_type
        self.value: Any = snapshot.value if snapshot.exists else None
        self.expires = sent_at + ttl
        self.hold_until = None if max_hold is None else sent_at + max_hold
        self.lost: MortmainError | None = None
        self.released = False
        self.lock = threading.Lock()
        _grants.add(self)

    # ------------------------------------------------------------ what is known here

    def remaining(self) -> float:
        """Seconds, counted from before the request was sent: never more than the gateway's own count."""
        if self.released or self.lost is not None:
            return 0.0
        return max(0.0, self.expires - time.monotonic())

    def ensure_ours(self) -> None:
        """Raise what needs no gateway to know."""
        if isinstance(self.lost, ClaimLost) or (self.released and self.lost is not None):
            raise copy.copy(self.lost)
        if self.released:
            raise ClaimLost(
                f"the claim on {self.key} was released: read it again and claim it again",
                key=self.key,
                why="released",
            )

    def _name(self) -> dict[str, Any]:
        """With the epoch the gateway tells apart a claim that was reclaimed, however long ago, and one that it
        does not know.
        """
        return {"key": self.key, "claim_id": self.claim_id, "epoch": self.epoch}

    def draft(self) -> Draft:
        draft = Draft(self.flows.codec)
        draft.guard("holds", self.key, self.claim_id)
        return draft

    # ------------------------------------------------------------ flows

    def commit(self, value: Any, request_id: str | None, timeout: float | None, meta: Meta) -> Flow[Receipt]:
        content_type, data = encode(value, self.flows.codec)

        def write(draft: Draft) -> None:
            draft.base(self.base)
            draft.put(self.key, content_type, data)

        receipt = yield from self._send(write, request_id, timeout, meta)
        self._moved(receipt, content_type, decode(content_type, data, self.flows.codec))
        return receipt

    def delete(self, request_id: str | None, timeout: float | None, meta: Meta) -> Flow[Receipt]:
        def write(draft: Draft) -> None:
            draft.base(self.base)
            draft.delete(self.key)

        receipt = yield from self._send(write, request_id, timeout, meta)
        self._moved(receipt, None, None)
        return receipt

    def append(
        self, item: Any, unique: str | None, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        ids = None if unique is None else [arguments.check_unique(unique)]
        data = to_json(item, "item")

        def write(draft: Draft) -> None:
            draft.guard("epoch", self.key, self.epoch)
            draft.append(self.key, [data], ids)

        receipt = yield from self._send(write, request_id, timeout, meta)
        self._moved(receipt, self.content_type, UNKNOWN)
        return receipt

    def merge(
        self, patch: Mapping[str, Any], request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        data = merge_patch(patch)

        def write(draft: Draft) -> None:
            draft.guard("epoch", self.key, self.epoch)
            draft.merge(self.key, data)

        receipt = yield from self._send(write, request_id, timeout, meta)
        self._moved(receipt, self.content_type, UNKNOWN)
        return receipt

    def _send(
        self,
        write: Callable[[Draft], None],
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        self.ensure_ours()
        draft = self.draft()
        write(draft)
        base, flows = self.base, self.flows
        draft.known(base.store_id, base.read_revision if isinstance(base, Snapshot) else base.revision)
        request = draft.request(flows.author, encode_request_id(request_id), meta)
        try:
            reply, _ = yield Ask(flows.link, request, flows.deadline(timeout))
        except Conflict as conflict:
            self._judge(conflict)
            raise
        return replies.parse_receipt(reply.fields)

    def _moved(self, receipt: Receipt, content_type: str | None, value: Any) -> None:
        self.base = receipt
        self.content_type = content_type
        self.value = value

    def _judge(self, conflict: Conflict) -> None:
        if conflict.code in ("FENCED", "CLAIM_LOST", "STORE_CHANGED"):
            self.lost = conflict

    def read(self, timeout: float | None) -> Flow[Snapshot[Any]]:
        """The key as it is now; as long as the claim is ours, this becomes the base."""
        snapshot = (yield from self.flows.read_many((self.key,), timeout))[0]
        if snapshot.epoch == self.epoch and not self.released:
            self.base = snapshot
            self.content_type = snapshot.content_type
            self.value = snapshot.value if snapshot.exists else None
        return snapshot

    def check(self, timeout: float | None) -> Flow[None]:
        self.ensure_ours()
        draft = self.draft()
        draft.guard("epoch", self.key, self.epoch)
        try:
            yield Ask(self.flows.link, draft.check(), self.flows.deadline(timeout))
        except Conflict as conflict:
            self._judge(conflict)
            raise

    def renew(self, timeout: float) -> Flow[None]:
        sent_at = time.monotonic()
        request = requests.simple(_frames.RENEW, self._name())
        yield Ask(self.flows.link, request, sent_at + timeout)
        self.expires = sent_at + self.ttl

    def release(self) -> Flow[None]:
        """Never raises: the commit is the fence, and the ttl frees the key where the gateway is away."""
        if self.released or isinstance(self.lost, ClaimLost):
            self.released = True
            return
        self.released = True
        request = requests.simple(_frames.RELEASE, self._name())
        try:
            yield Ask(self.flows.link, request, time.monotonic() + RELEASE_TIMEOUT)
        except MortmainError as error:
            if isinstance(error, Fenced):
                self.lost = error
            logger.debug("the claim on %s was not released: %s", self.key, error)


def acquire(
    flows: Flows,
    key: str,
    ttl: float,
    wait: float | None,
    max_hold: float | None,
    timeout: float | None,
    base: Any = None,
) -> Flow[Grant]:
    """A grant, renewed from now on. Asking again with the same claimId is the same claim, so a lost answer
    costs nothing.
    """
    key = arguments.check_key(key)
    ttl = _seconds("ttl", ttl, 0.1)
    wait = arguments.limited(None if wait in (None, _FOREVER) else _seconds("wait", wait, 0.0))
    max_hold = None if max_hold in (None, _FOREVER) else _seconds("max_hold", max_hold, 0.0)
    claim_id = secrets.token_hex(16)
    fields: dict[str, Any] = {
        "key": key,
        "claim_id": claim_id,
        "ttl": ttl,
        "wait": wait,
        "holder": flows.author.name,
    }
    talk = flows.deadline(timeout)
    deadline = None if wait is None or talk is None else talk + wait
    sent_at = time.monotonic()
    try:
        reply, _ = yield Ask(flows.link, requests.simple(_frames.CLAIM, fields, stamp=True), deadline)
    except GatewayUnavailable as error:
        if error.reason != "timeout":
            raise
        raise ClaimHeld(f"the claim on {key} was not granted in time: {error}", key=key) from error
    except MortmainError:
        raise
    except BaseException:
        # Interrupted while it waited: the grant may come through all the same, and nobody would renew or
        # release it.
        _renewer.abandon(flows, key, claim_id)
        raise
    snapshot = replies.parse_one(reply, flows.codec)
    # The ttl counts from the grant. Without a wait the request was granted at once, and its sending is the
    # safe bound;
    # after a wait the answer's arrival less the waiting is not known, so the gateway's first renewal sets it.
    grant = Grant(flows, claim_id, snapshot, reply.fields["epoch"], ttl, sent_at, max_hold)
    now = time.monotonic()
    if now - sent_at > ttl / 10:
        try:
            grant.hold_until = None if max_hold is None else now + max_hold
            yield from grant.renew(ttl)
        except Conflict as conflict:
            grant.lost = conflict
        except MortmainError as error:
            logger.debug("the claim on %s was not renewed at once: %s", key, error)
    _renewer.add(grant)
    return grant


def _seconds(field: str, seconds: object, least: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not least <= seconds < _FOREVER:
        raise invalid(field, f"seconds, at least {least:g}")
    return float(seconds)


_FOREVER = float("inf")
_grants: weakref.WeakSet[Grant] = weakref.WeakSet()
_renewer = Renewer()


def _after_fork() -> None:
    global _renewer
    _renewer = Renewer()
    for grant in list(_grants):
        grant.lock = threading.Lock()
        if not grant.released:
            grant.lost = ClaimLost(
                f"the claim on {grant.key} belongs to the process before the fork: claim the key again in this one",
                key=grant.key,
                why="forked",
            )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
