"""Settled readings 1–13, as far as the machine decides them. Reading and writing: in contract."""

from dataclasses import replace

import pytest

from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic, Quiet, Ringback, Silence
from cordboard.call.words import Bridge, Dial, Fetch, Note, PrepareSound
from cordboard.testing.scenario import (
    ACCOUNT,
    CALLER,
    EXOPHONE,
    FALLBACK,
    PRIMARY,
    RINGS_OUT,
    Caller,
    Phone,
    Reply,
    Scenario,
    Sound,
    answer,
    answers,
    busy,
    connect_flow,
)
from cordboard.testing.world import World
from tests.world.helpers import AUDIO, TONE, A, B, dials, exits, notes, outcome, play, queries

PLAYBACK = {"playback_to": "callee", "type": "audio_url", "value": AUDIO}
SPEECH = {"playback_to": "callee", "type": "text", "value": "Hello."}


def _roles(world: World) -> list[tuple[float, str]]:
    return [(round(e.at, 2), e.what.role) for e in world.transcript if isinstance(e.what, Fetch)]


def test_settled_1_start_time_is_created_until_the_caller_is_answered() -> None:
    late = connect_flow(answer="late", after_conversation="again")
    late["applets"]["again"] = late["applets"]["connect"] | {"after_conversation": "bye"}
    world = play({A: answers(20.0, 5.0)}, answer(A), answer(), flow=late)
    first, second = queries(world)
    assert first["StartTime"] == first["Created"] == "2026-01-13 11:44:54"
    assert second["Created"] == first["Created"] and second["StartTime"] == "2026-01-13 11:45:14"
    assert second["CurrentTime"] == "2026-01-13 11:45:19"
    assert first["EndTime"] == second["EndTime"] == "1970-01-01 05:30:00"


def test_settled_2_five_seconds_then_the_fallback() -> None:
    world = play({A: answers()}, Reply(after=None), answer(A))
    assert _roles(world) == [(0.0, "primary"), (5.0, "fallback")]
    assert [fetch.seconds for fetch in world.seen(Fetch)] == [5.0, 5.0]
    assert dials(world) == [A]


def test_settled_2_an_answer_after_its_time_is_not_used() -> None:
    world = play({A: answers(), B: answers()}, answer(A, after=5.5), answer(B, after=1.0))
    assert dials(world) == [B]


@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=500),
        Reply(status=201, body=b'{"destination":{"numbers":["+919812300001"]}}'),
        Reply(status=302),
        Reply(status=0, error="connection refused"),
        Reply(body=b"not json"),
        Reply(body=b'{"destination":{"numbers":["+919812300001"]}}', media_type="text/html"),
        Reply(body=b'{"record":true}'),
    ],
)
def test_settled_3_whatever_is_wrong_leads_to_the_fallback_once(bad: Reply) -> None:
    world = play({A: answers()}, bad, answer(A))
    assert [role for _, role in _roles(world)] == ["primary", "fallback"]
    assert notes(world)
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_settled_3_the_fallback_gets_the_same_parameters() -> None:
    world = play({}, Reply(status=500), Reply(status=500))
    first, second = (dict(each) for each in queries(world))
    assert first.pop("CurrentTime") <= second.pop("CurrentTime")
    assert first == second
    assert [fetch.url.split("?")[0] for fetch in world.seen(Fetch)] == [PRIMARY, FALLBACK]


def test_settled_3_wrong_again_is_not_dialed() -> None:
    assert outcome(play({}, Reply(status=500), Reply(status=500))) == ("call-attempt", "", "not_dialed")


def test_settled_3_no_fallback_set_is_not_dialed() -> None:
    world = play({}, Reply(status=500), flow=connect_flow(fallback_url=None))
    assert len(world.seen(Fetch)) == 1
    assert outcome(world) == ("call-attempt", "", "not_dialed")


def test_settled_3_wrong_again_after_somebody_was_dialled_is_nobody_answers() -> None:
    world = play({A: busy()}, answer(A, B, fetch_after_attempt=True), Reply(status=500), Reply(status=404))
    assert [role for _, role in _roles(world)] == ["primary", "primary", "fallback"]
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_4_the_first_request_is_a_call_attempt() -> None:
    (first,) = queries(play({A: answers()}, answer(A)))
    assert (first["CallType"], first["DialCallDuration"], first["DialWhomNumber"]) == (
        "call-attempt",
        "0",
        "",
    )
    assert "DialCallStatus" not in first and not any(name.startswith("Legs") for name in first)


