"""Which UDP ports are free. Given back ports rest before they are used again: late packets of the old call
must not reach a new one."""

from collections import deque
from itertools import islice

REST_SECONDS = 5.0
REFUSED_SECONDS = 60.0


class Ports:
    """Even ports of a range, the longest unused first."""

    def __init__(self, first: int, last: int) -> None:
        first += first % 2
        self._free: deque[int] = deque(range(first, last, 2))
        self._resting: deque[tuple[float, int]] = deque()
        self._refused: deque[tuple[float, int]] = deque()
        self._taken: set[int] = set()
        self.size = len(self._free)

    @property
    def taken(self) -> int:
        return len(self._taken)

    def coming(self, most: int) -> list[int]:
        """The next ports that ``take`` will give."""
        return list(islice(self._free, most))

    def take(self, now: float) -> int | None:
        """An even port; None when there is none."""
        for waiting in (self._resting, self._refused):
            while waiting and waiting[0][0] <= now:
                self._free.append(waiting.popleft()[1])
        if not self._free:
            return None
        port = self._free.popleft()
        self._taken.add(port)
        return port

    def give_back(self, port: int, now: float) -> None:
        """Twice is once."""
        if port in self._taken:
            self._taken.discard(port)
            self._resting.append((now + REST_SECONDS, port))

    def refuse(self, port: int, now: float) -> None:
        """The system would not let us have it: somebody else's."""
        if port in self._taken:
            self._taken.discard(port)
            self._refused.append((now + REFUSED_SECONDS, port))
