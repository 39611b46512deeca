"""How many new calls a second an engine takes that can take no more. Pure: time is handed in.

It watches two signs of more work than there is time for: by how much the timer rings too late (the loop was
busy), and how much waits in the sockets. While both are small nothing is limited. When one stays large, new
calls are let in at a rate: what was taken lately, a little less each time the signs are still there, a little
more each time they are not. So the rate hovers about what the machine can do, whatever that is; a call that
was let in is served in full (RFC 6357 §5.1: local overload control by the delay in the queue).
"""

WINDOW_SECONDS = 0.25
"""Signs are averaged over so long: one slow step, or a collection of garbage, is no overload."""
LATE_SECONDS = 0.06
WAITING_BYTES = 256 * 1024
"""About a hundred messages: with what is behind them, some 100 ms."""
FLOODED_BYTES = 1536 * 1024
"""So much in the queue is a second old or will be: no new call at all until it has gone down."""
LEAST_RATE = 5.0
"""Calls a second that are always taken: an engine that stands still is no overload of calls."""
SLOWER, FASTER = 0.95, 1.03
CALM_SECONDS = 2.0
"""Without a refusal and without a sign for so long, the limit is lifted."""
_BURST_SECONDS = 0.1


class Throttle:
    """``sample`` what is seen, ask ``admit`` for every new call. ``limited``: whether there is a rate now."""

    def __init__(self) -> None:
        self.limited = False
        self.rate = 0.0
        self._flooded = False
        self._tokens = 0.0
        self._filled_at = 0.0
        self._began = 0.0
        self._late = 0.0
        self._waiting = 0.0
        self._samples = 0
        self._offered = 0
        self._admitted = 0
        self._calm_since = 0.0

    def admit(self, now: float) -> bool:
        """May this new call come in?"""
        self._offered += 1
        if self.limited:
            if self._flooded and self.rate > LEAST_RATE:
                self._calm_since = now
                return False
            gained = (now - self._filled_at) * self.rate
            self._tokens = min(max(1.0, self.rate * _BURST_SECONDS), self._tokens + gained)
            self._filled_at = now
            if self._tokens < 1:
                self._calm_since = now
                return False
            self._tokens -= 1
        self._admitted += 1
        return True

    def sample(self, now: float, late: float, waiting: int) -> None:
        """``late``: seconds by which the timer rang too late; ``waiting``: bytes in the sockets' queues."""
        if self._samples == 0 and now - self._began > 2 * WINDOW_SECONDS:
            self._open_window(now - WINDOW_SECONDS)  # nothing was sampled for long: it was quiet
        self._late += late
        self._waiting += waiting
        self._samples += 1
        self._flooded = waiting > (WAITING_BYTES if self._flooded else FLOODED_BYTES)
        if now - self._began >= WINDOW_SECONDS:
            self._judge(now)
            self._open_window(now)

    def _open_window(self, now: float) -> None:
        self._began = now
        self._late = self._waiting = 0.0
        self._samples = self._offered = self._admitted = 0

    def _judge(self, now: float) -> None:
        strained = max(
            self._late / self._samples / LATE_SECONDS, self._waiting / self._samples / WAITING_BYTES
        )
        seconds = now - self._began
        taken = self._admitted / seconds
        if not self.limited:
            if strained >= 1 and self._offered / seconds >= 2 * LEAST_RATE:
                self.limited = True
                self.rate = max(LEAST_RATE, taken * SLOWER)
                self._tokens, self._filled_at, self._calm_since = 0.0, now, now
            return
        if strained >= 1:
            self.rate = max(LEAST_RATE, min(self.rate, max(taken, LEAST_RATE)) * SLOWER)
            self._calm_since = now
        elif taken >= 0.8 * self.rate:
            self.rate *= FASTER
        if now - self._calm_since > CALM_SECONDS:
            self.limited = self._flooded = False
