"""What the simulated phones' ears make of sounds."""

import itertools

import numpy as np
import pytest

from cordboard.simulator.companding import decode, encode
from cordboard.simulator.ears import Heard, describe_heard, tone_in
from cordboard.simulator.tones import RATE, Pcm, announcement, caller_tone_of, sine, tone_of


def quiet(seconds: float) -> Pcm:
    return np.zeros(round(seconds * RATE), np.int16)


def ringing(seconds: float, low: float = 400.0, beat: float = 25.0) -> Pcm:
    """India's: 400 Hz, modulated by 25 Hz, 0.4 on, 0.2 off, 0.4 on, 2.0 off."""
    at = np.arange(round(seconds * RATE)) / RATE
    wave = 4000 * np.sin(2 * np.pi * low * at) * (1 + np.sin(2 * np.pi * beat * at))
    turn = at % 3.0
    return np.where((turn < 0.4) | ((turn >= 0.6) & (turn < 1.0)), wave, 0).astype(np.int16)


def music(seconds: float) -> Pcm:
    """Chords of three notes with overtones, struck every 0.6 s and fading."""
    at = np.arange(round(seconds * RATE)) / RATE
    chords = ((262, 330, 392), (294, 349, 440), (330, 392, 494), (349, 440, 523))
    out = np.zeros_like(at)
    for beat in range(int(seconds / 0.6) + 1):
        struck = (at >= beat * 0.6) & (at < (beat + 1) * 0.6)
        fading = struck * np.exp(-(at - beat * 0.6) * 1.5)
        for note in chords[beat % 4]:
            for part, weight in ((1, 1.0), (2, 0.5), (3, 0.25)):
                out += fading * weight * 2000 * np.sin(2 * np.pi * note * part * at)
    return np.asarray(out, np.int16)


def babble(seconds: float) -> Pcm:
    """A voice of sorts: a buzz whose pitch glides, through a resonance that changes eight times a second."""
    random = np.random.default_rng(7)
    parts = []
    for _ in range(round(seconds * 8)):
        at = np.arange(RATE // 8) / RATE
        pitch = random.uniform(90, 180) + random.uniform(-200, 200) * at
        centre = random.uniform(300, 2500)
        buzz = sum(
            np.exp(-(((k * 130 - centre) / 500) ** 2)) * np.sin(2 * np.pi * k * np.cumsum(pitch) / RATE)
            for k in range(1, 25)
        )
        parts.append(1500 * np.hanning(len(at)) * np.asarray(buzz))
    return np.concatenate(parts).astype(np.int16)


def heard(*parts: Pcm, codec: str = "PCMA") -> list[Heard]:
    return describe_heard(decode(encode(np.concatenate(parts), codec), codec).tobytes())


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_tones_and_silence_are_told_with_their_times_and_frequencies(codec: str) -> None:
    found = heard(quiet(0.5), sine(1370, 2), sine(2105, 1), quiet(1), codec=codec)
    assert [(one.what, one.hertz) for one in found] == [
        ("silence", ()),
        ("tone", (1370,)),
        ("tone", (2105,)),
        ("silence", ()),
    ]
    assert [one.end for one in found] == pytest.approx([0.5, 2.5, 3.5, 4.5], abs=0.04)


def test_two_tones_at_once_are_a_conversation_mixed() -> None:
    (found,) = heard(sine(1370, 1.5) // 2 + sine(3095, 1.5) // 2)
    assert (found.what, found.hertz) == ("tones", (1370, 3095))


@pytest.mark.parametrize(("low", "beat"), [(400.0, 25.0), (425.0, 0.0), (440.0, 20.0)])
def test_ringing_is_one_with_its_cadence(low: float, beat: float) -> None:
    found = heard(ringing(7.0, low, beat), sine(1000, 2))
    assert [one.what for one in found] == ["ringing", "tone"]
    assert found[0].end == pytest.approx(7.0, abs=0.05)


def test_the_story_of_a_call_is_told_in_order() -> None:
    found = heard(music(5), babble(4), ringing(4), quiet(0.5), sine(tone_of("+919876543211"), 3))
    assert [one.what for one in found] == ["music", "speech", "ringing", "silence", "tone"]


def test_an_announcement_begins_with_the_information_tones() -> None:
    found = heard(announcement("+919876543207", 4))
    assert [one.hertz for one in found] == [(950,), (1400,), (1800,), (tone_of("07"),)]


def test_nothing_is_told_of_nothing() -> None:
    assert describe_heard(b"") == []
    assert describe_heard(bytes(200)) == [Heard(0.0, 0.0125, "silence")]


def test_every_number_has_a_tone_apart_from_all_others_and_no_multiple_of_one() -> None:
    tones = sorted({tone_of(f"{n:02}") for n in range(100)} | {caller_tone_of(f"{n:02}") for n in range(100)})
    assert len(tones) == 200
    assert min(b - a for a, b in itertools.pairwise(tones)) >= 5
    whole = {k * tone for tone in tones for k in (2, 3)}
    assert not whole & set(tones)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_a_tone_survives_g711_to_within_a_hertz(codec: str) -> None:
    for number in ("00", "01", "37", "99"):
        wanted = tone_of(number)
        hertz, share = tone_in(decode(encode(sine(wanted, 0.5), codec), codec))
        assert abs(hertz - wanted) < 1 and share > 0.99
