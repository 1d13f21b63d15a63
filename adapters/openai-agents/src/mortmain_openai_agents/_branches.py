"""Branches of a session: other ways on from one of its user messages.

The methods have the names of the SDK's AdvancedSQLiteSession. A branch is a list of its own; which one an object is on
is its own affair, and a new object begins on "main".
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import mortmain

from . import _keys
from ._turns import finish

if TYPE_CHECKING:
    from mortmain import Snapshot
    from mortmain.aio import AsyncStore

    from ._history import History


class Branches:
    """The part of MortmainSession that has to do with branches."""

    _history: History

    @property
    def branch_id(self) -> str:
        """The branch that this object is on."""
        return self._branch_of(self._history.key)

    async def create_branch_from_turn(self, turn_number: int, branch_name: str | None = None) -> str:
        """Copy what came before the n-th user message (from 1) into a new branch and go on there; gives its id.

        VersionConflict if the branch exists, InvalidRequest if there is no such turn.
        """
        history = self._history
        store = await history.store()
        name = f"branch_{secrets.token_hex(6)}" if branch_name is None else branch_name
        key = self._branch_key(name)
        if key == history.main:
            raise mortmain.InvalidRequest(
                'branch_name: "main" is the session itself', field="branch_name", reason="main"
            )
        items = _list(await store.read(history.key))
        starts = [at for at, item in enumerate(items) if _is_user(item)]
        if not 1 <= turn_number <= len(starts):
            raise mortmain.InvalidRequest(
                f"turn_number: {turn_number}, and the branch has {len(starts)} user messages",
                field="turn_number",
                reason="no such turn",
            )
        await finish(store.create(key, items[: starts[turn_number - 1]]))
        history.switch(key)
        return name

    async def create_branch_from_content(self, search_term: str, branch_name: str | None = None) -> str:
        """Branch from the first user message that contains the text."""
        found = await self.find_turns_by_content(search_term)
        if not found:
            raise mortmain.InvalidRequest(
                f"search_term: no user message contains {search_term!r}", field="search_term", reason="not found"
            )
        return await self.create_branch_from_turn(found[0]["turn"], branch_name)

    async def switch_to_branch(self, branch_id: str) -> None:
        """Go on with another branch, InvalidRequest if it is not there; runs stay on the one that they began on."""
        key = self._branch_key(branch_id)
        if key != self._history.main:
            await self._existing(await self._history.store(), key, branch_id)
        self._history.switch(key)

    async def delete_branch(self, branch_id: str, force: bool = False) -> None:
        """Delete a branch as it is now; the current one only with force, which goes back to "main"."""
        history = self._history
        key = self._branch_key(branch_id)
        if key == history.main or (key == history.key and not force):
            raise mortmain.InvalidRequest(
                f"branch_id: {branch_id} is the {'session itself' if key == history.main else 'current branch'}",
                field="branch_id",
                reason="in use",
            )
        store = await history.store()
        snapshot = await self._existing(store, key, branch_id)
        await finish(store.delete(key, base=snapshot))
        if key == history.key:
            history.switch(history.main)

    async def list_branches(self) -> list[dict[str, Any]]:
        """One dict per branch, "main" first: branch_id, message_count, user_turns, is_current, updated_at."""
        history = self._history
        store = await history.store()
        found = [await store.read(history.main)]
        found += [one async for one in store.scan(history.branches)]
        return [
            {
                "branch_id": self._branch_of(one.key),
                "message_count": len(_list(one)),
                "user_turns": sum(map(_is_user, _list(one))),
                "is_current": one.key == history.key,
                "updated_at": one.committed_at,
            }
            for one in found
        ]

    async def get_conversation_turns(self, branch_id: str | None = None) -> list[dict[str, Any]]:
        """One dict per user message: turn (from 1), content (at most 100 characters), full_content, can_branch."""
        store = await self._history.store()
        key = self._history.key if branch_id is None else self._branch_key(branch_id)
        users = [item for item in _list(await store.read(key)) if _is_user(item)]
        return [
            {
                "turn": number,
                "content": _text(item)[:100],
                "full_content": item.get("content", ""),
                "can_branch": True,
            }
            for number, item in enumerate(users, 1)
        ]

    async def find_turns_by_content(self, search_term: str, branch_id: str | None = None) -> list[dict[str, Any]]:
        """The turns whose user message contains the text, upper and lower case alike."""
        turns = await self.get_conversation_turns(branch_id)
        wanted = search_term.lower()
        return [turn for turn in turns if wanted in _text({"content": turn["full_content"]}).lower()]

    # ------------------------------------------------------------ where

    def _branch_key(self, branch_id: str) -> str:
        if branch_id == _keys.MAIN:
            return self._history.main
        return self._history.branches + _keys.whole_part(branch_id, "branch_id")

    def _branch_of(self, key: str) -> str:
        if key == self._history.main:
            return _keys.MAIN
        return _keys.text_of(key[len(self._history.branches) :])

    async def _existing(self, store: AsyncStore, key: str, branch_id: str) -> Snapshot[Any]:
        snapshot = await store.read(key)
        if not snapshot.exists:
            raise mortmain.InvalidRequest(
                f"branch_id: there is no branch {branch_id}", field="branch_id", reason="not found"
            )
        return snapshot


def _list(snapshot: Snapshot[Any]) -> list[Any]:
    return snapshot.value if isinstance(snapshot.value, list) else []


def _is_user(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "user"


def _text(item: dict[str, Any]) -> str:
    content = item.get("content", "")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
