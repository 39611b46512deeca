"""Menu and gather on a whole engine: real prompts, real RFC 4733 keys, real HTTP (contract.md §5.5, §5.6)."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cordboard.runtime.replay import replay
from cordboard.simulator.tones import RATE
from tests.loopback.engine_ears import seconds, tone_spans, wav_of
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone, sound, to
from tests.media_ports import media_ports
from tests.waiting import until

MENU_HERTZ, CODE_HERTZ, AGAIN_HERTZ = 620, 820, 1020
LONG = 6.0
"""Seconds of a prompt that nobody lets end."""
BARGE_IN_SECONDS = 0.1
FRAME = RATE // 50

evening = Evening()


def _change(tables: dict[str, Any]) -> None:
    host = tables["flows"][0]["applets"]["connect"]["primary_url"].rpartition("/")[0]
    applets = {
        "menu": {
            "type": "menu",
            "prompt": {"audio_url": f"{host}/menu.wav"},
            "keys": {"2": "code"},
            "invalid": "bye",
        },
        "code": {
            "type": "gather",
            "primary_url": f"{host}/gather?step=code",
            "fallback_url": f"{host}/spare",
            "digits": "connect",
            "nothing": "connect",
        },
        "connect": {"type": "connect", "primary_url": f"{host}/connect", "not_dialed": "bye"},
        "bye": {"type": "hangup"},
    }
    tables["flows"][0] = {"id": 1, "name": "keys", "start": "menu", "applets": applets}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place: Path = tmp_path_factory.mktemp("keys")
    with home_at(place, "{}-{}".format(*media_ports()), _change) as home:
        for name, hertz, length in (
            ("menu", MENU_HERTZ, LONG),
            ("code", CODE_HERTZ, LONG),
            ("again", AGAIN_HERTZ, 1.0),
        ):
            home.application.says("", f"/{name}.wav", sound(wav_of(hertz, length)))
        code = {"gather_prompt": {"audio_url": home.url("/code.wav")}, "input_timeout": 1}
        again = {"repeat_menu": 1, "repeat_gather_prompt": {"audio_url": home.url("/again.wav")}}
        home.application.says("", "/gather", {**code, **again})
        home.run(evening.play(home))
        yield home


async def hears(play: Play, hertz: float) -> None:
    """Until the caller hears this tone, and a little longer."""

    async def now() -> bool:
        return bool(play.caller.packets) and has_tone(play.caller.heard[-RATE // 5 :], hertz)

    await until(now)
    await asyncio.sleep(0.5)


def press(play: Play, keys: str) -> None:
    """Press them; ``play.marks`` keeps when, in seconds of what the caller heard."""
    began = play.caller.packets[0].arrival
    play.marks[keys] = asyncio.get_running_loop().time() - began
    for key in keys:
        play.caller.press(key)


@evening.scene
async def types(home: Home) -> Play:
    """Chooses 2, types a code into the prompt, talks."""
    (asha,) = home.phones("08")

    async def meanwhile(play: Play) -> None:
        await hears(play, MENU_HERTZ)
        press(play, "2")
        await hears(play, CODE_HERTZ)
        press(play, "4")
        await asyncio.sleep(0.6)
        press(play, "71#")

    return await home.play(to(asha), meanwhile=meanwhile, talk=(asha, 0.5))


@evening.scene
async def says_nothing(home: Home) -> Play:
    """Chooses 2 and stops the prompt with the finish key; then waits until the gather gives up."""

    async def meanwhile(play: Play) -> None:
        await hears(play, MENU_HERTZ)
        press(play, "2")
        await hears(play, CODE_HERTZ)
        press(play, "#")

    return await home.play(to(), meanwhile=meanwhile)


@evening.scene
async def presses_a_wrong_key(home: Home) -> Play:
    async def meanwhile(play: Play) -> None:
        await hears(play, MENU_HERTZ)
        press(play, "9")

    return await home.play(to(), meanwhile=meanwhile)


@evening.scene
async def keys_by_themselves(home: Home) -> Play:
    """What ``cordboard ring --keys 2,1.5s,5,6,#`` does."""
    return await home.play(to(), keys=("2", "1.5s", "5", "6", "#"))


