"""When a voicemail's caller counts as silent: energy in the telephone band above the line's own noise."""

import numpy as np
import numpy.typing as npt
import pytest

from cordboard.media.embedded import silence
from cordboard.media.embedded.g711 import DECODED, PCMA
from cordboard.media.embedded.laws import encode

RATE = 8000
_FULL_SCALE_DBM0 = 3.14

Samples = npt.NDArray[np.int16]


def at_level(wave: npt.NDArray[np.float64], dbm0: float) -> npt.NDArray[np.float64]:
    """Scaled to an effective value."""
    rms = 32768 / np.sqrt(2) * 10 ** ((dbm0 - _FULL_SCALE_DBM0) / 20)
    scaled: npt.NDArray[np.float64] = wave / np.sqrt(np.mean(wave**2)) * rms
    return scaled


def sine(frequency: float, seconds: float, dbm0: float) -> npt.NDArray[np.float64]:
    return at_level(np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE), dbm0)


def noise(seconds: float, dbm0: float, seed: int = 7) -> npt.NDArray[np.float64]:
    return at_level(np.random.default_rng(seed).standard_normal(round(seconds * RATE)), dbm0)


def speech(seconds: float, dbm0: float = -20.0) -> npt.NDArray[np.float64]:
    """Syllables, four a second, of a voice's harmonics."""
    at = np.arange(round(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 150 * n * at) / n for n in range(1, 20))
    return at_level(np.asarray(voice) * np.clip(np.sin(2 * np.pi * 2 * at) ** 2 - 0.1, 0, 1), dbm0)


def on_the_line(*parts: npt.NDArray[np.float64]) -> Samples:
    """Through A-law, as the recorder gets it."""
    pcm = np.clip(np.rint(np.concatenate(parts)), -32768, 32767).astype("<i2").tobytes()
    return np.array(DECODED[PCMA], np.int16)[np.frombuffer(encode(pcm, PCMA), np.uint8)]


def fell_silent_at(line: Samples, seconds: float, piece: int = 2000) -> float | None:
    """Seconds on the line at which it was told; it may be told once only."""
    listener, told = silence.Listener(seconds), None
    for start in range(0, len(line), piece):
        if listener.hear(line[start : start + piece]):
            assert told is None, "told twice"
            told = (start + piece) / RATE
    return told


def quiet(seconds: float) -> npt.NDArray[np.float64]:
    return np.zeros(round(seconds * RATE))


def test_voicemail_silence_is_told_once_so_long_after_the_last_word() -> None:
    told = fell_silent_at(on_the_line(quiet(1), speech(4), quiet(8)), 3.0)
    assert told is not None
    assert 7.7 <= told <= 8.5


def test_voicemail_silence_counts_from_the_start_when_nothing_is_said() -> None:
    assert fell_silent_at(on_the_line(quiet(5)), 2.0) == 2.0


@pytest.mark.parametrize("pause", [0.5, 1.5, 2.5])
def test_a_pause_shorter_than_that_is_none(pause: float) -> None:
    assert (
        fell_silent_at(on_the_line(speech(2), quiet(pause), speech(2), quiet(pause), speech(2)), 3.0) is None
    )


@pytest.mark.parametrize(
    "line",
    [
        noise(6, -65),
        noise(6, -50),
        noise(6, -40),
        sine(50, 6, -20),
        sine(60, 6, -20),
        sine(50, 6, -25) + sine(100, 6, -35) + sine(150, 6, -45),
        noise(6, -55) + sine(50, 6, -25),
    ],
    ids=["comfort noise", "line noise", "loud noise", "50 Hz", "60 Hz", "hum and its harmonics", "both"],
)
def test_neither_comfort_noise_nor_hum_is_speech(line: npt.NDArray[np.float64]) -> None:
    told = fell_silent_at(on_the_line(speech(2, -20), line), 3.0)
    assert told is not None
    assert told <= 6.0, "it fell silent when the speech was over, or when its noise was known"


def test_speech_over_noise_and_hum_is_heard() -> None:
    talk = speech(8, -24) + noise(8, -50) + sine(50, 8, -25)
    assert fell_silent_at(on_the_line(talk), 2.0) is None


def test_a_quiet_voice_is_heard() -> None:
    assert fell_silent_at(on_the_line(quiet(1), speech(8, -36)), 2.0) is None


def test_who_speaks_without_a_pause_is_not_taken_for_noise() -> None:
    assert fell_silent_at(on_the_line(sine(440, 10, -20)), 2.0) is None


def test_a_click_is_no_word() -> None:
    clicks = [piece for _ in range(6) for piece in (quiet(0.4), sine(1000, 0.01, -10))]
    assert fell_silent_at(on_the_line(*clicks), 2.0) is not None


def test_it_is_the_same_in_whatever_pieces_it_comes() -> None:
    line = on_the_line(speech(2), quiet(3))
    told = {fell_silent_at(line, 1.0, piece) for piece in (160, 80, 40)}
    assert len(told) == 1


def test_levels_are_those_of_the_band() -> None:
    rows = on_the_line(sine(1000, 1, -18)).reshape(-1, silence.FRAME)
    assert np.allclose(silence.levels(rows), -18, atol=0.5)
    hum = on_the_line(sine(50, 1, -18)).reshape(-1, silence.FRAME)
    assert silence.levels(hum).max() < -45
