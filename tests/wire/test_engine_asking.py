"""Settled readings 1–13 from the outside: what is asked byte by byte and when, whom the answer rings."""

import json

import pytest

from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic
from cordboard.contract.account import Account, ExoPhone
from cordboard.testing.scenario import (
    CALLER,
    EXOPHONE,
    RINGS_OUT,
    Phone,
    Reply,
    Scenario,
    Sound,
    answer,
    answers,
    busy,
    connect_flow,
)
from cordboard.testing.stage import EXCHANGE, Stage, act
from tests.wire.engine import (
    asked_at,
    both_modes,
    call,
    header,
    heard,
    invites,
    next_request,
    notes,
    numbers,
    onward,
    sent,
)
from tests.world.helpers import AUDIO, TONE, A, B, C

_PLAYBACK = {"playback_to": "callee", "type": "audio_url", "value": AUDIO}


def raw(value: object) -> Reply:
    """An answer in these very words."""
    return Reply(value if isinstance(value, bytes) else json.dumps(value).encode())


def _account(**settings: object) -> Account:
    return Account(exophones=(ExoPhone(EXOPHONE), ExoPhone("+918047100002")), **settings)  # type: ignore[arg-type]


@both_modes
def test_settled_1_4_6_the_first_request_byte_for_byte(mode: str) -> None:
    stage = call({A: answers()}, answer(A), mode=mode)
    (asked,) = stage.customer.asked
    assert asked.url == (
        f"http://customer.example/connect?CallSid={stage.sid}&CallFrom=09876500001&CallTo=08047100001"
        "&Direction=incoming&Created=2026-01-13+11%3A44%3A54&DialCallDuration=0"
        "&StartTime=2026-01-13+11%3A44%3A54&EndTime=1970-01-01+05%3A30%3A00&CallType=call-attempt"
        "&DialWhomNumber=&flow_id=11754&From=09876500001&To=08047100001&CurrentTime=2026-01-13+11%3A44%3A54"
    )
    assert asked.headers == {"Exotel-Version": "1.0"}
    assert stage.at(asked.at) == 0.0


def test_settled_1_times_are_those_of_the_accounts_zone_and_end_time_is_constant() -> None:
    stage = call({}, answer(), account=_account(timezone="Europe/London"))
    query = stage.customer.asked[0].query
    assert (query["Created"], query["EndTime"]) == ("2026-01-13 06:14:54", "1970-01-01 05:30:00")


@pytest.mark.parametrize(("mode", "started"), [("at_once", "11:44:54"), ("late", "11:45:14")])
def test_settled_1_start_time_is_when_the_first_leg_was_answered(mode: str, started: str) -> None:
    stage = call({A: answers(20.0, 5.0)}, answer(A), answer(), flow=onward(mode))
    _, query = next_request(stage)
    assert (query["Created"], query["StartTime"]) == ("2026-01-13 11:44:54", f"2026-01-13 {started}")
    assert query["CurrentTime"] == "2026-01-13 11:45:19"


@both_modes
def test_settled_2_five_seconds_once_and_never_again(mode: str) -> None:
    stage = call({}, Reply(after=None), Reply(after=None), mode=mode)
    assert asked_at(stage) == [(0.0, "/connect"), (5.0, "/fallback")]
    assert [asked.seconds for asked in stage.customer.asked] == [5.0, 5.0]
    assert numbers(stage) == []


def test_settled_2_an_answer_after_its_time_rings_nobody() -> None:
    stage = call({A: answers(), B: answers()}, answer(A, after=5.3), answer(B, after=1.0))
    assert numbers(stage) == [B]


@both_modes
@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=302),
        Reply(status=201, body=b'{"destination":{"numbers":["+919812300001"]}}'),
        Reply(body=b'{"destination":{"numbers":["+919812300001"]}}', media_type="text/plain"),
        Reply(body=b"{"),
        Reply(status=0, error="the connection was refused"),
    ],
)
def test_settled_2_3_whatever_is_wrong_asks_the_fallback_at_once_with_the_same_words(
    bad: Reply, mode: str
) -> None:
    stage = call({B: answers()}, bad, answer(B), mode=mode)
    assert asked_at(stage) == [(0.0, "/connect"), (0.1, "/fallback")]
    first, second = stage.customer.asked
    assert first.url.partition("?")[2] == second.url.partition("?")[2]
    assert first.headers == second.headers
    assert numbers(stage) == [B]


@both_modes
@pytest.mark.parametrize("fallback", ["http://customer.example/fallback", None])
def test_settled_3_wrong_again_or_no_fallback_is_not_dialed(fallback: str | None, mode: str) -> None:
    flow = onward(mode, fallback_url=fallback)
    stage = call({}, *[Reply(status=500)] * (2 if fallback else 1), answer(), flow=flow)
    assert numbers(stage) == [] and next_request(stage)[0] == "/undialed"


