"""Audio as audio, on a whole engine: the story of a call, announcements, and what is kept of it.

contract.md settled 10, 20, 21; telephony.md 18, 19, 24.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from cordboard.runtime.clock import SystemClock
from cordboard.simulator.audio import PhoneAudio
from cordboard.simulator.tones import RATE, sine, tone_of
from tests.loopback.engine_ears import (
    ALIKE,
    assert_one_stream,
    found_in,
    is_music,
    lateness_counted,
    onsets,
    read_wav,
    tone_spans,
    wav_of,
)
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone, sound, text, to
from tests.waiting import until

evening = Evening()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with lateness_counted(), home_at(tmp_path_factory.mktemp("audio"), "23000-23999") as home:
        home.application.says("", "/620.wav", sound(wav_of(620, 1.0)))
        home.run(evening.play(home))
        yield home


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
    assert_one_stream(play.caller.packets)
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
    for address in (f"{path}.wav", f"/v1/Accounts/acme1/Recordings/{play.sid}.wav"):
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
    (caller, callee), _ = read_wav(file.read_bytes())
    lefts, rights = onsets(caller)[-7:], onsets(callee)[-7:]
    assert len(lefts) == len(rights) == len(LEFT) == len(RIGHT) == 7
    kept = [right - left for left, right in zip(lefts, rights, strict=True)]
    spoken = [right - left for left, right in zip(LEFT, RIGHT, strict=True)]
    assert abs(median(one - other for one, other in zip(kept, spoken, strict=True))) < 0.020
    began = play.recordings[0].began_at or 0.0
    since_the_bridge = median(at - began - left for left, at in zip(lefts, LEFT, strict=True))
    assert abs(since_the_bridge) < 0.040


@evening.scene
async def single(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram, record=True), talk=(ram, 1.2))


def test_settled_21_single_holds_both_mixed(home: Home) -> None:
    play = evening[single]
    status, body = home.run(home.get(f"/v1/Accounts/acme1/Recordings/{play.sid}.wav"))
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
    assert_one_stream(play.caller.packets)
    assert_one_stream(ram.audio.listener.packets)


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
    assert_one_stream(play.caller.packets)


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


def test_telephony_19_every_leg_has_its_figures(home: Home) -> None:
    for leg in evening[story].legs:
        assert leg.packets_in > 0 and leg.packets_out > 0 and leg.mos > 3.5 and leg.foreign_packets == 0
