"""What the engine does with a recording after its last frame: look at the file, have the MP3 made, move both
to the S3 store where there is one, and remove them when their time is over.

Where each of them stands is in its row, so a restart goes on where the last run ended. Nothing here is on a
call's path.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.recordings import folder
from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.certificate import FAILED, Found
from cordboard.recordings.maker import MakingFailed, Mp3Maker
from cordboard.recordings.shelf import REMOVED, S3, Shelf
from cordboard.runtime.clock import pause
from cordboard.runtime.tapebook import Taped
from cordboard.runtime.tasks import Tasks
from cordboard.store import lines
from cordboard.store.records import RecordingRow

T = TypeVar("T")
_LOOK_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_AT_ONCE = 1000  # recordings that wait in memory for their MP3; more wait in the database
_TRIES = 5
_SWEEP_SECONDS = 86400.0
_FIRST_SWEEP_SECONDS = 60.0
_DAY = 86400.0


class Rows(Protocol):
    """The store's recordings."""

    async def without_mp3(self, limit: int = 100) -> tuple[RecordingRow, ...]: ...
    async def to_be_moved(self, limit: int = 100) -> tuple[RecordingRow, ...]: ...
    async def ended_before(self, until: float, limit: int = 100) -> tuple[RecordingRow, ...]: ...
    async def get(self, sid: str) -> RecordingRow | None: ...


@dataclass(slots=True)
class Health:
    """``waiting``: recordings that are not in the S3 store yet, as last seen; ``problem``: why; empty when
    all is well."""

    waiting: int = 0
    problem: str = ""


