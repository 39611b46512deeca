"""Delivers events to customers: at least once, in order per call, never on a call's path.

An event waits in the store until its URL answered 2xx. A host that is slow or dead holds up nobody else's.
"""

import asyncio
import contextlib
from typing import Protocol

import structlog

from cordboard.customer.got import Got
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime.clock import pause
from cordboard.runtime.figures import Figures
from cordboard.runtime.tasks import Tasks
from cordboard.store.records import OutboxRow

RETRY_AFTER = (2.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, *([4 * 3600.0] * 18))
"""Seconds before the next try, after the first, second … failure; about 75 hours together. Then: dead."""

_IDLE_SECONDS = 30.0
_SOON_SECONDS = 0.3
_AT_ONCE = 200


class Waiting(Protocol):
    """The store's outbox."""

    def done(self, id: str, attempts: int = 1) -> None: ...
    def retry(self, id: str, at: float, error: str, attempts: int = 1) -> None: ...
    def dead(self, id: str, error: str, attempts: int = 1) -> None: ...
    async def due(self, now: float, limit: int = 100) -> tuple[OutboxRow, ...]: ...
    async def next_due(self) -> float | None: ...


class Sends(Protocol):
    """The customer's door, for events."""

    async def send_event(
        self, url: str, message_id: str, *, method: str, content_type: str, body: str
    ) -> Got: ...


def retry_in(attempts: int, jitter: int) -> float | None:
    """Seconds to wait after so many failed attempts (the first is 1); None: give up. ``jitter``: 0–255."""
    if attempts > len(RETRY_AFTER):
        return None
    return RETRY_AFTER[attempts - 1] * (1 + jitter / 1024)


class OutboxSender:
    """Sends what is due, a task for each event, one event of a call at a time (the store sees to that)."""

    def __init__(
        self, waiting: Waiting, sends: Sends, clock: Clock, tokens: Tokens, tasks: Tasks, figures: Figures
    ) -> None:
        self._waiting, self._sends, self._clock, self._tokens = waiting, sends, clock, tokens
        self._tasks, self._figures = tasks, figures
        self._under_way: set[str] = set()
        self._nudged = asyncio.Event()
        self._log = structlog.get_logger("outbox")

    def nudge(self) -> None:
        """Something was put in: look soon, when the database knows of it."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                wait = await self._send_due()
            except Unavailable as error:
                self._log.warning("the outbox cannot be read", reason=str(error))
                wait = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._nudged.wait()
                # the row is a writer's batch away: looking at once would find nothing
                await pause(_SOON_SECONDS)
            self._nudged.clear()

    async def _send_due(self) -> float:
        now = self._clock.wall()
        for event in await self._waiting.due(now, _AT_ONCE):
            if event.id not in self._under_way:
                self._under_way.add(event.id)
                self._tasks.start(self._send(event))
        soonest = await self._waiting.next_due()
        if soonest is None:
            return _IDLE_SECONDS
        # what is due and under way, or behind another of its call, is looked at again when that one ends
        return min(_IDLE_SECONDS, max(1.0, soonest - now))

    async def _send(self, event: OutboxRow) -> None:
        try:
            got = await self._sends.send_event(
                event.url,
                event.id,
                method=event.method,
                content_type=event.content_type,
                body=event.body,
            )
        finally:
            self._under_way.discard(event.id)
        attempts = event.attempts + 1
        if 200 <= got.status < 300:
            self._waiting.done(event.id, attempts)
            self._figures.event_sent("delivered")
        elif got.status == 0 and got.wait:
            # the host has had its share: this was no attempt
            self._waiting.retry(event.id, self._clock.wall() + got.wait, event.error, event.attempts)
        else:
            self._failed(event, got, attempts)
        self.nudge()

    def _failed(self, event: OutboxRow, got: Got, attempts: int) -> None:
        error = got.error or f"HTTP status {got.status}"
        wait = retry_in(attempts, int(self._tokens.hex(1), 16))
        if wait is None:
            self._waiting.dead(event.id, error, attempts)
            self._figures.event_sent("dead")
            self._log.error("an event was given up", event_id=event.id, call=event.call_sid, reason=error)
        else:
            self._waiting.retry(event.id, self._clock.wall() + max(wait, got.wait), error, attempts)
            self._figures.event_sent("retried")
