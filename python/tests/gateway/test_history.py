"""Every version stays readable, restorable and blamable on whoever wrote it."""

from __future__ import annotations

import pickle

import pytest

import mortmain
from mortmain._blame import differences


def test_an_old_version_and_an_old_revision_read_as_they_were(store, at):
    key = f"{at}k"
    receipts = [store.create(key, {"n": 0})]
    for n in range(1, 5):
        receipts.append(store.commit(key, {"n": n}, base=receipts[-1]))
    for n, receipt in enumerate(receipts):
        for snap in (store.read(key, version=n + 1), store.read(key, revision=receipt.revision)):
            assert (snap.value, snap.version, snap.revision) == ({"n": n}, n + 1, receipt.revision)
            assert snap.tag == receipt.tag
            assert (snap.writer, snap.exists) == ("test", True)
    before = store.read(key, revision=receipts[0].revision - 1)
    assert (before.exists, before.value, before.version) == (False, None, 0)


def test_a_version_that_is_a_delete_does_not_exist_and_one_that_never_was_is_invalid(store, at):
    key = f"{at}k"
    first = store.create(key, "text")
    gone = store.delete(key, base=first)
    store.commit(key, b"\0bytes", base=gone)
    assert store.read(key, version=1).value == "text"
    snap = store.read(key, version=2)
    assert (snap.exists, snap.value, snap.version) == (False, None, 2)
    assert store.read(key, version=3).value == b"\0bytes"
    for never in (0, 4, 2**62):
        with pytest.raises(mortmain.InvalidRequest) as refused:
            store.read(key, version=never)
        assert refused.value.field == "version"
    with pytest.raises(mortmain.InvalidRequest):
        store.read(f"{at}absent", version=1)
    with pytest.raises(mortmain.StoreChanged):
        store.read(key, revision=2**62)
    for bad in ({"version": -1}, {"version": 1, "revision": 1}, {"version": "1"}, {"revision": True}):
        with pytest.raises(mortmain.InvalidRequest):
            store.read(key, **bad)


def test_a_list_reads_as_it_was_between_its_appends(store, at):
    key = f"{at}list"
    for n in range(150):
        store.append(key, n)
    for version in (1, 63, 64, 65, 66, 128, 129, 150):
        assert store.read(key, version=version).value == list(range(version))
        assert store.read(key, version=version, last=2).value == list(range(version))[-2:]


def test_history_holds_versions_only_newest_first(store, at):
    key = f"{at}k"
    writer = store.as_agent("planner", meta={"run": "7"})
    first = writer.create(key, {"a": 1}, request_id=f"{at}first")
    store.reclaim(key)
    writer.merge(key, {"b": 2})
    store.commit(key, [1], overwrite=True)
    store.append(key, 2)
    store.delete(key, overwrite=True)
    events = store.history(key, values=True)
    assert [(e.version, e.kind) for e in events] == [(5, "delete"), (4, "delta"), (3, "put"), (2, "delta"), (1, "put")]
    assert [e.value for e in events] == [None, [2], [1], {"a": 1, "b": 2}, {"a": 1}]
    assert [e.before for e in events] == [None, 1, None, None, None]
    assert [e.overwrite for e in events] == [True, False, True, False, False]
    assert [e.epoch for e in events] == [1, 1, 1, 1, 0]
    oldest = events[-1]
    assert (oldest.writer, oldest.meta, oldest.request_id) == ("planner", {"run": "7"}, f"{at}first")
    assert (oldest.revision, oldest.size, oldest.committed_at.tzinfo is not None) == (first.revision, 7, True)
    assert [e.version for e in store.history(key, limit=2)] == [5, 4]
    assert [e.version for e in store.history(key, limit=2, before=4)] == [3, 2]
    assert store.history(key, limit=0) == store.history(f"{at}absent") == []
    assert store.history(key)[0].value is None
    assert pickle.loads(pickle.dumps(events)) == events


def test_a_history_longer_than_a_page_comes_whole(store, at):
    for n in range(1100):
        store.append(f"{at}k", n)
    assert [event.version for event in store.history(f"{at}k", limit=None)] == list(range(1100, 0, -1))


def test_restore_is_a_new_commit_on_a_base_and_keeps_the_type(store, at):
    key = f"{at}k"
    first = store.create(key, "one\n")
    second = store.commit(key, {"two": 2}, base=first)
    with pytest.raises(mortmain.VersionConflict):
        store.restore(key, 1, base=first)
    with pytest.raises(mortmain.InvalidRequest, match="as it is now"):
        store.restore(key, 1)
    receipt = store.restore(key, version=1, base=second, request_id=f"{at}restore", meta={"why": "wrong"})
    again = store.restore(key, version=1, base=second, request_id=f"{at}restore", meta={"why": "wrong"})
    assert (receipt.version, again.version, again.replayed) == (3, 3, True)
    snap = store.read(key)
    assert (snap.value, snap.version, snap.content_type, snap.meta) == ("one\n", 3, "text/plain", {"why": "wrong"})
    gone = store.delete(key, base=snap)
    back = store.restore(key, version=2, base=gone)
    store.restore(key, version=gone.version, base=back)
    assert not store.read(key).exists