class RecordingKeeper:
    """``append`` writes a journal line. ``settled`` waits until what was appended can be read."""

    def __init__(
        self,
        shelf: Shelf,
        rows: Rows,
        append: Callable[[bytes], object],
        settled: Callable[[], Any],
        clock: Clock,
        tasks: Tasks,
        keep_days: int,
        maker: Mp3Maker | None = None,
    ) -> None:
        self.shelf, self._rows, self._append, self._settled = shelf, rows, append, settled
        self._clock, self._tasks, self._keep_days = clock, tasks, keep_days
        self._maker = maker or Mp3Maker()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="recordings")
        self._mover = ThreadPoolExecutor(1, thread_name_prefix="recordings-move")
        self._examining: set[asyncio.Task[None]] = set()
        self._fresh: deque[tuple[str, str, str]] = deque(maxlen=_AT_ONCE)  # sid, call, file
        self._failures: dict[str, int] = {}
        self._made, self._moved = asyncio.Event(), asyncio.Event()
        self.health = Health()
        self._log = structlog.get_logger("recordings")

    def start(self) -> None:
        """Begin with what the last run left."""
        self._tasks.start(self._make_all())
        self._tasks.start(self._sweep_daily())
        if self.shelf.moves:
            self._tasks.start(self._move_all())

    async def close(self, seconds: float = 5.0) -> None:
        """Decide what is being looked at; the rest is done after the next start."""
        if self._examining:
            await asyncio.wait(tuple(self._examining), timeout=seconds)
        await self._maker.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._mover.shutdown(wait=False, cancel_futures=True)

    # --- what it is worth ------------------------------------------------------------------------------

    def examine(self, taped: Taped, done: Callable[[Found | None], None]) -> None:
        """Look at the file of a recording that has ended, then say what was found; soon, never at once."""
        task = self._tasks.start(self._examine(taped, done))
        self._examining.add(task)
        task.add_done_callback(self._examining.discard)

    async def _examine(self, taped: Taped, done: Callable[[Found | None], None]) -> None:
        found: Found | None = None
        if taped.file and taped.tape.state != FAILED:
            try:
                found = await self._in_thread(folder.examine, self.shelf.folder, taped.file)
            except OSError as error:
                fault = f"the file cannot be read: {error.strerror or 'it is not there'}"
                found = Found(0, "", taped.tape.channels, 0.0, fault)
        done(found)
        if found is not None and found.sha256:
            self._fresh.append((taped.sid, taped.call, taped.file))
            self._made.set()

    # --- MP3 ---------------------------------------------------------------------------------------------

    async def _make_all(self) -> None:
        """Until cancelled: one at a time, the newest work from memory, what was left over from the store."""
        leftovers = True
        while True:
            while self._fresh:
                await self._make(*self._fresh.popleft())
            if leftovers:
                await self._catch_up()
                for row in await self._read(self._rows.without_mp3):
                    if self._failures.get(row.sid, 0) < _TRIES:
                        await self._make(row.sid, row.call_sid, row.file)
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._made.wait()
                leftovers = False
            except TimeoutError:
                leftovers = True
            self._made.clear()

    async def _make(self, sid: str, call: str, file: str) -> None:
        name = f"{file.removesuffix('.wav')}.mp3"
        try:
            size, sha256 = await self._maker.make(self.shelf.path(file), self.shelf.path(name))
        except MakingFailed as error:
            tries = self._failures[sid] = self._failures.get(sid, 0) + 1
            self._log.warning("an MP3 could not be made", recording=sid, tries=tries, reason=str(error))
            return
        self._failures.pop(sid, None)
        row = await self._row(sid)
        certificate = _with_mp3(row.certificate, size, sha256) if row is not None else ""
        values = {"call_sid": call, "mp3": name} | ({"certificate": certificate} if certificate else {})
        self._keep(lines.row("recordings", sid, values))
        self._moved.set()

    async def _row(self, sid: str) -> RecordingRow | None:
        try:
            await self._catch_up()
            return await self._rows.get(sid)
        except Unavailable:
            return None  # the certificate says less, the MP3 is there

    # --- the S3 store ------------------------------------------------------------------------------------

    async def _move_all(self) -> None:
        """Until cancelled: everything that is made goes to the store, sooner or later."""
        wait = _FIRST_PAUSE
        while True:
            await self._catch_up()
            rows = await self._read(self._rows.to_be_moved)
            moved = await self._move(rows)
            if moved < len(rows):
                self.health.waiting = len(rows) - moved
                await pause(wait)
                wait = min(_LONGEST_PAUSE, 2 * wait)
                continue
            self.health, wait = Health(), _FIRST_PAUSE
            if rows:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._moved.wait()
            self._moved.clear()

    async def _move(self, rows: tuple[RecordingRow, ...]) -> int:
        """How many were moved; the first that finds the store away is the last that is tried."""
        loop, moved = asyncio.get_running_loop(), 0
        for row in rows:
            try:
                await loop.run_in_executor(self._mover, self.shelf.upload, row)
            except FileNotFoundError:
                self._log.error("the file of a recording is not there any more", recording=row.sid)
                gone = {
                    "call_sid": row.call_sid,
                    "place": REMOVED,
                    "problem": "its file is not there any more",
                }
                self._keep(lines.row("recordings", row.sid, gone))
                moved += 1
                continue
            except StoreAway as error:
                if not self.health.problem:
                    self._log.error("recordings cannot be moved, they wait here", reason=str(error))
                self.health.problem = f"recordings cannot be moved to the S3 store: {error}"
                break
            except OSError as error:
                self._log.error("a recording cannot be read", recording=row.sid, reason=str(error))
                continue
            moved += 1
            self._keep(lines.row("recordings", row.sid, {"call_sid": row.call_sid, "place": S3}))
            try:
                await loop.run_in_executor(self._mover, self.shelf.clear, row)
            except OSError as error:
                self._log.error("a file that was moved stays here", recording=row.sid, reason=str(error))
        return moved

    # --- the end -----------------------------------------------------------------------------------------

    async def _sweep_daily(self) -> None:
        await pause(_FIRST_SWEEP_SECONDS)
        while True:
            await self.sweep(self._clock.wall() - self._keep_days * _DAY)
            await pause(_SWEEP_SECONDS)

    async def sweep(self, before: float) -> int:
        """Remove the files of recordings that ended before this time (epoch); their rows stay and say so.
        Returns how many recordings that were."""
        removed = 0
        try:
            await self._in_thread(folder.forget_parts, self.shelf.folder, self._clock.wall())
            while rows := await self._read(lambda: self._rows.ended_before(before)):
                for row in rows:
                    await self._in_thread(self.shelf.remove, row)
                    self._append(
                        lines.row("recordings", row.sid, {"call_sid": row.call_sid, "place": REMOVED})
                    )
                removed += len(rows)
                await self._settled()
        except (StoreAway, Unavailable, OSError) as error:
            self._log.error("old recordings could not all be removed", removed=removed, reason=str(error))
        if removed:
            self._log.info("old recordings were removed", removed=removed)
        return removed

    # --- help --------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """Let the database know what was written so far; where it does not come along, the next does."""
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._settled()

    async def _in_thread(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def _read(self, query: Callable[[], Any]) -> tuple[RecordingRow, ...]:
        try:
            rows: tuple[RecordingRow, ...] = await query()
            return rows
        except Unavailable as error:
            self._log.warning("the recordings cannot be read", reason=str(error))
            return ()

    def _keep(self, line: bytes) -> None:
        try:
            self._append(line)
        except Unavailable as error:
            self._log.error("a recording's place could not be written down", reason=str(error))


def _with_mp3(certificate: str, size: int, sha256: str) -> str:
    """The certificate, which now names the MP3, too; empty where there is none."""
    try:
        told = json.loads(certificate)
    except ValueError:
        return ""
    if not isinstance(told, Mapping) or "state" not in told:
        return ""
    return json.dumps({**told, "mp3": {"size": size, "sha256": sha256}})
