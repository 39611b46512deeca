"""The timeline of a call, from its journal lines."""

import json
from pathlib import Path

from cordboard.api.timeline import KINDS, entries
from cordboard.call import words as w
from cordboard.call.causes import Cause
from cordboard.store import lines
from tests.unit.api.house import NOW, House, play

STORY = [
    lines.begin("ab12", NOW + 0.12, {"facts": {"caller": "+919876500001"}, "account": {"sid": "acme1"}}),
    lines.step("ab12", 1, 0.0, w.CallerArrived(), [w.AnswerCaller("flow.answer")]),
    lines.entry("sip", "ab12", 2, 0.001, {"what": "→ 200 OK", "why": "", "leg": 0, "size": 812}),
    lines.row("calls", "ab12", {"status": "in-progress"}),
    lines.step(
        "ab12",
        3,
        0.5,
        w.Fetched(1, 200, "application/json", b"{}", "", 0.4),
        [w.Dial(1, "+919812300001", "+918047115777", 30.0, "settled-14")],
    ),
    lines.step("ab12", 4, 1.5, w.LegFailed(1, Cause.BUSY, 486), [w.Finish("nobody_answers", "settled-22")]),
    lines.entry("note", "ab12", 5, 2.0, {"what": "", "why": "limit.legs"}),
]


def test_an_entry_has_the_fields_of_the_document() -> None:
    told = entries(STORY)
    assert [entry["seq"] for entry in told] == list(range(1, len(told) + 1))
    for entry in told:
        assert list(entry) == ["seq", "at", "kind", "what", "why", "data"]
        assert entry["kind"] in KINDS
        assert entry["what"] and isinstance(entry["data"], dict)
    assert told[0]["at"] == "2026-01-13T06:14:54.120Z"
    assert told[-1]["at"] == "2026-01-13T06:14:56.120Z"


def test_a_step_is_its_event_and_then_its_commands() -> None:
    told = [(entry["kind"], entry["what"], entry["why"]) for entry in entries(STORY)]
    assert told == [
        ("applet", "the call began", ""),
        ("leg", "the caller arrived", ""),
        ("decision", "answer the caller", "flow.answer"),
        ("sip", "→ 200 OK", ""),
        ("answer", "the URL answered", ""),
        ("decision", "ring a number", "settled-14"),
        ("leg", "a leg failed", ""),
        ("applet", "leave the applet", "settled-22"),
        ("decision", "note", "limit.legs"),
    ]


def test_numbers_stand_in_data_only() -> None:
    for entry in entries(STORY):
        assert "+91" not in entry["what"] + entry["why"]
    dial = entries(STORY)[5]["data"]
    assert dial == {"leg": 1, "number": "+919812300001", "shown": "+918047115777", "seconds": 30.0}
    assert entries(STORY)[3]["data"] == {"leg": 0, "size": 812}
    assert entries(STORY)[0]["data"] == {"caller": "+919876500001"}


def test_a_url_that_did_not_answer_and_a_sound_that_failed_are_told_so() -> None:
    told = entries(
        [
            lines.step("a", 1, 0.0, w.Fetched(1, 0, "", b"", "connection refused"), []),
            lines.step("a", 2, 0.0, w.SoundReady("s", 404, 0.0, "404"), []),
            lines.step("a", 3, 0.0, w.LegHeld(1, False), []),
            lines.step("a", 4, 0.0, w.LegHeld(1, True), []),
        ]
    )
    assert [entry["what"] for entry in told] == [
        "the URL did not answer",
        "a sound cannot be played",
        "a leg was taken off hold",
        "a leg was put on hold",
    ]


def test_every_event_and_command_has_its_words() -> None:
    from typing import get_args

    from cordboard.api.timeline import _TOLD

    assert {kind.__name__ for kind in (*get_args(w.Event), *get_args(w.Command))} == set(_TOLD)


def test_what_cannot_be_read_is_left_out() -> None:
    broken = [b"", b"\xff\x00", b"[]", b"7", b'{"k":1}', b'{"k":"step","e":3,"c":4}', b'{"k":"sip","t":"x"}']
    told = entries([*broken, b'{"k":"media","t":1e400,"what":"x","level":NaN}'])
    assert [entry["what"] for entry in told] == ["sip", "x"]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_a_word_of_a_later_version_is_still_told() -> None:
    line = b'{"k":"step","call":"a","n":1,"t":0,"e":{"is":"CallerWaved","hand":"left"},"c":[]}'
    assert entries([line])[0]["what"] == "caller waved"
    assert entries([line])[0]["data"] == {"hand": "left"}


def test_the_timeline_of_a_call_is_served(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for line in STORY:
            house.engine.store.append(line)
        answer = await house.get("/api/calls/ab12/timeline")
        assert answer.status == 200
        assert answer.json == entries(STORY)
        missing = await house.get("/api/calls/zz/timeline")
        assert (missing.status, missing.json["error"]["code"]) == (404, "not_found")

    play(tmp_path, story)


def test_s19_the_secrets_in_urls_are_not_shown() -> None:
    asked = "https://crm.example/connect?apikey=hunter2&CallSid=ab12&From=0987"
    told = entries(
        [
            lines.begin("ab12", NOW),
            lines.step("ab12", 1, 0.0, w.CallerArrived(), [w.Fetch(1, asked, "primary", 5.0, "settled-4")]),
            lines.step(
                "ab12", 2, 1.0, w.TimePassed(), [w.SendEvent("https://u:hunter2@crm.example/", "Dial", "x")]
            ),
        ]
    )
    fetch, event = (entry["data"]["url"] for entry in told if "url" in entry["data"])
    assert fetch == "https://crm.example/connect?apikey=***&CallSid=ab12&From=0987"
    assert event == "https://***@crm.example/" and "hunter2" not in json.dumps(told)
