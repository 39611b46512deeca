"""Delivers events to customers: at least once, in order for each receiver, never on a call's path.

An event waits in the store until its URL answered 2xx. Each receiver (a host) has a lane of its own, so one
that is slow or dead holds up nobody else's; what waits for it stays in the database, however much it is.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from cordboard.customer.got import BAD_URL, Got
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime.clock import pause
from cordboard.runtime.figures import Figures
from cordboard.runtime.tasks import Tasks
from cordboard.store.records import OutboxRow

RETRY_AFTER = (2.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, *([4 * 3600.0] * 18))
"""Seconds before the next try, after the first, second … failure; about 75 hours together. Then: dead."""

AT_ONCE = 4
"""Events under way to one receiver; as many as its share allows (``customer.shares``)."""

LANES = 500
"""Receivers that are served at once; more wait their turn."""

_IDLE_SECONDS = 30.0
_SOON_SECONDS = 0.25
_FETCHED = 200
# A lane waits this long for its receiver's share; where it has to be longer, the receiver is left alone.
# So long, too, what was put in may take into the database before one looks all the same.
_PATIENCE = 0.5
_A_MOMENT = 0.001
_GONE = 410
_AFTER_A_FAULT = 5.0


class Waiting(Protocol):
    """The store's outbox."""

    def done(self, id: str, attempts: int = 1) -> None: ...
    def retry(self, id: str, at: float, error: str, attempts: int = 1) -> None: ...
    def dead(self, id: str, error: str, attempts: int = 1) -> None: ...
    async def due(self, host: str, now: float, limit: int = 100) -> tuple[OutboxRow, ...]: ...
    async def soonest(self, after: float | None = None) -> Mapping[str, tuple[float, int]]: ...
    async def settled(self) -> None: ...


class Sends(Protocol):
    """The customer's door, for events."""

    def event_wait(self, url: str) -> float: ...

    async def send_event(
        self, url: str, message_id: str, *, method: str, content_type: str, body: str
    ) -> Got: ...


@dataclass(slots=True)
class _Lane:
    """What is being sent to one receiver. ``queue``: read, not yet begun. ``dry``: the last reading brought
    nothing new. ``sent``: something went out. ``rest``: seconds to leave the receiver alone."""

    host: str
    queue: deque[OutboxRow] = field(default_factory=deque)
    under_way: set[str] = field(default_factory=set)
    refilling: asyncio.Lock = field(default_factory=asyncio.Lock)
    dry: bool = False
    sent: bool = False
    rest: float = 0.0


def retry_in(attempts: int, jitter: int) -> float | None:
    """Seconds to wait after so many failed attempts (the first is 1); None: give up. ``jitter``: 0–255."""
    if attempts > len(RETRY_AFTER):
        return None
    return RETRY_AFTER[attempts - 1] * (1 + jitter / 1024)


