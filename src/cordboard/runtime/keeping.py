"""Puts together, from the settings, what keeps recordings and watches the disks."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from cordboard.config.settings import Settings
from cordboard.kernel.clock import Clock
from cordboard.recordings.bucket import BucketSettings
from cordboard.recordings.shelf import Shelf
from cordboard.runtime.disks import Disks, Reserve, to_leave
from cordboard.runtime.figures import Figures
from cordboard.runtime.recordings import RecordingKeeper
from cordboard.runtime.salvage import Salvage
from cordboard.runtime.tasks import Tasks
from cordboard.store.store import Store

_BUCKET = "s3://"


def shelf_of(settings: Settings, beside: Path) -> Shelf:
    """Where recordings lie. ``beside``: the folder of the database; those for S3 wait in it."""
    where, given = settings.store.recordings, settings.recordings
    if not where.startswith(_BUCKET):
        return Shelf(Path(where).absolute())
    name, _, prefix = where.removeprefix(_BUCKET).partition("/")
    bucket = BucketSettings(
        name, prefix.strip("/"), given.s3_endpoint, given.s3_region, given.s3_access_key, given.s3_secret_key
    )
    return Shelf((beside / ".cordboard" / "recordings").absolute(), bucket)


def keep_days(settings: Settings) -> int:
    """How long files are kept: never longer than their rows."""
    return min(settings.recordings.keep_days or settings.store.keep_days, settings.store.keep_days)


class Keeping:
    """All that happens to recordings after their last frame, and the disks that they fill."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        tasks: Tasks,
        figures: Figures,
        live_calls: Callable[[], int],
    ) -> None:
        self.shelf = shelf_of(settings, store.folder)
        self.disks = Disks(
            {"recordings": self.shelf.folder, "database": store.folder},
            clock,
            live_calls,
            figures,
            alarm_mb=settings.recordings.alarm_mb,
            alarm_hours=settings.recordings.alarm_hours,
            reserve=Reserve(store.folder / ".cordboard" / "reserve"),
        )
        self.keeper = RecordingKeeper(
            *(self.shelf, store.recordings, store.append, store.settled, clock, tasks, keep_days(settings)),
            mp3=settings.recordings.format == "mp3",
            figures=figures,
        )
        self.leave_bytes = to_leave(self.shelf.folder, store.folder)
        self._store, self._clock, self._tasks = store, clock, tasks

    def start(self, closed: asyncio.Event, then: Callable[[], Awaitable[None]]) -> None:
        """Recordings of earlier runs are decided once their calls are ``closed`` (``then`` is done when all
        of them are), and all get their MP3; the disks are watched."""
        salvage = Salvage(self.keeper, self._store, self._clock)
        self._tasks.start(salvage.run(self._clock.wall(), closed, then))
        self._tasks.start(self.disks.watch())
        self.keeper.start()

    def warnings(self) -> tuple[str, ...]:
        """What should be seen to, though calls can be taken, one sentence each."""
        return *self.keeper.problems(), *self.disks.problems()
