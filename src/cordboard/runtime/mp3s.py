"""Has the MP3 of every recording made: of those that have just ended first, of what was left over then."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import structlog

from cordboard.kernel.clock import Clock
from cordboard.recordings import folder
from cordboard.recordings.maker import MakingFailed, Mp3Maker
from cordboard.recordings.shelf import Shelf
from cordboard.runtime.figures import Figures
from cordboard.runtime.recording_book import BEGINNING, LOOK_SECONDS, Book, place_of

T = TypeVar("T")
AT_ONCE = 1000
"""Recordings that wait in memory; more wait in the database."""
_PAUSES = (60.0, 300.0, 3600.0)
_MOST_FAILED = 10_000


@dataclass(frozen=True, slots=True)
class Unmade:
    """A recording without an MP3. ``certificate``: its document, JSON."""

    sid: str
    call: str
    file: str
    certificate: str


class Mp3s:
    """One at a time. What fails is tried again after growing pauses, beside all others; what never can be
    made is written down as that. ``problem``: why the last one was not made; empty when all is well."""

    def __init__(
        self, shelf: Shelf, book: Book, maker: Mp3Maker, clock: Clock, threads: Executor, figures: Figures
    ) -> None:
        self._shelf, self._book, self._maker, self._clock = shelf, book, maker, clock
        self._threads, self._figures = threads, figures
        self._fresh: deque[Unmade] = deque()
        self._failed: dict[str, tuple[int, float]] = {}  # how often, and when again
        self._look_at = 0.0
        self._woken, self.made = asyncio.Event(), asyncio.Event()
        self.problem = ""
        self._log = structlog.get_logger("recordings")

    def add(self, unmade: Unmade) -> None:
        """One that has just been decided."""
        if len(self._fresh) < AT_ONCE:
            self._fresh.append(unmade)
        else:
            self._look_at = 0.0
        self._figures.recordings_wait("mp3", len(self._fresh) + len(self._failed))
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._look_at = 0.0
        while True:
            await self._make_fresh()
            if self._clock.monotonic() >= self._look_at:
                self._look_at = self._clock.monotonic() + LOOK_SECONDS
                await self._make_leftovers()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._look_at - self._clock.monotonic())):
                    await self._woken.wait()
            self._woken.clear()

    async def _make_fresh(self) -> None:
        while self._fresh:
            await self._make(self._fresh.popleft())

    async def _make_leftovers(self) -> None:
        await self._book.catch_up()
        after = BEGINNING
        while rows := await self._book.read(self._book.rows.without_mp3(after)):
            for row in rows:
                await self._make_fresh()
                if self._failed.get(row.sid, (0, 0.0))[1] <= self._clock.monotonic():
                    await self._make(Unmade(row.sid, row.call_sid, row.file, row.certificate))
            after = place_of(rows[-1])

    async def _make(self, one: Unmade) -> None:
        name = f"{one.file.removesuffix('.wav')}.mp3"
        try:
            size, sha256 = await self._there(name) or await self._maker.make(
                self._shelf.path(one.file), self._shelf.path(name)
            )
        except MakingFailed as error:
            self._not_made(one, error)
            return
        finally:
            self._figures.recordings_wait("mp3", len(self._fresh) + len(self._failed))
        self._failed.pop(one.sid, None)
        self.problem = ""
        self._figures.mp3("made")
        if not await self._in_thread(self._shelf.path(one.file).exists):  # removed by retention meanwhile
            await self._in_thread(folder.remove_in, self._shelf.folder, name)
            return
        certificate = _with_mp3(one.certificate, size, sha256)
        self._book.keep(one.sid, one.call, mp3=name, **({"certificate": certificate} if certificate else {}))
        self.made.set()

    async def _there(self, name: str) -> tuple[int, str] | None:
        """It was made, and the engine ended before it had written that down."""
        try:
            return await self._in_thread(folder.digest_of, self._shelf.folder, name)
        except OSError:
            return None

    def _not_made(self, one: Unmade, error: MakingFailed) -> None:
        if error.never:
            self._failed.pop(one.sid, None)
            self._figures.mp3("impossible")
            self._log.error("an MP3 can never be made", recording=one.sid, reason=str(error))
            self._book.keep(one.sid, one.call, mp3_problem=str(error))
            self.made.set()
            return
        tries = self._failed.get(one.sid, (0, 0.0))[0] + 1
        if len(self._failed) >= _MOST_FAILED:
            self._failed.clear()
        self._failed[one.sid] = tries, self._clock.monotonic() + _PAUSES[min(tries, len(_PAUSES)) - 1]
        self._figures.mp3("failed")
        self.problem = f"MP3 files cannot be made: {error}"
        self._log.warning("an MP3 could not be made", recording=one.sid, tries=tries, reason=str(error))

    async def _in_thread(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)


def _with_mp3(certificate: str, size: int, sha256: str) -> str:
    """The certificate, which now names the MP3, too; empty where there is none."""
    try:
        told = json.loads(certificate)
    except ValueError:
        return ""
    if not isinstance(told, Mapping) or "state" not in told:
        return ""
    return json.dumps({**told, "mp3": {"size": size, "sha256": sha256}})
