"""How much of our events one host gets, so that they are no weapon (reliability.md S4). Pure.

Four at a time. Ten a second; every success raises a host's rate by one up to 1000, so that a consumer that
keeps up gets its backlog, and any failure brings it back to ten. After five failures in a row the host is
left alone, 5 s at first, then twice as long each time, up to 5 minutes; then one event is tried.
"""

from dataclasses import dataclass

AT_ONCE = 4
RATE, BEST_RATE = 10.0, 1000.0
FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
_MOST_HOSTS = 2000
_FORGOTTEN_AFTER = 900.0


@dataclass(slots=True)
class _Host:
    filled_at: float
    room: float = RATE
    rate: float = RATE
    running: int = 0
    failures: int = 0
    paused_until: float = 0.0


class Shares:
    """``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def wait(self, host: str, now: float) -> float:
        """Seconds until an event to this host may be tried; 0: now."""
        state = self._hosts.get(host)
        if state is None:
            return 0.0
        if now < state.paused_until:
            return state.paused_until - now
        if state.running >= (1 if state.failures >= FAILURES else AT_ONCE):
            return 1.0 / state.rate
        room = min(state.rate, state.room + (now - state.filled_at) * state.rate)
        return 0.0 if room >= 1.0 else (1.0 - room) / state.rate

    def take(self, host: str, now: float) -> float:
        """As ``wait``; where that is 0, the event counts as being sent until ``done``."""
        wait = self.wait(host, now)
        if wait > 0:
            return wait
        state = self._hosts.get(host)
        if state is None:
            self._forget(now)
            state = self._hosts[host] = _Host(filled_at=now)
        state.room = min(state.rate, state.room + (now - state.filled_at) * state.rate) - 1.0
        state.filled_at = now
        state.running += 1
        return 0.0

    def done(self, host: str, now: float, status: int, wait: float = 0.0) -> None:
        """``status`` of the answer, 0 for none; ``wait``: seconds that the host asked to be left alone."""
        state = self._hosts[host]
        state.running -= 1
        if 200 <= status < 300:
            state.failures = 0
            state.rate = min(BEST_RATE, state.rate + 1.0)
            return
        state.rate = RATE
        state.room = min(state.room, RATE)
        if wait > 0:
            state.paused_until = max(state.paused_until, now + min(wait, LONGEST_PAUSE))
        if status == 0 or status == 429 or status >= 500:
            state.failures += 1
            if state.failures >= FAILURES:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(state.failures - FAILURES, 10))
                state.paused_until = max(state.paused_until, now + pause)
        else:
            state.failures = 0

    def _forget(self, now: float) -> None:
        if len(self._hosts) < _MOST_HOSTS:
            return
        idle = [h for h, s in self._hosts.items() if not s.running and now - s.filled_at > _FORGOTTEN_AFTER]
        for host in idle:
            del self._hosts[host]
