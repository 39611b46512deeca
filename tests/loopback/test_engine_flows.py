"""Flows around Connect on a whole engine: real SIP, RTP and HTTP (contract.md §5.2 to §5.4, settled 22)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cordboard.runtime.replay import replay
from cordboard.simulator.tones import tone_of
from tests.loopback.engine_ears import tone_spans, wav_of
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, sound, text, to
from tests.waiting import until

HERTZ = 700


def _all_day() -> list[str]:
    return ["mon-sun 00:00-24:00"]


def _change(tables: dict[str, Any]) -> None:
    port = tables["flows"][0]["applets"]["connect"]["primary_url"].split("/")[2]
    host = f"http://{port}"
    chain = {
        "connect": {
            "type": "connect",
            "primary_url": f"{host}/connect",
            **dict.fromkeys(("after_conversation", "nobody_answers", "not_dialed"), "ask"),
        },
        "ask": {"type": "passthru", "url": f"{host}/ask?key=1", "ok": "choose", "other": "bye"},
        "choose": {"type": "switch", "cases": {"sales": "lines"}, "no_match": "bye"},
        "lines": {"type": "greeting", "url": f"{host}/lines", "next": "clock"},
        "clock": {"type": "hours", "times": _all_day(), "open": "on", "closed": "bye"},
        "on": {"type": "transfer", "flow": 2},
        "bye": {"type": "hangup"},
    }
    second = {
        "told": {"type": "passthru", "url": f"{host}/told", "async": True, "ok": "hello"},
        "hello": {"type": "greeting", "text": "Goodbye.", "next": "bye"},
        "bye": {"type": "hangup"},
    }
    tables["flows"][:2] = [
        {"id": 1, "name": "chain", "start": "connect", "applets": chain},
        {"id": 2, "name": "second", "start": "told", "applets": second},
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place: Path = tmp_path_factory.mktemp("flows")
    with home_at(place, "35000-35199", _change) as home:
        home.application.says("", "/tone.wav", sound(wav_of(HERTZ, 1.0)))
        home.application.says("", "/ask", text('{"select":"sales"}', media_type="text/plain"))
        home.application.says("", "/lines", text(home.url("/tone.wav"), media_type="text/plain"))
        home.application.says("", "/told", text("ok", media_type="text/plain"))
        yield home


def asked(home: Home, play: Play, path: str) -> list[Any]:
    """What came to a path about this call."""
    return [ask for ask in home.application.asked if ask.path == path and ask.query["CallSid"] == play.sid]


async def _told(home: Home, play: Play) -> bool:
    return len(asked(home, play, "/told")) == 1


def journal(home: Home, play: Play) -> list[bytes]:
    """The call's lines."""
    return list(home.run(home.engine.store.timelines.of_call(play.sid)))


def test_a_call_through_all_of_them_is_heard_written_and_replayed(home: Home) -> None:
    (asha,) = home.phones("06")
    play = home.run(home.play(to(asha, record=True)))
    assert play.exits() == ["after_conversation", "ok", "sales", "next", "open", "ok", "next", ""]
    (first,), (lines,) = asked(home, play, "/ask"), asked(home, play, "/lines")
    assert first.raw.startswith("key=1&CallSid=") and first.query["CallType"] == "completed"
    (recording,) = play.recordings
    assert first.query["RecordingUrl"].endswith(f"/v1/Accounts/acme1/Recordings/{recording.sid}")
    assert "RecordingAvailableBy" in first.query
    for ask in (first, lines):
        assert "Exotel-Version" not in ask.headers and ask.headers["Accept"].startswith("text/plain")
    assert set(lines.query) == {"CallSid", "From", "To", "DialWhomNumber"}
    home.run(until(lambda: _told(home, play)))
    # the phone's voice, then the URL's audio, both as sound
    ((tone_at, _),) = tone_spans(play.caller.heard, HERTZ)
    assert tone_spans(play.caller.heard, tone_of(asha))[0][0] < tone_at
    assert play.row.status == "completed" and play.row.flow_id == 1
    replayed = list(replay(journal(home, play)))
    assert len(replayed) > 10 and all(step.same for step in replayed)


def test_settled_22_the_flow_runs_on_without_its_caller_and_the_event_is_delivered(home: Home) -> None:
    (asha,) = home.phones("08")
    play = home.run(home.play(to(asha), talk=(asha, 0.3)))
    # a greeting needs a caller: the call ends before it
    assert play.exits() == ["after_conversation", "ok", "sales"]
    assert asked(home, play, "/ask")[0].query["CallType"] == "completed"
    assert not asked(home, play, "/lines") and play.row.disconnected_by == "Caller"
    home.application.says("", "/ask", text('{"select":"nobody"}', media_type="text/plain"))
    play = home.run(home.play(to(asha), talk=(asha, 0.3)))
    assert play.exits() == ["after_conversation", "ok", "no_match", ""]
    assert all(step.same for step in replay(journal(home, play)))
