"""What the store's tests share: the same suite for every database."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cordboard.store import database, lines
from cordboard.store.store import Store


class RealClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


def no_fault(point: str) -> None:
    """Nothing happens."""


@dataclass(slots=True)
class Base:
    """A database, and the folder of the node that writes it."""

    url: str
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)

    def store(self, fault: Callable[[str], None] = no_fault, **options: Any) -> Store:
        """On the same database and journal each time."""
        told: dict[str, Any] = (
            {"journal": str(self.folder / "journal"), "batch_seconds": 0.01} | self.options | options
        )
        return Store(self.url, RealClock(), fault=fault, **told)

    @asynccontextmanager
    async def opened(self, fault: Callable[[str], None] = no_fault, **options: Any) -> AsyncIterator[Store]:
        """Open it; closed in the end."""
        store = self.store(fault, **options)
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Look into it, beside the store."""
        made = database.engine(database.place(self.url), None)
        try:
            with made.begin() as connection:
                yield connection
        finally:
            made.dispose()


@asynccontextmanager
async def opened(folder: Path, fault: Callable[[str], None] = no_fault) -> AsyncIterator[Store]:
    """A store on SQLite files in this folder."""
    base = Base(f"sqlite:///{folder}/calls.db", folder, {"journal": ""})
    async with base.opened(fault) as store:
        yield store


def a_call(store: Store, sid: str, at: float = 1000.0) -> None:
    """The least that a call writes: its beginning, two steps, its row and a leg."""
    store.append(lines.begin(sid, at))
    store.append(lines.row("calls", sid, {"caller": "+919876500001", "flow_id": 7}))
    store.note(lines.entry("sip", sid, 1, 0.1, {"what": "INVITE"}))
    store.append(lines.row("legs", (sid, 0), {"number": "+919876500001", "began_at": at}))
    store.append(lines.row("calls", sid, {"status": "completed", "ended_at": at + 60}))