def test_settled_4_after_a_failed_attempt_the_request_tells_of_it_and_of_all_legs() -> None:
    world = play(
        {A: Phone(rings=None, fails=(2.4, Cause.DECLINED)), B: RINGS_OUT},
        answer(A, fetch_after_attempt=True),
        answer(B, fetch_after_attempt=True, max_ringing_duration=20),
        answer(),
    )
    _, second, third = queries(world)
    assert second["CallType"] == "incomplete" and second["DialCallStatus"] == "busy"
    assert second["DialCallDuration"] == "2" and second["DialWhomNumber"] == "09812300001"
    assert third["DialCallStatus"] == "no-answer" and third["DialCallDuration"] == "20"
    assert third["DialWhomNumber"] == "09812300002"
    legs = {name: value for name, value in third.items() if name.startswith("Legs")}
    assert legs == {
        "Legs[0][Number]": "09812300001",
        "Legs[0][Type]": "pstn",
        "Legs[0][OnCallDuration]": "0",
        "Legs[0][Cause]": "user busy",
        "Legs[0][CauseCode]": "USER_BUSY",
        "Legs[0][DisconnectedBy]": "Callee",
        "Legs[1][Number]": "09812300002",
        "Legs[1][Type]": "pstn",
        "Legs[1][OnCallDuration]": "0",
        "Legs[1][Cause]": "no answer",
        "Legs[1][CauseCode]": "NO_ANSWER",
        "Legs[1][DisconnectedBy]": "Exotel",
    }


def test_settled_4_the_type_of_a_leg_is_sip_where_a_registered_phone_was_rung() -> None:
    world = play(
        {A: Phone(rings=None, fails=(2.4, Cause.DECLINED), registered=True), B: RINGS_OUT},
        answer(A, B, parallel_ringing={"activate": True}, fetch_after_attempt=True),
        answer(),
    )
    last = queries(world)[-1]
    assert (last["Legs[0][Type]"], last["Legs[1][Type]"]) == ("sip", "pstn")
    assert (last["Legs[0][Number]"], last["Legs[0][Cause]"]) == ("09812300001", "user busy")


def test_settled_4_after_an_earlier_connect_the_request_carries_that_ones_outcome_but_not_its_legs() -> None:
    flow = connect_flow(after_conversation="again")
    flow["applets"]["again"] = flow["applets"]["connect"] | {"after_conversation": "bye"}
    _, second = queries(play({A: answers(3.0, 11.0)}, answer(A), answer(), flow=flow))
    assert (second["CallType"], second["DialCallStatus"]) == ("completed", "completed")
    assert (second["DialCallDuration"], second["DialWhomNumber"]) == ("14", "09812300001")
    assert not any(name.startswith("Legs") for name in second)


def test_settled_4_a_connect_that_dials_nobody_has_no_duration_and_no_number() -> None:
    flow = connect_flow(after_conversation="again")
    flow["applets"]["again"] = flow["applets"]["connect"] | {"after_conversation": "bye"}
    facts = play({A: answers(3.0, 11.0)}, answer(A), answer(), flow=flow).facts
    assert (facts.call_type, facts.dial_status, facts.dial_seconds, facts.dial_whom) == (
        "call-attempt",
        "",
        0,
        "",
    )


def test_settled_4_duration_of_a_wave_runs_to_the_end_of_its_last_leg_and_whom_is_the_last_number() -> None:
    wave = {"activate": True}
    replies = (answer(A, B, fetch_after_attempt=True, parallel_ringing=wave), answer())
    _, second = queries(play({A: busy(9.4), B: busy(1.0)}, *replies))
    assert (second["DialCallDuration"], second["DialWhomNumber"]) == ("9", "09812300002")


def test_settled_4_duration_counts_ringing_and_whom_is_who_answered() -> None:
    world = play({A: answers(2.0, 11.0), B: RINGS_OUT}, answer(A, B, parallel_ringing={"activate": True}))
    assert (world.facts.dial_seconds, world.facts.dial_whom) == (13, A)
    assert [leg.on_call_seconds for leg in world.facts.legs] == [11, 0]
    assert [leg.disconnected_by for leg in world.facts.legs] == ["Callee", "Exotel"]


def test_settled_4_the_configured_query_comes_first() -> None:
    flow = connect_flow(primary_url="http://customer.example/connect?key=a%20b&x")
    (fetch,) = play({A: answers()}, answer(A), flow=flow).seen(Fetch)
    assert fetch.url.startswith("http://customer.example/connect?key=a%20b&x&CallSid=5f3c")


