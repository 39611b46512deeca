"""Audio as audio, on a whole engine: what every party hears from the first packet on, and what is kept of it.

contract.md settled 10, 19–21; telephony.md 6, 7, 17–19, 22–24.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from cordboard import sdp
from cordboard.media import tones
from cordboard.runtime.clock import SystemClock
from cordboard.simulator.audio import PhoneAudio
from cordboard.simulator.speaker import Speaker
from cordboard.simulator.tones import RATE, sine, tone_of
from tests.loopback.engine_ears import (
    assert_one_stream,
    found_in,
    onsets,
    read_wav,
    tone_spans,
    wav_of,
)
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import HELLO, LATE, Home, Play, has_tone, sound, text, to, until

evening = Evening()
SKIPS: list[int] = []
"""Frames that phones of the test left out because this process was late: their holes are not the engine's."""
MUSIC = np.frombuffer(tones.hold_music(), "<i2")
ALIKE = 0.95


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    skip = Speaker.skip

    def told(speaker: Speaker, frames: int) -> None:
        SKIPS.append(frames)
        skip(speaker, frames)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Speaker, "skip", told)
        with home_at(tmp_path_factory.mktemp("audio"), "23000-23999") as home:
            for hertz in (620, 700):
                home.application.says("", f"/{hertz}.wav", sound(wav_of(hertz, 1.0)))
            home.run(evening.play(home))
            yield home


