"""Settled readings 22 and 23, each row of contract.md §5.1, late answering, and ends by force."""

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    CallerArrived,
    CallerHungUp,
    EndCall,
    HangUpCaller,
    LegAnswered,
    PrepareSound,
    ProgressCaller,
    RejectCaller,
    Release,
    SendEvent,
)
from cordboard.testing.scenario import (
    EVENTS,
    NEVER_REPLIES,
    RINGS_OUT,
    Caller,
    Phone,
    Reply,
    answer,
    answers,
    busy,
    connect_flow,
)
from tests.world.helpers import A, B, C, dials, events, exits, outcome, play, query

WAVE = {"activate": True}
SPEECH = {"playback_to": "both", "type": "text", "value": "Hello."}


# --- contract.md §5.1, row by row --------------------------------------------------------------------------


def test_5_1_answered_then_hung_up_by_the_callee() -> None:
    world = play({A: answers(2.0, 30.0)}, answer(A))
    assert outcome(world) == ("completed", "completed", "after_conversation")
    assert world.facts.legs[0].disconnected_by == "Callee"
    assert world.seen(HangUpCaller) and not world.seen(Release)


def test_5_1_answered_then_hung_up_by_the_caller() -> None:
    world = play({A: answers(2.0, None)}, answer(A), caller=Caller(leaves=20.0))
    assert outcome(world) == ("completed", "completed", "after_conversation")
    assert world.seen(Release) == [Release(1, Cause.NORMAL, "settled-22")]
    assert world.facts.legs[0].disconnected_by == "Caller" and not world.seen(HangUpCaller)


def test_5_1_answered_then_ended_by_the_time_limit() -> None:
    world = play({A: answers(2.0, None)}, answer(A, max_conversation_duration=60))
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_5_1_rang_out() -> None:
    world = play({A: RINGS_OUT}, answer(A))
    assert outcome(world) == ("incomplete", "no-answer", "nobody_answers")
    assert world.facts.legs[0].cause_code == "NO_ANSWER" and world.facts.dial_seconds == 30


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.DECLINED])
def test_5_1_callee_rejected_or_busy(cause: Cause) -> None:
    world = play({A: Phone(fails=(1.0, cause))}, answer(A))
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")
    assert world.facts.legs[0].cause_code == "USER_BUSY"


@pytest.mark.parametrize(
    ("cause", "code"), [(Cause.FAILED, "NETWORK_FAILURE"), (Cause.REJECTED, "CALL_REJECTED")]
)
def test_5_1_network_failure(cause: Cause, code: str) -> None:
    world = play({A: Phone(rings=None, fails=(1.0, cause))}, answer(A))
    assert outcome(world) == ("incomplete", "failed", "nobody_answers")
    assert world.facts.legs[0].cause_code == code


def test_5_1_caller_hung_up_while_ringing() -> None:
    world = play({A: RINGS_OUT, B: RINGS_OUT}, answer(A, B, parallel_ringing=WAVE), caller=Caller(leaves=9.0))
    assert outcome(world) == ("client-hangup", "canceled", "nobody_answers")
    assert [(r.leg, r.cause) for r in world.seen(Release)] == [(1, Cause.CANCELED), (2, Cause.CANCELED)]
    assert [leg.cause_code for leg in world.facts.legs] == ["ORIGINATOR_CANCEL"] * 2
    assert [leg.disconnected_by for leg in world.facts.legs] == ["Caller"] * 2
    assert (world.facts.dial_seconds, world.facts.dial_whom) == (8, B)


def test_5_1_nothing_dialled() -> None:
    world = play({}, answer())
    assert outcome(world) == ("call-attempt", "", "not_dialed")
    assert (world.facts.dial_seconds, world.facts.dial_whom, world.facts.legs) == (0, "", ())


# --- settled 22 --------------------------------------------------------------------------------------------


def test_settled_22_when_the_callee_hung_up_the_caller_is_still_there() -> None:
    world = play({A: answers()}, answer(A), flow=connect_flow(after_conversation="sorry"))
    assert [sound.value for sound in world.seen(PrepareSound)] == ["Sorry, nobody is there."]
    assert exits(world) == ["after_conversation", "next", ""]
    assert world.seen(HangUpCaller)