class OutboxSender:
    """Sends what is due. Of a call and a receiver one event at a time (the store sees to that)."""

    def __init__(
        self, waiting: Waiting, sends: Sends, clock: Clock, tokens: Tokens, tasks: Tasks, figures: Figures
    ) -> None:
        self._waiting, self._sends, self._clock, self._tokens = waiting, sends, clock, tokens
        self._tasks, self._figures = tasks, figures
        self._lanes: dict[str, _Lane] = {}
        self._resting: dict[str, float] = {}  # receiver → when to look again, monotonic
        self._empty: dict[str, float] = {}  # receiver → how long it rested when nothing could be sent
        self._nothing: set[str] = set()  # of those: who rests only because nothing could be sent
        self._look, self._fresh = asyncio.Event(), False
        self._log = structlog.get_logger("outbox")

    def nudge(self) -> None:
        """Something was put in: look soon, when the database knows of it."""
        self._fresh = True
        self._look.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                wait = await self._open_lanes()
            except Unavailable as error:
                self._log.warning("the outbox cannot be read", reason=str(error))
                wait = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._look.wait()
                await self._gather()
            self._look.clear()
            if self._fresh:
                self._fresh = False
                for host in self._nothing:
                    self._resting.pop(host, None)
                self._nothing.clear()

    async def _gather(self) -> None:
        """What was put in is on its way to the database, and more may follow: looking at once finds none."""
        await pause(_SOON_SECONDS)
        with contextlib.suppress(TimeoutError, Unavailable):  # a database that is away is told of by reading
            async with asyncio.timeout(_PATIENCE):
                await self._waiting.settled()

    async def _open_lanes(self) -> float:
        """A lane for each receiver for whom something is due; says in how many seconds to look again."""
        soonest = await self._waiting.soonest()
        self._figures.events_waiting(sum(count for _, count in soonest.values()))
        wall, now = self._clock.wall(), self._clock.monotonic()
        self._resting = {host: until for host, until in self._resting.items() if until > now}
        self._nothing &= self._resting.keys()
        self._empty = {host: rest for host, rest in self._empty.items() if host in soonest}
        wait = _IDLE_SECONDS
        for host, (due_at, _) in soonest.items():
            if host in self._lanes:
                continue
            ready = max(due_at - wall, self._resting.get(host, now) - now)
            if ready > 0 or len(self._lanes) >= LANES:
                wait = min(wait, ready if ready > 0 else 1.0)
                continue
            lane = self._lanes[host] = _Lane(host)
            self._tasks.start(self._serve(lane))
        return wait

    async def _serve(self, lane: _Lane) -> None:
        """Send all that is due for a receiver, or as much as it takes."""
        ended_well = False
        try:
            await self._refill(lane)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(lane.queue))):
                    group.create_task(self._work(lane))
            await self._let_rest(lane)
            ended_well = True
        except* Unavailable as error:
            self._log.warning("the outbox cannot be read", reason=str(error.exceptions[0]))
        finally:
            if not ended_well:
                self._resting[lane.host] = self._clock.monotonic() + _AFTER_A_FAULT
            del self._lanes[lane.host]
            self._fresh = self._fresh or lane.sent  # what stood behind the last ones is due now
            self._look.set()

    async def _let_rest(self, lane: _Lane) -> None:
        """How long the receiver is left alone; not at all after something was sent."""
        now = self._clock.monotonic()
        if lane.rest:
            self._resting[lane.host] = now + lane.rest
        elif lane.sent:
            self._empty.pop(lane.host, None)
        else:
            # All that is due stands behind something that is not yet, or that is done and on its way into the
            # database: a moment at first, then longer, but no longer than until the next is due.
            later = (await self._waiting.soonest(self._clock.wall())).get(lane.host)
            due_in = _IDLE_SECONDS if later is None else later[0] - self._clock.wall()
            wait = self._empty[lane.host] = min(
                _IDLE_SECONDS, 2 * self._empty.get(lane.host, _SOON_SECONDS / 2)
            )
            self._resting[lane.host] = now + max(_SOON_SECONDS, min(wait, due_in))
            self._nothing.add(lane.host)

    async def _work(self, lane: _Lane) -> None:
        while not lane.rest:
            if not lane.queue and not lane.dry:
                async with lane.refilling:
                    await self._refill(lane)
            if not lane.queue:
                return
            event = lane.queue.popleft()
            lane.under_way.add(event.id)
            if await self._may_send(lane, event):
                await self._send(lane, event)
            lane.under_way.discard(event.id)

    async def _refill(self, lane: _Lane) -> None:
        if not lane.queue and not lane.dry:
            found = await self._waiting.due(lane.host, self._clock.wall(), _FETCHED)
            lane.queue.extend(event for event in found if event.id not in lane.under_way)
            lane.dry = not lane.queue

    async def _may_send(self, lane: _Lane, event: OutboxRow) -> bool:
        """Wait for the receiver's share; False where that would take long: then nothing is lost but time."""
        while not lane.rest and (wait := self._sends.event_wait(event.url)) > 0:
            if wait > _PATIENCE:
                lane.rest = wait
                break
            await pause(max(_A_MOMENT, wait))
        return not lane.rest

    async def _send(self, lane: _Lane, event: OutboxRow) -> None:
        got = await self._sends.send_event(
            event.url, event.id, method=event.method, content_type=event.content_type, body=event.body
        )
        if got.status == 0 and got.wait:
            lane.queue.append(event)  # its share was given to another meanwhile: this was no attempt
            return
        lane.sent = True
        attempts = event.attempts + 1
        if 200 <= got.status < 300:
            self._waiting.done(event.id, attempts)
            self._figures.event_sent("delivered")
        else:
            self._failed(event, got, attempts)

    def _failed(self, event: OutboxRow, got: Got, attempts: int) -> None:
        error = got.error or f"HTTP status {got.status}"
        hopeless = got.status == _GONE or got.error == BAD_URL
        wait = None if hopeless else retry_in(attempts, int(self._tokens.hex(1), 16))
        if wait is None:
            self._waiting.dead(event.id, error, attempts)
            self._figures.event_sent("dead")
            self._log.error("an event was given up", event_id=event.id, call=event.call_sid, reason=error)
        else:
            self._waiting.retry(event.id, self._clock.wall() + max(wait, got.wait), error, attempts)
            self._figures.event_sent("retried")
