"""What a store does, as flows: each method's work is written once, for threads and for tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import mortmain
from langgraph.store.base import (
    NOT_PROVIDED,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchOp,
    get_text_at_path,
    tokenize_path,
)

from ._drive import Await, Commit, Flow, Read, Scan, Transact
from ._fields import field
from ._items import (
    Keys,
    VersionedItem,
    best_score,
    check_labels,
    check_op,
    is_expired,
    item_of,
    matches,
    namespace_matches,
    now,
    pack_vectors,
    record,
    search_item_of,
    unpack_vectors,
)

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langgraph.store.base import NotProvided, TTLConfig
    from mortmain import Snapshot

_KEYS = 400


class StoreFlows:
    """The flows of one store, which has these attributes. Thread-safe."""

    _keys: Keys
    _fields: Sequence[tuple[str, Any]]
    ttl_config: TTLConfig | None
    embeddings: Embeddings | None

    # ------------------------------------------------------------ reads

    def _batch(self, ops: list[Op]) -> Flow[list[Result]]:
        for op in ops:
            check_op(op)
        results: list[Result] = [None] * len(ops)
        puts: dict[tuple[tuple[str, ...], str], PutOp] = {}
        gets: list[tuple[int, GetOp]] = []
        for at, op in enumerate(ops):
            if isinstance(op, PutOp):
                puts.pop((op.namespace, str(op.key)), None)
                puts[op.namespace, str(op.key)] = op
            elif isinstance(op, GetOp):
                gets.append((at, op))
            elif isinstance(op, SearchOp):
                results[at] = yield from self._search(op)
            elif isinstance(op, ListNamespacesOp):
                results[at] = yield from self._list(op)
        yield from self._get(gets, results)
        if puts:
            yield from self._write([(op, None) for op in puts.values()])
        return results

    def _get(self, gets: list[tuple[int, GetOp]], results: list[Result]) -> Flow[None]:
        if not gets:
            return
        names = [self._keys.of("i", op.namespace, str(op.key)) for _, op in gets]
        touches = [self._keys.sibling(name, "e") for name in names]
        read = yield Read(list(dict.fromkeys([*names, *touches])))
        found = {snapshot.key: snapshot for snapshot in read}
        fresh = []
        for (at, op), name, touch in zip(gets, names, touches, strict=True):
            if found[name].exists and not self._omits(found[touch]):
                results[at] = item_of(found[name])
                if op.refresh_ttl and found[touch].exists:
                    fresh.append(touch)
        yield from self._refresh(fresh)

    def _omits(self, touch: Snapshot[Any] | None) -> bool:
        omit = bool(self.ttl_config and self.ttl_config.get("omit_expired"))
        return omit and is_expired(touch, now().timestamp())

    def _refresh(self, touches: list[str]) -> Flow[None]:
        """The last touch wins, whoever makes it; no version of an item moves."""
        at = now().timestamp()
        for start in range(0, len(touches), _KEYS):
            some = touches[start : start + _KEYS]

            def build(txn: Any, some: list[str] = some) -> None:
                for key in some:
                    txn.merge(key, {"at": at})

            yield Commit(build)

    def _search(self, op: SearchOp) -> Flow[list[Any]]:
        items = yield Scan(self._keys.below("i", op.namespace_prefix))
        touches = {one.key: one for one in (yield Scan(self._keys.below("e", op.namespace_prefix)))}
        kept = []
        for one in items:
            fits = all(matches(field(one.value["value"], name), want) for name, want in (op.filter or {}).items())
            if fits and not self._omits(touches.get(self._keys.sibling(one.key, "e"))):
                kept.append(one)
        kept.sort(key=lambda one: one.revision, reverse=True)
        scored: list[tuple[Any, float | None]] = [(one, None) for one in kept]
        if op.query and self.embeddings is not None:
            scored = yield from self._rank(op, kept)
        chosen = scored[op.offset : op.offset + op.limit]
        if op.refresh_ttl:
            names = [self._keys.sibling(one.key, "e") for one, _ in chosen]
            yield from self._refresh([name for name in names if name in touches])
        return [search_item_of(one, score) for one, score in chosen]

    def _rank(self, op: SearchOp, kept: list[Any]) -> Flow[list[tuple[Any, float | None]]]:
        embeddings, query = self.embeddings, op.query
        assert embeddings is not None
        assert query is not None
        vector = yield Await(lambda: embeddings.embed_query(query), lambda: embeddings.aembed_query(query))
        stored = {one.key: one.value for one in (yield Scan(self._keys.below("x", op.namespace_prefix)))}
        scored: list[tuple[Any, float | None]] = []
        rest: list[tuple[Any, float | None]] = []
        for one in kept:
            data = stored.get(self._keys.sibling(one.key, "x"))
            vectors = unpack_vectors(data) if data else []
            if vectors:
                scored.append((one, best_score(vector, vectors)))
            else:
                rest.append((one, None))
        scored.sort(key=lambda pair: pair[1] or 0.0, reverse=True)
        # Items without vectors come last and without a score, as in LangGraph's own stores.
        return [*scored, *rest]

    def _list(self, op: ListNamespacesOp) -> Flow[list[tuple[str, ...]]]:
        found = set()
        touches = {}
        if self.ttl_config and self.ttl_config.get("omit_expired"):
            touches = {one.key: one for one in (yield Scan(self._keys.below("e", ())))}
        for one in (yield Scan(self._keys.below("i", ()), None, False)):
            if not self._omits(touches.get(self._keys.sibling(one.key, "e"))):
                found.add(self._keys.namespace_of(one.key))
        conditions = op.match_conditions or ()
        chosen = {name for name in found if all(namespace_matches(one, name) for one in conditions)}
        if op.max_depth is not None:
            chosen = {name[: op.max_depth] for name in chosen}
        return sorted(chosen)[op.offset : op.offset + op.limit]

    # ------------------------------------------------------------ writes

    def _put(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any] | None,
        index: Literal[False] | list[str] | None,
        ttl: float | NotProvided | None,
        expected: int | None,
    ) -> Flow[None]:
        self._check_namespace(namespace)
        minutes = self._ttl(ttl)
        # None deletes, as in PutOp.
        stored = None if value is None else dict(value)
        yield from self._write([(PutOp(namespace, str(key), stored, index=index, ttl=minutes), expected)])

    def _check_namespace(self, namespace: tuple[str, ...]) -> None:
        check_labels(namespace)
        if not namespace or namespace[0] == "langgraph":
            raise InvalidNamespaceError(f'A namespace is not empty and does not begin with "langgraph": {namespace}')

    def _ttl(self, ttl: float | NotProvided | None) -> float | None:
        if ttl is None or isinstance(ttl, (int, float)):
            return ttl
        return self.ttl_config.get("default_ttl") if self.ttl_config else None

    def _write(self, puts: list[tuple[PutOp, int | None]]) -> Flow[None]:
        vectors = yield from self._embed([op for op, _ in puts])
        names = [self._keys.of("i", op.namespace, str(op.key)) for op, _ in puts]

        def work(txn: Any, found: dict[str, Any]) -> mortmain.VersionConflict | None:
            for (_, expected), name in zip(puts, names, strict=True):
                conflict = _unexpected(found[name], expected)
                if conflict is not None:
                    return conflict
            for (op, _), name in zip(puts, names, strict=True):
                self._set(txn, name, op, found, vectors.get(name))
            return None

        keys = [self._keys.sibling(name, kind) for name in names for kind in "ixe"]
        conflict = yield Transact(keys, work)
        if conflict is not None:
            raise conflict

    def _set(self, txn: Any, name: str, op: PutOp, found: dict[str, Any], vectors: Any) -> None:
        """One item's writes: the item, its vectors, its ttl."""
        before = found[name]
        new: dict[str, Any] = dict.fromkeys("ixe")
        if op.value is not None:
            created = before.value["created_at"] if before.exists else now().isoformat()
            new["i"] = record(op.namespace, str(op.key), op.value, created)
            new["x"] = pack_vectors(vectors) if vectors else None
            new["e"] = {"ttl": op.ttl, "at": now().timestamp()} if op.ttl is not None else None
        for kind, value in new.items():
            key = self._keys.sibling(name, kind)
            if value is not None:
                txn.put(key, value)
            elif found[key].exists:
                txn.delete(key)

    def _embed(self, puts: Sequence[PutOp]) -> Flow[dict[str, dict[str, list[float]]]]:
        """The vectors of each item that is indexed, by its key and path."""
        embeddings = self.embeddings
        if embeddings is None:
            return {}
        wanted: list[tuple[str, str, str]] = []
        for op in puts:
            if op.value is None or op.index is False:
                continue
            name = self._keys.of("i", op.namespace, str(op.key))
            fields = self._fields if op.index is None else [(path, tokens_of(path)) for path in op.index]
            for path, tokens in fields:
                texts = get_text_at_path(op.value, tokens)
                wanted += [(name, f"{path}.{at}" if len(texts) > 1 else path, text) for at, text in enumerate(texts)]
        if not wanted:
            return {}
        texts = [text for _, _, text in wanted]
        vectors = yield Await(
            lambda: embeddings.embed_documents(texts), lambda: embeddings.aembed_documents(texts)
        )
        found: dict[str, dict[str, list[float]]] = {}
        for (name, path, _), vector in zip(wanted, vectors, strict=True):
            found.setdefault(name, {})[path] = vector
        return found

    def _update(
        self, namespace: tuple[str, ...], key: str, fn: Callable[[dict[str, Any] | None], Any]
    ) -> Flow[VersionedItem | None]:
        self._check_namespace(namespace)
        name = self._keys.of("i", namespace, str(key))
        while True:
            (before,) = yield Read([name])
            value = fn(before.value["value"] if before.exists else None)
            if value is None:
                raise mortmain.InvalidRequest(
                    "fn: it returned None: return the new value, or mortmain.DELETE", field="fn", reason="None"
                )
            gone = value is mortmain.DELETE
            op = PutOp(namespace, str(key), None if gone else dict(value), ttl=self._ttl(NOT_PROVIDED))
            try:
                expected = before.version if before.exists else 0
                yield from self._write([(op, expected)])
            except mortmain.VersionConflict:
                continue
            (after,) = yield Read([name])
            return item_of(after) if after.exists else None

    # ------------------------------------------------------------ ttl

    def _sweep(self) -> Flow[int]:
        at = now().timestamp()
        old = [one.key for one in (yield Scan(self._keys.below("e", ()))) if is_expired(one, at)]
        count = 0
        for touch in old:
            name = self._keys.sibling(touch, "i")

            def work(txn: Any, found: dict[str, Any], touch: str = touch, name: str = name) -> int:
                # Somebody may have touched it since.
                if not is_expired(found[touch], at):
                    return 0
                for kind in ("i", "x", "e"):
                    txn.delete(self._keys.sibling(name, kind))
                return 1 if found[name].exists else 0

            count += yield Transact([touch, name], work)
        return count


def _unexpected(before: Snapshot[Any], expected: int | None) -> mortmain.VersionConflict | None:
    actual = before.version if before.exists else 0
    if expected is None or actual == expected:
        return None
    return mortmain.VersionConflict(
        f"version {expected} is behind version {actual} of {before.key}: read it again and redo your change",
        key=before.key,
        expected=expected,
        actual=actual,
        winner=before.writer,
        current=before,
    )


def tokens_of(path: str) -> Any:
    return path if path == "$" else tokenize_path(path)