def test_settled_22_when_the_caller_is_gone_the_flow_ends_at_the_first_applet_that_needs_one() -> None:
    world = play(
        {A: RINGS_OUT}, answer(A), flow=connect_flow(nobody_answers="sorry"), caller=Caller(leaves=9.0)
    )
    assert exits(world) == ["nobody_answers"]
    assert world.seen(EndCall) == [EndCall("settled-22")] and not world.seen(PrepareSound)


def test_settled_22_not_dialed_unset_takes_nobody_answers() -> None:
    world = play({}, answer(), flow=connect_flow(nobody_answers="bye"))
    assert exits(world) == ["not_dialed", ""]


def test_settled_22_the_caller_leaves_between_two_attempts() -> None:
    replies = answer(A, fetch_after_attempt=True), answer(B, after=4.0)
    world = play({A: busy(1.0)}, *replies, caller=Caller(leaves=3.0))
    assert outcome(world) == ("client-hangup", "canceled", "nobody_answers")
    assert (world.facts.dial_seconds, world.facts.dial_whom) == (1, A)
    assert [leg.cause_code for leg in world.facts.legs] == ["USER_BUSY"]


def test_settled_22_the_caller_leaves_in_the_same_breath_as_the_answer() -> None:
    world = play({A: answers(4.0, None)}, answer(A), caller=Caller(leaves=4.15))
    assert world.at(CallerHungUp) < world.at(LegAnswered)
    assert not world.seen(Bridge)
    assert [(r.leg, r.cause) for r in world.seen(Release)] == [(1, Cause.CANCELED), (1, Cause.CANCELED)]
    assert world.facts.call_type == "client-hangup"


# --- settled 23 --------------------------------------------------------------------------------------------


def test_settled_23_one_dial_and_one_terminal_per_number() -> None:
    world = play({A: busy(), B: answers()}, answer(A, B, dial_passthru_event_url=EVENTS + "?key=1"))
    assert events(world) == [
        ("Dial", "09812300001", "busy"),
        ("Terminal", "09812300001", "free"),
        ("Dial", "09812300002", "busy"),
        ("Terminal", "09812300002", "free"),
    ]
    assert all(event.url.startswith(EVENTS + "?key=1&CallSid=") for event in world.seen(SendEvent))
    assert {query(event.url)["Direction"] for event in world.seen(SendEvent)} == {"incoming"}


def test_settled_23_ringing_and_answered_where_they_are_enabled() -> None:
    flow = connect_flow(dial_events=["Dial", "Ringing", "Answered", "Terminal"])
    phone = Phone(rings=1.0, early=2.0, answers=4.0, hangs_up=5.0)
    world = play({A: phone}, answer(A, dial_passthru_event_url=EVENTS), flow=flow)
    assert [kind for kind, _, _ in events(world)] == ["Dial", "Ringing", "Answered", "Terminal"]
    assert world.at(SendEvent, kind="Ringing") == pytest.approx(1.2)


def test_settled_23_kinds_that_are_not_enabled_are_not_sent() -> None:
    world = play(
        {A: answers()}, answer(A, dial_passthru_event_url=EVENTS), flow=connect_flow(dial_events=["Terminal"])
    )
    assert [kind for kind, _, _ in events(world)] == ["Terminal"]


def test_settled_23_the_terminal_of_a_recorded_conversation_says_when_its_recording_is_there() -> None:
    world = play(
        {A: busy(), B: answers(2.0, 30.0)}, answer(A, B, record=True, dial_passthru_event_url=EVENTS)
    )
    told = [query(event.url).get("RecordingAvailableBy") for event in world.seen(SendEvent)]
    assert told == [None, None, None, "Tue, 13 Jan 2026 11:46:26"]