def test_settled_5_custom_field_and_digits_stay_with_the_call() -> None:
    scenario = Scenario(
        phones={A: busy()},
        custom_field="order 42",
        replies=(
            answer(A, fetch_after_attempt=True),
            answer(),
        ),
    )
    world = World(scenario)
    world.state = replace(world.state, facts=replace(world.state.facts, digits="12"))
    world.run()
    for told in queries(world):
        assert (told["digits"], told["CustomField"]) == ('"12"', "order 42")


@pytest.mark.parametrize(
    "body", [b'{"destination":{}}', b'{"destination":{"numbers":[]}}', b'{"destination":{"numbers":["x"]}}']
)
def test_settled_7_nothing_to_dial_does_not_ask_the_fallback(body: bytes) -> None:
    world = play({}, Reply(body), answer(A))
    assert len(world.seen(Fetch)) == 1
    assert outcome(world) == ("call-attempt", "", "not_dialed")


def test_settled_7_nothing_to_dial_after_somebody_was_dialled_is_nobody_answers() -> None:
    world = play({A: busy()}, answer(A, fetch_after_attempt=True), answer())
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_8_what_was_understood_with_a_warning_is_in_the_timeline() -> None:
    world = play({A: answers(70)}, answer("098123 00001", max_ringing_duration=99, record="true"))
    assert dials(world) == [A]
    assert world.seen(Dial)[0].seconds == 60
    assert len(notes(world)) >= 2
    assert all(note.why.startswith(("settled-", "telephony-", "flow.")) for note in world.seen(Note))


def test_settled_10_audio_must_answer_200_before_anybody_is_dialled() -> None:
    world = play({A: answers()}, answer(A, start_call_playback=PLAYBACK), sounds={AUDIO: Sound(after=1.5)})
    assert world.at(Dial) == pytest.approx(1.6)
    assert world.seen(PrepareSound) == [PrepareSound("s1", "url", AUDIO, 3, "settled-10")]


@pytest.mark.parametrize(
    ("sound", "asked_at"),
    [(Sound(status=404, seconds=0.0), 0.2), (Sound(status=0, seconds=0.0), 0.2), (Sound(after=None), 5.1)],
)
def test_settled_10_audio_that_is_not_there_makes_the_answer_invalid(sound: Sound, asked_at: float) -> None:
    world = play({B: answers()}, answer(A, start_call_playback=PLAYBACK), answer(B), sounds={AUDIO: sound})
    assert [role for _, role in _roles(world)] == ["primary", "fallback"]
    assert world.at(Fetch, role="fallback") == pytest.approx(asked_at)
    assert dials(world) == [B] and "playback.not_200" in notes(world)


def test_settled_10_both_answers_without_their_audio_are_not_dialed() -> None:
    bad = answer(A, start_call_playback=PLAYBACK)
    world = play({}, bad, bad, sounds={AUDIO: Sound(status=404, seconds=0.0)})
    assert outcome(world) == ("call-attempt", "", "not_dialed")


def test_settled_10_an_answer_that_was_invalid_does_not_count_as_the_same_set() -> None:
    bad = answer(A, start_call_playback=PLAYBACK)
    world = play({A: answers()}, bad, answer(A), sounds={AUDIO: Sound(status=404, seconds=0.0)})
    assert dials(world) == [A]


def test_settled_10_audio_that_cannot_be_decoded_is_skipped() -> None:
    sounds = {AUDIO: Sound(seconds=0.0, problem="no audio")}
    world = play({A: answers()}, answer(A, start_call_playback=PLAYBACK), sounds=sounds)
    assert "playback.skipped" in notes(world)
    assert world.at(Bridge) == pytest.approx(0.2 + 2.1)


def test_settled_10_a_tone_that_is_unusable_is_the_default_tone() -> None:
    hold = {"type": "custom_tone", "value": TONE}
    world = play({A: answers()}, answer(A, music_on_hold=hold), sounds={TONE: Sound(status=404, seconds=0.0)})
    assert "hold.unusable" in notes(world)
    assert world.heard(0)[0] == (0.0, HoldMusic())
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_settled_10_nothing_to_dial_nothing_fetched() -> None:
    hold = {"type": "custom_tone", "value": TONE}
    world = play({}, answer(start_call_playback=PLAYBACK, music_on_hold=hold))
    assert world.seen(PrepareSound) == []


