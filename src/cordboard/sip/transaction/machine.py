"""What the four machines share: their states, their timers, and the form in which they are driven."""

from dataclasses import dataclass
from enum import Enum
from math import inf

from cordboard.sip.message.address import Hop


@dataclass(frozen=True, slots=True)
class Timers:
    """The base values in seconds (RFC 3261 table 4). ``patience`` is 64·T1: timers B, D, F, H, J, L and M."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def patience(self) -> float:
        return 64 * self.t1


class State(Enum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


class Machine:
    """Tell it what came (the methods of each machine), then ``poll`` what is to be sent; ask for its
    ``deadline`` and poll again then. Nothing is cancelled: a timer that no longer counts is just not there.

    ``lingers``: it only waits for stragglers; to end somewhat later is as good. ``key`` is its place in the
    table. ``armed``, ``hop`` (where its messages go) and ``owner`` (the session
    it belongs to) are for whoever drives it.
    """

    __slots__ = (
        "_end_at",
        "_interval",
        "_out",
        "_resend_at",
        "armed",
        "hop",
        "key",
        "lingers",
        "owner",
        "reliable",
        "state",
        "timers",
    )

    hop: Hop

    def __init__(self, key: str, state: State, reliable: bool, timers: Timers) -> None:
        self.key = key
        self.state = state
        self.reliable = reliable
        self.timers = timers
        self.armed = inf
        self.lingers = False
        self.owner: object = None
        self._out: list[bytes] = []
        self._interval = timers.t1
        self._resend_at: float | None = None
        self._end_at: float | None = None

    @property
    def over(self) -> bool:
        return self.state is State.TERMINATED

    def deadline(self) -> float | None:
        """When to poll again; None: not until something comes."""
        if self._resend_at is None:
            return self._end_at
        if self._end_at is None or self._resend_at < self._end_at:
            return self._resend_at
        return self._end_at

    def poll(self, now: float) -> list[bytes]:
        """What is to be sent now."""
        if self._end_at is not None and now >= self._end_at:
            self._expired()
            self._terminate()
        elif self._resend_at is not None and now >= self._resend_at:
            self._resend(now)
        out = self._out
        if out:
            self._out = []
        return out

    def abort(self) -> None:
        """Be over at once: the message could not be sent."""
        self._terminate()

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._resend_at = self._end_at = None

    def _end_after(self, seconds: float, now: float) -> None:
        """Wait for stragglers this long, then be over; at once on a reliable transport (seconds 0)."""
        self._resend_at = None
        if seconds:
            self._end_at = now + seconds
            self.lingers = True
        else:
            self._terminate()

    def _expired(self) -> None:
        """The last timer fired."""

    def _resend(self, now: float) -> None:
        """A retransmission is due."""
