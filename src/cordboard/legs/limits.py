"""How many calls a second may begin. Pure."""


class Bucket:
    """A token bucket: ``rate`` tokens a second (0: no limit), at most one second's worth kept, and never less
    than one call's."""

    __slots__ = ("_at", "_kept", "_most", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._kept, self._at = self._most, 0.0

    def holds(self, now: float) -> bool:
        """Is there one to take? Takes none."""
        return not self._rate or self._filled(now) >= 1.0

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        if not self._rate:
            return True
        filled = self._filled(now)
        if filled < 1.0:
            return False
        self._kept, self._at = filled - 1.0, now
        return True

    def _filled(self, now: float) -> float:
        # Rounded: a call every 1/rate seconds exactly must not fail by a hair of floating point.
        return round(min(self._most, self._kept + max(0.0, now - self._at) * self._rate), 9)
