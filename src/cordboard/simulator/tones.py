"""The tone that each number speaks: told apart by ear and by FFT, and no tone is another's multiple.

Phones speak 1000–1990 Hz in steps of 10, callers 2105–3095 Hz: a caller's tone ends in 5, which no multiple
of a phone's does. Numbers that follow one another lie far apart (37 steps).
"""

import numpy as np
import numpy.typing as npt

RATE = 8000
LEVEL = 6000.0  # of 32768: about -15 dBm0
_PERIOD = RATE // 5  # every tone is a multiple of 5 Hz: whole waves in 200 ms

Pcm = npt.NDArray[np.int16]


def tone_of(number: str) -> int:
    """Hz of the phone with this number, by its last two digits."""
    return 1000 + 10 * _place(number)


def caller_tone_of(number: str) -> int:
    """Hz of a caller with this number, by its last two digits."""
    return 2105 + 10 * _place(number)


def _place(number: str) -> int:
    digits = "".join(letter for letter in number if letter in "0123456789")
    return int(digits[-2:] or "0") * 37 % 100


def sine(hertz: int, seconds: float = _PERIOD / RATE) -> Pcm:
    """A tone as signed 16 bit, 8 kHz. The default length repeats without a seam for multiples of 5 Hz."""
    at = np.arange(round(seconds * RATE))
    return np.asarray(LEVEL * np.sin(2 * np.pi * hertz * at / RATE), dtype=np.int16)


def announcement(number: str, seconds: float) -> Pcm:
    """What a network says before it gives up: the three special information tones (ITU-T E.180 §3.7), then
    the number's own tone where words would be."""
    signs = [sine(hertz, 0.33) for hertz in (950, 1400, 1800)]
    return np.concatenate([*signs, sine(tone_of(number), seconds - 0.99)])
