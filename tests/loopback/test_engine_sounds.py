"""Audio as audio, on a whole engine: what is heard while it rings, on hold, and between the two laws.

contract.md settled 10, 19; telephony.md 5–7, 18, 20, 22, 23.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cordboard import sdp
from cordboard.media import tones
from cordboard.simulator.tones import RATE, sine, tone_of
from tests.loopback.engine_ears import (
    ALIKE,
    assert_one_stream,
    found_in,
    is_music,
    lateness_counted,
    read_wav,
    tone_spans,
    wav_of,
)
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import HELLO, LATE, Home, Play, has_tone, sound, to

evening = Evening()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with lateness_counted(), home_at(tmp_path_factory.mktemp("sounds"), "26000-26999") as home:
        home.application.says("", "/700.wav", sound(wav_of(700, 1.0)))
        home.run(evening.play(home))
        yield home


# --- what is heard while it rings -------------------------------------------------------------------


@evening.scene
async def operators_tone(home: Home) -> Play:
    return await home.play(to(*home.phones("07"), music_on_hold={"type": "operator_tone"}))


def test_settled_19_operator_tone_is_ringback_until_early_media_comes(home: Home) -> None:
    play = evening[operators_tone]
    heard = play.caller.heard
    (leg,) = play.legs[1:]
    signs = [tone_spans(heard, hertz) for hertz in (950, 1400, 1800, tone_of(leg.number))]
    assert all(len(spans) == 1 for spans in signs), signs  # the network's own announcement, as it is
    starts = [spans[0][0] for spans in signs]
    assert starts == sorted(starts)
    assert signs[3][0][1] - signs[3][0][0] > 2.0
    assert_one_stream(play.caller.packets)
    assert play.asked("/nobody")[0]["DialCallStatus"] == "no-answer"


@evening.scene
async def operator_without_early_media(home: Home) -> Play:
    (ram,) = home.phones("42")
    return await home.play(to(ram, music_on_hold={"type": "operator_tone"}), talk=(ram, 0.3))


def test_settled_19_without_early_media_local_ringback_of_the_country(home: Home) -> None:
    play = evening[operator_without_early_media]
    parts = play.caller.describe()
    assert "ringing" in [part.what for part in parts] and "music" not in [part.what for part in parts]
    ringback = np.tile(np.frombuffer(tones.ringback("IN"), "<i2"), 3)
    assert found_in(play.caller.heard[RATE // 2 : RATE * 3 // 2], ringback)[1] > ALIKE


@evening.scene
async def custom_tone(home: Home) -> Play:
    (ram,) = home.phones("42")
    hold = {"type": "custom_tone", "value": home.url("/700.wav")}
    return await home.play(to(ram, music_on_hold=hold), talk=(ram, 0.5))


def test_settled_19_custom_tone_is_looped_until_somebody_answers(home: Home) -> None:
    play = evening[custom_tone]
    (ram,) = play.phones.values()
    ((began, ended),) = tone_spans(play.caller.heard, 700)
    assert began < 1.0 and ended - began > 1.3  # longer than the file: it began again without a seam
    assert tone_spans(play.caller.heard, ram.hertz)[0][0] == pytest.approx(ended, abs=0.1)
    assert_one_stream(play.caller.packets)


@evening.scene
async def unusable_tone(home: Home) -> Play:
    (ram,) = home.phones("01")
    hold = {"type": "custom_tone", "value": home.url("/nothing.wav")}
    return await home.play(to(ram, music_on_hold=hold), talk=(ram, 0.3))


def test_settled_10_an_unusable_custom_tone_is_the_default_tone(home: Home) -> None:
    play = evening[unusable_tone]
    assert "hold.unusable" in play.notes() and not play.asked("/fallback")
    assert is_music(play.caller.heard[RATE // 4 : RATE * 3 // 4]) and play.row.call_type == "completed"


@evening.scene
async def early_media_late(home: Home) -> Play:
    return await home.play(to(*home.phones("07"), music_on_hold={"type": "operator_tone"}), exophone=LATE)


def test_telephony_23_early_media_reaches_a_caller_who_was_not_answered(home: Home) -> None:
    play = evening[early_media_late]
    assert play.caller.code == 480 and not play.caller.answered
    assert tone_spans(play.caller.heard, 950) and tone_spans(play.caller.heard, tone_of("07"))
    assert_one_stream(play.caller.packets)


# --- while they talk --------------------------------------------------------------------------------


@evening.scene
async def between_laws(home: Home) -> Play:
    (ram,) = home.phones("01")

    async def press(play: Play) -> None:
        await play.talks_to(ram)
        for key in "12#":
            play.caller.press(key)
        await asyncio.sleep(1.5)
        play.caller.hang_up()

    return await home.play(to(ram), meanwhile=press, codecs=("PCMU",))


def test_telephony_6_the_two_laws_are_translated(home: Home) -> None:
    play = evening[between_laws]
    (ram,) = play.phones.values()
    assert {packet.payload_type for packet in play.caller.packets} == {0}
    assert 8 in {packet.payload_type for packet in ram.audio.listener.packets}
    assert tone_spans(play.caller.heard, ram.hertz) and tone_spans(ram.heard, play.caller.hertz)


def test_telephony_20_keys_reach_the_other_side_once_each(home: Home) -> None:
    (ram,) = evening[between_laws].phones.values()
    assert ram.digits == "12#"


@evening.scene
async def on_hold(home: Home) -> Play:
    (ram,) = home.phones("08")

    async def hold(play: Play) -> None:
        phone = await play.talks_to(ram)
        phone.audio.speaker.play(sine(phone.hertz))
        await asyncio.sleep(0.5)
        _offer(play, "inactive", 2)
        play.marks["held"] = len(phone.heard) / RATE
        await asyncio.sleep(1.5)
        play.marks["back"] = len(phone.heard) / RATE
        _offer(play, "sendrecv", 3)
        await play.talks_to(ram)
        await asyncio.sleep(0.5)
        play.caller.hang_up()

    return await home.play(to(ram, record=True, recording_channels="dual"), meanwhile=hold)


def _offer(play: Play, direction: str, version: int) -> None:
    """The caller's phone puts the call on hold, or takes it off, by re-INVITE."""
    caller = play.caller
    assert caller._session is not None
    port = caller.audio.port
    caller._session.offer(sdp.offer(sdp.Local("127.0.0.1", port, version=version, direction=direction)))


