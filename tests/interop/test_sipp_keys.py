"""sipp presses keys in a menu and in a gather: by INFO, and as RFC 4733 events."""

import os
from pathlib import Path

import pytest

from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, Stage, engine, played, to
from tests.interop.sipp import sipp

pytestmark = pytest.mark.usefixtures("needs_sipp")

TALKS = "+919812300001"
ONLY_SOUND = s.sdp().replace(" 101", "").replace("a=rtpmap:101 telephone-event/8000\n", "")
EVENTS_AS_96 = s.sdp().replace("101", "96")
"""sipp sends the keys of ``play_dtmf`` under this type."""


def _keys(host: str) -> dict[str, object]:
    """A menu and a gather whose prompts nobody can load: they are skipped, and keys are waited for."""
    silent = {"audio_url": f"{host}/nothing.wav"}
    return {
        "first": {"type": "menu", "prompt": silent, "keys": {"1": "gather"}},
        "gather": {"type": "gather", "prompt": silent, "digits": "connect", "nothing": "bye"},
    }


def _info(key: str, cseq: int, content_type: str) -> str:
    body = f"Signal={key}\nDuration=160\n" if content_type.endswith("relay") else key
    told = s.request("INFO", cseq, body=body).replace("application/sdp", content_type)
    return s.send(told, repeat=True) + s.recv(response=200)


def _call(sdp: str, *steps: str, last: int) -> str:
    return s.scenario(
        s.send(s.invite(sdp), repeat=True), s.until_answered(), s.acknowledge(), *steps, s.hang_up(last)
    )


async def _went_on_with(stage: Stage, digits: str) -> None:
    call = await stage.call()
    assert (call.status, call.call_type, call.answered_by) == ("completed", "completed", TALKS)
    told = [asked["digits"] for asked in stage.customer.asked if "flow_id" in asked]
    assert told == [f'"{digits}"']


@pytest.mark.interop("digits by INFO", "sipp")
@pytest.mark.parametrize("content_type", ["application/dtmf-relay", "application/dtmf"])
def test_keys_by_info_choose_and_are_gathered(tmp_path: Path, content_type: str) -> None:
    async def test() -> None:
        keys = [s.pause(0.3) + _info(key, cseq, content_type) for cseq, key in enumerate("1407#", start=2)]
        script = _call(ONLY_SOUND, s.pause(0.5), *keys, s.pause(2.0), last=7)
        async with engine(tmp_path, more=_keys) as stage:
            stage.customer.answer = to(TALKS)
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            await _went_on_with(stage, "407")

    played(test)


@pytest.mark.interop("call in", "sipp")
@pytest.mark.skipif(os.geteuid() != 0, reason="sipp plays keys through a raw socket, which is root's alone")
def test_keys_as_events_choose_and_are_gathered(tmp_path: Path) -> None:
    async def test() -> None:
        press = '<nop><action><exec play_dtmf="{}"/></action></nop>\n'
        script = _call(
            EVENTS_AS_96,
            s.pause(0.7),
            press.format("1"),
            s.pause(0.8),
            press.format("407#"),
            s.pause(3.5),
            last=2,
        )
        async with engine(tmp_path, more=_keys) as stage:
            stage.customer.answer = to(TALKS)
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            await _went_on_with(stage, "407")

    played(test)
