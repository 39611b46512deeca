"""What a caller is sent while it waits: one stream without a hole, from the first prompt to the message."""

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cordboard.simulator.ears import describe_heard
from cordboard.simulator.listener import Packet
from cordboard.simulator.tones import RATE
from tests.loopback.engine_ears import assert_one_stream, lateness_counted, tone_spans, wav_of
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone, late, sound, to
from tests.media_ports import media_ports
from tests.waiting import until

CODE_HERTZ, BOX_HERTZ, BEEP_HERTZ = 620, 820, 1000
WAITS, ASKS, TALKS, SPEAKS = 3.0, 1.0, 1.0, 2.0
"""Seconds: until the caller types, until the URL answers, with the callee, after the beep."""
PATIENCE = 10
LONGEST_STEP = 0.040
FRAME = 160

evening = Evening()


def _change(tables: dict[str, Any]) -> None:
    host = tables["flows"][0]["applets"]["connect"]["primary_url"].rpartition("/")[0]
    applets = {
        "code": {
            "type": "gather",
            "prompt": {"audio_url": f"{host}/code.wav"},
            "input_timeout": PATIENCE,
            "digits": "connect",
        },
        "connect": {
            "type": "connect",
            "primary_url": f"{host}/connect",
            "after_conversation": "box",
            "not_dialed": "box",
        },
        "box": {
            "type": "voicemail",
            "prompt": {"audio_url": f"{host}/box.wav"},
            "silence_seconds": 0,
            "next": "bye",
        },
        "bye": {"type": "hangup"},
    }
    tables["flows"][0] = {"id": 1, "name": "waiting", "start": "code", "applets": applets}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place: Path = tmp_path_factory.mktemp("waiting")
    with home_at(place, "{}-{}".format(*media_ports()), _change) as home:
        home.application.says("", "/code.wav", sound(wav_of(CODE_HERTZ, 1.0)))
        home.application.says("", "/box.wav", sound(wav_of(BOX_HERTZ, 6.0)))
        with lateness_counted():
            home.run(evening.play(home))
        yield home


async def _heard(play: Play, hertz: float) -> None:
    async def now() -> bool:
        return bool(play.caller.packets) and has_tone(play.caller.heard[-RATE // 5 :], hertz)

    await until(now)


@evening.scene
async def goes_through(home: Home) -> Play:
    """Types late, waits for the URL, talks, skips the mailbox's prompt, leaves a message."""
    (asha,) = home.phones("08")

    async def meanwhile(play: Play) -> None:
        await _heard(play, CODE_HERTZ)
        await asyncio.sleep(1.0 + WAITS)
        for key in "5#":
            play.caller.press(key)
        phone = await play.talks_to(asha)
        await asyncio.sleep(TALKS)
        phone.hang_up()
        await _heard(play, BOX_HERTZ)
        play.caller.press("#")
        await _heard(play, BEEP_HERTZ)
        await asyncio.sleep(0.5 + SPEAKS)
        play.caller.press("#")

    return await home.play(late(ASKS, to(asha)), meanwhile=meanwhile)


async def _leaves_a_word(play: Play) -> None:
    """To the mailbox, past its prompt; speaks for a second there and then leaves silence out."""
    await _heard(play, CODE_HERTZ)
    play.caller.press("5")
    await asyncio.sleep(0.5)
    play.caller.press("#")
    await _heard(play, BOX_HERTZ)
    play.caller.press("#")
    await _heard(play, BEEP_HERTZ)
    await asyncio.sleep(1.5)
    play.caller.audio.leaves_out = True
    await asyncio.sleep(SPEAKS + 1.0)


@evening.scene
async def stops_sending_and_hangs_up(home: Home) -> Play:
    async def meanwhile(play: Play) -> None:
        await _leaves_a_word(play)
        play.caller.hang_up()

    return await home.play(to(), meanwhile=meanwhile)


@evening.scene
async def stops_sending_and_presses_the_key(home: Home) -> Play:
    async def meanwhile(play: Play) -> None:
        await _leaves_a_word(play)
        play.caller.press("#")

    return await home.play(to(), meanwhile=meanwhile)


@evening.scene
async def types_nothing(home: Home) -> Play:
    return await home.play()


def steps(packets: list[Packet]) -> list[float]:
    """From timestamp to timestamp, in seconds."""
    return [(b.timestamp - a.timestamp) % 2**32 / RATE for a, b in pairwise(packets)]


def test_telephony_18_one_stream_without_a_hole_from_gather_to_connect_to_voicemail(home: Home) -> None:
    play = evening[goes_through]
    assert play.exits() == ["digits", "after_conversation", "next", ""]
    packets = play.caller.packets
    assert_one_stream(packets)
    lasted = packets[-1].arrival - packets[0].arrival
    assert sum(steps(packets)) == pytest.approx(lasted, abs=0.1), "timestamps keep step with the clock"
    told = describe_heard(play.caller.heard.tobytes())
    assert "music" in {heard.what for heard in told}
    pause = next(heard for heard in told if heard.what == "silence" and heard.end - heard.start > 2.0)
    assert pause.end - pause.start == pytest.approx(WAITS, abs=0.6)


def test_ten_seconds_of_waiting_are_500_packets_of_silence(home: Home) -> None:
    play = evening[types_nothing]
    assert play.exits() == ["nothing"]
    packets, heard = play.caller.packets, play.caller.heard
    ((_, prompt_ends),) = tone_spans(heard, CODE_HERTZ)
    assert min(steps(packets)) > 0 and max(steps(packets)) <= LONGEST_STEP
    began = packets[0].arrival + prompt_ends
    waiting = [packet for packet in packets if packet.arrival > began]
    assert len(waiting) == pytest.approx(PATIENCE / 0.02, abs=25)
    assert {packet.size for packet in waiting} == {FRAME}
    assert [packet.marker for packet in waiting].count(True) <= 1
    after = heard[round((prompt_ends + 0.1) * RATE) :]
    assert np.abs(after).max() <= 8, "nothing but the law's own silence"


def test_the_end_key_skips_the_prompt_of_a_voicemail(home: Home) -> None:
    play = evening[goes_through]
    ((began, ended),) = tone_spans(play.caller.heard, BOX_HERTZ, 0.1)
    assert ended - began < 2.0, "of six seconds"
    ((beep, over),) = tone_spans(play.caller.heard, BEEP_HERTZ, 0.3)
    assert beep - ended < 0.3 and over - beep == pytest.approx(0.5, abs=0.08)
    (recording,) = [recording for recording in play.recordings if recording.kind == "voicemail"]
    assert recording.state == "whole" and recording.seconds == pytest.approx(SPEAKS, abs=0.8)


@pytest.mark.parametrize("scene", [stops_sending_and_hangs_up, stops_sending_and_presses_the_key])
def test_telephony_24_a_message_that_ends_in_silence_left_out_is_whole(home: Home, scene: Any) -> None:
    play = evening[scene]
    (recording,) = play.recordings
    assert recording.state == "whole" and recording.seconds > SPEAKS + 1.5, recording.problem
    (leg,) = json.loads(recording.certificate)["legs"]
    assert 50 <= leg["written"] == leg["heard"] < 100, "of a second's audio"
