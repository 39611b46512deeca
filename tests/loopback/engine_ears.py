"""Judging audio as audio: where one sound lies in another, which tones there are, is a stream whole."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from cordboard.media import tones
from cordboard.simulator.ears import tone_in
from cordboard.simulator.listener import Packet
from cordboard.simulator.speaker import Speaker
from cordboard.simulator.tones import RATE, sine
from tests.loopback.engine_kit import CLOSE_HZ

Pcm = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
_LOUD = 800.0
_BRIDGED = 0.06
ALIKE = 0.95
"""Two stretches of audio that went through G.711 are the same."""
SKIPS: list[int] = []


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
    """From when to when this tone is the most of what is heard (to about 30 ms). A hole of a frame or two, as
    late packets make, is bridged."""
    step, wide = 160, 480
    ends = range(0, max(len(samples) - wide, 0) + 1, step)
    spans: list[tuple[float, float]] = []
    for at in ends:
        if not _is_tone(samples[at : at + wide], hertz):
            continue
        if spans and seconds(at) <= spans[-1][1] + _BRIDGED:
            spans[-1] = spans[-1][0], seconds(at + wide)
        else:
            spans.append((seconds(at), seconds(at + wide)))
    return [span for span in spans if span[1] - span[0] >= shortest]


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


def assert_one_stream(packets: list[Packet]) -> None:
    """One SSRC, a sequence that goes up by one, no gap over 40 ms by timestamps (telephony.md 18).

    A phone of the test itself that came too late left audio out: that gap is not the engine's.
    """
    assert packets and packets[0].marker
    assert len({packet.ssrc for packet in packets}) == 1
    assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(packets))
    gaps = [((b.timestamp - a.timestamp) % 2**32 - a.size) / 8 for a, b in pairwise(packets)]
    long = [gap for gap in gaps if gap > 40]
    assert len(long) <= len(SKIPS), f"gaps of {long} ms in {len(packets)} packets"


def is_music(samples: Pcm) -> bool:
    """Is this a stretch of the engine's hold music?"""
    music = np.frombuffer(tones.hold_music(), "<i2")
    return found_in(samples, np.tile(music, 2))[1] > ALIKE


@contextmanager
def lateness_counted() -> Iterator[None]:
    """Count in ``SKIPS`` what phones of the test leave out because this process is late."""
    skip = Speaker.skip

    def told(speaker: Speaker, frames: int) -> None:
        SKIPS.append(frames)
        skip(speaker, frames)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Speaker, "skip", told)
        SKIPS.clear()
        yield
