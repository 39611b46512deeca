"""What was kept long enough goes, once a day."""

from typing import Protocol

import structlog

from cordboard.config.settings import Settings
from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.recordings.bucket import StoreAway
from cordboard.runtime.clock import pause
from cordboard.store.prune import Before, Pruned, Remove

FIRST_SECONDS = 900.0
"""After a start: there is more urgent work then."""
_DAY = 86400.0


class Prunes(Protocol):
    """The store."""

    async def prune(self, before: Before, remove_files: Remove | None = None) -> Pruned: ...


def limits_of(settings: Settings, now: float) -> Before:
    """What may go at this time (epoch)."""
    store = settings.store
    return Before.of_days(now, store.keep_days, store.keep_timelines_days, store.keep_events_days)


class Retention:
    """One engine's. What could not be removed today is removed tomorrow. ``remove_files``: of a recording
    whose call goes."""

    def __init__(self, store: Prunes, settings: Settings, clock: Clock, remove_files: Remove) -> None:
        self._store, self._settings, self._clock, self._remove = store, settings, clock, remove_files
        self._log = structlog.get_logger("retention")

    async def run(self) -> None:
        """Until cancelled."""
        await pause(FIRST_SECONDS)
        while True:
            await self.once()
            await pause(_DAY)

    async def once(self) -> Pruned:
        """Now."""
        try:
            limits = limits_of(self._settings, self._clock.wall())
            removed = await self._store.prune(limits, self._remove)
        except (Unavailable, StoreAway, OSError) as error:
            self._log.error("what is old could not all be removed", reason=str(error))
            return Pruned()
        if removed != Pruned():
            self._log.info(
                "what was kept long enough was removed",
                calls=removed.calls,
                timelines=removed.timelines,
                events=removed.events + removed.sent,
            )
        return removed
