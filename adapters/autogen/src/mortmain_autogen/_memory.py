"""An AutoGen memory that several agents, in any number of processes, share."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Any

import mortmain
from autogen_core import CancellationToken, Component
from autogen_core.memory import (
    Memory,
    MemoryContent,
    MemoryMimeType,
    MemoryQueryResult,
    UpdateContextResult,
)
from autogen_core.model_context import ChatCompletionContext
from autogen_core.models import SystemMessage
from pydantic import BaseModel
from typing_extensions import Self

from ._connection import Attached, checked_prefix, key_below
from ._finish import finish, linked
from ._latch import Latch, Latched, claims_around
from ._seen import Seen
from ._values import TAG, pack, unpack

if TYPE_CHECKING:
    from mortmain import Receipt, Store
    from mortmain.aio import AsyncTransaction


class MortmainMemoryConfig(BaseModel):
    """What `dump_component` says of a MortmainMemory. store: the absolute path of the state directory."""

    name: str
    store: str = "state"
    prefix: str = "memory/"


class MortmainMemory(Attached, Latched, Memory, Component[MortmainMemoryConfig]):
    """A chronological list of contents that any number of agents and processes add to, as ListMemory is one for a
    single process.

        agent = AssistantAgent("writer", client, memory=[MortmainMemory("findings", "state")])

    name: which list; the same name is the same list. store: a state directory or an open mortmain.Store, which is never
    closed. prefix: of the key, `.key` is the whole.
    `add` appends and never loses a race. `clear` removes what this object has last read (an object that has not read
    yet: what is there), VersionConflict if somebody added since, Fenced if the key was reclaimed. Inside of a
    `checkout` on the same store both are refused once the checkout's claim is gone. `.fence_error` and
    `raise_if_fenced()` give an error that a team turned into text. Contents read back exactly; what cannot is
    InvalidRequest.
    Thread-safe; bound to no event loop; a copy is the same connection. Works plain and as a context manager.
    """

    component_type = "memory"
    component_provider_override = "mortmain_autogen.MortmainMemory"
    component_config_schema = MortmainMemoryConfig

    def __init__(
        self, name: str, store: Store | str | os.PathLike[str] = "state", *, prefix: str = "memory/"
    ) -> None:
        self._name = name
        self._prefix = checked_prefix(prefix)
        self._key = key_below(self._prefix, name)
        self._seen = Seen()
        self._latch = Latch()
        self._attach(store)

    # ------------------------------------------------------------ the object

    @property
    def name(self) -> str:
        """The name that it was made with."""
        return self._name

    @property
    def key(self) -> str:
        """Where the list lies in the store."""
        return self._key

    def __repr__(self) -> str:
        return f"<MortmainMemory {self._name!r} {self.directory} {self._key}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self._name, self._connection.place, self._prefix)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._detach()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._detach()

    async def close(self) -> None:
        """Give the connection back; one that was opened here for nobody else is closed. Afterwards StoreClosed."""
        self._detach()

    # ------------------------------------------------------------ Memory

    async def update_context(self, model_context: ChatCompletionContext) -> UpdateContextResult:
        """Add all contents to the model context as one SystemMessage, in the words of ListMemory."""
        found = await self.query()
        if found.results:
            lines = [f"{number}. {content.content!s}" for number, content in enumerate(found.results, 1)]
            text = "\nRelevant memory content (in chronological order):\n" + "\n".join(lines) + "\n"
            await model_context.add_message(SystemMessage(content=text))
        return UpdateContextResult(memories=found)

    async def query(
        self,
        query: str | MemoryContent = "",
        cancellation_token: CancellationToken | None = None,
        **kwargs: Any,
    ) -> MemoryQueryResult:
        """All contents in the order in which they were added, whatever the query says. What it gives is what `clear`
        may remove."""
        with self._latch.around("query"):
            return MemoryQueryResult(results=await linked(self._read, cancellation_token))

    async def _read(self) -> list[MemoryContent]:
        store = await self._opening()
        snapshot = await store.aio.read(self._key)
        if snapshot.exists and not isinstance(snapshot.value, list):
            raise mortmain.WrongType(
                f"{self._key} holds no list: another program wrote it, so give the memory another name or prefix",
                key=self._key,
                expected="list",
                actual=type(snapshot.value).__name__,
            )
        contents = [_content(item) for item in snapshot.value or []]
        self._seen.read(snapshot)
        return contents

    async def add(self, content: MemoryContent, cancellation_token: CancellationToken | None = None) -> None:
        """Append a content. Never a VersionConflict; InvalidRequest for one that would not read back the same."""
        with self._latch.around("add"):
            item = _item(content)
            await linked(lambda: finish(lambda: self._add(item)), cancellation_token)

    async def _add(self, item: Any) -> None:
        self._seen.wrote(await self._write(lambda txn: txn.append(self._key, item)))

    async def clear(self) -> None:
        """Remove all contents, if they are what this object has last read; VersionConflict otherwise: query first,
        then decide again."""
        with self._latch.around("clear"):
            await finish(self._clear)

    async def _clear(self) -> None:
        ticket = self._seen.ticket
        if ticket is None:
            store = await self._opening()
            ticket = (await store.aio.read(self._key)).ticket()

        def remove(txn: AsyncTransaction) -> None:
            txn.follow(self._key, ticket)
            txn.delete(self._key)

        self._seen.wrote(await self._write(remove))

    async def _write(self, change: Any) -> Receipt:
        store = await self._opening()
        async with store.aio.transaction() as txn:
            for claim in claims_around(self.directory):
                txn.hold(claim)
            change(txn)
        assert txn.receipt is not None
        return txn.receipt.keys[self._key]

    # ------------------------------------------------------------ Component

    def _to_config(self) -> MortmainMemoryConfig:
        return MortmainMemoryConfig(name=self._name, store=self.directory, prefix=self._prefix)

    @classmethod
    def _from_config(cls, config: MortmainMemoryConfig) -> Self:
        return cls(config.name, config.store, prefix=config.prefix)


def _again(cls: type[MortmainMemory], name: str, place: Store | str, prefix: str) -> MortmainMemory:
    return cls(name, place, prefix=prefix)


# -------------------------------------------------------------------- contents as list items


def _item(content: MemoryContent) -> dict[str, Any]:
    """The list item of a content: an object that other programs can read, too."""
    if type(content) is not MemoryContent:
        if isinstance(content, MemoryContent):
            return pack(content)  # type: ignore[no-any-return]
        raise mortmain.InvalidRequest(
            f"content: a MemoryContent, not {type(content).__name__}", field="content", reason="type"
        )
    mime = content.mime_type
    item: dict[str, Any] = {"content": pack(content.content)}
    if isinstance(mime, MemoryMimeType):
        item["mime_type"] = mime.value
    else:
        # ListMemory gives back the text that it was given.
        item.update(mime_type=mime, mime_type_is="text")
    item["metadata"] = pack(content.metadata)
    return item


def _content(item: Any) -> MemoryContent:
    """The content of a list item; what another program appended comes as text or JSON."""
    if isinstance(item, dict) and TAG in item:
        content = unpack(item)
        return content if isinstance(content, MemoryContent) else _content(content)
    if isinstance(item, dict) and "content" in item and "mime_type" in item:
        mime = item["mime_type"]
        known = item.get("mime_type_is") != "text" and mime in _MIME_TYPES
        return MemoryContent(
            content=unpack(item["content"]),
            mime_type=MemoryMimeType(mime) if known else mime,
            metadata=unpack(item.get("metadata")),
        )
    if isinstance(item, dict):
        return MemoryContent(content=item, mime_type=MemoryMimeType.JSON)
    return MemoryContent(content=item if isinstance(item, str) else repr(item), mime_type=MemoryMimeType.TEXT)


_MIME_TYPES = frozenset(mime.value for mime in MemoryMimeType)
