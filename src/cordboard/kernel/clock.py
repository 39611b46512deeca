"""Time and randomness as things that are handed in, so that tests can make them up."""

from typing import Protocol


class Clock(Protocol):
    """Where a door reads time. Pure rooms never see a clock: they are given ``now``."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, UTC; for stamps only, never for durations."""
        ...


class Tokens(Protocol):
    """A source of unguessable text."""

    def hex(self, size: int) -> str:
        """``2 * size`` lower-case hexadecimal digits made of ``size`` random bytes."""
        ...
