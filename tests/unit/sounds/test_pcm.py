"""Samples: channels, codings, levels, voices."""

import numpy as np
import pytest

from cordboard.media.sounds import frames, pcm, wav
from cordboard.media.sounds.voices import voice


def tone(hertz: float, peak: float, seconds: float = 1.0) -> pcm.Floats:
    return (peak * np.sin(np.arange(int(8000 * seconds)) * 2 * np.pi * hertz / 8000)).astype(np.float32)


def test_two_channels_are_mixed_without_overflow() -> None:
    data = np.array([32767, 32767, -32768, -32768, 100, -100], "<i2").tobytes()
    assert pcm.mono(wav.Wave(wav.PCM, 8000, 2, 16, data)).tolist() == [32767, -32768, 0]


def test_eight_bit_samples_are_unsigned() -> None:
    assert pcm.mono(wav.Wave(wav.PCM, 8000, 1, 8, b"\x00\x80\xff")).tolist() == [-32768, 0, 32512]


def test_g711_samples_are_those_of_the_tables_of_g711() -> None:
    assert pcm.mono(wav.Wave(wav.U_LAW, 8000, 1, 8, b"\x00\x80\xff\x7f")).tolist() == [-32124, 32124, 0, 0]
    assert pcm.mono(wav.Wave(wav.A_LAW, 8000, 1, 8, b"\xaa\x2a\xd5\x55")).tolist() == [32256, -32256, 8, -8]


def test_a_sine_at_full_scale_is_3_14_dbm0() -> None:
    assert pcm.level(tone(1000, 32767)) == pytest.approx(3.14, abs=0.01)
    assert pcm.level(np.zeros(8000, np.int16)) == -99.0


@pytest.mark.parametrize("peak", [20.0, 3000.0, 32000.0])
def test_telephony_22_a_prompt_is_at_minus_18_dbm0(peak: float) -> None:
    assert pcm.level(pcm.as_prompt(tone(1000, peak))) == pytest.approx(-18.0, abs=0.1)


def test_telephony_22_pauses_do_not_make_a_prompt_louder() -> None:
    spoken = np.concatenate([tone(1000, 3000), np.zeros(24000, np.float32)])
    assert pcm.level(pcm.as_prompt(spoken)) == pytest.approx(-18.0, abs=0.3)


@pytest.mark.parametrize(
    ("hertz", "kept"), [(50, False), (150, False), (400, True), (3300, True), (3800, False)]
)
def test_telephony_22_a_prompt_keeps_to_the_band(hertz: float, kept: bool) -> None:
    mixed = tone(1000, 8000) + tone(hertz, 8000)
    spectrum = np.abs(np.fft.rfft(pcm.as_prompt(mixed)))
    ratio = spectrum[round(hertz)] / spectrum[1000]
    assert ratio == pytest.approx(1.0, abs=0.05) if kept else ratio < 0.01


def test_what_is_too_loud_is_cut_and_not_wrapped() -> None:
    assert pcm.to_bytes(np.array([1e6, -1e6, 0.6])) == np.array([32767, -32768, 1], "<i2").tobytes()


def test_silence_and_nothing_stay_so() -> None:
    assert not pcm.as_prompt(np.zeros(1000, np.float32)).any()
    assert len(pcm.as_prompt(np.zeros(0, np.float32))) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please hold", "en"),
        ("नमस्ते Asha", "hi"),
        ("வணக்கம்", "ta"),
        ("నమస్కారం", "te"),
        ("Your OTP is १२३", "en"),
        ("12345", "en"),
        ("", "en"),
    ],
)
def test_the_script_chooses_the_voice(text: str, expected: str) -> None:
    assert voice(text) == expected


def test_a_child_is_not_believed() -> None:
    with pytest.raises(ValueError, match="too long"):
        frames.sizes(frames.HEAD.pack(10, 0xFFFFFFFF))
    with pytest.raises(ValueError, match="no object"):
        frames.note(b"[]")
    assert frames.sizes(frames.pack({"a": 1}, b"xyz")[:8]) == (8, 3)
