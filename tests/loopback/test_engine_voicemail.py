"""Messages left with a whole engine: what is heard, what is recorded, who is told (contract.md §5.6)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from cordboard.simulator.tones import RATE, sine
from tests.loopback.engine_ears import Pcm, read_wav, seconds, tone_spans, wav_of
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone
from tests.media_ports import media_ports
from tests.waiting import until

PROMPT_HERTZ, BEEP_HERTZ = 620, 1000
PROMPT_SECONDS, BEEP_SECONDS, SILENCE_SECONDS = 0.8, 0.5, 1
NOTICES: list[tuple[dict[str, str], dict[str, Any]]] = []
"""Headers and bodies of what came to ``notify_url``."""

evening = Evening()


async def _noticed(request: web.Request) -> dict[str, object]:
    NOTICES.append((dict(request.headers), await request.json()))
    return {}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place: Path = tmp_path_factory.mktemp("voicemail")
    (place / "prompts").mkdir()
    (place / "prompts" / "after-hours.wav").write_bytes(wav_of(PROMPT_HERTZ, PROMPT_SECONDS))

    def change(tables: dict[str, Any]) -> None:
        host = tables["flows"][0]["applets"]["connect"]["primary_url"].rpartition("/")[0]
        box = {
            "type": "voicemail",
            "prompt": {"audio_url": "prompt:after-hours"},
            "silence_seconds": SILENCE_SECONDS,
            "max_seconds": 6,
            "notify_url": f"{host}/told",
            "next": "left",
        }
        left = {"type": "passthru", "url": f"{host}/left", "ok": "bye", "other": "bye"}
        applets = {"box": box, "left": left, "bye": {"type": "hangup"}}
        tables["flows"][0] = {"id": 1, "name": "box", "start": "box", "applets": applets}
        tables["voices"] = {"prompts": str(place / "prompts")}

    NOTICES.clear()
    with home_at(place, "{}-{}".format(*media_ports()), change) as home:
        home.application.says("", "/told", _noticed)
        home.run(evening.play(home))
        yield home


async def after_the_beep(play: Play) -> None:
    """Until the caller has heard the beep to its end."""

    async def begun() -> bool:
        return bool(play.caller.packets) and bool(tone_spans(play.caller.heard, BEEP_HERTZ, 0.3))

    await until(begun)
    await asyncio.sleep(0.4)


@evening.scene
async def hangs_up(home: Home) -> Play:
    """Speaks for two seconds and hangs up in the middle of it."""

    async def meanwhile(play: Play) -> None:
        await after_the_beep(play)
        await asyncio.sleep(2.0)
        play.caller.hang_up()

    return await home.play(meanwhile=meanwhile)


@evening.scene
async def falls_silent(home: Home) -> Play:
    """Speaks, pauses for less than a second, speaks again, and says no more."""

    async def meanwhile(play: Play) -> None:
        await after_the_beep(play)
        await asyncio.sleep(1.0)
        play.caller.audio.speaker.play(None)
        await asyncio.sleep(0.5)
        play.caller.audio.speaker.play(sine(play.caller.hertz))
        await asyncio.sleep(1.0)
        play.caller.audio.speaker.play(None)

    return await home.play(meanwhile=meanwhile)


@evening.scene
async def presses_the_key(home: Home) -> Play:
    """Speaks, then #."""

    async def meanwhile(play: Play) -> None:
        await after_the_beep(play)
        await asyncio.sleep(1.0)
        play.caller.press("#")

    return await home.play(meanwhile=meanwhile)


@evening.scene
async def goes_on_and_on(home: Home) -> Play:
    """Speaks longer than is kept."""
    return await home.play()


ALL = (hangs_up, falls_silent, presses_the_key, goes_on_and_on)


