"""What the store's tests share."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cordboard.store import lines
from cordboard.store.store import Store


class RealClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


def no_fault(point: str) -> None:
    """Nothing happens."""


@asynccontextmanager
async def opened(folder: Path, fault: Callable[[str], None] = no_fault) -> AsyncIterator[Store]:
    """A store on the same files each time, closed in the end."""
    store = Store(f"sqlite:///{folder}/calls.db", RealClock(), batch_seconds=0.01, fault=fault)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def a_call(store: Store, sid: str, at: float = 1000.0) -> None:
    """The least that a call writes: its beginning, two steps, its row and a leg."""
    store.append(lines.begin(sid, at))
    store.append(lines.row("calls", sid, {"caller": "+919876500001", "flow_id": 7}))
    store.note(lines.entry("sip", sid, 1, 0.1, {"what": "INVITE"}))
    store.append(lines.row("legs", (sid, 0), {"number": "+919876500001", "began_at": at}))
    store.append(lines.row("calls", sid, {"status": "completed", "ended_at": at + 60}))
