"""How long the disks will last, the alarm before they are full, and a reserve for the database."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from cordboard.kernel.clock import Clock
from cordboard.runtime.clock import pause
from cordboard.runtime.figures import Figures

LEAST_BYTES = 100 << 20
LEAST_SECONDS = 600.0
RECORDED_BYTES = 32_000
"""What a recorded call may write in a second: two channels of 16 bit at 8 kHz."""

LOOK_SECONDS = 1.0
_SAMPLE_SECONDS, _SAMPLES = 60.0, 60  # what went in the last hour
_LEAST_SEEN_SECONDS = 600.0  # nothing is foretold from less
_LEAST_RESERVE, _MOST_RESERVE = 1 << 20, 64 << 20
_MEGABYTE = 1_000_000
_ENOUGH = 1.2
_HANGS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """`seconds_left`: until it is full if it goes on as now; None: it does not fill. `alarm`: it is time that
    somebody looks."""

    free: int
    total: int
    seconds_left: float | None
    alarm: bool = False

    @property
    def short(self) -> bool:
        """Too little is left to begin a call on it."""
        return self.free < LEAST_BYTES or (
            self.seconds_left is not None and self.seconds_left < LEAST_SECONDS
        )


def forecast(free: int, total: int, live_calls: int, lost_bytes: int, lost_seconds: float) -> Forecast:
    """From what is free now, the calls that may be recorded, and what went in the time observed so far."""
    seen = lost_bytes / lost_seconds if lost_seconds >= 60 else 0.0
    rate = max(seen, float(live_calls * RECORDED_BYTES))
    left = max(0, free - LEAST_BYTES) / rate if rate > 0 else None
    return Forecast(free, total, left)


def is_alarming(
    free: int, lost_bytes: int, lost_seconds: float, alarm_mb: float, alarm_hours: float, was: bool = False
) -> bool:
    """Fewer megabytes are left than this, or, by what was really written, fewer hours. 0: never for that.
    ``was``: there is an alarm, which ends only well above that: a disk at the edge gives one, no hundreds."""
    if was:
        alarm_mb, alarm_hours = _ENOUGH * alarm_mb, _ENOUGH * alarm_hours
    if free < alarm_mb * _MEGABYTE:
        return True
    if lost_seconds < _LEAST_SEEN_SECONDS or lost_bytes <= 0 or not alarm_hours:
        return False
    return free * lost_seconds / lost_bytes < alarm_hours * 3600


def reserve_of(total: int) -> int:
    """How large a reserve is on a disk of this size."""
    return min(_MOST_RESERVE, max(_LEAST_RESERVE, total // 20))


class Reserve:
    """A file that holds room free for the database, beside it; given up when the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def look(self, free: int, total: int) -> bool | None:
        """True: it was made; False: it was given up; None: all is as it was."""
        size = reserve_of(total)
        there = self._path.exists()
        if there and free < size // 2:
            self._path.unlink(missing_ok=True)
            return False
        if not there and free > 4 * size:
            return self._make(size)
        return None

    def _make(self, size: int) -> bool | None:
        part = self._path.with_name(self._path.name + ".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(part, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
            part.rename(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            return None
        return True


class Disks:
    """The disks behind recordings and database."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        clock: Clock,
        live_calls: Callable[[], int],
        figures: Figures | None = None,
        *,
        alarm_mb: int = 0,
        alarm_hours: int = 0,
        reserve: Reserve | None = None,
    ) -> None:
        self._folders, self._clock, self._live_calls, self._figures = folders, clock, live_calls, figures
        self._alarm_mb, self._alarm_hours, self._reserve = alarm_mb, alarm_hours, reserve
        self._seen: dict[str, deque[tuple[float, int]]] = {}
        self._alarmed: set[str] = set()
        self._told: dict[str, Forecast] = {}
        self._told_at: float | None = None  # None: nobody watches
        self._log = structlog.get_logger("disk")

    def look(self) -> dict[str, Forecast]:
        """As the watch saw them last, which is a second ago; without it, as they are now."""
        return self._told or self._judged(self._measured())

    def problems(self) -> tuple[str, ...]:
        """What should be seen to."""
        if self._told_at is None or self._clock.monotonic() - self._told_at < _HANGS_SECONDS:
            return ()
        return ("a disk has not answered for ten seconds",)

    def _measured(self) -> dict[str, tuple[int, int]]:
        """What waits for the disks."""
        return {name: room(folder) for name, folder in self._folders.items()}

    def _judged(self, measured: Mapping[str, tuple[int, int]]) -> dict[str, Forecast]:
        now, found = self._clock.monotonic(), {}
        for name, (free, total) in measured.items():
            seen = self._seen.setdefault(name, deque([(now, free)], _SAMPLES))
            if now - seen[-1][0] >= _SAMPLE_SECONDS:
                seen.append((now, free))
            began, had = seen[0]
            told = forecast(free, total, self._live_calls(), had - free, now - began)
            limits = self._alarm_mb, self._alarm_hours
            alarm = is_alarming(free, had - free, now - began, *limits, name in self._alarmed)
            found[name] = Forecast(told.free, told.total, told.seconds_left, alarm)
        return found

    async def watch(self) -> None:
        """Until cancelled: says when a disk begins to be full, and when it has room again."""
        self._told_at = self._clock.monotonic()
        while True:
            await self.check()
            await pause(LOOK_SECONDS)

    async def check(self) -> None:
        """One round of the watch. A disk that hangs holds up nothing else."""
        try:
            measured = await asyncio.to_thread(self._measured)
        except OSError as error:
            self._log.error("a disk cannot be looked at", reason=str(error))
            return
        told = self._told = self._judged(measured)
        self._told_at = self._clock.monotonic()
        for name, disk in told.items():
            if self._figures is not None:
                self._figures.disk(name, disk.free, disk.alarm)
            hours = None if disk.seconds_left is None else round(disk.seconds_left / 3600, 1)
            fields = {"disk": name, "free_bytes": disk.free, "hours_left": hours}
            if disk.alarm and name not in self._alarmed:
                self._alarmed.add(name)
                self._log.error("a disk is getting full", **fields)
            elif not disk.alarm and name in self._alarmed:
                self._alarmed.discard(name)
                self._log.info("a disk has room again", **fields)
        await self._keep_reserve(told.get("database"))

    async def _keep_reserve(self, disk: Forecast | None) -> None:
        if self._reserve is None or disk is None:
            return
        if await asyncio.to_thread(self._reserve.look, disk.free, disk.total) is False:
            self._log.error(
                "the disk of the database is full: its reserve was given up", free_bytes=disk.free
            )


def room(folder: Path) -> tuple[int, int]:
    """(free, total) bytes of the disk behind a folder that may not be there yet."""
    disk = os.statvfs(existing(folder))
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there: it is made with its first file."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def to_leave(recordings: Path, database: Path) -> int:
    """Bytes that recordings leave free where they share a disk with the database; else none."""
    one, other = existing(recordings), existing(database)
    if one.stat().st_dev != other.stat().st_dev:
        return 0
    return 2 * reserve_of(room(one)[1])
