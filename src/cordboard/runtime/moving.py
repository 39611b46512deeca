"""Moves recordings to the S3 store, sooner or later: all that is made, the oldest first."""

import asyncio
import contextlib
from concurrent.futures import Executor
from dataclasses import dataclass

import structlog

from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.shelf import REMOVED, S3, Shelf
from cordboard.runtime.clock import pause
from cordboard.runtime.figures import Figures
from cordboard.runtime.recording_book import BEGINNING, LOOK_SECONDS, Book, place_of
from cordboard.store.records import RecordingRow

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_GONE = "its file is not there any more"


@dataclass(slots=True)
class Health:
    """``waiting``: recordings that could not be moved, as last seen; ``problem``: why; empty when all is
    well."""

    waiting: int = 0
    problem: str = ""


class Moving:
    """``threads``: where uploads wait. ``made`` wakes it. ``mp3``: recordings wait for theirs."""

    def __init__(
        self,
        shelf: Shelf,
        book: Book,
        threads: Executor,
        made: asyncio.Event,
        figures: Figures,
        mp3: bool = True,
    ) -> None:
        self._shelf, self._book, self._threads, self._made = shelf, book, threads, made
        self._figures, self._mp3 = figures, mp3
        self.health = Health()
        self._log = structlog.get_logger("recordings")

    async def run(self) -> None:
        """Until cancelled."""
        wait = _FIRST_PAUSE
        while True:
            self._made.clear()
            await self._book.catch_up()
            await self._move_all()
            if self.health.waiting:
                await pause(wait)
                wait = min(_LONGEST_PAUSE, 2 * wait)
                continue
            wait = _FIRST_PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._made.wait()

    async def _move_all(self) -> None:
        """One that cannot be read is passed over; a store that is away ends the round."""
        health, after = Health(), BEGINNING
        try:
            while rows := await self._book.read(self._book.rows.to_be_moved(after, mp3=self._mp3)):
                for row in rows:
                    try:
                        await self._move(row)
                    except OSError as error:
                        self._log.error("a recording cannot be read", recording=row.sid, reason=str(error))
                        health.waiting += 1
                        health.problem = "a recording cannot be moved to the S3 store: it cannot be read"
                after = place_of(rows[-1])
        except StoreAway as error:
            health = Health(health.waiting + 1, f"recordings cannot be moved to the S3 store: {error}")
            if not self.health.problem:
                self._log.error("recordings cannot be moved, they wait here", reason=str(error))
        self.health = health
        self._figures.recordings_wait("s3", health.waiting)

    async def _move(self, row: RecordingRow) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._shelf.upload, row)
        except FileNotFoundError as gone:
            if str(gone) == row.mp3:  # it can be made again
                self._book.keep(row.sid, row.call_sid, mp3="")
                return
            self._log.error("the file of a recording is not there any more", recording=row.sid)
            if not self._book.keep(row.sid, row.call_sid, place=REMOVED, problem=_GONE):
                return
        else:
            if not self._book.keep(row.sid, row.call_sid, place=S3):
                return
            await self._book.catch_up()  # who asks from now on is sent there
        try:
            await loop.run_in_executor(self._threads, self._shelf.clear, row)
        except OSError as error:
            self._log.error("a file that was moved stays here", recording=row.sid, reason=str(error))
