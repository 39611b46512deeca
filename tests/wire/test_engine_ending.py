"""Settled readings 22 and 23 and the rows of contract.md §5.1 from the outside: how calls end, and what is
told of it to the caller's SIP, to the next applet's URL, to the records and to the event URL."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import Dial
from cordboard.sip.dialog.words import Reason
from cordboard.store.codec import unpack
from cordboard.testing.carrier import NORMAL
from cordboard.testing.scenario import (
    EVENTS,
    NEVER_REPLIES,
    RINGS_OUT,
    Caller,
    Phone,
    Reply,
    Sound,
    answer,
    answers,
    busy,
    connect_flow,
)
from cordboard.testing.stage import CARRIER, EXCHANGE, Stage
from tests.wire.engine import (
    both_modes,
    call,
    call_row,
    final,
    header,
    leg_row,
    next_request,
    numbers,
    onward,
    sent,
)
from tests.world.helpers import AUDIO, A, B, C

WAVE = {"activate": True}
ALL_EVENTS = ["Dial", "Ringing", "Answered", "Terminal"]


def failing(cause: Cause) -> Phone:
    return Phone(rings=None, fails=(2.0, cause))


@dataclass(frozen=True)
class Row:
    """One row of §5.1, for a caller who stays: what the next applet is asked with."""

    phones: dict[str, Phone]
    call_type: str
    status: str | None
    path: str
    code: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


ROWS = {
    "answered, the callee hung up": Row({A: answers(2.0, 9.0)}, "completed", "completed", "/after"),
    "answered, the time limit": Row(
        {A: answers(2.0, None)},
        "completed",
        "completed",
        "/after",
        fields={"max_conversation_duration": 5},
    ),
    "rang out": Row({A: RINGS_OUT}, "incomplete", "no-answer", "/nobody", "NO_ANSWER"),
    "busy": Row({A: busy()}, "incomplete", "busy", "/nobody", "USER_BUSY"),
    "rejected": Row({A: failing(Cause.DECLINED)}, "incomplete", "busy", "/nobody", "USER_BUSY"),
    "network failure": Row({A: failing(Cause.FAILED)}, "incomplete", "failed", "/nobody", "NETWORK_FAILURE"),
    "our credentials refused": Row(
        {A: failing(Cause.REJECTED)}, "incomplete", "failed", "/nobody", "CALL_REJECTED"
    ),
    "nobody there": Row({A: NEVER_REPLIES}, "incomplete", "failed", "/nobody", "NETWORK_FAILURE"),
    "nothing dialled": Row({}, "call-attempt", None, "/undialed"),
}


@both_modes
@pytest.mark.parametrize("name", ROWS)
def test_row_5_1_of_a_caller_who_stays(name: str, mode: str) -> None:
    row = ROWS[name]
    stage = call(row.phones, answer(*row.phones, **row.fields), answer(), flow=onward(mode))
    path, query = next_request(stage)
    assert (path, query["CallType"], query.get("DialCallStatus")) == (row.path, row.call_type, row.status)
    # what a refetch would have said of the leg
    if row.code:
        replies = (answer(*row.phones, fetch_after_attempt=True), answer())
        _, query = next_request(call(row.phones, *replies, mode=mode))
        assert query["Legs[0][CauseCode]"] == row.code


@both_modes
def test_row_5_1_answered_then_hung_up_by_the_caller(mode: str) -> None:
    stage = call({A: answers(2.0, None)}, answer(A), flow=onward(mode), caller=Caller(leaves=12.0))
    row = call_row(stage)
    assert (row["status"], row["call_type"], row["dial_status"]) == ("completed", "completed", "completed")
    assert (row["disconnected_by"], row["talk_seconds"], row["leg2_status"]) == ("Caller", 10, "completed")
    assert leg_row(stage, 1)["disconnected_by"] == "Caller"
    ((at, _),) = sent(stage, "BYE", CARRIER)
    assert at == pytest.approx(12.0, abs=0.01) and stage.carrier.rung[0].reasons == (NORMAL,)
    assert len(stage.customer.asked) == 1  # the next applet needs a caller


@both_modes
def test_row_5_1_the_caller_hung_up_while_it_rang(mode: str) -> None:
    stage = call({A: RINGS_OUT}, answer(A), flow=onward(mode), caller=Caller(leaves=7.0))
    row = call_row(stage)
    assert (row["call_type"], row["dial_status"]) == ("client-hangup", "canceled")
    assert row["status"] == ("completed" if mode == "at_once" else "canceled")
    assert leg_row(stage, 1)["cause"] == "canceled" and leg_row(stage, 1)["disconnected_by"] == "Caller"
    ((at, _),) = sent(stage, "CANCEL", CARRIER)
    assert at == pytest.approx(7.0, abs=0.01) and stage.carrier.rung[0].reasons == (NORMAL,)
    assert stage.caller.final == (200 if mode == "at_once" else 487)


@both_modes
@pytest.mark.parametrize(("leaves", "after"), [(2.0, 4.0), (5.5, None)])
def test_settled_22_the_caller_hung_up_before_anybody_was_dialled(
    leaves: float, after: float | None, mode: str
) -> None:
    stage = call({A: RINGS_OUT}, answer(A, after=after), flow=onward(mode), caller=Caller(leaves=leaves))
    row = call_row(stage)
    assert (row["call_type"], row["dial_status"], numbers(stage)) == ("client-hangup", "", [])
    assert row["ended_at"] - row["created_at"] == pytest.approx(leaves, abs=0.01)


@both_modes
def test_settled_22_the_caller_leaves_during_the_announcement(mode: str) -> None:
    playback = {"playback_to": "both", "type": "audio_url", "value": AUDIO}
    stage = call(
        {A: answers(2.0, None)},
        answer(A, start_call_playback=playback),
        flow=onward(mode),
        caller=Caller(leaves=4.0),
        sounds={AUDIO: Sound(9.0)},
    )
    assert (call_row(stage)["call_type"], call_row(stage)["dial_status"]) == ("client-hangup", "canceled")
    assert len(sent(stage, "BYE", CARRIER)) == 1


@both_modes
def test_settled_22_the_caller_leaves_between_two_attempts(mode: str) -> None:
    replies = (answer(A, fetch_after_attempt=True), answer(B, after=4.0))
    stage = call({A: busy(1.0)}, *replies, flow=onward(mode), caller=Caller(leaves=3.0))
    assert (call_row(stage)["call_type"], call_row(stage)["dial_status"]) == ("client-hangup", "canceled")
    assert numbers(stage) == [A]


def test_settled_22_when_the_callee_hung_up_the_caller_is_still_there() -> None:
    stage = call({A: answers(2.0, 9.0)}, answer(A), flow=connect_flow(after_conversation="sorry"))
    assert [wanted.kind for wanted in stage.sounds.wanted] == ["text"]
    ((at, _),) = sent(stage, "BYE", EXCHANGE)
    assert at == pytest.approx(0.1 + 11.1 + 0.1 + 3.0, abs=0.05)


def test_settled_22_not_dialed_unset_takes_nobody_answers() -> None:
    flow = onward()
    del flow["applets"]["connect"]["not_dialed"]
    assert next_request(call({}, answer(), answer(), flow=flow))[0] == "/nobody"


# --- the caller's SIP (telephony.md 5) ------------------------------------------------------------------


def test_telephony_5_a_call_answered_at_once_ends_by_bye() -> None:
    stage = call({}, answer())
    assert final(stage).startswith(b"SIP/2.0 200 ") and len(sent(stage, "BYE", EXCHANGE)) == 1
    assert stage.caller.reasons == (NORMAL,)


@pytest.mark.parametrize(
    ("phones", "code", "reason"),
    [
        ({}, 480, Reason("Q.850", 18, "No user responding")),
        ({A: RINGS_OUT}, 480, Reason("Q.850", 18, "No user responding")),
        ({A: busy(), B: RINGS_OUT}, 480, Reason("Q.850", 18, "No user responding")),
        ({A: busy(), B: failing(Cause.DECLINED)}, 486, Reason("Q.850", 17, "User busy")),
        ({A: failing(Cause.REJECTED)}, 480, Reason("Q.850", 18, "No user responding")),
        ({A: failing(Cause.FAILED)}, 480, Reason("Q.850", 18, "No user responding")),
    ],
)
def test_telephony_5_a_flow_that_ends_unanswered_sends_a_final_with_a_reason(
    phones: dict[str, Phone], code: int, reason: Reason
) -> None:
    stage = call(phones, answer(*phones), mode="late")
    assert stage.caller.final == code and stage.caller.reasons == (reason,)
    assert sent(stage, "200 INVITE", EXCHANGE) == [] and sent(stage, "BYE", EXCHANGE) == []
    assert call_row(stage)["answered_at"] is None


def test_telephony_5_a_183_with_sdp_at_once_repeated_each_minute_and_its_sdp_in_the_200() -> None:
    phones = {A: RINGS_OUT, B: RINGS_OUT, C: answers(20.0, 5.0)}
    stage = call(phones, answer(A, B, C, max_ringing_duration=60, after=4.0), mode="late")
    early = [(round(stage.at(at) - 0.05, 2), code) for at, code, _ in stage.caller.provisionals]
    assert early == [(0.0, 183), (60.0, 183), (120.0, 183)]
    ((answered, accepted),) = sent(stage, "200 INVITE", EXCHANGE)
    assert answered == pytest.approx(4.0 + 60 + 60 + 20.1, abs=0.01)
    bodies = {sdp for _, _, sdp in stage.caller.provisionals}
    assert bodies == {accepted.partition(b"\r\n\r\n")[2]}


def test_telephony_5_answered_at_the_callees_answer_before_a_playback() -> None:
    playback = {"playback_to": "callee", "type": "text", "value": "Hello."}
    stage = call({A: answers(4.0, 9.0)}, answer(A, start_call_playback=playback), mode="late")
    ((answered, _),) = sent(stage, "200 INVITE", EXCHANGE)
    assert answered == pytest.approx(0.1 + 4.1, abs=0.01)
    assert call_row(stage)["talk_seconds"] == 6  # the announcement of 3 s is no conversation


# --- dial events ------------------------------------------------------------------------------------------


def events(stage: Stage) -> list[tuple[float, str, str, str]]:
    """(when, EventType, whom, Status) of what waits in the outbox, in its order."""
    created = call_row(stage)["created_at"]
    found = []
    for row in stage.journal.rows("outbox"):
        query = dict(pair.split("=") for pair in row["url"].partition("?")[2].split("&"))
        found.append(
            (round(row["created_at"] - created, 1), row["kind"], query["DialWhomNumber"], query["Status"])
        )
        assert query["EventType"] == row["kind"] and row["call_sid"] == query["CallSid"] == stage.sid
    return found


def told(number: str) -> str:
    return "0" + number[3:]


@both_modes
def test_settled_23_a_dial_event_byte_for_byte(mode: str) -> None:
    stage = call({A: answers(2.0, 9.0)}, answer(A, dial_passthru_event_url=EVENTS + "?k=1"), mode=mode)
    first, last = stage.journal.rows("outbox")
    words = (
        f"{EVENTS}?k=1&CallSid={stage.sid}&CallFrom=09876500001&CallTo=08047100001&Direction=incoming"
        "&Created=2026-01-13+11%3A44%3A54&From=09876500001&To=08047100001"
        "&CurrentTime=2026-01-13+11%3A{}&DialWhomNumber=09812300001&Status={}&EventType={}"
    )
    assert first["url"] == words.format("44%3A54", "busy", "Dial")
    assert last["url"] == words.format("45%3A05", "free", "Terminal")


@both_modes
def test_settled_23_one_dial_and_one_terminal_per_number_in_order(mode: str) -> None:
    phones = {A: busy(1.0), B: RINGS_OUT, C: answers(3.0, 4.0)}
    reply = answer(A, B, C, dial_passthru_event_url=EVENTS, max_ringing_duration=10)
    stage = call(phones, reply, mode=mode)
    assert events(stage) == [
        (0.1, "Dial", told(A), "busy"),
        (1.2, "Terminal", told(A), "free"),
        (1.2, "Dial", told(B), "busy"),
        (11.2, "Terminal", told(B), "free"),
        (11.2, "Dial", told(C), "busy"),
        (18.3, "Terminal", told(C), "free"),
    ]
    assert [row["number"] for row in stage.journal.rows("outbox")] == [1, 2, 3, 4, 5, 6]


def test_settled_23_ringing_and_answered_where_they_are_enabled() -> None:
    flow = connect_flow(dial_events=ALL_EVENTS)
    reply = answer(A, B, parallel_ringing=WAVE, dial_passthru_event_url=EVENTS)
    stage = call({A: RINGS_OUT, B: answers(3.0, 4.0)}, reply, flow=flow)
    assert [(kind, whom) for _, kind, whom, _ in events(stage)] == [
        ("Dial", told(A)),
        ("Dial", told(B)),
        ("Ringing", told(A)),
        ("Ringing", told(B)),
        ("Terminal", told(A)),
        ("Answered", told(B)),
        ("Terminal", told(B)),
    ]


@both_modes
@pytest.mark.parametrize(
    ("phone", "rest"),
    [
        (RINGS_OUT, {"caller": Caller(leaves=5.0)}),
        (answers(2.0, None), {"caller": Caller(leaves=9.0)}),
        (answers(2.0, None), {"stops": 9.0}),
        (RINGS_OUT, {"stops": 5.0}),
        (NEVER_REPLIES, {}),
        (Phone(answers=2.0, dead=5.0), {}),
    ],
)
def test_settled_23_every_dial_gets_its_terminal_whatever_ends_the_leg(
    phone: Phone, rest: dict[str, Any], mode: str
) -> None:
    stage = call({A: phone}, answer(A, dial_passthru_event_url=EVENTS), mode=mode, **rest)
    assert [kind for _, kind, _, _ in events(stage)] == ["Dial", "Terminal"]


def test_settled_23_the_terminal_of_a_recorded_conversation_says_when_it_can_be_fetched() -> None:
    stage = call({A: answers(2.0, 9.0)}, answer(A, record=True, dial_passthru_event_url=EVENTS))
    assert stage.journal.rows("outbox")[-1]["url"].endswith(
        "&EventType=Terminal&RecordingAvailableBy=Tue%2C+13+Jan+2026+11%3A46%3A05"
    )


def test_settled_23_a_customer_whose_event_url_is_dead_holds_up_nobody() -> None:
    stage = call({A: answers(2.0, 9.0)}, answer(A, dial_passthru_event_url="http://dead.example/"))
    assert [asked.path for asked in stage.customer.asked] == ["/connect"]  # events go another way
    assert call_row(stage)["talk_seconds"] == 9


def test_a_line_is_in_the_journal_before_its_command_is_obeyed() -> None:
    stage = call({A: answers(2.0, 9.0)}, answer(A))
    kinds = []
    for record in stage.journal.records(call=stage.sid):
        if record["k"] == "step" and any(isinstance(unpack(command), Dial) for command in record["c"]):
            kinds.append("decided")
        if record["k"] == "sip" and record["leg"] == 1 and record["what"] == "→ INVITE":
            kinds.append("sent")
    assert kinds == ["decided", "sent"]


def test_an_engine_that_is_told_to_stop_ends_every_leg_now() -> None:
    for mode, phone in (("at_once", answers(2.0, None)), ("late", RINGS_OUT)):
        stage = call({A: phone}, answer(A), mode=mode, stops=6.0)
        assert call_row(stage)["ended_at"] - call_row(stage)["created_at"] == pytest.approx(6.0, abs=0.01)
        assert stage.caller.final == (200 if mode == "at_once" else 503)


def test_a_fallback_is_asked_for_each_refetch_too() -> None:
    replies = (answer(A, fetch_after_attempt=True), Reply(status=500), answer(B))
    stage = call({A: busy(), B: answers()}, *replies)
    assert [asked.path for asked in stage.customer.asked] == ["/connect", "/connect", "/fallback"]
    assert numbers(stage) == [A, B] and header(final(stage), "CSeq") == "1 INVITE"
