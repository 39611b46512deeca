"""Time that jumps: an event loop that never waits, the clock that goes with it, and made-up randomness.

Whatever runs on the loop sees time pass as usual; when nothing is ready, the clock leaps to the next
deadline. An hour of retransmissions takes milliseconds, and always the same ones.
"""

import asyncio
import random
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingWillHappen(RuntimeError):
    """Everything waits and no deadline is set: a real loop would hang here."""


class _LeapingSelector(selectors.BaseSelector):
    """Where a real selector sleeps, this one moves the loop's time on."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._inner.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise NothingWillHappen("every task waits and no timer is set")
        self.loop.advance(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Any:
        return self._inner.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 0. Sockets work, but time does not wait for them; threads should not be waited for on it."""

    def __init__(self) -> None:
        self._virtual = 0.0
        selector = _LeapingSelector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self._virtual

    def advance(self, seconds: float) -> None:
        """Move time on."""
        self._virtual += max(0.0, seconds)


class VirtualClock:
    """A ``kernel.clock.Clock`` that reads the running loop. ``wall`` begins at ``start``; ``set_wall`` moves
    it by so many seconds, as somebody does who sets the machine's clock."""

    def __init__(self, start: float = 1_768_284_894.0) -> None:
        self._start = start

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return self._start + asyncio.get_running_loop().time()

    def set_wall(self, by: float) -> None:
        self._start += by


class SeededTokens:
    """A ``kernel.clock.Tokens`` that gives the same tokens every time."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def hex(self, size: int) -> str:
        return self._random.randbytes(size).hex()


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def pause(seconds: float | None) -> None:
    """Let time pass; None: for ever."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    if seconds is not None:
        loop.call_later(seconds, _wake, over)
    await over


def _wake(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)
