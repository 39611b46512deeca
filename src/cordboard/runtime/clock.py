"""The one place that reads the clocks and the system's randomness."""

import asyncio
import os
import time


class SystemClock:
    """Monotonic time is the running loop's, so that a test's loop with a jumping clock rules it all."""

    def monotonic(self) -> float:
        """Seconds on the loop's clock, or the machine's where no loop runs."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()


_STOCK = 4096


class SystemTokens:
    """Randomness from the operating system, fetched in stocks: a call needs nine small ones. Not for use in
    several threads."""

    def __init__(self) -> None:
        self._stock, self._at = "", 0

    def hex(self, size: int) -> str:
        """``2 * size`` hexadecimal digits."""
        begin, end = self._at, self._at + 2 * size
        if end > len(self._stock):
            self._stock = os.urandom(max(_STOCK, size)).hex()
            begin, end = 0, 2 * size
        self._at = end
        return self._stock[begin:end]


async def pause(seconds: float) -> None:
    """Let real time pass: for a door's own round, never for a decision."""
    await asyncio.sleep(seconds)