def test_settled_10_the_same_url_twice_in_one_answer_is_asked_for_once() -> None:
    hold = {"type": "custom_tone", "value": AUDIO}
    world = play({A: answers()}, answer(A, start_call_playback=PLAYBACK, music_on_hold=hold))
    assert [sound.value for sound in world.seen(PrepareSound)] == [AUDIO]
    clips = {source for _, scene in world.scenes for _, source in scene.hears if isinstance(source, Clip)}
    assert clips == {Clip("s1", 1, loop=True), Clip("s1", 2)}


def test_settled_10_a_tone_that_plays_already_goes_on_and_its_url_as_an_announcement_is_asked_for() -> None:
    hold = {"type": "custom_tone", "value": AUDIO}
    replies = (
        answer(A, fetch_after_attempt=True, music_on_hold=hold),
        answer(B, music_on_hold=hold, start_call_playback=PLAYBACK),
    )
    world = play({A: busy(), B: answers()}, *replies)
    assert [sound.why for sound in world.seen(PrepareSound)] == ["settled-19", "settled-10"]
    assert dials(world) == [A, B]
    assert Clip("s2", 2) in [source for _, source in world.heard(2)]


def test_settled_10_strict_follows_no_redirect() -> None:
    world = play(
        {A: answers()}, answer(A, start_call_playback=PLAYBACK), account=replace(ACCOUNT, strict=True)
    )
    assert [sound.redirects for sound in world.seen(PrepareSound)] == [0]


def test_settled_11_text_is_spoken_and_does_not_hold_up_dialling() -> None:
    world = play({A: answers()}, answer(A, start_call_playback=SPEECH), sounds={"Hello.": Sound(after=0.5)})
    assert world.seen(PrepareSound) == [PrepareSound("s1", "text", "Hello.", 3, "settled-10")]
    assert world.at(Dial) == pytest.approx(0.1)


def test_settled_11_speech_that_is_late_is_waited_for_a_little() -> None:
    phones, reply = {A: answers(0.3)}, answer(A, start_call_playback=SPEECH)
    world = play(phones, reply, sounds={"Hello.": Sound(after=1.0, seconds=3.0)})
    assert world.at(Bridge) == pytest.approx(0.1 + 1.0 + 3.0)
    assert [source for _, source in world.heard(1)][:3] == [Silence(), Quiet(), Clip("s1", 1)]
    world = play(phones, reply, sounds={"Hello.": Sound(after=1.0, seconds=0.0)})
    assert world.at(Bridge) == pytest.approx(1.1)
    world = play(phones, reply, sounds={"Hello.": Sound(after=None)})
    assert world.at(Bridge) == pytest.approx(0.5 + 2.0) and "playback.no-end" in notes(world)


def test_settled_12_other_shapes_are_understood_only_where_they_are_enabled() -> None:
    plain = Reply(b"+919812300001", media_type="text/plain")
    assert outcome(play({A: answers()}, plain, plain))[2] == "not_dialed"
    world = play({A: answers()}, plain, flow=connect_flow(accept=["plain"]))
    assert dials(world) == [A]


def test_settled_13_the_caller_and_the_exophone_are_not_dialled() -> None:
    world = play({A: answers()}, answer(CALLER, EXOPHONE, A))
    assert dials(world) == [A] and len(notes(world)) == 2
    assert outcome(play({}, answer(CALLER)))[2] == "not_dialed"


def test_parameters_in_the_flow_need_no_url() -> None:
    parameters = {"destination": {"numbers": [A, B]}, "fetch_after_attempt": True, "max_ringing_duration": 10}
    world = play({A: RINGS_OUT, B: answers()}, flow=connect_flow(parameters=parameters))
    assert world.seen(Fetch) == [] and dials(world) == [A, B]
    assert exits(world) == ["after_conversation"]


def test_the_caller_is_never_in_silence_while_somebody_is_looked_for() -> None:
    world = play({A: busy(), B: answers()}, answer(A, B, after=4.0))
    assert world.heard(0)[0] == (0.0, HoldMusic())
    late = play({A: answers()}, answer(A, after=4.0), flow=connect_flow(answer="late"))
    assert late.heard(0)[0] == (0.0, Ringback())


def test_the_caller_leaves_while_the_url_is_asked() -> None:
    world = play({}, answer(A, after=3.0), caller=Caller(leaves=1.0))
    assert outcome(world) == ("client-hangup", "", "not_dialed") and dials(world) == []
