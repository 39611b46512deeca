"""The recorder's other thread: makes files whole, which waits for the disk, one after another."""

from collections.abc import Callable
from queue import Empty, SimpleQueue

from cordboard.media.embedded.frames import Message
from cordboard.media.embedded.taping import PASSING

AGAIN_SECONDS = 2.0

Work = Callable[[], Message]
"""Gives what is said of a recording in the end. Raises OSError where the disk refuses it for a while."""


class Finishing:
    """``told(message, first)`` hears in the other thread of each work once (``first``), with its message or
    None where it was put off; then once more, with its message.

    What the disk refuses (it is full, or read-only) is tried again until it takes it. A recorder that ends
    before leaves it as it lies, and says nothing: the engine's next start makes it whole.
    """

    def __init__(self, told: Callable[[Message | None, bool], None]) -> None:
        self._told = told
        self._queue: SimpleQueue[tuple[int, Work]] = SimpleQueue()
        self._put_off: list[tuple[int, Work]] = []

    def put(self, file: int, work: Work) -> None:
        """Do this, soon. ``file``: the engine's number of the recording."""
        self._queue.put((file, work))

    def run(self) -> None:
        """For ever."""
        while True:
            self.once()

    def once(self) -> None:
        """The next work; where there is none for a while, or the disk took that, what it refused before."""
        try:
            file, work = self._queue.get(timeout=AGAIN_SECONDS if self._put_off else None)
        except Empty:
            self._again()
            return
        message = self._message(file, work)
        self._told(message, True)
        if message is not None:
            self._again()

    def _again(self) -> None:
        again, self._put_off = self._put_off, []
        for file, work in again:
            if (message := self._message(file, work)) is not None:
                self._told(message, False)

    def _message(self, file: int, work: Work) -> Message | None:
        try:
            return work()
        except OSError as error:
            if error.errno not in PASSING:
                return _failed(file, error)
        except Exception as error:  # one recording must not cost all others theirs
            return _failed(file, error)
        self._put_off.append((file, work))
        return None


def _failed(file: int, error: Exception) -> Message:
    return ["ended", file, "failed", 0.0, 1, 0, [], f"finishing failed: {error!r}"[:300]]