@pytest.mark.parametrize(
    ("phones", "caller"),
    [
        ({A: RINGS_OUT, B: NEVER_REPLIES, C: busy()}, Caller()),
        ({A: RINGS_OUT, B: NEVER_REPLIES, C: busy()}, Caller(leaves=5.0)),
        ({A: answers(3.0), B: answers(3.01), C: RINGS_OUT}, Caller()),
        ({A: answers(3.0), B: answers(3.01), C: RINGS_OUT}, Caller(leaves=3.12)),
        ({A: answers(1.0, 1.0), B: busy(), C: busy()}, Caller()),
    ],
)
def test_settled_23_every_dial_gets_its_terminal_in_every_ending(
    phones: dict[str, Phone], caller: Caller
) -> None:
    reply = answer(A, B, C, parallel_ringing=WAVE, dial_passthru_event_url=EVENTS, start_call_playback=SPEECH)
    told = events(play(phones, reply, caller=caller))
    for number in ("09812300001", "09812300002", "09812300003"):
        assert [kind for kind, whom, _ in told if whom == number] == ["Dial", "Terminal"]


# --- telephony.md 5: late answering ------------------------------------------------------------------------

LATE = connect_flow(answer="late")


def test_telephony_5_a_183_at_once_even_while_the_url_is_asked() -> None:
    world = play({A: answers()}, answer(A, after=4.0), flow=LATE)
    assert world.at(ProgressCaller) == world.at(CallerArrived) == 0.0


def test_telephony_5_answered_at_the_callees_answer_before_a_playback() -> None:
    world = play({A: answers()}, answer(A, start_call_playback=SPEECH), flow=LATE)
    assert world.at(AnswerCaller) == world.at(LegAnswered) < world.at(Bridge)
    assert world.seen(HangUpCaller)


@pytest.mark.parametrize(
    ("phones", "code"),
    [({A: busy(), B: busy()}, 486), ({A: busy(), B: RINGS_OUT}, 480), ({A: NEVER_REPLIES, B: busy()}, 480)],
)
def test_telephony_5_nobody_answered_is_a_final_and_never_200_and_bye(
    phones: dict[str, Phone], code: int
) -> None:
    world = play(phones, answer(A, B), flow=LATE)
    assert [reject.code for reject in world.seen(RejectCaller)] == [code]
    assert not world.seen(AnswerCaller) and not world.seen(HangUpCaller)


def test_telephony_5_not_dialed_is_480() -> None:
    assert [reject.code for reject in play({}, Reply(status=500), flow=LATE).seen(RejectCaller)] == [480]


def test_telephony_5_a_greeting_answers_the_caller() -> None:
    world = play({A: busy()}, answer(A), flow=connect_flow(answer="late", nobody_answers="sorry"))
    assert world.seen(AnswerCaller) == [AnswerCaller("telephony-5")]
    assert world.at(AnswerCaller) == world.at(PrepareSound) and world.seen(HangUpCaller)


def test_telephony_5_a_caller_who_cancels_needs_no_final() -> None:
    world = play({A: RINGS_OUT}, answer(A), flow=LATE, caller=Caller(leaves=5.0))
    assert not world.seen(RejectCaller) and dials(world) == [A]


# --- ends by force -----------------------------------------------------------------------------------------


def test_telephony_21_dead_audio_of_the_callee_ends_the_conversation() -> None:
    world = play({A: Phone(answers=1.0, dead=40.0)}, answer(A))
    assert world.seen(Release) == [Release(1, Cause.DEAD_AUDIO, "telephony-21")]
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_telephony_21_dead_audio_of_the_caller_ends_the_call() -> None:
    world = play({A: answers(1.0, None)}, answer(A), caller=Caller(dead=45.0))
    assert world.seen(HangUpCaller) == [HangUpCaller("telephony-21")]
    assert world.seen(Release) == [Release(1, Cause.NORMAL, "settled-22")]
    assert world.facts.legs[0].disconnected_by == "Exotel"


@pytest.mark.parametrize("at", [0.05, 1.0, 3.0, 20.0])
def test_an_engine_that_stops_releases_every_leg(at: float) -> None:
    reply = answer(A, B, parallel_ringing=WAVE, dial_passthru_event_url=EVENTS, start_call_playback=SPEECH)
    world = play({A: answers(2.0, None), B: RINGS_OUT}, reply, stops=at)
    assert world.seen(EndCall) == [EndCall("engine.stopped")] and world.seen(HangUpCaller)
    assert exits(world) == []
