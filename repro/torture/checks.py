"""What a history must be like. Each check yields faults, and each fault has the name of the promise that was broken.

The checks trust what the clients saw, the order of real time, and the marks inside the values; of the store they use
the journal, which must agree with all of these. `search` judges registers without looking at journal or revisions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from history import MUTATIONS, OPEN, History, Operation
from replay import Replay
from search import unlinearizable

LOST = "lost"
DUPLICATED = "duplicated"
TWO_WINNERS = "two winners"
ZOMBIE = "zombie accepted"
NOT_INCREASING = "not increasing"
TORN_CUT = "torn cut"
WRONG_READ = "wrong read"
STALE = "stale"
REJECTED_APPLIED = "rejected but applied"
NOT_SETTLED = "not settled"
WRITE_SKEW = "write skew"
CLAIM_BROKEN = "claim broken"
WATCH_GAP = "watch gap"
NOT_LINEARIZABLE = "not linearizable"
UNEXPECTED = "unexpected"

# What a mutating call may be answered with beside "ok"; anything else is a fault of its own.
_REJECTED = ("version_conflict", "fenced", "claim_held", "claim_lost", "unavailable")
_WRITES = ("create", *(kind for kind in MUTATIONS if kind != "resend"))


@dataclass(frozen=True)
class Fault:
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


Check = Callable[[History, Replay], Iterator[Fault]]


def faults_of(history: History) -> list[Fault]:
    replay = Replay(history.journal)
    return [fault for check in CHECKS for fault in check(history, replay)]


def _writes(history: History) -> Iterator[Operation]:
    return (one for one in history.operations if one.kind in _WRITES and one.request_id)


# ------------------------------------------------------------ every acknowledged write is there, once


def acknowledged_is_there(history: History, replay: Replay) -> Iterator[Fault]:
    for one in _writes(history):
        if not one.ok:
            continue
        for key, (version, epoch, _) in one.keys_written.items():
            event = replay.by_version.get((key, version))
            if event is None or event.request_id != one.request_id:
                if event is not None and replay.has_item(key, one.item, version):
                    continue
                yield Fault(LOST, f"{one} was acknowledged as version {version}, and the journal has not got it")
            elif (event.revision, event.epoch) != (one.revision, epoch):
                text = f"revision {one.revision} and epoch {epoch}, in the journal {event.revision} and {event.epoch}"
                yield Fault(LOST, f"{one} was acknowledged with {text}")


def final_state_is_the_journals(history: History, replay: Replay) -> Iterator[Fault]:
    for key, (version, epoch, mark, items) in history.final.items():
        last = replay.last(key)
        if last is None:
            if version:
                yield Fault(WRONG_READ, f"{key} is at version {version}, and the journal never wrote it")
            continue
        if (version, mark) != (last.version, replay.marks[key, last.version]):
            text = f"version {version} ({mark}) after the last restart; the journal ends with {last.version}"
            yield Fault(LOST if version <= last.version else WRONG_READ, f"{key}: {text}")
        if epoch != replay.epoch_at(key, None):
            yield Fault(NOT_INCREASING, f"{key} has epoch {epoch}, and {replay.epoch_at(key, None)} reclamations")
        for item, times in Counter(items or ()).items():
            if times > 1:
                yield Fault(DUPLICATED, f"{item} is {times} times in {key}")
    for key in {event.key for event in history.journal if event.kind != "reclaim"} - set(history.final):
        if history.final:
            yield Fault(LOST, f"{key} was not there after the last restart")


def once_by_request_id(history: History, replay: Replay) -> Iterator[Fault]:
    for request_id, revisions in replay.revisions.items():
        if len(revisions) > 1:
            yield Fault(DUPLICATED, f"{request_id} was committed at the revisions {sorted(revisions)}")
    receipts: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
    for one in history.operations:
        if one.request_id and one.ok and one.kind != "reclaim":
            receipts[one.request_id] |= {(key, told[0], one.revision or 0) for key, told in one.keys_written.items()}
        if one.kind == "resend" and one.ok and one.revision not in replay.revisions.get(one.request_id or "", ()):
            yield Fault(DUPLICATED, f"{one} got revision {one.revision}, which is not that of its request")
    for request_id, told in receipts.items():
        if len({revision for _, _, revision in told}) > 1:
            yield Fault(DUPLICATED, f"{request_id} was acknowledged differently: {sorted(told)}")


def rejected_is_not_there(history: History, replay: Replay) -> Iterator[Fault]:
    done = {one.request_id for one in history.operations if one.kind != "resolve" and (one.ok or one.outcome in OPEN)}
    for one in _writes(history):
        if one.outcome in _REJECTED and one.request_id in replay.revisions and one.request_id not in done:
            yield Fault(REJECTED_APPLIED, f"{one} was answered {one.outcome}, and the journal has it")


def open_ones_are_settled(history: History, replay: Replay) -> Iterator[Fault]:
    settled: dict[str, set[str]] = defaultdict(set)
    for one in history.operations:
        if one.kind == "resolve" and one.ok and one.request_id and one.settled:
            settled[one.request_id].add(one.settled)
            there = one.request_id in replay.revisions
            if one.settled == "committed" and not there and not _changed_nothing(one, replay):
                yield Fault(LOST, f"{one} said committed, and the journal has not got it")
            if one.settled == "not committed" and there:
                yield Fault(REJECTED_APPLIED, f"{one} said not committed, and the journal has it")
    for request_id, answers in settled.items():
        if len(answers) > 1:
            yield Fault(NOT_SETTLED, f"{request_id} was settled as {' and as '.join(sorted(answers))}")
    for one in history.operations:
        if one.kind in MUTATIONS and one.outcome in OPEN and not settled.get(one.request_id or ""):
            yield Fault(NOT_SETTLED, f"{one} is {one.outcome}, and nobody settled it")


def _changed_nothing(one: Operation, replay: Replay) -> bool:
    """An item that was in the list before: its receipt shows the version that was there."""
    return all((key, told[0]) in replay.by_version and key.startswith("log/") for key, told in one.keys_written.items())


# ------------------------------------------------------------ versions, epochs, bases


def one_winner_per_version(history: History, replay: Replay) -> Iterator[Fault]:
    for key, events in replay.by_key.items():
        marks = replay.marks
        for before, event in zip([None, *events], events, strict=False):
            version = before.version if before else 0
            if event.version == version:
                both = f"{before.request_id if before else None} and {event.request_id}"
                yield Fault(TWO_WINNERS, f"version {version} of {key} was won by {both}")
            elif event.version != version + 1 or (before and event.revision <= before.revision):
                yield Fault(NOT_INCREASING, f"{key} went from version {version} to {event.version}")
            was = marks[key, before.version] if before else "-"
            if event.prev is not None and event.prev != was:
                text = f"version {event.version} of {key} was made from {event.prev}, and overwrote {was}"
                yield Fault(TWO_WINNERS, text)
    bases: dict[tuple[str, int], list[Operation]] = defaultdict(list)
    for one in _writes(history):
        if one.ok and one.base:
            bases[one.keys[0], one.base["version"]].append(one)
    for (key, version), winners in bases.items():
        if len({one.request_id for one in winners}) > 1:
            named = " and ".join(str(one.request_id) for one in winners)
            yield Fault(TWO_WINNERS, f"{named} were both acknowledged on version {version} of {key}")


def epochs_only_grow(history: History, replay: Replay) -> Iterator[Fault]:
    for key, events in replay.by_key.items():
        for event in events:
            counted = replay.epoch_at(key, event.revision)
            if event.epoch != counted:
                text = f"version {event.version} of {key} has epoch {event.epoch} after {counted} reclamations"
                yield Fault(NOT_INCREASING, text)


def no_zombie_writes(history: History, replay: Replay) -> Iterator[Fault]:
    reclaims = sorted((one for one in history.operations if one.kind == "reclaim" and one.ok), key=_began)
    for one in _writes(history):
        at = _applied_at(one, replay)
        if one.base is None or at is None:
            continue
        for key in one.keys:
            if replay.epoch_at(key, at) != one.base["epoch"]:
                text = f"made under epoch {one.base['epoch']}, accepted under {replay.epoch_at(key, at)}"
                yield Fault(ZOMBIE, f"{one}: {text}")
            since = one.base.get("revision")
            if since is not None and replay.reclaimed_between(key, since, at):
                yield Fault(ZOMBIE, f"{one} goes on from revision {since}, and {key} was reclaimed since")
            read_ended = one.base.get("read_ended", one.began)
            for taken in reclaims[bisect_right(reclaims, read_ended, key=_began) :]:
                if taken.began > one.began:
                    break
                if _covers(taken.keys[0], key) and (taken.ended or one.began) < one.began:
                    yield Fault(ZOMBIE, f"{one} began after {taken} had ended, and goes on from before it")


def _began(one: Operation) -> int:
    return one.began


def _applied_at(one: Operation, replay: Replay) -> int | None:
    revisions = replay.revisions.get(one.request_id or "")
    return min(revisions) if revisions else None


def _covers(what: str, key: str) -> bool:
    return key.startswith(what) if what.endswith("/") else key == what


def claims_exclude(history: History, replay: Replay) -> Iterator[Fault]:
    """Between two accepted writes of one claim nobody else wrote the key, and its holder lost to nobody."""
    held: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for one in history.operations:
        if one.kind == "claim.commit" and one.outcome == "version_conflict":
            yield Fault(CLAIM_BROKEN, f"{one} lost to another writer under its claim: {one.text}")
        at = _applied_at(one, replay)
        if one.claim and at is not None:
            held[one.keys[0], one.claim].append((at, one.request_id or ""))
    for (key, claim), writes in held.items():
        mine = {request_id for _, request_id in writes}
        for event in replay.between(key, min(writes)[0], max(writes)[0]):
            if event.request_id not in mine:
                yield Fault(CLAIM_BROKEN, f"{event.request_id} wrote {key} while {claim} held it")


def transactions_saw_one_state(history: History, replay: Replay) -> Iterator[Fault]:
    for event in history.journal:
        for key, seen in event.seen.items():
            was = replay.mark_at(key, event.revision - 1)
            if seen != was:
                yield Fault(WRITE_SKEW, f"{event.request_id} was decided on {seen} of {key}, which was {was}")
                break


# ------------------------------------------------------------ reads


def reads_are_cuts(history: History, replay: Replay) -> Iterator[Fault]:
    for one in history.operations:
        if not one.ok or not one.reads or one.revision is None:
            continue
        several = len(one.reads) > 1
        for key, (version, epoch, mark, *_) in one.reads.items():
            expected = replay.state_at(key, one.revision)
            if (version, mark) != expected[:2]:
                text = f"{one} at revision {one.revision}: {key} was version {version} ({mark})"
                yield Fault(
                    TORN_CUT if several else WRONG_READ, f"{text}, the journal says {expected[0]} ({expected[1]})"
                )
            elif epoch != expected[2]:
                yield Fault(WRONG_READ, f"{one}: {key} had epoch {epoch}, the journal says {expected[2]}")
        held = [told[3] for key, told in one.reads.items() if key.startswith("acct/") and len(told) > 3]
        if several and held and history.total is not None and sum(held) != history.total:
            yield Fault(TORN_CUT, f"{one}: the accounts hold {sum(held)} together, not {history.total}")


def real_time_is_kept(history: History, replay: Replay) -> Iterator[Fault]:
    """What began after another call had ended comes behind it: a commit at 2r, a read at 2r + 1."""
    placed = [
        (one, 2 * one.revision + (0 if one.kind in _WRITES else 1))
        for one in history.operations
        if one.ok and one.revision is not None and not one.replayed and _has_a_place(one, replay)
    ]
    ended = sorted(placed, key=lambda pair: pair[0].ended or 0)
    at, newest, newest_of = 0, 0, ""
    for one, place in sorted(placed, key=lambda pair: pair[0].began):
        while at < len(ended) and (ended[at][0].ended or 0) < one.began:
            if ended[at][1] > newest:
                newest, newest_of = ended[at][1], str(ended[at][0])
            at += 1
        if place < newest or (place == newest and one.kind in _WRITES):
            yield Fault(STALE, f"{one} at revision {place // 2} began after {newest_of} at {newest // 2} had ended")


def _has_a_place(one: Operation, replay: Replay) -> bool:
    if one.kind in _WRITES:
        return one.revision in replay.revisions.get(one.request_id or "", ())
    return one.kind in ("read", "read_many", "scan", "claim.read")


# ------------------------------------------------------------ watch, and what no check has a name for


def watch_is_the_journal(history: History, replay: Replay) -> Iterator[Fault]:
    if history.watched is None:
        return
    told = [(event.kind, event.key, event.version, event.revision) for event in history.journal]
    if history.watched != told:
        at = next((i for i, pair in enumerate(zip(history.watched, told, strict=False)) if pair[0] != pair[1]), None)
        what = f"event {at}: {history.watched[at]}, not {told[at]}" if at is not None else "its end"
        yield Fault(
            WATCH_GAP, f"{len(history.watched)} of {len(told)} events were watched; the first difference: {what}"
        )


def nothing_unexpected(history: History, replay: Replay) -> Iterator[Fault]:
    for text in history.failures:
        yield Fault(UNEXPECTED, text)
    for one in history.operations:
        if one.kind == "resend" and one.outcome == "request_id_reused":
            continue  # settled as not committed meanwhile
        alone = one.kind == "resolve" and one.process.endswith("-director")  # nobody disturbs the gateway while it asks
        if not one.ok and (alone or one.outcome not in (*_REJECTED, *OPEN)):
            yield Fault(UNEXPECTED, f"{one} was answered {one.outcome}: {one.text}")


def registers_are_linearizable(history: History, replay: Replay) -> Iterator[Fault]:
    for key, text in unlinearizable(history.operations):
        yield Fault(NOT_LINEARIZABLE, f"{key}: {text}")


CHECKS: tuple[Check, ...] = (
    acknowledged_is_there,
    final_state_is_the_journals,
    once_by_request_id,
    rejected_is_not_there,
    open_ones_are_settled,
    one_winner_per_version,
    epochs_only_grow,
    no_zombie_writes,
    claims_exclude,
    transactions_saw_one_state,
    reads_are_cuts,
    real_time_is_kept,
    watch_is_the_journal,
    nothing_unexpected,
    registers_are_linearizable,
)
