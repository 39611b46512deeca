"""One timer for everything: a heap of deadlines and a single ``call_later``."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from math import ceil, inf
from typing import Protocol

_FINEST = 0.001
"""Some loops count in milliseconds: a shorter wait would wake too early, again and again."""
_GROUP_SECONDS = 0.02
"""Under load it rings no more often than this, for all that is due by then: no SIP timer minds (T1 is 0.5 s),
and most places in the heap turn out to be of no use any more."""
_LINGER_SECONDS = 0.5
"""What only waits for stragglers is looked at no more often than this: many go at once."""


class Sleeper(Protocol):
    """Something with a deadline. ``armed``: its earliest place in the heap; written only here.
    ``lingers``: it has nothing to do any more but to end."""

    armed: float
    lingers: bool

    def deadline(self) -> float | None: ...


class Alarm:
    """Deadlines may move or vanish at will: a place in the heap is looked at when it comes up, and put back
    when the deadline has moved on. So a timer that is reset with every message costs nothing."""

    def __init__(self, now: Callable[[], float], ring: Callable[[Sleeper, float], None]) -> None:
        self.now = now
        self._ring = ring
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._count = 0
        self._handle: asyncio.TimerHandle | None = None
        self._set_for = inf
        self._rang_at = -inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ringing = False
        self.late: Callable[[float, float], None] = lambda now, late: None
        """Told at each ring how late it is: the loop was busy with something else."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._aim()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._loop = None
        self._heap.clear()

    def arm(self, sleeper: Sleeper) -> None:
        """Its deadline may be sooner than it was."""
        due = sleeper.deadline()
        if due is None:
            return
        if sleeper.lingers:
            due = ceil(due / _LINGER_SECONDS) * _LINGER_SECONDS
        if due < sleeper.armed:
            sleeper.armed = due
            self._count += 1
            heappush(self._heap, (due, self._count, sleeper))
            if due < self._set_for and not self._ringing:
                self._aim()

    def _aim(self) -> None:
        if self._loop is None or not self._heap:
            return
        due = max(self._heap[0][0], self._rang_at + _GROUP_SECONDS)
        if self._handle is not None:
            if due >= self._set_for:
                return
            self._handle.cancel()
        self._set_for = due
        delay = due - self.now()
        if delay > 0:
            delay = max(delay, _FINEST)
        self._handle = self._loop.call_later(max(0.0, delay), self._wake)

    def _wake(self) -> None:
        now = self._rang_at = self.now()
        self.late(now, now - self._set_for)
        self._handle, self._set_for = None, inf
        heap = self._heap
        self._ringing = True
        try:
            while heap and heap[0][0] <= now:
                place, _, sleeper = heappop(heap)
                if sleeper.armed != place:
                    continue  # it was armed for an earlier moment since
                sleeper.armed = inf
                due = sleeper.deadline()
                if due is None:
                    continue
                if due <= now:
                    self._ring(sleeper, now)
                self.arm(sleeper)
        finally:
            self._ringing = False
            self._aim()
