"""Keys as tones in the audio itself (ITU-T Q.23), for legs without telephone-event (telephony.md 20).

Hearing follows Q.24 and its talk-off: both tones within 1.6 % of their place (beyond 3 % they do not count),
between -32 dBm0 and full scale, twist between -9 and +5 dB, for 40 ms. Nothing else may sound beside them:
that is what tells a key from a voice.
"""

from bisect import bisect_left
from functools import cache
from math import cos, pi, sin
from operator import mul

from cordboard.media.embedded.digits import KEYS
from cordboard.media.embedded.g711 import DECODED, SILENCE, is_silent
from cordboard.media.embedded.rtp import FRAME

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_PAD = "123A456B789C*0#D"
_RATE = 8000
_HALF = FRAME // 2
_SCALE = 1 << 12  # of the tables: whole numbers multiply faster
_INNER = (0.0, -0.008, 0.008, -0.016, 0.016)
_OUTER = (-0.032, 0.032)
_TONE_STEPS = 5  # 100 ms of tone …
_PAUSE_STEPS = 5  # … and of silence behind it
_FULL_SCALE_DBM0 = 3.14
_LOW_DBM0, _HIGH_DBM0 = -10.0, -8.0
_WEAKEST = 160 * (32767 * 10 ** ((-32 - _FULL_SCALE_DBM0) / 20)) ** 2 / 2  # energy of 20 ms of one tone

Table = tuple[tuple[int, ...], tuple[int, ...]]


@cache
def _table(frequency: float, size: int, rate: int) -> Table:
    angle = 2 * pi * frequency / rate
    return (
        tuple(round(_SCALE * cos(angle * at)) for at in range(size)),
        tuple(round(_SCALE * sin(angle * at)) for at in range(size)),
    )


