"""Recordings that an earlier run of the engine left undecided: made whole as far as they go, and decided.

The recorder of an engine that was killed lives on for a while and may still write: then it is waited for.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.embedded import wav
from cordboard.media.embedded.tapes import file_name
from cordboard.recordings import certificate, folder
from cordboard.recordings.certificate import PARTIAL, Found, Tape
from cordboard.runtime.clock import pause
from cordboard.runtime.recordings import RecordingKeeper
from cordboard.runtime.tapebook import DECIDED, Taped, decided
from cordboard.store import lines
from cordboard.store.records import CallRow, RecordingRow

T = TypeVar("T")

LONGEST_WAIT = 60.0
"""Longer than the processes of a killed engine live (their lease)."""

LOST = "the engine ended while it was made"
_RATE = 8000
_DAY = 86400.0
_ASK_AGAIN_SECONDS = 5.0


class Rows(Protocol):
    """The store's recordings."""

    async def undecided(self, before: float, after: str = "") -> tuple[RecordingRow, ...]: ...


class Calls(Protocol):
    """The store's calls."""

    async def get(self, sid: str) -> CallRow | None: ...


class Feed(Protocol):
    """The store's feed of events."""

    async def last_number(self, call: str) -> int: ...


class Kept(Protocol):
    """The store."""

    @property
    def recordings(self) -> Rows: ...
    @property
    def calls(self) -> Calls: ...
    @property
    def feed(self) -> Feed: ...
    def append(self, line: bytes) -> object: ...
    async def settled(self) -> None: ...


class Salvage:
    """Decides what an earlier run left, and tells it in the feed."""

    def __init__(self, keeper: RecordingKeeper, store: Kept, clock: Clock) -> None:
        self._keeper, self._store, self._clock = keeper, store, clock
        self._rows, self._calls, self._keep = store.recordings, store.calls, store.append
        self._log = structlog.get_logger("recordings")

    async def run(self, before: float, closed: asyncio.Event, then: Callable[[], Awaitable[None]]) -> None:
        """Decide every one that began before this time (epoch), then do something more. A database that is
        away is waited for, and so is the end of the calls that the earlier run left open (``closed``): it
        comes first in the feed. A file that cannot be had now is left for the next start."""
        await closed.wait()
        number, left, after = 0, 0, ""
        while rows := await self._asked(lambda: self._rows.undecided(before, after)):  # noqa: B023
            for row in rows:
                number += 1
                try:
                    await self._decide(row)
                except (OSError, Unavailable) as error:
                    left += 1
                    self._log.error("a recording is left undecided", recording=row.sid, reason=str(error))
            after = rows[-1].sid
        self._keeper.salvaged = not left
        if number:
            await then()

    async def _decide(self, row: RecordingRow) -> None:
        taped = await self._taped(row)
        number = await self._asked(lambda: self._next_number(row.call_sid))

        def done(found: Found | None) -> str:
            now = self._clock.wall()
            published, line = decided(taped, found, now)
            state = published.decision.state
            # first: a crash between the two tells it twice, not never
            self._keep(lines.happened(taped.call, number, DECIDED, now, published.told))
            self._keep(line)
            self._log.warning("a recording of the last run is decided", recording=taped.sid, state=state)
            return published.certificate

        await asyncio.shield(self._keeper.examine(taped, done))

    async def _asked(self, query: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await query()
            except Unavailable:
                await pause(_ASK_AGAIN_SECONDS)

    async def _next_number(self, call: str) -> int:
        """In the feed, of what is told next of this call: nobody else tells of it any more."""
        await self._store.settled()
        return await self._store.feed.last_number(call) + 1

    async def _taped(self, row: RecordingRow) -> Taped:
        """As media told of it, where that was written down; else as its file tells."""
        kept = certificate.tape_of(json.loads(row.certificate or "{}"))
        if kept is not None:
            return Taped(row.sid, row.call_sid, row.name, row.file, kept)
        call = await self._asked(lambda: self._calls.get(row.call_sid))
        began = row.began_at or 0.0
        lasted = max(0.0, ((call.ended_at if call else None) or began) - began)
        found = await self._find(row.call_sid, row.name, began)
        over = {"call_sid": row.call_sid, "ended_at": began + lasted}
        self._keep(lines.row("recordings", row.sid, over))
        if found is None:
            failed = Tape("failed", 0.0, lasted, row.channels, 0, problem=f"{LOST}, nothing is left of it")
            return Taped(row.sid, row.call_sid, row.name, "", failed)
        file, size, channels = found
        seconds = round((size - wav.HEADER_SIZE) / (2 * channels * _RATE), 3)
        tape = Tape(PARTIAL, seconds, round(lasted, 3), channels, size, problem=LOST)
        return Taped(row.sid, row.call_sid, row.name, file, tape)

    async def _find(self, call: str, name: str, began: float) -> tuple[str, int, int] | None:
        """(file in the folder, its size, channels): what the recorder made whole, or what we make of it; None
        where nothing is. Raises OSError where something may well be."""
        loop = asyncio.get_running_loop()
        for day in _days(began):
            file = f"{day}/{file_name(call, name)}"
            path = self._keeper.shelf.path(file)
            await self._wait_for(path)
            try:
                size, channels, _ = await loop.run_in_executor(None, wav.rescue, path)
            except wav.Nothing:
                continue
            return file, size, channels
        return None

    async def _wait_for(self, path: Path) -> None:
        ends = self._clock.monotonic() + LONGEST_WAIT
        while folder.in_use(wav.part_of(path)):
            if self._clock.monotonic() >= ends:
                raise OSError("somebody still writes its file")
            await pause(0.5)


def _days(began: float) -> tuple[str, ...]:
    """The day's folder, and its neighbours: the recorder looked at the clock a moment later."""
    moments = (began, began - _DAY, began + _DAY)
    return tuple(f"{datetime.fromtimestamp(max(0.0, moment), UTC):%Y-%m-%d}" for moment in moments)
