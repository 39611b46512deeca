"""What the engine does with a recording after its last frame: look at the file, have the MP3 made, move both
to the S3 store where there is one, and remove them when their time is over.

Where each of them stands is in its row, so a restart goes on where the last run ended. Nothing here is on a
call's path.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.recordings import folder
from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.certificate import FAILED, Found
from cordboard.recordings.maker import Mp3Maker
from cordboard.recordings.shelf import REMOVED, Shelf
from cordboard.runtime.clock import pause
from cordboard.runtime.figures import Figures
from cordboard.runtime.moving import Moving
from cordboard.runtime.mp3s import Mp3s, Unmade
from cordboard.runtime.recording_book import BEGINNING, Book, Rows, place_of
from cordboard.runtime.tapebook import Taped
from cordboard.runtime.tasks import Tasks

T = TypeVar("T")
Done = Callable[[Found | None], str]
"""Decides, from what was found of the file, what a recording is worth; gives its certificate, JSON."""

_SWEEP_SECONDS = 86400.0
_FIRST_SWEEP_SECONDS = 60.0
_DAY = 86400.0
_LOOKS, _LOOK_AGAIN_SECONDS = 3, 1.0


class RecordingKeeper:
    """``append`` writes a journal line. ``settled`` waits until what was appended can be read. ``mp3``: MP3
    files are made. ``salvaged``: nothing is left of earlier runs that is not decided."""

    def __init__(
        self,
        shelf: Shelf,
        rows: Rows,
        append: Callable[[bytes], object],
        settled: Callable[[], Awaitable[Any]],
        clock: Clock,
        tasks: Tasks,
        keep_days: int,
        maker: Mp3Maker | None = None,
        *,
        mp3: bool = True,
        figures: Figures | None = None,
    ) -> None:
        self.shelf, self._settled, self._clock, self._tasks = shelf, settled, clock, tasks
        self._keep_days, self._mp3 = keep_days, mp3
        self._book = Book(rows, append, settled)
        self._maker, figures = maker or Mp3Maker(), figures or Figures()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="recordings")
        self._mover = ThreadPoolExecutor(1, thread_name_prefix="recordings-move")
        self._mp3s = Mp3s(shelf, self._book, self._maker, clock, self._threads, figures)
        self._moving = Moving(shelf, self._book, self._mover, self._mp3s.made, figures, mp3)
        self._examining: set[asyncio.Task[None]] = set()
        self._working: list[asyncio.Task[None]] = []
        self.salvaged = False
        self._log = structlog.get_logger("recordings")

    def start(self) -> None:
        """Begin with what the last run left."""
        self._working.append(self._tasks.start(self._sweep_daily()))
        if self._mp3:
            self._working.append(self._tasks.start(self._mp3s.run()))
        if self.shelf.moves:
            self._working.append(self._tasks.start(self._moving.run()))

    async def close(self, seconds: float = 5.0) -> None:
        """Decide what is being looked at; the rest is done after the next start."""
        if self._examining:
            await asyncio.wait(tuple(self._examining), timeout=seconds)
        self.shelf.close()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._maker.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._mover.shutdown(wait=False, cancel_futures=True)

    def problems(self) -> Iterator[str]:
        """What should be seen to, one sentence each."""
        yield from filter(None, (self._mp3s.problem, self._moving.health.problem))

    # --- what it is worth ------------------------------------------------------------------------------

    def examine(self, taped: Taped, done: Done) -> "asyncio.Task[None]":
        """Look at the file of a recording that has ended, then say what was found; soon, never at once."""
        task = self._tasks.start(self._examine(taped, done))
        self._examining.add(task)
        task.add_done_callback(self._examining.discard)
        return task

    async def _examine(self, taped: Taped, done: Done) -> None:
        found: Found | None = None
        if taped.file and taped.tape.state != FAILED:
            found = await self._look_at(taped)
        certificate = done(found)
        if found is not None and found.sha256:
            if self._mp3:
                self._mp3s.add(Unmade(taped.sid, taped.call, taped.file, certificate))
            else:
                self._mp3s.made.set()

    async def _look_at(self, taped: Taped) -> Found:
        """A file that is there and cannot be read now (no descriptor is free) is looked at again."""
        for tries in range(1, _LOOKS + 1):
            try:
                return await self._in_thread(folder.examine, self.shelf.folder, taped.file)
            except OSError as error:
                fault = f"the file cannot be read: {error.strerror or 'it is not there'}"
                if isinstance(error, FileNotFoundError) or tries == _LOOKS:
                    break
            await pause(_LOOK_AGAIN_SECONDS)
        return Found(0, "", taped.tape.channels, 0.0, fault)

    # --- the end -----------------------------------------------------------------------------------------

    async def _sweep_daily(self) -> None:
        await pause(_FIRST_SWEEP_SECONDS)
        while True:
            await self.sweep(self._clock.wall() - self._keep_days * _DAY)
            await pause(_SWEEP_SECONDS)

    async def sweep(self, before: float) -> int:
        """Remove the files of recordings that ended before this time (epoch); their rows stay and say so.
        Returns how many recordings that were. One that cannot be removed is passed over."""
        removed, after, problem = 0, BEGINNING, ""
        try:
            if self.salvaged:  # else it may be all that there is of a recording
                await self._in_thread(folder.forget_parts, self.shelf.folder, self._clock.wall())
            while rows := await self._book.read(self._book.rows.ended_before(before, after)):
                for row in rows:
                    try:
                        await self._in_thread(self.shelf.remove, row)
                    except OSError as error:
                        problem = str(error)
                        continue
                    removed += self._book.keep(row.sid, row.call_sid, place=REMOVED)
                after = place_of(rows[-1])
                await self._settled()
        except (StoreAway, Unavailable, OSError) as error:
            problem = str(error)
        if problem:
            self._log.error("old recordings could not all be removed", removed=removed, reason=problem)
        if removed:
            self._log.info("old recordings were removed", removed=removed)
        return removed

    async def _in_thread(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