def is_music(samples: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> bool:
    """Is this a stretch of the engine's hold music?"""
    return found_in(samples, np.tile(MUSIC, 2))[1] > ALIKE


# --- the whole story --------------------------------------------------------------------------------


@evening.scene
async def story(home: Home) -> Play:
    (asha,) = home.phones("42")
    announcement = {"playback_to": "both", "type": "text", "value": "Connecting you. This call is recorded."}
    answer = to(asha, record=True, recording_channels="dual", start_call_playback=announcement)
    return await home.play(answer, talk=(asha, 2.0))


def test_hold_sound_then_announcement_then_callee_in_one_stream(home: Home) -> None:
    play = evening[story]
    (asha,) = play.phones.values()
    heard = play.caller.heard
    assert_one_stream(play.caller.packets, len(SKIPS))
    assert is_music(heard[RATE // 4 : RATE * 3 // 2])
    spoken = asha.heard[RATE // 4 : RATE]
    at, alike = found_in(spoken, heard)
    assert alike > ALIKE and at > 2.0  # the very words that the callee heard, after two seconds of ringing
    ((began, ended),) = tone_spans(heard, asha.hertz)
    assert began > at + 0.5 and ended - began > 1.8
    assert not tone_spans(heard[: int(at * RATE)], asha.hertz)  # nothing of the callee before
    assert [part.what for part in play.caller.describe()][-2:] == ["speech", "tone"]


def test_settled_20_both_hear_the_announcement_in_step(home: Home) -> None:
    play = evening[story]
    (asha,) = play.phones.values()
    places = [found_in(asha.heard[at : at + 4000], play.caller.heard)[0] - at / RATE for at in (2000, 8000)]
    assert abs(places[0] - places[1]) < 0.001
    assert not has_tone(asha.heard[2000:8000], play.caller.hertz)  # the conversation starts after it
    assert has_tone(asha.heard[-4000:-800], play.caller.hertz)


def test_the_recording_behind_its_url_is_the_whole_file(home: Home) -> None:
    play = evening[story]
    details = home.run(home.get(f"/v1/Accounts/acme1/Calls/{play.sid}.json?details=true"))
    assert details[0] == 200
    told = json.loads(details[1])["Call"]
    (asha,) = play.phones.values()
    assert told["Sid"] == play.sid and told["Status"] == "completed" and told["Direction"] == "inbound"
    assert told["From"] == "0" + play.number[3:] and told["To"] == "0" + asha.number[3:]
    assert told["PhoneNumberSid"] == "08047115777" and told["AnsweredBy"] == "human"
    assert told["Details"]["Leg1Status"] == told["Details"]["Leg2Status"] == "completed"
    legs = [entry["Leg"] for entry in told["Details"]["Legs"]]
    assert [leg["Id"] for leg in legs] == [1, 2]
    talked = told["Details"]["ConversationDuration"]
    assert talked in (2, 3) and legs[1]["OnCallDuration"] == talked and legs[0]["OnCallDuration"] >= 4
    path = told["RecordingUrl"].removeprefix("http://127.0.0.1:1")
    assert path.startswith("/v1/Accounts/acme1/Recordings/")
    (recording,) = play.recordings
    folder = Path(home.engine.settings.store.recordings)
    (file,) = folder.rglob(f"{play.sid}*.wav")
    for address in (path, f"/v1/Accounts/acme1/Recordings/{play.sid}"):
        status, body = home.run(home.get(address))
        assert status == 200 and body == file.read_bytes() and len(body) == recording.size
    channels, rate = read_wav(body)
    assert rate == RATE and channels.shape[0] == 2
    assert channels.shape[1] / RATE == pytest.approx(recording.seconds, abs=0.001)
    assert abs(recording.seconds - (play.legs[1].ended_at or 0) + (recording.began_at or 0)) < 0.1


def test_settled_21_dual_holds_one_party_in_each_channel(home: Home) -> None:
    play = evening[story]
    (file,) = Path(home.engine.settings.store.recordings).rglob(f"{play.sid}*.wav")
    (left, right), _ = read_wav(file.read_bytes())
    (asha,) = play.phones.values()
    middle = slice(RATE // 2, RATE * 3 // 2)
    assert has_tone(left[middle], play.caller.hertz, 0.95) and has_tone(right[middle], asha.hertz, 0.95)
    assert [gap for gap in play.recordings[0].gaps if gap[2] > 0.1] == []


# --- alignment --------------------------------------------------------------------------------------


def marked(audio: PhoneAudio, times: list[float]) -> None:
    """Note when each first packet of a sound leaves (its marker bit says so)."""
    send = audio.speaker.packet

    def packet() -> bytes:
        data = send()
        if data[1] & 0x80 and data[1] & 0x7F < 96:
            times.append(SystemClock().wall())
        return data

    audio.speaker.packet = packet  # type: ignore[method-assign]


LEFT: list[float] = []
RIGHT: list[float] = []


@evening.scene
async def aligned(home: Home) -> Play:
    (asha,) = home.phones("08")

    async def clap(play: Play) -> None:
        phone = await play.talks_to(asha)
        play.caller.audio.speaker.play(None)
        await asyncio.sleep(0.6)
        marked(play.caller.audio, LEFT)
        marked(phone.audio, RIGHT)
        for _ in range(7):
            play.caller.audio.speaker.play(sine(2000, 0.2), loop=False)
            phone.audio.speaker.play(sine(1000, 0.2), loop=False)
            await asyncio.sleep(0.42)
        play.caller.hang_up()

    return await home.play(to(asha, record=True, recording_channels="dual"), meanwhile=clap)


def test_dual_recording_is_aligned_to_within_20_ms(home: Home) -> None:
    play = evening[aligned]
    (file,) = Path(home.engine.settings.store.recordings).rglob(f"{play.sid}*.wav")
    (left, right), _ = read_wav(file.read_bytes())
    lefts, rights = onsets(left)[-7:], onsets(right)[-7:]
    assert len(lefts) == len(rights) == len(LEFT) == len(RIGHT) == 7
    apart = [r - l - (at_r - at_l) for l, r, at_l, at_r in zip(lefts, rights, LEFT, RIGHT, strict=True)]
    assert abs(median(apart)) < 0.020
    began = play.recordings[0].began_at or 0.0
    assert (
        abs(median(at - began - l for l, at in zip(lefts, LEFT, strict=True))) < 0.040
    )  # from the bridge on


@evening.scene
async def single(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram, record=True), talk=(ram, 1.2))


def test_settled_21_single_holds_both_mixed(home: Home) -> None:
    play = evening[single]
    status, body = home.run(home.get(f"/v1/Accounts/acme1/Recordings/{play.sid}"))
    channels, _ = read_wav(body)
    assert status == 200 and channels.shape[0] == 1 and play.recordings[0].channels == 1
    middle = channels[0][RATE // 4 : RATE].astype(np.float64)
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    near = [power[int(hz * len(middle) / RATE) - 6 :][:13].sum() for hz in (play.caller.hertz, tone_of("01"))]
    assert min(near) > 0.25 * power.sum()


# --- announcements ----------------------------------------------------------------------------------


def announced(home: Home, to_whom: str) -> dict[str, str]:
    return {"playback_to": to_whom, "type": "audio_url", "value": home.url("/620.wav")}


@evening.scene
async def whisper(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram, start_call_playback=announced(home, "callee")), talk=(ram, 0.8))


def test_settled_20_playback_to_callee_leaves_the_caller_the_hold_sound(home: Home) -> None:
    play = evening[whisper]
    (ram,) = play.phones.values()
    assert not tone_spans(play.caller.heard, 620)
    ((began, _),) = tone_spans(play.caller.heard, ram.hertz)
    assert is_music(play.caller.heard[RATE // 4 : int((began - 0.1) * RATE)]) and began > 1.8
    ((first, last),) = tone_spans(ram.heard, 620)
    assert first < 0.3 and last - first == pytest.approx(1.0, abs=0.1)
    ((talk, _),) = tone_spans(ram.heard, play.caller.hertz)
    assert talk > last - 0.1
    assert_one_stream(play.caller.packets, len(SKIPS))
    assert_one_stream(ram.audio.listener.packets, len(SKIPS))


@evening.scene
async def to_both(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram, start_call_playback=announced(home, "both")), talk=(ram, 0.8))


def test_settled_20_playback_to_both_is_heard_by_both(home: Home) -> None:
    play = evening[to_both]
    (ram,) = play.phones.values()
    for heard, partner in ((play.caller.heard, ram.hertz), (ram.heard, play.caller.hertz)):
        ((first, last),) = tone_spans(heard, 620)
        assert last - first == pytest.approx(1.0, abs=0.1)
        assert tone_spans(heard, partner)[0][0] > last - 0.1
    assert_one_stream(play.caller.packets, len(SKIPS))


@evening.scene
async def leaves_during_it(home: Home) -> Play:
    impatient, ram = home.phones("06", "01")
    words = "One two three four five six seven eight nine ten. " * 3
    announcement = {"type": "text", "value": words}
    plan = to(impatient, ram, start_call_playback=announcement)

    async def leave(play: Play) -> None:
        async def rung() -> bool:
            return play.phone(ram) is not None

        await until(rung)
        play.caller.hang_up()

    return await home.play(plan, meanwhile=leave)


def test_settled_20_a_callee_that_leaves_during_it_is_a_failed_attempt(home: Home) -> None:
    play = evening[leaves_during_it]
    first, second = play.legs[1:]
    assert first.number[-2:] == "06" and first.answered_at is not None and first.talk_seconds == 0
    assert second.number[-2:] == "01" and play.row.dial_status == "canceled"
    assert not [entry for entry in play.told("let caller and callee talk") if entry["data"]["leg"] == 1]


@evening.scene
async def missing_announcement(home: Home) -> Play:
    home.application.says("", "/gone.wav", text("no", status=404))
    announcement = {"type": "audio_url", "value": home.url("/gone.wav")}
    bad = to(*home.phones("01"), start_call_playback=announcement)
    return await home.play(bad, fallback=(to(*home.phones("02")),))


def test_settled_10_an_announcement_that_is_not_200_asks_the_fallback(home: Home) -> None:
    play = evening[missing_announcement]
    assert len(play.asked("/fallback")) == 1 and "playback.not_200" in play.notes()
    assert [leg.number[-2:] for leg in play.legs[1:]] == ["02"]


# --- what is heard while it rings -------------------------------------------------------------------


@evening.scene
async def operators_tone(home: Home) -> Play:
    return await home.play(to(*home.phones("07"), music_on_hold={"type": "operator_tone"}))


def test_settled_19_operator_tone_is_ringback_until_early_media_comes(home: Home) -> None:
    play = evening[operators_tone]
    heard = play.caller.heard
    (leg,) = play.legs[1:]
    signs = [tone_spans(heard, hertz) for hertz in (950, 1400, 1800, tone_of(leg.number))]
    assert all(len(spans) == 1 for spans in signs)  # the network's own announcement, as it is
    starts = [spans[0][0] for spans in signs]
    assert starts == sorted(starts)
    assert signs[3][0][1] - signs[3][0][0] > 2.0
    assert_one_stream(play.caller.packets, len(SKIPS))
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
    assert_one_stream(play.caller.packets, len(SKIPS))


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
    assert_one_stream(play.caller.packets, len(SKIPS))


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
    assert_one_stream(ram.audio.listener.packets, len(SKIPS))


def test_telephony_7_the_recording_holds_silence_while_on_hold(home: Home) -> None:
    play = evening[on_hold]
    (file,) = Path(home.engine.settings.store.recordings).rglob(f"{play.sid}*.wav")
    (left, right), _ = read_wav(file.read_bytes())
    ((_, gone), (again, _)) = tone_spans(left, play.caller.hertz)
    assert again - gone == pytest.approx(play.marks["back"] - play.marks["held"], abs=0.3)
    for side in (left, right):
        print(np.abs(side[int((gone + 0.2) * RATE) : int((again - 0.2) * RATE)]).max())
    assert 0


@evening.scene
async def greeting(home: Home) -> Play:
    return await home.play(exophone=HELLO)


def test_a_greeting_is_spoken_and_then_the_call_is_hung_up(home: Home) -> None:
    play = evening[greeting]
    assert "speech" in [part.what for part in play.caller.describe()]
    assert play.exits() == ["next", ""] and play.caller.steps[-1].what == "BYE received"
    assert play.row.call_type == "call-attempt" and len(play.legs) == 1
    assert_one_stream(play.caller.packets)


def test_telephony_19_every_leg_has_its_figures(home: Home) -> None:
    for leg in evening[story].legs:
        assert leg.packets_in > 0 and leg.packets_out > 0 and leg.mos > 3.5 and leg.foreign_packets == 0