def test_telephony_7_on_hold_the_other_side_hears_hold_music(home: Home) -> None:
    play = evening[on_hold]
    (ram,) = play.phones.values()
    held, back = (int(play.marks[mark] * RATE) for mark in ("held", "back"))
    assert is_music(ram.heard[held + 2000 : back])
    assert has_tone(ram.heard[-3000:-800], play.caller.hertz)  # and is back after it
    assert [entry["data"]["held"] for entry in play.told("a leg was put on hold")] == [True]
    assert not [
        e for e in play.timeline if e["kind"] == "sip" and e["data"]["leg"] == 1 and "INFO" in e["what"]
    ]
    invites = [e for e in play.timeline if e["kind"] == "sip" and e["what"] == "→ INVITE"]
    assert [entry["data"]["leg"] for entry in invites] == [1]  # never passed to the other leg
    assert_one_stream(ram.audio.listener.packets)


def test_telephony_7_the_recording_holds_silence_while_on_hold(home: Home) -> None:
    play = evening[on_hold]
    (file,) = Path(home.engine.settings.store.recordings).rglob(f"{play.sid}*.wav")
    (left, right), _ = read_wav(file.read_bytes())
    ((_, gone), (again, _)) = tone_spans(left, play.caller.hertz)
    assert again - gone == pytest.approx(play.marks["back"] - play.marks["held"], abs=0.3)
    for side in (left, right):  # the callee spoke all the time, to nobody
        assert np.abs(side[int((gone + 0.2) * RATE) : int((again - 0.2) * RATE)]).max() < 50
    assert has_tone(right[: int(gone * RATE)][-2000:], tone_of("08"))
    assert has_tone(right[int((again + 0.2) * RATE) :][:2000], tone_of("08"))


@evening.scene
async def greeting(home: Home) -> Play:
    return await home.play(exophone=HELLO)


def test_a_greeting_is_spoken_and_then_the_call_is_hung_up(home: Home) -> None:
    play = evening[greeting]
    assert "speech" in [part.what for part in play.caller.describe()]
    assert play.exits() == ["next", ""] and play.caller.steps[-1].what == "BYE received"
    assert play.row.call_type == "call-attempt" and len(play.legs) == 1
    assert_one_stream(play.caller.packets)
