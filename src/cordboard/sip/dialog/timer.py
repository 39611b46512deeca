"""Session timers (RFC 4028): who refreshes a session, how often, and when silence ends it. A session whose
far side does not speak them has none, and they cost it nothing."""

from cordboard.sip.dialog.extensions import speaks
from cordboard.sip.message.headers import number, read_parameters
from cordboard.sip.message.message import Message, Request, Response

LEAST = 90
"""Seconds; the smallest interval that is ever taken (§4)."""
LONGEST = 86_400
_MARGIN = 32.0
"""The side that waits for refreshes says BYE this long before the end, or a third of the interval (§10)."""
_LOOK = 30.0
"""A deadline is never told further ahead: the heap of deadlines would keep a session that is long over."""

MIN_SE = f"Min-SE: {LEAST}"
OFF: tuple[list[str], None] = ([], None)


class SessionTimer:
    """A timer that runs. ``ours``: we refresh. ``deadline`` is when to ``look``."""

    __slots__ = ("_expires_at", "_least", "_refresh_at", "deadline", "interval", "ours")

    def __init__(self, interval: int, ours: bool, now: float, least: int = LEAST) -> None:
        self.interval, self.ours, self._least = interval, ours, least
        self._refresh_at: float | None = now + interval / 2 if ours else None
        self._expires_at = now + interval - (0 if ours else min(_MARGIN, interval / 3))
        self._plan(now)

    def look(self, now: float) -> str:
        """``refresh``, ``expired``, or nothing to be done yet."""
        if now >= self._expires_at:
            return "expired"
        due = self._refresh_at is not None and now >= self._refresh_at
        if due:
            self._refresh_at = None
        self._plan(now)
        return "refresh" if due else ""

    def try_later(self, now: float) -> None:
        """A refresh was refused: again after half of what is left of the interval."""
        self._refresh_at = now + max(5.0, (self._expires_at - now) / 2)
        self._plan(now)

    def lines(self) -> list[str]:
        """Header lines of a re-INVITE or UPDATE of ours: whoever refreshes goes on doing so (§7.4)."""
        who = "uac" if self.ours else "uas"
        lines = ["Supported: timer", f"Session-Expires: {self.interval};refresher={who}"]
        if self._least > LEAST:
            lines.append(f"Min-SE: {self._least}")
        return lines

    def lengthen(self, least: int) -> None:
        """A 422 named the smallest interval that the way to the far side takes (§7.3)."""
        self._least = max(self._least, least)
        self.interval = max(self.interval, self._least)

    def answered(self, response: Response, now: float) -> "SessionTimer | None":
        """The timer that a 2xx to one of our refreshes leaves: none where it names none any more (§7.2)."""
        return agreed(response, now, self._least)

    def _plan(self, now: float) -> None:
        due = self._expires_at if self._refresh_at is None else min(self._refresh_at, self._expires_at)
        self.deadline = min(due, now + _LOOK)


def too_brief(request: Request) -> bool:
    """Whether the interval it asks for is refused with 422: only when the far side speaks timers (§9)."""
    if "session-expires" not in request.index:
        return False
    seconds, _ = _asked(request)
    return 0 < seconds < LEAST and speaks(request, "timer")


def granted(
    request: Request, wanted: int, running: SessionTimer | None, now: float
) -> tuple[list[str], SessionTimer | None]:
    """What our 2xx to an INVITE or UPDATE says, and the timer that runs from now (§9). ``wanted``: seconds
    that we would ask for, 0 for none. ``running``: the timer so far."""
    index = request.index
    if "session-expires" not in index and "supported" not in index:
        return OFF
    able = speaks(request, "timer")
    seconds, refresher = _asked(request)
    if not seconds and able:
        seconds, refresher = (running.interval, _seen_from_them(running)) if running else (wanted, "uas")
    elif wanted:
        seconds = min(seconds, wanted)
    if not seconds:
        return OFF
    seconds = max(seconds, min_se(request), LEAST)
    if not able:
        refresher = "uas"  # a proxy asked, and the far side knows nothing of it (§9, table 2)
    elif refresher not in ("uac", "uas"):
        refresher = "uac"
    lines = [f"Session-Expires: {seconds};refresher={refresher}"]
    if able:
        lines += ["Require: timer", "Supported: timer"]
    return lines, SessionTimer(seconds, refresher == "uas", now)


def agreed(response: Response, now: float, least: int = LEAST) -> SessionTimer | None:
    """The timer that a 2xx to our INVITE or UPDATE starts; none where it names none (§7.2)."""
    if "session-expires" not in response.index:
        return None
    seconds, refresher = _asked(response)
    return SessionTimer(max(seconds, LEAST), refresher != "uas", now, least) if seconds else None


def min_se(message: Message) -> int:
    """The smallest interval that a request's path or a 422 allows, in seconds; 0 where it says nothing."""
    if "min-se" not in message.index:
        return 0
    return min(number(message.header("min-se").partition(";")[0].strip()) or 0, LONGEST)


def _seen_from_them(timer: SessionTimer) -> str:
    """The refresher of a running timer, as a request of theirs names it."""
    return "uas" if timer.ours else "uac"


def _asked(message: Message) -> tuple[int, str]:
    """Seconds and refresher of Session-Expires; 0 where it is missing or cannot be read."""
    value = message.header("session-expires")
    seconds, semicolon, rest = value[:512].partition(";")
    refresher = read_parameters(semicolon + rest).get("refresher", "").lower()
    return min(number(seconds.strip()) or 0, LONGEST), refresher