def message(home: Home, play: Play) -> Pcm:
    """The samples of the recording that was made."""
    (recording,) = play.recordings
    assert (recording.kind, recording.state, recording.channels) == ("voicemail", "whole", 1)
    (file,) = Path(home.engine.settings.store.recordings).rglob(f"{play.sid}*.wav")
    channels, rate = read_wav(file.read_bytes())
    assert rate == RATE and channels.shape[0] == 1
    sound: Pcm = channels[0]
    return sound


@pytest.mark.parametrize("scene", ALL)
def test_the_caller_hears_the_prompt_then_the_beep_then_nothing(home: Home, scene: Any) -> None:
    heard = evening[scene].caller.heard
    ((prompt_from, prompt_to),) = tone_spans(heard, PROMPT_HERTZ, 0.3)
    ((beep_from, beep_to),) = tone_spans(heard, BEEP_HERTZ, 0.3)
    assert prompt_to - prompt_from == pytest.approx(PROMPT_SECONDS, abs=0.08)
    assert beep_to - beep_from == pytest.approx(BEEP_SECONDS, abs=0.08)
    assert -0.08 <= beep_from - prompt_to < 0.5
    after = heard[round((beep_to + 0.05) * RATE) :]
    assert not len(after) or np.abs(after).max() < 100


@pytest.mark.parametrize("scene", ALL)
def test_the_message_is_the_callers_voice_alone_from_behind_the_beep(home: Home, scene: Any) -> None:
    play = evening[scene]
    sound = message(home, play)
    assert has_tone(sound[RATE // 4 : RATE], play.caller.hertz, 0.9)
    assert not tone_spans(sound, BEEP_HERTZ, 0.06) and not tone_spans(sound, PROMPT_HERTZ, 0.06)
    first = tone_spans(sound, play.caller.hertz)[0][0]
    assert first < 0.25, "nothing of its beginning is lost"


def test_the_callers_hang_up_keeps_what_was_said(home: Home) -> None:
    play = evening[hangs_up]
    assert seconds(len(message(home, play))) == pytest.approx(2.0, abs=0.6)
    assert play.row.call_type == "voicemail" and play.row.status == "completed"


def test_silence_ends_it_and_a_pause_does_not(home: Home) -> None:
    play = evening[falls_silent]
    sound = message(home, play)
    spans = tone_spans(sound, play.caller.hertz)
    assert len(spans) == 2, "both sentences are in it"
    assert SILENCE_SECONDS <= seconds(len(sound)) - spans[1][1] <= SILENCE_SECONDS + 1.2
    assert not play.caller.hung_up_by_us, "we hung up when the flow was over"


def test_a_key_and_the_limit_end_it(home: Home) -> None:
    assert seconds(len(message(home, evening[presses_the_key]))) == pytest.approx(1.3, abs=0.6)
    assert seconds(len(message(home, evening[goes_on_and_on]))) == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize(
    ("scene", "ended_by"), list(zip(ALL, ("hangup", "silence", "key", "limit"), strict=True))
)
def test_settled_4_and_22_a_passthru_and_the_notice_tell_of_the_message(
    home: Home, scene: Any, ended_by: str
) -> None:
    play = evening[scene]
    (asked,) = play.asked("/left")
    assert asked["CallType"] == "voicemail"
    url = f"http://127.0.0.1:1/v1/Accounts/acme1/Recordings/{play.sid}r1"
    assert asked["RecordingUrl"] == url

    async def told() -> bool:
        return any(body["CallSid"] == play.sid for _, body in NOTICES)

    home.run(until(told))
    (notice,) = [body for _, body in NOTICES if body["CallSid"] == play.sid]
    assert (notice["EndedBy"], notice["RecordingUrl"]) == (ended_by, url)
    assert notice["RecordingDuration"] == pytest.approx(play.recordings[0].seconds, abs=1.0)
    status, body = home.run(home.get(url.removeprefix("http://127.0.0.1:1") + ".wav"))
    assert status == 200 and body[:4] == b"RIFF", "what was told can be fetched"
