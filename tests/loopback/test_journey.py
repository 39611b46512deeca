"""A journey of ten applets with real audio and keys, inbound and outbound, on SQLite and on PostgreSQL."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cordboard.runtime.replay import replay
from cordboard.simulator.phone import Phone
from cordboard.simulator.tones import tone_of
from tests.loopback.engine_ears import tone_spans, wav_of
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import MAIN, Home, Play, sound, text, to
from tests.waiting import until

WELCOME_HERTZ, NOTE_SECONDS = 700, 2
EXITS = ["next", "digits", "ok", "vip", "1", "open", "after_conversation", "next", "ok", "next", ""]
Press = Callable[[str], None]


def _change(place: Path, database: str | None) -> Callable[[dict[str, Any]], None]:
    def change(tables: dict[str, Any]) -> None:
        host = "http://" + tables["flows"][0]["applets"]["connect"]["primary_url"].split("/")[2]
        if database is not None:
            tables["store"] |= {"url": database, "journal": str(place / "journal")}
        main = {
            "hello": {"type": "greeting", "audio": f"{host}/welcome.wav", "next": "ask"},
            "ask": {
                "type": "gather",
                "prompt": {"text": "Please type the number of your order, then the hash key."},
                "max_input_digits": 6,
                "digits": "look",
                "nothing": "bye",
            },
            "look": {"type": "passthru", "url": f"{host}/look", "ok": "choose", "other": "bye"},
            "choose": {"type": "switch", "cases": {"vip": "lines"}, "no_match": "bye"},
            "lines": {
                "type": "menu",
                "prompt": {"text": "For your order press one."},
                "keys": {"1": "clock"},
                "no_input": "bye",
                "invalid": "bye",
            },
            "clock": {"type": "hours", "times": ["mon-sun 00:00-24:00"], "open": "connect", "closed": "bye"},
            "connect": {
                "type": "connect",
                "primary_url": f"{host}/connect",
                "after_conversation": "note",
                "nobody_answers": "bye",
            },
            "note": {
                "type": "voicemail",
                "prompt": {"text": "Speak now."},
                "max_seconds": NOTE_SECONDS,
                "silence_seconds": 0,
                "notify_url": f"{host}/note",
                "next": "on",
            },
            "on": {"type": "transfer", "flow": 2},
            "bye": {"type": "hangup"},
        }
        second = {
            "told": {"type": "passthru", "url": f"{host}/told", "async": True, "ok": "thanks"},
            "thanks": {"type": "greeting", "text": "Thank you.", "next": "bye"},
            "bye": {"type": "hangup"},
        }
        tables["flows"][:2] = [
            {"id": 1, "name": "journey", "start": "hello", "applets": main},
            {"id": 2, "name": "second", "start": "told", "applets": second},
        ]

    return change


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    database = request.getfixturevalue("postgres").database() if request.param == "postgresql" else None
    place: Path = tmp_path_factory.mktemp(request.param)
    with home_at(place, "35200-35399", _change(place, database)) as home:
        home.application.says("", "/welcome.wav", sound(wav_of(WELCOME_HERTZ, 1.0)))
        home.application.says("", "/look", text('{"select":"vip"}', media_type="text/plain"))
        yield home


async def _entered(home: Home, number: str, applet: str) -> None:
    """Wait until this caller's call is in the applet, as its timeline tells."""

    async def is_there() -> bool:
        rows = [row for row in await home.engine.store.calls.newest(20) if row.caller == number]
        if not rows:
            return False
        lines = await home.engine.store.timelines.of_call(rows[0].sid)
        return any(b"applet.entered" in line and f'"{applet} ('.encode() in line for line in lines)

    await until(is_there, 20)


async def _types(home: Home, number: str, press: Press) -> None:
    """Keys over the prompts, which fall silent for them."""
    await _entered(home, number, "ask")
    for key in "42#":
        press(key)
    await _entered(home, number, "lines")
    press("1")


def _asked(home: Home, sid: str, path: str) -> list[dict[str, str]]:
    return [
        ask.query for ask in home.application.asked if ask.path == path and ask.query.get("CallSid") == sid
    ]


