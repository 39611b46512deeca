"""Voicemail in the whole engine: what is heard and kept, what the customer is told and when."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from cordboard.call.scene import Clip, Quiet, Recording, Silence
from cordboard.call.words import Finish
from cordboard.testing.journal_sink import JournalSink
from cordboard.testing.scenario import PRIMARY, Caller, Sound, answer, answers, busy
from cordboard.testing.stage import Stage
from cordboard.testing.world import World
from tests.wire.engine import call, call_row, heard, scene_at
from tests.world.helpers import A

NOTIFY = "http://customer.example/message"
BASE = "http://127.0.0.1:8080/v1/Accounts/acme1/Recordings/"
PROMPT = "Please speak after the tone."
SOUNDS = {PROMPT: Sound(3.0), "": Sound(0.5)}
BEGINS = 3.6
"""The prompt is ready after 0.1 s and takes 3.0, the beep 0.5."""


def box(**settings: Any) -> dict[str, Any]:
    """A flow of one Voicemail, behind which somebody is asked for."""
    voicemail = {"type": "voicemail", "prompt": {"text": PROMPT}, "notify_url": NOTIFY, **settings}
    applets = {
        "box": voicemail | {"next": "then"},
        "then": {"type": "connect", "primary_url": PRIMARY},
    }
    return {"id": 11754, "name": "box", "start": "box", "applets": applets}


def leave(**rest: Any) -> Stage:
    """One message."""
    return call({}, answer(), **({"flow": box(), "sounds": SOUNDS} | rest))


def recording_row(stage: Stage) -> dict[str, Any]:
    (row,) = stage.journal.rows("recordings")
    return row


def notice(stage: Stage) -> dict[str, Any]:
    """The row of the notice, with its body read."""
    (row,) = stage.journal.rows("outbox")
    told: dict[str, Any] = json.loads(row["body"])
    return row | {"told": told}


def times_due(journal: JournalSink) -> list[float]:
    """When the notice was due, each time that it was written down."""
    rows = [record["values"] for record in journal.records("row") if record["table"] == "outbox"]
    return [row["due_at"] for row in rows]


def ended(stage: Stage) -> tuple[float, str]:
    """When and by what the message ended."""
    entries = stage.journal.transcript(stage.sid)
    return next((round(e.at, 2), e.what.why) for e in entries if isinstance(e.what, Finish))


def test_prompt_and_beep_are_heard_and_then_the_caller_alone_is_recorded() -> None:
    stage = leave(caller=Caller(leaves=8.0))
    assert [type(source) for source in heard(stage, 0)] == [Quiet, Clip, Clip, Quiet, Silence]
    assert [wanted.kind for wanted in stage.sounds.wanted] == ["text", "beep"]
    assert scene_at(stage, 3.5).recording is None
    assert scene_at(stage, 3.7).recording == Recording("r1", False, 0, 0, 5.0)
    row = recording_row(stage)
    assert (row["kind"], row["channels"], row["state"]) == ("voicemail", 1, "whole")
    assert row["key"] == (f"{stage.sid}r1",)


@pytest.mark.parametrize(
    ("settings", "caller", "at", "why"),
    [
        ({}, Caller(leaves=8.0, speaks=((4.0, 8.0),)), 8.0, "voicemail.hangup"),
        ({}, Caller(speaks=((4.0, 9.0),)), 14.0, "voicemail.silence"),
        ({}, Caller(), 8.6, "voicemail.silence"),
        ({"silence_seconds": 2}, Caller(speaks=((4.0, 6.0), (7.0, 9.0))), 11.0, "voicemail.silence"),
        ({"max_seconds": 20}, Caller(speaks=((4.0, 60.0),)), 23.6, "voicemail.limit"),
        ({"silence_seconds": 0, "max_seconds": 30}, Caller(), 33.6, "voicemail.limit"),
        ({}, Caller(speaks=((4.0, 60.0),), digits=((7.0, "1"), (8.0, "#"))), 8.0, "voicemail.key"),
    ],
)
def test_a_message_ends_by_hangup_silence_limit_or_key(
    settings: dict[str, Any], caller: Caller, at: float, why: str
) -> None:
    stage = leave(flow=box(**settings), caller=caller)
    when, word = ended(stage)
    assert word == why
    assert when == pytest.approx(at, abs=0.05)
    assert recording_row(stage)["seconds"] == pytest.approx(at - BEGINS, abs=0.1)


def test_settled_4_after_voicemail_the_request_carries_its_recording_and_row_5_1() -> None:
    stage = leave(caller=Caller(speaks=((4.0, 6.0),)))
    asked = stage.customer.asked[0].query
    assert asked["CallType"] == "voicemail"
    assert asked["RecordingUrl"] == f"{BASE}{stage.sid}r1"
    assert "DialCallStatus" not in asked
    assert f"&RecordingUrl={quote(BASE, safe='')}{stage.sid}r1" in stage.customer.asked[0].url


def test_after_a_connect_that_nobody_answered() -> None:
    flow = box()
    flow["applets"]["connect"] = {"type": "connect", "primary_url": PRIMARY, "nobody_answers": "box"}
    flow["start"] = "connect"
    stage = call({A: busy(2.0)}, answer(A), answer(), flow=flow, sounds=SOUNDS, caller=Caller())
    asked = stage.customer.asked[1].query
    assert (asked["CallType"], asked["DialCallStatus"]) == ("voicemail", "busy")
    assert asked["RecordingUrl"] == f"{BASE}{stage.sid}r1"
    assert call_row(stage)["call_type"] == "call-attempt", "of the Connect that came last"


def test_a_recorded_talk_before_it_has_a_name_of_its_own() -> None:
    flow = box()
    flow["applets"]["connect"] = {"type": "connect", "primary_url": PRIMARY, "after_conversation": "box"}
    flow["start"] = "connect"
    stage = call({A: answers(2.0, 5.0)}, answer(A, record=True), answer(), flow=flow, sounds=SOUNDS)
    kinds = {row["name"]: row["kind"] for row in stage.journal.rows("recordings")}
    assert kinds == {"r1": "conversation", "r2": "voicemail"}
    assert stage.customer.asked[1].query["RecordingUrl"] == f"{BASE}{stage.sid}r2"


def test_settled_22_the_callers_hang_up_keeps_the_message_and_its_notice() -> None:
    stage = leave(caller=Caller(leaves=9.6, speaks=((4.0, 9.6),)))
    assert stage.customer.asked == [], "a Connect needs a caller"
    assert recording_row(stage)["state"] == "whole"
    assert (call_row(stage)["call_type"], call_row(stage)["status"]) == ("voicemail", "completed")
    told = notice(stage)["told"]
    assert (told["EndedBy"], told["RecordingDuration"]) == ("hangup", 6)
    assert told["RecordingUrl"] == f"{BASE}{stage.sid}r1"


def test_the_notice_goes_when_the_recording_is_decided_and_after_a_minute_at_the_latest() -> None:
    stage = leave(caller=Caller(leaves=9.6))
    row = notice(stage)
    assert (row["kind"], row["url"], row["method"]) == ("voicemail", NOTIFY, "POST")
    first, last = times_due(stage.journal)
    assert first == pytest.approx(row["created_at"] + 60.0)
    assert last == pytest.approx(row["created_at"], abs=1.0), "it was decided soon"
    decided = recording_row(stage)["ended_at"]
    assert last >= decided


def test_who_hangs_up_during_the_prompt_leaves_nothing() -> None:
    stage = leave(caller=Caller(leaves=2.0))
    assert stage.journal.rows("recordings") == [] and stage.journal.rows("outbox") == []
    assert call_row(stage)["call_type"] == "voicemail", "it went to voicemail"


def test_a_stop_of_the_engine_keeps_what_was_said() -> None:
    stage = leave(stops=8.0)
    assert recording_row(stage)["state"] == "whole"
    assert notice(stage)["told"]["EndedBy"] == "stopped"


def test_when_media_dies_under_it_the_message_is_partial_and_the_call_goes_on() -> None:
    stage = leave(media_lost=9.0, caller=Caller(speaks=((4.0, 60.0),)))
    assert recording_row(stage)["state"] == "partial"
    assert stage.customer.asked[0].query["CallType"] == "voicemail"


@pytest.mark.parametrize("caller", [Caller(leaves=8.0), Caller(speaks=((4.0, 6.0),))])
def test_world_and_wire_tell_the_same(caller: Caller) -> None:
    stage = leave(caller=caller)
    world = World(stage.scenario).run()
    assert world.facts.call_type == ("voicemail" if caller.leaves else "call-attempt")
    assert world.seen(Finish)[0].why == ended(stage)[1]
    assert world.at(Finish) == pytest.approx(ended(stage)[0], abs=0.05)
