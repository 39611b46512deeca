"""Sounds that cordboard makes itself: hold music and the tones of a country. Signed 16 bit, 8 kHz, mono.

The hold music is synthesised by the code below from a chord sequence that was written for it. Nothing of it
is taken from anywhere; it is part of cordboard and under cordboard's licence (Apache-2.0), as its sound is.
Levels: -18 dBm0 for music (telephony.md 22); tones after ITU-T E.180 and its national supplement.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

RATE = 8000
FULL_SCALE_DBM0 = 3.14
"""A sine that fills 16 bits is +3.14 dBm0 in A-law (G.711)."""

Samples = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Tone:
    """``parts``: frequencies that sound together. ``beat``: a modulating frequency (India: 400×25) or 0.
    ``cadence``: seconds on, off, on, off …; empty for a continuous tone."""

    parts: tuple[float, ...]
    beat: float = 0.0
    cadence: tuple[float, ...] = ()


_EUROPE = {
    "ringback": Tone((425.0,), cadence=(1.0, 4.0)),
    "busy": Tone((425.0,), cadence=(0.5, 0.5)),
    "congestion": Tone((425.0,), cadence=(0.25, 0.25)),
}
_AMERICA = {
    "ringback": Tone((440.0, 480.0), cadence=(2.0, 4.0)),
    "busy": Tone((480.0, 620.0), cadence=(0.5, 0.5)),
    "congestion": Tone((480.0, 620.0), cadence=(0.25, 0.25)),
}
_BRITAIN = {
    "ringback": Tone((400.0, 450.0), cadence=(0.4, 0.2, 0.4, 2.0)),
    "busy": Tone((400.0,), cadence=(0.375, 0.375)),
    "congestion": Tone((400.0,), cadence=(0.4, 0.35, 0.225, 0.525)),
}
_INDIA = {
    "ringback": Tone((400.0,), beat=25.0, cadence=(0.4, 0.2, 0.4, 2.0)),
    "busy": Tone((400.0,), cadence=(0.75, 0.75)),
    "congestion": Tone((400.0,), cadence=(0.25, 0.25)),
}
_COUNTRIES = {
    "IN": _INDIA,
    "US": _AMERICA,
    "CA": _AMERICA,
    "GB": _BRITAIN,
    "IE": _BRITAIN,
    "AU": _BRITAIN | {"ringback": Tone((400.0,), beat=17.0, cadence=(0.4, 0.2, 0.4, 2.0))},
    "SG": _BRITAIN | {"ringback": Tone((400.0,), beat=24.0, cadence=(0.4, 0.2, 0.4, 2.0))},
    "FR": _EUROPE | {"ringback": Tone((440.0,), cadence=(1.5, 3.5))},
    "JP": {
        "ringback": Tone((400.0,), beat=16.0, cadence=(1.0, 2.0)),
        "busy": Tone((400.0,), cadence=(0.5, 0.5)),
        "congestion": Tone((400.0,), cadence=(0.5, 0.5)),
    },
}


def tone(country: str, kind: str) -> Tone:
    """``ringback``, ``busy`` or ``congestion`` of a country (ISO code); the European one where unknown."""
    return _COUNTRIES.get(country.upper(), _EUROPE)[kind]


@cache
def rendered(wanted: Tone, dbm0: float = -18.0) -> bytes:
    """One period of a tone, to be looped."""
    cadence = wanted.cadence or (1.0,)
    length = round(sum(cadence) * RATE)
    time = np.arange(length) / RATE
    wave = np.zeros(length)
    for frequency in wanted.parts:
        wave += np.sin(2 * np.pi * frequency * time)
    if wanted.beat:
        wave *= np.sin(2 * np.pi * wanted.beat * time)
    gate, start = np.zeros(length), 0.0
    sounding: list[tuple[int, int]] = []
    for index, seconds in enumerate(cadence):
        if index % 2 == 0:
            first, last = round(start * RATE), round((start + seconds) * RATE)
            gate[first:last] = 1.0
            sounding.append((first, last))
        start += seconds
    loud = np.concatenate([wave[first:last] for first, last in sounding])
    level = _amplitude(dbm0) / float(np.sqrt(np.mean(loud**2)))
    return _as_pcm(wave * gate * level)


def ringback(country: str) -> bytes:
    """One period of the ringing tone that a caller of this country knows."""
    return rendered(tone(country, "ringback"))


_BEEP_HZ, _BEEP_SECONDS, _BEEP_RAMP = 1000.0, 0.5, 0.01


@cache
def beep() -> bytes:
    """The tone after which to speak: 1 kHz for half a second, with ramps that do not click."""
    time = np.arange(round(_BEEP_SECONDS * RATE)) / RATE
    ramps = np.clip(np.minimum(time, _BEEP_SECONDS - time) / _BEEP_RAMP, 0, 1)
    wave = np.sin(2 * np.pi * _BEEP_HZ * time) * np.sin(np.pi / 2 * ramps) ** 2
    return _as_pcm(wave * np.sqrt(2) * _amplitude(-18.0))


_BEAT = 0.8  # seconds: 75 beats a minute
_CHORDS = (
    (57, 60, 64, 67),  # Am7
    (53, 57, 60, 64),  # Fmaj7
    (48, 55, 60, 64),  # C
    (55, 59, 62, 64),  # G6
    (57, 60, 64, 67),
    (50, 57, 60, 65),  # Dm7
    (53, 57, 60, 64),
    (55, 59, 62, 65),  # G7
)
_PATTERN = (0, 1, 2, 3, 2, 1, 2, 3)  # which note of the chord, each half beat


@cache
def hold_music() -> bytes:
    """A quiet arpeggio over eight chords, 25.6 s, whose end runs into its beginning."""
    half, bar = _BEAT / 2, _BEAT * 4
    length = round(bar * len(_CHORDS) * RATE)
    wave = np.zeros(length)
    for number, chord in enumerate(_CHORDS):
        start = number * bar
        _add(wave, start, _note(chord[0] - 12, bar * 1.2, 0.5, 0.02))
        for note in chord:
            _add(wave, start, _note(note, bar * 1.15, 0.16, 0.35))
        for step, which in enumerate(_PATTERN):
            _add(
                wave,
                start + step * half,
                _note(chord[which] + 12, 1.4, 0.6 if step % 4 == 0 else 0.42, 0.006),
            )
    wave = _band_limited(wave)
    return _as_pcm(wave * _amplitude(-18.0) / float(np.sqrt(np.mean(wave**2))))


def _note(pitch: int, seconds: float, loud: float, attack: float) -> Samples:
    """A soft pluck: three partials that die away, the higher ones sooner."""
    time = np.arange(round(seconds * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    wave = np.zeros(len(time))
    for partial, share in ((1, 1.0), (2, 0.35), (3, 0.12)):
        if frequency * partial < 3400:
            decay = np.exp(-time * (1.6 + 1.4 * (partial - 1)) / max(attack * 4, 0.6))
            wave += share * decay * np.sin(2 * np.pi * frequency * partial * time)
    rise = np.minimum(time / attack, 1.0)
    fall = np.minimum((seconds - time) / 0.05, 1.0)
    return loud * wave * rise * fall


def _add(wave: Samples, start: float, note: Samples) -> None:
    """Notes that outlast the end go on at the beginning: the loop has no seam."""
    places = (round(start * RATE) + np.arange(len(note))) % len(wave)
    np.add.at(wave, places, note)


def _band_limited(wave: Samples) -> Samples:
    """Only what a telephone carries: 300 to 3400 Hz, with soft edges."""
    spectrum = np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    low = np.clip((frequency - 200) / 100, 0, 1)
    high = np.clip((3500 - frequency) / 100, 0, 1)
    return np.fft.irfft(spectrum * low * high, len(wave))


def _amplitude(dbm0: float) -> float:
    """The effective value (of samples in ±32767) of a level."""
    return float(32767 / np.sqrt(2) * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20))


def _as_pcm(wave: Samples) -> bytes:
    return np.clip(np.round(wave), -32767, 32767).astype("<i2").tobytes()