def _told(timeline: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What was decided, without what the network's haste may turn round."""
    kinds = ("applet", "decision", "fetch", "answer", "event")
    return [(entry["kind"], entry["what"], entry["why"]) for entry in timeline if entry["kind"] in kinds]


_TIMELINES: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
"""What each journey was told to be, by direction and database."""


def _same_on_both(direction: str, home: Home, timeline: list[dict[str, Any]]) -> None:
    database = home.house.settings.store.url.partition(":")[0]
    _TIMELINES[direction, database] = _told(timeline)
    others = [told for (way, _), told in _TIMELINES.items() if way == direction]
    assert all(told == others[0] for told in others)


async def _delivered(home: Home, sid: str, path: str) -> None:
    async def there() -> bool:
        return bool(_asked(home, sid, path))

    await until(there)


def _checked(home: Home, sid: str, timeline: list[dict[str, Any]], direction: str, callee: str) -> None:
    """What every URL was told, in which order the applets came, and what a replay decides."""
    exits = [entry["data"]["exit"] for entry in timeline if entry["what"] == "leave the applet"]
    assert exits == EXITS
    (look,), (connect,) = _asked(home, sid, "/look"), _asked(home, sid, "/connect")
    assert look["digits"] == '"42"' and look["Direction"] == direction and look["CallType"] == "call-attempt"
    assert connect["digits"] == '"1"' and connect["flow_id"] == "1"
    home.run(_delivered(home, sid, "/told"))
    (told,) = _asked(home, sid, "/told")
    assert told["CallType"] == "voicemail" and told["flow_id"] == "2" and told["RecordingUrl"]
    recordings = home.run(home.engine.store.recordings.of_call(sid))
    assert [(one.kind, one.state) for one in recordings] == [
        ("conversation", "whole"),
        ("voicemail", "whole"),
    ]
    assert recordings[1].seconds == pytest.approx(NOTE_SECONDS, abs=0.3)
    assert told["RecordingUrl"].endswith(recordings[1].sid)
    lines = list(home.run(home.engine.store.timelines.of_call(sid)))
    replayed = list(replay(lines))
    assert len(replayed) > 20 and all(step.same for step in replayed)
    row = home.run(home.engine.store.calls.get(sid))
    assert row is not None and row.status == "completed" and row.answered_by == callee


def test_an_inbound_journey_of_ten_applets(home: Home) -> None:
    (asha,) = home.phones("06")
    home.application.says("", "/connect", to(asha, record=True))

    async def typing(play: Play) -> None:
        await _types(home, play.number, play.caller.press)

    play = home.run(home.play(meanwhile=typing, longest=50.0), 90)
    _checked(home, play.sid, play.timeline, "incoming", asha)
    ((welcome_at, _),) = tone_spans(play.caller.heard, WELCOME_HERTZ)
    assert tone_spans(play.caller.heard, tone_of(asha))[0][0] > welcome_at
    _same_on_both("incoming", home, play.timeline)


def test_an_outbound_journey_of_ten_applets(home: Home) -> None:
    asha, meena = home.phones("06", "11")
    home.application.says("", "/connect", to(asha, record=True))

    async def ordered() -> tuple[str, Phone]:
        form = {"From": meena, "CallerId": MAIN, "Url": "http://my.exotel.com/acme1/exoml/start_voice/1"}
        status, body = await home.post("/v1/Accounts/acme1/Calls/connect.json", form)
        assert status == 200, body
        sid: str = json.loads(body)["Call"]["Sid"]
        simulator = home.house.simulator
        assert simulator is not None

        async def rung() -> bool:
            try:
                return simulator.of(meena).answered
            except KeyError:
                return False

        await until(rung)
        phone = simulator.of(meena)
        await _types(home, meena, phone.press)
        await until(_over(home, sid), 40)
        await home.engine.store.settled()
        return sid, phone

    sid, phone = home.run(ordered(), 90)
    timeline = json.loads(home.run(home.get(f"/api/calls/{sid}/timeline"))[1])
    _checked(home, sid, timeline, "outbound-dial", asha)
    heard = np.asarray(phone.heard)
    ((welcome_at, _),) = tone_spans(heard, WELCOME_HERTZ)
    assert tone_spans(heard, tone_of(asha))[0][0] > welcome_at
    _same_on_both("outbound-dial", home, timeline)


def _over(home: Home, sid: str) -> Callable[[], Awaitable[bool]]:
    async def is_over() -> bool:
        row = await home.engine.store.calls.get(sid)
        recordings = await home.engine.store.recordings.of_call(sid)
        decided = all(recording.state != "recording" for recording in recordings)
        return row is not None and row.ended_at is not None and decided

    return is_over