def gone_after(play: Play, key: str, hertz: float) -> float:
    """Seconds from a key to the first 20 ms in which the caller hears this tone no more."""
    heard, pressed = play.caller.heard, int(play.marks[key] * RATE)
    wave = np.exp(-2j * np.pi * hertz / RATE * np.arange(FRAME))
    for start in range(pressed, len(heard) - FRAME, FRAME):
        frame = heard[start : start + FRAME].astype(float)
        if abs(frame @ wave) ** 2 < 0.5 * (frame @ frame) * FRAME / 2 or np.abs(frame).max() < 300:
            return seconds(start - pressed)
    raise AssertionError(f"{hertz} Hz never ends")


def test_barge_in_a_key_stops_the_prompt_within_a_tenth_of_a_second(home: Home) -> None:
    play = evening[types]
    took = [gone_after(play, key, hertz) for key, hertz in (("2", MENU_HERTZ), ("4", CODE_HERTZ))]
    print(f"from key to the prompt's end: {', '.join(f'{one * 1000:.0f} ms' for one in took)}")
    assert all(one < BARGE_IN_SECONDS for one in took)
    for hertz in (MENU_HERTZ, CODE_HERTZ):
        ((began, ended),) = tone_spans(play.caller.heard, hertz)
        assert ended - began < LONG / 2
    packets = play.caller.packets  # one stream, also while keys are awaited (telephony.md 18)
    assert len({packet.ssrc for packet in packets}) == 1
    assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(packets))


def test_settled_5_the_next_applets_request_carries_the_digits_in_quotes(home: Home) -> None:
    play = evening[types]
    gather, connect = [ask for ask in home.application.of(play.number) if ask.path in ("/gather", "/connect")]
    assert gather.raw.startswith("step=code&CallSid=") and "&digits=%222%22" in gather.raw  # the menu's key
    assert gather.headers["Exotel-Version"] == "1.0"
    assert "&digits=%22471%22" in connect.raw
    assert play.exits() == ["2", "digits", "after_conversation"] and play.row.call_type == "completed"


def test_contract_5_5_nothing_entered_says_the_repeat_prompt_and_sends_no_digits(home: Home) -> None:
    play = evening[says_nothing]
    assert gone_after(play, "#", CODE_HERTZ) < BARGE_IN_SECONDS
    ((began, ended),) = tone_spans(play.caller.heard, AGAIN_HERTZ)
    assert ended - began == pytest.approx(1.0, abs=0.1) and began > play.marks["#"]
    assert "digits" not in play.asked("/connect")[0] and play.asked("/spare") == []
    assert play.exits() == ["2", "nothing", "not_dialed", ""]


def test_contract_5_6_a_wrong_key_leaves_by_invalid(home: Home) -> None:
    assert evening[presses_a_wrong_key].exits() == ["invalid", ""]


def test_keys_of_a_scripted_caller_wait_where_they_are_told_to(home: Home) -> None:
    play = evening[keys_by_themselves]
    assert play.exits() == ["2", "digits", "not_dialed", ""]
    assert [query["digits"] for query in play.asked("/connect")] == ['"56"']
    pressed = [step.at for step in play.caller.steps if step.what.startswith("key")]
    assert pressed[1] - pressed[0] == pytest.approx(1.5, abs=0.3)


def test_the_journal_tells_the_same_again(home: Home) -> None:
    for scene in (types, says_nothing):
        lines = list(home.run(home.engine.store.timelines.of_call(evening[scene].sid)))
        steps = list(replay(lines))
        assert len(steps) > 10 and all(step.same for step in steps)
