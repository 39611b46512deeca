"""telephone-event (RFC 4733): digits heard once each, digits sent."""

from collections import deque
from collections.abc import Callable
from struct import Struct

KEYS = "0123456789*#ABCD"
EVENT = Struct("!BBH")
_VOLUME = 10
_STEP = 160
_LENGTH_STEPS = 5  # 100 ms: what the shortest detectors of carriers want, twice
_PAUSE_STEPS = 4
_MOST = 32  # digits that wait
_ENDS = 3  # RFC 4733 §2.5.1.4: the end is sent three times


ToneStep = Callable[[int, int, str], tuple[bytes, bool]]
"""``inband.tone_step``."""


class Listener:
    """Turns event packets into digits: one digit per event timestamp, whatever is lost or repeated (§2.5)."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=4)

    def hear(self, timestamp: int, payload: bytes) -> str | None:
        """The digit, the first time that this event is seen."""
        if len(payload) < EVENT.size or payload[0] >= len(KEYS) or timestamp in self._seen:
            return None
        self._seen.append(timestamp)
        return KEYS[payload[0]]

    def forget(self) -> None:
        """A new source has timestamps of its own."""
        self._seen.clear()


class Dialler:
    """What a leg sends for the digits it is asked to send: one step each 20 ms."""

    __slots__ = ("_step", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, bool]] = deque()
        self._step = 0

    def add(self, digit: str, heard: bool = False) -> bool:
        """False for what is no key of a phone, and for a key that is on its way already by the other source:
        ``heard`` in the audio, or ordered. One press may come by both."""
        if digit not in KEYS or len(digit) != 1 or len(self._waiting) >= _MOST:
            return False
        one = KEYS.index(digit), heard
        if self._waiting and self._waiting[-1] == (one[0], not heard):
            return False
        self._waiting.append(one)
        return True

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def tone(self, law: str, tone_step: ToneStep) -> tuple[bool, bytes]:
        """The same where telephone-event was not agreed: (True for a digit's first frame, 20 ms to send)."""
        frame, over = tone_step(self._waiting[0][0], self._step, law)
        first = self._step == 0
        self._step += 1
        if over:
            self._waiting.popleft()
            self._step = 0
        return first, frame

    def step(self) -> tuple[bool, list[bytes]]:
        """(True for the first packet of a digit, payloads to send now); the pause after a digit is empty."""
        event, step = self._waiting[0][0], self._step
        self._step += 1
        if step < _LENGTH_STEPS:
            return step == 0, [EVENT.pack(event, _VOLUME, _STEP * (step + 1))]
        if step == _LENGTH_STEPS:
            return False, [EVENT.pack(event, 0x80 | _VOLUME, _STEP * (step + 1))] * _ENDS
        if step >= _LENGTH_STEPS + _PAUSE_STEPS:
            self._waiting.popleft()
            self._step = 0
        return False, []
