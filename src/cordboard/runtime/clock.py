"""The one place that reads the clocks and the system's randomness."""

import asyncio
import secrets
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


class SystemTokens:
    """Randomness from the operating system."""

    def hex(self, size: int) -> str:
        """``2 * size`` hexadecimal digits."""
        return secrets.token_hex(size)
