"""Keys as tones (telephony.md 20, ITU-T Q.24): what is heard, and what is not taken for one."""

import numpy as np
import pytest
import soxr

from cordboard.media import tones
from cordboard.media.embedded.inband import HIGH, LOW, ToneListener, tone
from cordboard.media.embedded.laws import encode
from cordboard.media.sounds import pcm
from cordboard.media.sounds.speech import Espeak

PAD = "123A456B789C*0#D"
Samples = np.ndarray[tuple[int], np.dtype[np.float64]]


def level(dbm0: float) -> float:
    return float(32767 * 10 ** ((dbm0 - 3.14) / 20))


def key(
    digit: str, ms: float, off: float = 0.0, low: float = -10, high: float = -8, lead: int = 333
) -> Samples:
    """A press in silence, ``lead`` samples after the beginning."""
    place, at = PAD.index(digit), np.arange(round(ms * 8)) / 8000
    wave = level(low) * np.sin(2 * np.pi * LOW[place // 4] * (1 + off) * at)
    wave += level(high) * np.sin(2 * np.pi * HIGH[place % 4] * (1 + off) * at + 1)
    return np.concatenate([np.zeros(lead), wave, np.zeros(640)])


def heard(wave: Samples, law: str = "PCMA", size: int = 160) -> str:
    data = encode(np.clip(wave, -32767, 32767).astype("<i2").tobytes(), law)
    ear = ToneListener()
    found = [ear.hear(data[at : at + size], law, at > 0) for at in range(0, len(data), size)]
    return "".join(digit for digit in found if digit)


@pytest.mark.parametrize("law", ["PCMA", "PCMU"])
@pytest.mark.parametrize("off", [0.0, 0.015, -0.015])
@pytest.mark.parametrize("lead", [320, 333, 360, 399, 440, 479])
def test_telephony_20_every_key_is_heard_after_40_ms_within_1_5_percent(
    law: str, off: float, lead: int
) -> None:
    for digit in PAD:
        assert heard(key(digit, 40, off, lead=lead), law) == digit


@pytest.mark.parametrize(
    ("low", "high"), [(-3, -3), (-27, -27), (-8, -15), (-6, -14), (-14, -10), (-25, -21)]
)
def test_telephony_20_levels_and_twist(low: float, high: float) -> None:
    for digit in PAD:
        assert heard(key(digit, 50, 0.01, low, high)) == digit


@pytest.mark.parametrize("ms", [10, 20, 23])
def test_q24_what_is_shorter_than_24_ms_is_no_key(ms: float) -> None:
    assert "".join(heard(key(digit, ms, lead=lead)) for digit in PAD for lead in (320, 371, 440)) == ""


@pytest.mark.parametrize("off", [0.035, -0.035])
def test_q24_what_is_3_5_percent_off_is_no_key(off: float) -> None:
    assert "".join(heard(key(digit, 100, off)) for digit in PAD) == ""


def test_a_single_tone_and_an_uneven_pair_are_no_keys() -> None:
    assert heard(key("5", 100, low=-8, high=-60)) == ""
    assert heard(key("5", 100, low=-60, high=-8)) == ""
    assert heard(key("5", 100, low=-8, high=-20)) == ""


def test_a_number_is_heard_key_by_key_in_packets_of_any_size() -> None:
    number = "0123456789*#ABCD5550011"
    wave = np.concatenate([key(digit, 50, lead=0)[: 400 + 330] for digit in number])
    for size in (80, 160, 240, 480):
        assert heard(wave, size=size) == number


def test_a_key_with_noise_a_dent_or_a_lost_packet_is_one_key() -> None:
    noise = np.random.default_rng(7).normal(0, 300, 5000)
    wave = key("6", 400)
    assert heard(wave + noise[: len(wave)]) == "6"
    dented = wave.copy()
    dented[1500:1560] = 0
    assert heard(dented) == "6"
    data = encode(wave.astype("<i2").tobytes(), "PCMA")
    ear = ToneListener()
    frames = [data[at : at + 160] for at in range(0, len(data), 160)]
    found = [ear.hear(frame, "PCMA", number != 9) for number, frame in enumerate(frames) if number != 8]
    assert [digit for digit in found if digit] == ["6"]


def test_what_we_send_is_heard_at_the_level_of_q23() -> None:
    for law in ("PCMA", "PCMU"):
        for digit in PAD:
            ear = ToneListener()
            sound = tone(digit, law)
            found = [ear.hear(sound[at : at + 160], law, True) for at in range(0, 800, 160)]
            assert [one for one in found if one] == [digit]


TEXT = (
    "Please press one for sales, two for support, or stay on the line. Your call is important to us. "
    "She sells sea shells; the quick brown fox jumps over the lazy dog, and nine men mine tin in the Yemen. "
    "We owe you a year of wheel ear oil, eighteen hundred and sixty, zero seven eleven, hash star. "
)


def test_telephony_20_no_key_is_heard_in_minutes_of_speech() -> None:
    espeak, seconds = Espeak(), 0.0
    for voice in ("en-us", "hi", "ta", "bn", "de", "fr", "pl"):
        spoken = espeak.speak(TEXT, voice)
        for higher in (1.0, 1.5):  # men's voices and women's
            prompt = pcm.as_prompt(soxr.resample(spoken, espeak.rate * higher, 8000)).astype(np.float64)
            for loud in (1.0, 3.0):
                assert heard(prompt * loud) == ""
            seconds += 2 * len(prompt) / 8000
    assert seconds > 300


def test_telephony_20_no_key_is_heard_in_music_tones_and_noise() -> None:
    music = np.frombuffer(tones.hold_music(), "<i2").astype(np.float64)
    assert heard(music * 3) == ""
    for country in ("IN", "US", "GB", "FR", "JP"):
        for kind in ("ringback", "busy", "congestion"):
            sound = tones.rendered(tones.tone(country, kind))
            assert heard(np.tile(np.frombuffer(sound, "<i2"), 3).astype(np.float64)) == ""
    assert heard(np.random.default_rng(3).normal(0, 4000, 80_000)) == ""
    at = np.arange(160_000) / 8000
    assert heard(8000 * np.sin(2 * np.pi * (300 * at + 40 * at * at))) == "", "a sweep over the band"