def test_a_zombie_cannot_restore(store, at):
    key = f"{at}k"
    store.create(key, 1)
    snap = store.read(key)
    store.reclaim(key)
    with pytest.raises(mortmain.Fenced):
        store.restore(key, 1, base=snap)


def test_blame_names_the_writer_of_each_item_through_appends_and_rewrites(store, at):
    key = f"{at}log"
    ann, bob, eve = (store.as_agent(name) for name in ("ann", "bob", "eve"))
    ann.append(key, {"say": "one"})
    bob.extend(key, ["two", "three"])
    eve.update(key, lambda items: [items[0], "new", *items[2:]])
    ann.append(key, "four")
    found = store.blame(key)
    assert [(part.where, part.value, part.writer, part.version) for part in found] == [
        (0, {"say": "one"}, "ann", 1),
        (1, "new", "eve", 3),
        (2, "three", "bob", 2),
        (3, "four", "ann", 4),
    ]
    assert [part.writer for part in store.blame(key, version=2)] == ["ann", "bob", "bob"]
    assert [part.writer for part in store.blame(key, limit=2)] == [None, None, None, "ann"]
    assert pickle.loads(pickle.dumps(found)) == found


def test_blame_of_object_fields_lines_and_single_values(store, at):
    ann, bob = store.as_agent("ann"), store.as_agent("bob")
    ann.merge(f"{at}o", {"a": 1, "b": {"x": 1}})
    bob.merge(f"{at}o", {"b": {"y": 2}})
    bob.update(f"{at}o", lambda value: {**value, "c": 3})
    assert [(p.where, p.writer, p.version) for p in store.blame(f"{at}o")] == [
        ("a", "ann", 1),
        ("b", "bob", 2),
        ("c", "bob", 3),
    ]
    ann.create(f"{at}t", "one\ntwo\nthree\n")
    bob.update(f"{at}t", lambda text: text.replace("two", "2"))
    assert [(p.where, p.value, p.writer) for p in store.blame(f"{at}t")] == [
        (1, "one\n", "ann"),
        (2, "2\n", "bob"),
        (3, "three\n", "ann"),
    ]
    ann.increment(f"{at}n", 1)
    bob.increment(f"{at}n", 1)
    assert [(p.where, p.value, p.writer) for p in store.blame(f"{at}n")] == [(None, 2, "bob")]
    assert store.blame(f"{at}absent") == []


def test_blame_does_not_look_behind_a_delete(store, at):
    key = f"{at}k"
    store.as_agent("ann").create(key, ["same"])
    store.delete(key, overwrite=True)
    store.as_agent("bob").create(key, ["same"])
    assert [(part.writer, part.version) for part in store.blame(key)] == [("bob", 3)]
    store.as_agent("eve").append(key, "more")
    assert [part.writer for part in store.blame(key)] == ["bob", "eve"]


def test_diff_of_versions(store, at):
    key = f"{at}k"
    store.create(key, {"steps": [{"do": "a"}, {"do": "b"}], "n": 1})
    store.update(key, lambda plan: {"steps": [{"do": "a"}, {"do": "c"}, {"do": "d"}], "m": 1})
    found = {(one.kind, one.path): (one.old, one.new) for one in store.diff(key, 1, 2)}
    assert found == {
        ("changed", ("steps", 1, "do")): ("b", "c"),
        ("added", ("steps", 2)): (None, {"do": "d"}),
        ("removed", ("n",)): (1, None),
        ("added", ("m",)): (None, 1),
    }
    assert store.diff(key, 1, 1) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a\nb\n", "a\nc\n", [("changed", (2,), "b", "c")]),
        ("a", "a\n", [("changed", (), "a", "a\n")]),
        ([1, 2, 3], [2, 3], [("removed", (0,), 1, None)]),
        (1, 1.0, [("changed", (), 1, 1.0)]),
        (True, 1, [("changed", (), True, 1)]),
        (None, [1], [("changed", (), None, [1])]),
        ({"a": "x\ny"}, {"a": "x\nz"}, [("changed", ("a",), "x\ny", "x\nz")]),
    ],
)
def test_differences(old, new, expected):
    assert [(one.kind, one.path, one.old, one.new) for one in differences(old, new)] == expected


def test_the_past_survives_a_restart_and_many_segments(own_store):
    own_store.create("big", "x" * 700_000)
    for n in range(6):
        own_store.update("big", lambda text, n=n: text[:-1] + str(n))
        own_store.append("list", n)
    own_store.stop()
    assert [event.version for event in own_store.history("big")] == [7, 6, 5, 4, 3, 2, 1]
    for version in range(2, 8):
        assert own_store.read("big", version=version).value[-1] == str(version - 2)
    assert own_store.read("list", version=3).value == [0, 1, 2]
    assert own_store.info()["journal"]["bytes"] > 4 << 20
