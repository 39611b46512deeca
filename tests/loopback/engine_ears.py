"""Judging audio as audio: where one sound lies in another, which tones there are, whether a stream is whole."""

import io
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from cordboard.simulator.ears import tone_in
from cordboard.simulator.listener import Packet
from cordboard.simulator.tones import RATE, sine
from tests.loopback.engine_kit import CLOSE_HZ

Pcm = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
_LOUD = 800.0


def seconds(count: int) -> float:
    """Samples as seconds."""
    return count / RATE


def wav_of(hertz: int, length: float) -> bytes:
    """A tone as the platform wants its files: WAV, 8 kHz, 16 bit, mono."""
    out = io.BytesIO()
    soundfile.write(out, sine(hertz, length), RATE, format="WAV", subtype="PCM_16")
    return out.getvalue()


def read_wav(data: bytes) -> tuple[Pcm, int]:
    """Samples by channel (rows), and the rate."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
    return np.ascontiguousarray(samples.T), rate


def found_in(part: Pcm, whole: Pcm) -> tuple[float, float]:
    """Where ``part`` lies in ``whole`` (seconds), and how alike the two are there (1: the same)."""
    needle, hay = part.astype(np.float64), whole.astype(np.float64)
    size = 1 << (len(hay) + len(needle) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size)), size)
    places = len(hay) - len(needle) + 1
    power = np.concatenate(([0.0], np.cumsum(hay**2)))
    held = np.sqrt(np.maximum(power[len(needle) :] - power[:places], 1.0) * max((needle**2).sum(), 1.0))
    alike = product[:places] / held
    best = int(alike.argmax())
    return seconds(best), float(alike[best])


def tone_spans(samples: Any, hertz: float, shortest: float = 0.1) -> list[tuple[float, float]]:
    """From when to when this tone is the most of what is heard (to about 30 ms)."""
    step, wide = 160, 480
    inside = [
        _is_tone(samples[at : at + wide], hertz) for at in range(0, max(len(samples) - wide, 0) + 1, step)
    ]
    spans: list[tuple[float, float]] = []
    began = None
    for place, one in enumerate([*inside, False]):
        if one and began is None:
            began = place
        elif not one and began is not None:
            span = seconds(began * step), seconds((place - 1) * step + wide)
            if span[1] - span[0] >= shortest:
                spans.append(span)
            began = None
    return spans


def _is_tone(samples: Any, hertz: float) -> bool:
    if len(samples) < 400 or np.abs(samples).max() < _LOUD:
        return False
    found, share = tone_in(samples)
    return abs(found - hertz) < 3 * CLOSE_HZ and share > 0.6


def onsets(samples: Pcm, quiet: float = 0.15) -> list[float]:
    """When sound begins after at least ``quiet`` seconds of silence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _LOUD)
    if not len(loud):
        return []
    first = [loud[0], *(b for a, b in pairwise(loud) if b - a > quiet * RATE)]
    return [seconds(int(at)) for at in first]


def assert_one_stream(packets: list[Packet], skipped: int = 0) -> None:
    """One SSRC, a sequence that goes up by one, no gap over 40 ms by timestamps (telephony.md 18).

    ``skipped``: how often a phone of the test itself came too late and left audio out.
    """
    assert packets and packets[0].marker
    assert len({packet.ssrc for packet in packets}) == 1
    assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(packets))
    gaps = [((b.timestamp - a.timestamp) % 2**32 - a.size) / 8 for a, b in pairwise(packets)]
    long = [gap for gap in gaps if gap > 40]
    assert len(long) <= skipped, f"gaps of {long} ms in {len(packets)} packets"
