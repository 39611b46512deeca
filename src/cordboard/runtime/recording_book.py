"""The rows of recordings, as those read and write them who see to the files."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import lines
from cordboard.store.records import RecordingRow

LOOK_SECONDS = 60.0
"""How often the database is looked at for what is left to do."""

BEGINNING = 0.0, ""
Place = tuple[float, str]
"""Where a walk through the rows has come to: end and sid of a recording."""


class Rows(Protocol):
    """The store's recordings."""

    async def without_mp3(self, after: Place, limit: int = 100) -> tuple[RecordingRow, ...]: ...
    async def to_be_moved(
        self, after: Place, limit: int = 100, *, mp3: bool = True
    ) -> tuple[RecordingRow, ...]: ...
    async def ended_before(
        self, until: float, after: Place, limit: int = 100
    ) -> tuple[RecordingRow, ...]: ...


class Book:
    """``append`` writes a journal line. ``settled`` waits until what was appended can be read."""

    def __init__(
        self, rows: Rows, append: Callable[[bytes], object], settled: Callable[[], Awaitable[Any]]
    ) -> None:
        self.rows, self._append, self._settled = rows, append, settled
        self._log = structlog.get_logger("recordings")

    async def catch_up(self) -> None:
        """Let the database know what was written so far; where it does not come along, the next does."""
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._settled()

    async def read(self, query: Awaitable[tuple[RecordingRow, ...]]) -> tuple[RecordingRow, ...]:
        """Nothing where the database is away."""
        try:
            return await query
        except Unavailable as error:
            self._log.warning("the recordings cannot be read", reason=str(error))
            return ()

    def keep(self, sid: str, call: str, **values: object) -> bool:
        """Whether it was written down."""
        try:
            self._append(lines.row("recordings", sid, {"call_sid": call, **values}))
        except Unavailable as error:
            self._log.error("a recording's state could not be written down", reason=str(error))
            return False
        return True


def place_of(row: RecordingRow) -> Place:
    """Behind this row."""
    return row.ended_at or 0.0, row.sid
