"""How long the disk will last. Pure."""

from dataclasses import dataclass

LEAST_BYTES = 100 << 20
LEAST_SECONDS = 600.0
RECORDED_BYTES = 32_000
"""What a recorded call may write in a second: two channels of 16 bit at 8 kHz."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`seconds_left`: until it is full if it goes on as now; None: it does not fill."""

    free: int
    total: int
    seconds_left: float | None

    @property
    def short(self) -> bool:
        """Too little is left to begin a call on it."""
        return self.free < LEAST_BYTES or (
            self.seconds_left is not None and self.seconds_left < LEAST_SECONDS
        )


def forecast(free: int, total: int, live_calls: int, lost_bytes: int, lost_seconds: float) -> Forecast:
    """From what is free now, the calls that may be recorded, and what went in the time observed so far."""
    seen = lost_bytes / lost_seconds if lost_seconds >= 60 else 0.0
    rate = max(seen, float(live_calls * RECORDED_BYTES))
    left = max(0, free - LEAST_BYTES) / rate if rate > 0 else None
    return Forecast(free, total, left)