def test_settled_3_wrong_after_somebody_was_dialled_is_nobody_answers() -> None:
    replies = (answer(A, fetch_after_attempt=True), Reply(status=500), Reply(status=500), answer())
    stage = call({A: busy()}, *replies, flow=onward())
    path, query = next_request(stage)
    assert (path, query["CallType"], query["DialCallStatus"]) == ("/nobody", "incomplete", "busy")


def test_settled_4_the_configured_query_comes_first_byte_for_byte() -> None:
    configured = "http://customer.example/connect?key=a+b%20c%2f[1]&digit=9&x"
    stage = call({}, answer(), flow=connect_flow(primary_url=configured))
    assert stage.customer.asked[0].url.startswith(f"{configured}&CallSid={stage.sid}&CallFrom=")


@both_modes
def test_settled_4_after_a_failed_attempt_the_request_tells_of_it_byte_for_byte(mode: str) -> None:
    phones = {A: Phone(rings=None, fails=(2.4, Cause.DECLINED)), B: RINGS_OUT}
    replies = (
        answer(A, fetch_after_attempt=True),
        answer(B, fetch_after_attempt=True, max_ringing_duration=20),
        answer(),
    )
    stage = call(phones, *replies, mode=mode)
    _, second, third = stage.customer.asked
    assert second.url.partition("&EndTime=1970-01-01+05%3A30%3A00")[2] == (
        "&CallType=incomplete&DialWhomNumber=09812300001&flow_id=11754&From=09876500001&To=08047100001"
        "&CurrentTime=2026-01-13+11%3A44%3A56&DialCallStatus=busy"
        "&Legs%5B0%5D%5BNumber%5D=09812300001&Legs%5B0%5D%5BType%5D=pstn&Legs%5B0%5D%5BOnCallDuration%5D=0"
        "&Legs%5B0%5D%5BCause%5D=user+busy&Legs%5B0%5D%5BCauseCode%5D=USER_BUSY"
        "&Legs%5B0%5D%5BDisconnectedBy%5D=Callee"
    )
    assert "&DialCallDuration=2&" in second.url
    assert third.query["DialCallDuration"] == "20" and third.query["DialCallStatus"] == "no-answer"
    assert third.query["Legs[1][CauseCode]"] == "NO_ANSWER"
    assert third.query["Legs[1][DisconnectedBy]"] == "Exotel"


def test_settled_4_after_an_earlier_connect_the_request_carries_its_outcome() -> None:
    stage = call({A: answers(3.0, 20.0)}, answer(A), answer(), flow=onward())
    path, query = next_request(stage)
    assert path == "/after"
    assert (query["CallType"], query["DialCallStatus"]) == ("completed", "completed")
    assert (query["DialCallDuration"], query["DialWhomNumber"]) == ("23", "09812300001")
    assert not any(name.startswith("Legs") for name in query)
    assert not {"tenant_id", "OutgoingPhoneNumber"} & query.keys()


def test_settled_6_numbers_are_e164_where_the_account_says_so() -> None:
    stage = call({}, answer(), account=_account(number_format="e164"))
    asked = stage.customer.asked[0]
    assert "&CallFrom=%2B919876500001&CallTo=%2B918047100001&" in asked.url
    assert asked.query["From"] == asked.query["CallFrom"] and asked.query["To"] == asked.query["CallTo"]


def test_settled_6_a_foreign_caller_is_e164_in_national_form_too() -> None:
    async def abroad(stage: Stage) -> None:
        stage.ring("+14155550123")

    stage = act(abroad, Scenario(replies=(answer(),)))
    assert stage.customer.asked[0].query["CallFrom"] == "+14155550123"


@both_modes
@pytest.mark.parametrize(
    "nothing",
    [
        {"destination": {}},
        {"destination": {"numbers": []}},
        {"destination": {"numbers": None}},
        {"destination": {"numbers": ""}},
        {"destination": {"numbers": ["what", "112"]}},
    ],
)
def test_settled_7_nothing_to_dial_asks_no_fallback(nothing: object, mode: str) -> None:
    stage = call({}, raw(nothing), answer(), flow=onward(mode))
    assert [path for _, path in asked_at(stage)] == ["/connect", "/undialed"]
    assert numbers(stage) == []


@pytest.mark.parametrize(
    "wrong", [{}, {"destination": None}, {"destination": "x"}, {"destination": {"a": 1}}]
)
def test_settled_7_without_a_destination_the_fallback_is_asked(wrong: object) -> None:
    stage = call({B: answers()}, raw(wrong), answer(B))
    assert [path for _, path in asked_at(stage)] == ["/connect", "/fallback"] and numbers(stage) == [B]


