"""How many new calls a second an engine takes that can take no more. Pure: time is handed in.

It watches two signs of more work than there is time for: by how much the timer rings too late (the loop was
busy), and how much waits in the sockets. While both are small nothing is limited. When one stays large, new
calls are let in at a rate, which is steered so that the signs stay just where overload begins: there is
always something to do and never much that waits. Each window moves the rate a little, by how far the signs
are from there and by how they change (as RFC 8033 does with a queue's delay); far above, it falls faster. A
call that was let in is served in full (RFC 6357 §5.1: local overload control by the delay in the queue).
"""

WINDOW_SECONDS = 0.25
"""Signs are averaged over so long: one slow step, or a collection of garbage, is no overload."""
LATE_SECONDS = 0.06
WAITING_BYTES = 256 * 1024
"""About a hundred messages: with what is behind them, some 100 ms."""
FLOODED_BYTES = 1024 * 1024
"""So much in the queue is a second old or will be: no new call at all until it has gone down."""
OURS = 0.25
"""Share of a core below which lateness is not ours: others took the machine, and fewer calls would not give
it back. Then only a queue that grows without end counts."""
LEAST_RATE = 5.0
"""Calls a second that are always taken: an engine that stands still is no overload of calls."""
SLOWER = 0.95
LEAST_GAIN, MOST_GAIN, GAIN_GROWS = 0.05, 0.5, 1.3
"""By how much the rate grows in a window without signs, and by how much more in the next: a rate that was cut
far too low is soon up again, one that is about right is not overshot."""
FAR, NEAR = 3.0, 0.3
"""Signs in parts of what is overload (1). Between these the rate is steered; above it falls to what was
really taken and less; below there is time to spare, and it rises faster with every window."""
PULL, DAMP, MOST_TURN = 0.02, 0.08, 0.06
"""Parts of the rate for each part that the signs are off, and for each that they moved since the last window;
never more at once than the third. Tried in a model whose calls cost again when they ring, answer and end: the
best of 36 settings over calls of 1 to 20 ms and 1.3 to 5 times the capacity."""
CALM_SECONDS = 2.0
"""Without a refusal and without a sign for so long, the limit is lifted."""
_BURST_SECONDS = 0.1


class Throttle:
    """``sample`` what is seen, ask ``admit`` for every new call. ``limited``: whether there is a rate now."""

    def __init__(self) -> None:
        self.limited = False
        self.rate = 0.0
        self._flooded = False
        self._drained = False  # in this window a queue that was too long kept new calls out
        self._gain = LEAST_GAIN
        self._load = 0.0
        self._tokens = 0.0
        self._filled_at = 0.0
        self._began = 0.0
        self._first_at = 0.0  # when the first call of this window was offered
        self._spent = 0.0
        self._late = 0.0
        self._waiting = 0.0
        self._samples = 0
        self._offered = 0
        self._admitted = 0
        self._calm_since = 0.0
        self._load = 0.0  # the signs of the last window

    def admit(self, now: float) -> bool:
        """May this new call come in?"""
        self._offered += 1
        if self._offered == 1:
            self._first_at = now
        if self.limited:
            rate = LEAST_RATE if self._flooded else self.rate
            self._tokens += (now - self._filled_at) * rate
            self._tokens = min(max(1.0, rate * _BURST_SECONDS), self._tokens)
            self._filled_at = now
            if self._tokens < 1:
                self._calm_since = now
                return False
            self._tokens -= 1
        self._admitted += 1
        return True

    def sample(self, now: float, late: float, waiting: int, spent: float) -> None:
        """``late``: seconds by which the timer rang too late; ``waiting``: bytes in the sockets' queues;
        ``spent``: seconds of CPU that the loop has had since its start."""
        if self._samples == 0 and now - self._began > 2 * WINDOW_SECONDS:
            self._open_window(now, spent)  # nothing was sampled for long: it was quiet
        self._late += late
        self._waiting += waiting
        self._samples += 1
        self._flooded = waiting > (WAITING_BYTES if self._flooded else FLOODED_BYTES)
        self._drained = self._drained or self._flooded
        if self._flooded and not self.limited:
            self._limit(now, self._admitted / max(now - self._first_at, _BURST_SECONDS))
        if now - self._began >= WINDOW_SECONDS:
            self._judge(now, spent)
            self._open_window(now, spent)

    def _open_window(self, now: float, spent: float) -> None:
        self._began, self._spent = now, spent
        self._late = self._waiting = 0.0
        self._samples = self._offered = self._admitted = 0
        self._drained = False

    def _limit(self, now: float, rate: float) -> None:
        self.limited = True
        self.rate = max(LEAST_RATE, rate)
        self._gain = LEAST_GAIN
        self._tokens, self._filled_at, self._calm_since = 0.0, now, now

    def _judge(self, now: float, spent: float) -> None:
        seconds = now - self._began
        late, waiting = self._late / self._samples, self._waiting / self._samples
        load = max(late / LATE_SECONDS, waiting / WAITING_BYTES)
        strained = load >= 1 and spent - self._spent >= OURS * seconds
        taken = self._admitted / seconds
        if not self.limited:
            if strained and self._offered / seconds >= 2 * LEAST_RATE:
                self._limit(now, taken * SLOWER)
            return
        if strained:
            self._calm_since = now
        if strained or taken >= 0.8 * self.rate:
            self._steer(load if strained else min(load, 1.0), taken)
        self._load = load
        if self._flooded:
            self._calm_since = now
        if now - self._calm_since > CALM_SECONDS:
            self.limited = False

    def _steer(self, load: float, taken: float) -> None:
        if load < NEAR:
            self.rate *= 1 + self._gain
            self._gain = min(MOST_GAIN, self._gain * GAIN_GROWS)
            return
        self._gain = LEAST_GAIN
        if load > FAR:
            # What was taken says what the machine can do, but not while next to nothing was let in.
            known = self.rate if self._drained else min(self.rate, taken)
            self.rate = max(LEAST_RATE, known * SLOWER)
        else:
            turn = PULL * (1 - load) + DAMP * (self._load - load)
            self.rate = max(LEAST_RATE, self.rate * (1 + min(MOST_TURN, max(-MOST_TURN, turn))))
