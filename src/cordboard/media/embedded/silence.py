"""Has the recorded leg fallen silent? For the recorder only (a voicemail's `silence_seconds`).

Each 20 ms are judged by their energy between 300 and 3400 Hz: the hum of a power line (50 or 60 Hz and what
is near) lies below that band, and a Hann window keeps it there. What counts as speech stands 10 dB above the
line's own noise, which is the quietest 100 ms of the last three seconds, and never lies below -45 dBm0 or
above -30 dBm0: comfort noise and a steady noise are silence, somebody who speaks without a pause is not.
Exact digital silence (DTX, lost packets) tells nothing of the line's noise. A click does not count: three
of five frames in a row must speak.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from cordboard.media.embedded.align import RATE

FRAME = RATE // 50
_BLOCK = 5  # frames: 100 ms
_FLOOR_BLOCKS = 30  # three seconds
_SPOKEN = 3  # frames of the last five
_ABOVE_FLOOR_DB = 10.0
_LOWEST_DBM0, _HIGHEST_DBM0 = -45.0, -30.0
_NOTHING_DBM0 = -99.0
_DIGITAL = 16  # a sample of G.711's own silence is no larger, in either law

# A sine that fills 16 bits is +3.14 dBm0 in A-law (G.711). The window's energy is 3/8 of its length, and the
# lower half of a spectrum holds half of the energy.
_WINDOW = np.hanning(FRAME)
_FULL = (32768.0**2 / 2) * float(np.sum(_WINDOW**2)) * FRAME / 2
_FULL_SCALE_DBM0 = 3.14
_BAND = slice(300 * FRAME // RATE, 3400 * FRAME // RATE + 1)


class Listener:
    """Hears one leg in pieces. ``fell_silent`` turns true once, for good."""

    def __init__(self, seconds: float) -> None:
        self._wanted = round(seconds * RATE / FRAME)
        self._rest: npt.NDArray[np.int16] = np.zeros(0, np.int16)
        self._floor: deque[float] = deque(maxlen=_FLOOR_BLOCKS)
        self._block: list[float] = []
        self._lately: deque[bool] = deque(maxlen=_BLOCK)
        self._quiet = 0
        self.fell_silent = False

    def hear(self, samples: npt.NDArray[np.int16]) -> bool:
        """The next samples. True the one time that it has become silent for long enough."""
        if self.fell_silent:
            return False
        samples = np.concatenate([self._rest, samples])
        count = len(samples) // FRAME
        self._rest = samples[count * FRAME :]
        frames = samples[: count * FRAME].reshape(count, FRAME)
        for level, digital in zip(levels(frames), _digital(frames), strict=True):
            self._judge(float(level), bool(digital))
            if self._quiet >= self._wanted:
                self.fell_silent = True
                return True
        return False

    def _judge(self, level: float, digital: bool) -> None:
        limit = min(max(min(self._floor, default=level) + _ABOVE_FLOOR_DB, _LOWEST_DBM0), _HIGHEST_DBM0)
        self._lately.append(level > limit)
        self._quiet = 0 if sum(self._lately) >= _SPOKEN else self._quiet + 1
        if digital:
            self._block.clear()
            return
        self._block.append(level)
        if len(self._block) == _BLOCK:
            self._floor.append(sum(self._block) / _BLOCK)
            self._block.clear()


def levels(frames: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """dBm0 of each row of 20 ms, between 300 and 3400 Hz."""
    spectrum = np.abs(np.fft.rfft(frames * _WINDOW, axis=1))[:, _BAND]
    energy = np.square(spectrum).sum(axis=1)
    loud: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(energy / _FULL, 1e-12)) + _FULL_SCALE_DBM0
    return np.maximum(loud, _NOTHING_DBM0)


def _digital(frames: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    quiet: npt.NDArray[np.bool_] = np.abs(frames.astype(np.int32)).max(axis=1) <= _DIGITAL
    return quiet