@both_modes
def test_settled_8_what_was_meant_is_rung(mode: str) -> None:
    meant = {
        "destination": {"numbers": ["098123 00001", 9812300002, '"91 98123-00003"', "nonsense"]},
        "max_ringing_duration": "20",
        "record": "true",
        "parallel_ringing": {"activate": "true", "max_parallel_attempts": 99},
        "unheard_of": 1,
    }
    stage = call({A: RINGS_OUT, B: RINGS_OUT, C: RINGS_OUT}, raw(meant), mode=mode)
    assert numbers(stage) == [A, B, C]
    assert {header(data, "Expires") for _, _, data in invites(stage)} == {"25"}
    assert "field.unknown" in notes(stage) and "number.not_dialable" in notes(stage)


def test_settled_9_strict_rings_what_is_written_by_the_letter() -> None:
    answered = raw({"destination": {"numbers": ["09812300001", B]}, "max_ringing_duration": "45"})
    stage = call({A: busy(), B: RINGS_OUT}, answered, account=_account(strict=True))
    assert numbers(stage) == [B]
    assert header(invites(stage)[0][2], "Expires") == "35"  # the default of 30 and our grace
    none_left = call(
        {A: busy()}, raw({"destination": {"numbers": ["09812300001"]}}), account=_account(strict=True)
    )
    assert numbers(none_left) == [] and len(none_left.customer.asked) == 1


@both_modes
@pytest.mark.parametrize(
    ("sound", "fallback_at"),
    [(Sound(status=404, seconds=0.0), 0.2), (Sound(status=0, seconds=0.0), 0.2), (Sound(after=None), 5.1)],
)
def test_settled_10_an_announcement_that_is_not_there_costs_the_answer(
    sound: Sound, fallback_at: float, mode: str
) -> None:
    replies = (answer(A, start_call_playback=_PLAYBACK), answer(B))
    stage = call({A: answers(), B: answers()}, *replies, mode=mode, sounds={AUDIO: sound})
    assert asked_at(stage) == [(0.0, "/connect"), (fallback_at, "/fallback")]
    assert numbers(stage) == [B]
    assert [(wanted.kind, wanted.value) for wanted in stage.sounds.wanted] == [("url", AUDIO)]


def test_settled_10_a_tone_that_is_not_there_is_the_default_tone_and_the_call_goes_on() -> None:
    reply = answer(A, music_on_hold={"type": "custom_tone", "value": TONE})
    stage = call({A: answers()}, reply, sounds={TONE: Sound(status=404, seconds=0.0)})
    assert numbers(stage) == [A] and not any(isinstance(source, Clip) for source in heard(stage, 0))
    assert heard(stage, 0)[0] == HoldMusic() and notes(stage) == ["hold.unusable"]


def test_settled_10_nothing_to_dial_nothing_fetched() -> None:
    assert call({}, answer(start_call_playback=_PLAYBACK)).sounds.wanted == []


@both_modes
def test_settled_11_text_is_spoken_and_never_fetched(mode: str) -> None:
    spoken = "http://customer.example/not-to-be-fetched"
    playback = {"playback_to": "callee", "type": "text", "value": spoken}
    stage = call({A: answers(2.0, 9.0)}, answer(A, start_call_playback=playback), mode=mode)
    assert [(wanted.kind, wanted.value) for wanted in stage.sounds.wanted] == [("text", spoken)]
    assert [path for _, path in asked_at(stage)] == ["/connect"]
    assert [clip.sound for clip in heard(stage, 1) if isinstance(clip, Clip)] == [f"kept:{spoken}"]


def test_settled_12_other_applets_shapes_ring_nobody_unless_they_are_enabled() -> None:
    ccm = raw({"destination": [{"contact_uri": A}]})
    off = call({A: answers()}, ccm, answer())
    assert numbers(off) == [] and len(off.customer.asked) == 2
    text = " ".join(line.decode() for line in off.journal.lines)
    assert "contact_uri" in text or "CCM" in text
    on = call({A: answers()}, ccm, flow=connect_flow(accept=["ccm"]))
    assert numbers(on) == [A]


@both_modes
def test_settled_13_neither_the_caller_nor_the_exophone_is_rung(mode: str) -> None:
    stage = call({A: answers()}, answer(CALLER, EXOPHONE, A), mode=mode)
    assert numbers(stage) == [A] and notes(stage) == ["number.loop", "number.loop"]


def test_a_final_goes_to_the_caller_only_once() -> None:
    stage = call({}, answer(), mode="late")
    assert len(sent(stage, "480 INVITE", EXCHANGE)) == 1