_COARSE = {group: [_table(one, _HALF, _RATE // 2) for one in group] for group in (LOW, HIGH)}


def _power(samples: list[int], table: Table) -> float:
    """The energy of the samples that one frequency explains."""
    real, imaginary = sum(map(mul, samples, table[0])), sum(map(mul, samples, table[1]))
    return float(real * real + imaginary * imaginary) * 2 / (_SCALE * _SCALE * len(samples))


class ToneListener:
    """Finds keys in the frames of one leg: each once, when it has sounded long enough."""

    __slots__ = ("_before", "_down", "_loud", "_missing", "_rest", "_suspect", "_window")

    def __init__(self) -> None:
        self._rest = b""
        self._before: list[int] = []
        self._suspect = ""
        self._window = ""  # the key in the last 20 ms looked at closely
        self._down = ""  # the key that was told and still sounds
        self._loud = 0.0
        self._missing = 0

    def hear(self, payload: bytes, law: str, follows: bool) -> str | None:
        """The key that has become certain with this audio. ``follows``: nothing was lost before it."""
        if not follows:
            self._before, self._rest, self._window = [], b"", ""
        if len(payload) == FRAME and not self._rest:
            return self._frame(payload, law)
        data, found = self._rest + payload, None
        while len(data) >= FRAME:
            found = self._frame(data[:FRAME], law) or found
            data = data[FRAME:]
        self._rest = data
        return found

    def _frame(self, frame: bytes, law: str) -> str | None:
        if is_silent(frame, law):
            self._before, self._suspect, self._window, self._down = [], "", "", ""
            return None
        table = DECODED[law]
        half = [table[byte] for byte in frame[::2]]
        energy = float(sum(map(mul, half, half)))
        key = _coarse(half, energy)
        self._is_down(key, energy)
        found = None
        if key or self._suspect:
            samples = [table[byte] for byte in frame]
            found = self._look_closely(samples, key or self._suspect)
            self._before = samples
        else:
            self._before, self._window = [], ""
            if not self._down:
                self._before = [table[byte] for byte in frame]  # a key may begin within it
        self._suspect = key
        if not found or found == self._down:
            return None
        self._down, self._loud, self._missing = found, energy, 0
        return found

    def _is_down(self, key: str, energy: float) -> None:
        """A key is over when its sound is gone for a frame, or another has sounded for two."""
        if not self._down:
            return
        self._missing = 0 if key == self._down else self._missing + 1
        if self._missing > 1 or (self._missing and energy < self._loud / 10):
            self._down = ""

    def _look_closely(self, samples: list[int], key: str) -> str:
        """The key, when two stretches of 20 ms, 10 ms apart, both hold it and nothing else."""
        last = self._window
        found = ""
        if self._before:
            if not last:
                last = key if _is_key(self._before, key) else ""
            middle = key if _is_key(self._before[_HALF:] + samples[:_HALF], key) else ""
            found = middle if middle and middle == last else ""
            last = middle
        self._window = key if _is_key(samples, key) else ""
        if not found and self._window and self._window == last:
            found = self._window
        return found


def _coarse(half: list[int], energy: float) -> str:
    """The key that this may be: at half the rate, and what a voice rarely has - high tones - first."""
    if energy * 2 < _WEAKEST:
        return ""
    high = [_power(half, table) for table in _COARSE[HIGH]]
    above = max(high)
    if above < 0.03 * energy:
        return ""
    low = [_power(half, table) for table in _COARSE[LOW]]
    below = max(low)
    if below < 0.03 * energy or above + below < 0.3 * energy:
        return ""
    return _PAD[4 * low.index(below) + high.index(above)]


def _is_key(samples: list[int], key: str) -> bool:
    """Do these 20 ms hold the two tones of the key and nothing else?"""
    place = _PAD.index(key)
    row, column = LOW[place // 4], HIGH[place % 4]
    energy = float(sum(map(mul, samples, samples)))
    low, high = _near(samples, row), _near(samples, column)
    if low < _WEAKEST or high < _WEAKEST or low + high < 0.88 * energy:
        return False
    if not 0.12 * low < high < 3.2 * low:
        return False
    for best, chosen, group in ((low, row, LOW), (high, column, HIGH)):
        for other in group:
            if other != chosen and _power(samples, _table(other, FRAME, _RATE)) > 0.3 * best:
                return False
    return True


def _near(samples: list[int], frequency: int) -> float:
    """The energy of the tone at or very near this place; 0 where it is stronger farther off."""
    best = max(_power(samples, _table(frequency * (1 + off), FRAME, _RATE)) for off in _INNER)
    if any(_power(samples, _table(frequency * (1 + off), FRAME, _RATE)) > best for off in _OUTER):
        return 0.0
    return best


# --- sending -------------------------------------------------------------------------------------------


@cache
def _levels(law: str) -> tuple[list[int], list[int]]:
    pairs = sorted((sample, byte) for byte, sample in enumerate(DECODED[law]))
    return [sample for sample, _ in pairs], [byte for _, byte in pairs]


@cache
def tone(key: str, law: str) -> bytes:
    """100 ms of a key in this law: the low tone at -10 dBm0, the high one at -8."""
    place = _PAD.index(key)
    samples, codes = _levels(law)
    low, high = (32767 * 10 ** ((level - _FULL_SCALE_DBM0) / 20) for level in (_LOW_DBM0, _HIGH_DBM0))
    step = 2 * pi / _RATE
    out = bytearray()
    for at in range(_TONE_STEPS * FRAME):
        wanted = low * sin(step * LOW[place // 4] * at) + high * sin(step * HIGH[place % 4] * at)
        spot = min(bisect_left(samples, wanted), len(samples) - 1)
        nearer = spot > 0 and wanted - samples[spot - 1] < samples[spot] - wanted
        out.append(codes[spot - nearer])
    return bytes(out)


def tone_step(event: int, step: int, law: str) -> tuple[bytes, bool]:
    """(20 ms to send, True when the key and the pause behind it are over) for a telephone-event number."""
    if step < _TONE_STEPS:
        return tone(KEYS[event], law)[step * FRAME : (step + 1) * FRAME], False
    return SILENCE[law] * FRAME, step >= _TONE_STEPS + _PAUSE_STEPS - 1
