"""The platform's side of the contract as customers' tests see it: applications in this process."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cordboard.kernel.mistakes import BadInput
from cordboard.testing.platform import (
    Answer,
    Answers,
    Asked,
    Busy,
    CallerHangsUp,
    Fails,
    HangsUpDuringPlayback,
    Platform,
    Sound,
    after_connect,
    after_gather,
    after_voicemail,
    outbound,
)

A, B, C = "+919812300001", "+919812300002", "+919812300003"


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as playing:
        yield playing


def says(*numbers: str, **words: Any) -> Callable[[Asked], tuple[int, str, str]]:
    body = json.dumps({"destination": {"numbers": list(numbers)}, **words})
    return lambda asked: (200, "application/json", body)


def test_a_conversation_is_told_second_by_second(platform: Platform) -> None:
    story = platform.call(says(A, record=True), {A: "answers after 3s and talks 20s"})
    assert story.dialled == [A] and story.talked_to == A
    assert story.exit == "after_conversation" and story.exit_why == "settled-22"
    assert [(each.kind, round(each.ends - each.begins, 1)) for each in story.hears] == [
        ("hold_music", 3.2),
        ("talk", 20.1),
    ]
    assert story.hears[0].begins == 0 and story.hears[1].ends == story.ended_at
    assert story.ended_by == "platform" and story.talk_seconds == pytest.approx(20.05, abs=0.1)
    [recording] = story.recordings
    assert (recording.begins, recording.channels) == (story.legs[0].bridged_at, "single")
    assert story.legs[0].end == "normal" and story.legs[0].by == "Callee"
    assert story.legs[0].hears[0].what == "the caller +919876500001"


def test_busy_then_answered_and_what_the_next_request_would_carry(platform: Platform) -> None:
    story = platform.call(says(A, B), {A: Busy(), B: Answers(after=2, talks=10)})
    assert story.dialled == [A, B] and story.talked_to == B
    assert (story.leg(A).end, story.leg(A).code) == ("busy", 486)
    assert story.next_request["CallType"] == "completed"
    assert story.next_request["DialWhomNumber"] == "09812300002"
    assert story.next_request["Legs[0][CauseCode]"] == "USER_BUSY"


def test_nobody_answers_and_the_limit_of_ringing_is_named(platform: Platform) -> None:
    story = platform.call(says(A, max_ringing_duration=15))
    assert story.exit == "nobody_answers" and story.dial_status == "no-answer"
    leg = story.leg(A)
    assert leg.ended_at is not None and leg.ended_at - leg.dialled_at == pytest.approx(15)
    assert (leg.end, leg.by, leg.why) == ("no-answer", "Exotel", "limit.ring")
    assert story.heard("hold_music", at=10) and not story.heard("talk")


@pytest.mark.parametrize(
    ("during", "exit", "end"),
    [("ringing", "nobody_answers", "canceled"), ("conversation", "after_conversation", "normal")],
)
def test_a_caller_who_hangs_up(platform: Platform, during: str, exit: str, end: str) -> None:
    story = platform.call(says(A), {A: Answers(6, talks=None)}, caller_does=CallerHangsUp(5, during))
    assert (story.exit, story.leg(A).end, story.ended_by) == (exit, end, "caller")


def test_a_caller_who_hangs_up_before_anybody_is_dialled(platform: Platform) -> None:
    story = platform.call(says(A), caller_does="hangs up after 0.05s")
    assert (story.exit, story.call_type, story.dialled) == ("not_dialed", "client-hangup", [])


def test_a_caller_who_hangs_up_during_the_playback(platform: Platform) -> None:
    playback = {"playback_to": "both", "type": "text", "value": "please hold the line for a moment"}
    story = platform.call(
        says(A, start_call_playback=playback),
        {A: "answers"},
        caller_does="hangs up after 1s during playback",
    )
    assert story.heard("please hold") and story.exit == "nobody_answers" and not story.talked_to


def test_the_callee_leaves_during_the_playback_and_the_next_is_rung(platform: Platform) -> None:
    playback = {"playback_to": "callee", "type": "audio_url", "value": "http://x.test/hello.wav"}
    story = platform.call(
        says(A, B, start_call_playback=playback), {A: HangsUpDuringPlayback(), B: "answers"}
    )
    assert story.talked_to == B and story.leg(A).end == "no-answer"
    assert story.leg(A).hears[0].what == "announcement “http://x.test/hello.wav”"


def test_the_audio_of_an_announcement_that_is_missing_makes_the_answer_invalid(platform: Platform) -> None:
    url = "http://x.test/gone.wav"
    playback = {"playback_to": "callee", "type": "audio_url", "value": url}
    story = platform.call(
        says(A, start_call_playback=playback), fallback=says(B), sounds={url: Sound(0, status=404)}
    )
    assert story.dialled == [B] and [each.role for each in story.requests] == ["primary", "fallback"]


def test_both_answer_at_once_and_one_wins(platform: Platform) -> None:
    story = platform.call(
        says(A, B, parallel_ringing={"activate": True}), {A: "answers after 2s", B: "answers after 2s"}
    )
    assert story.dialled == [A, B] and story.talked_to == A
    assert (story.leg(B).end, story.leg(B).by) == ("elsewhere", "Exotel")


def test_a_slow_primary_costs_five_seconds_and_the_fallback_is_asked(platform: Platform) -> None:
    story = platform.call(lambda asked: Answer(body=b"{}", seconds=6.0), fallback=says(A))
    primary, fallback = story.requests
    assert (primary.outcome, primary.error) == ("fallback", "no answer in 5 seconds")
    assert fallback.at == 5.0 and story.dialled == [A]
    assert story.heard("hold_music", at=4.9)
    assert primary.problems[0].code == "fetch.timeout"


def test_every_stage_carries_its_parameters(platform: Platform) -> None:
    def first(stage: Any) -> dict[str, str]:
        return dict(platform.call(says(), stage=stage).requests[0].parameters)

    assert first(after_gather("89"))["digits"] == '"89"'
    made = first(outbound("order-42"))
    assert (made["CustomField"], made["Direction"]) == ("order-42", "outbound-dial")
    assert first(after_connect(A, "busy", 12))["DialCallStatus"] == "busy"
    assert first(after_voicemail("http://x.test/m.mp3"))["RecordingUrl"] == "http://x.test/m.mp3"


def test_the_call_comes_when_the_test_says_and_as_the_account_writes(platform: Platform) -> None:
    story = platform.call(says(), at="2026-01-13 22:30:00", caller="98765 00009")
    assert story.requests[0].parameters["CurrentTime"] == "2026-01-13 22:30:00"
    assert story.requests[0].parameters["CallFrom"] == "09876500009"
    with Platform(number_format="e164") as other:
        assert other.call(says()).requests[0].parameters["CallFrom"] == "+919876500001"


def test_dial_events_are_captured_and_sent_only_when_asked() -> None:
    seen: list[Asked] = []

    def application(asked: Asked) -> tuple[int, str, str]:
        if asked.path == "/events":
            seen.append(asked)
            return 200, "text/plain", ""
        return says(A, dial_passthru_event_url="http://application.test/events")(asked)

    with Platform() as platform:
        story = platform.call(application, {A: "busy"})
        assert [(each.kind, each.status) for each in story.events] == [("Dial", None), ("Terminal", None)]
        assert not seen
    with Platform(send_events=True) as platform:
        story = platform.call(application, {A: "busy"})
        assert [each.status for each in story.events] == [200, 200]
        assert [each["Status"] for each in seen] == ["busy", "free"]


def test_refetch_after_each_failed_attempt_carries_the_legs(platform: Platform) -> None:
    def application(asked: Asked) -> tuple[int, str, str]:
        tried = asked.get("DialCallStatus")
        return says(B if tried else A, fetch_after_attempt=not tried)(asked)

    story = platform.call(application, {A: Fails(503), B: "answers"})
    assert story.dialled == [A, B] and len(story.requests) == 2
    assert story.requests[1].parameters["Legs[0][CauseCode]"] == "NETWORK_FAILURE"
    assert story.leg(A).code == 503


def test_strict_and_accept_are_the_accounts_and_the_applets() -> None:
    with Platform(strict=True) as platform:
        assert platform.call(says("9812300001")).exit == "not_dialed"
    with Platform(accept=["plain"]) as platform:
        assert platform.call(lambda asked: (200, "text/plain", A)).dialled == [A]


def test_an_asgi_application_with_a_lifespan(platform: Platform) -> None:
    app = FastAPI()
    headers: list[str] = []

    @app.get("/connect")
    async def connect(request: Request) -> JSONResponse:
        headers.append(request.headers["exotel-version"])
        return JSONResponse({"destination": {"numbers": [A]}})

    assert platform.call(app, {A: "answers"}).talked_to == A
    assert headers == ["1.0"]
    assert platform.call(app, path="/nothing").requests[0].status == 404


def test_a_wsgi_application(platform: Platform) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json; charset=utf-8")])
        assert environ["HTTP_EXOTEL_VERSION"] == "1.0" and "CallSid=" in environ["QUERY_STRING"]
        return [json.dumps({"destination": {"numbers": [A]}}).encode()]

    assert platform.call(app, {A: "answers"}).talked_to == A


def test_an_application_that_raises_is_a_500(platform: Platform) -> None:
    def broken(asked: Asked) -> Answer:
        raise ValueError("no agent table")

    [request] = platform.call(broken).requests
    assert (request.status, request.outcome, "no agent table" in request.body) == (500, "fallback", True)


def test_a_url_where_nobody_listens_is_a_failed_request(platform: Platform) -> None:
    story = platform.call("http://127.0.0.1:1/connect")
    assert story.requests[0].error == "the connection was refused" and story.exit == "not_dialed"


def test_the_caller_of_a_late_flow_is_refused_when_nobody_answers() -> None:
    with Platform(answer="late") as platform:
        story = platform.call(says(A), {A: "busy"})
        assert story.final == 486 and story.hears[0].kind == "ringing"


def test_a_story_is_json_and_reads_well(platform: Platform) -> None:
    story = platform.call(says(A, "12"), {A: "busy"})
    told = json.loads(json.dumps(story.as_json()))
    assert told["dialled"] == [A] and told["requests"][0]["problems"]
    assert told["decisions"][0]["why"] == "flow.answer"
    assert "rang +919812300001: busy" in str(story) and "exit nobody_answers" in repr(story)


def test_the_same_call_twice_is_the_same_story(platform: Platform) -> None:
    application = says(A, B)

    def play() -> dict[str, Any]:
        return platform.call(application, {A: "busy", B: "answers"}, sid="a" * 32).as_json()

    assert play() == play()


def test_phones_take_turns_and_others_have_a_word(platform: Platform) -> None:
    story = platform.call(says(A, A, B), {A: ["busy", "fails with 404"]}, others="declines")
    assert [(leg.end, leg.code) for leg in story.legs] == [
        ("busy", 486),
        ("failed", 404),
        ("declined", 603),
    ]


@pytest.mark.parametrize("words", ["sleeps", "answers after lunch", ""])
def test_a_phone_that_nobody_understands_is_refused(platform: Platform, words: str) -> None:
    with pytest.raises(BadInput, match="describes no phone"):
        platform.call(says(A), {A: words})


def test_a_caller_that_nobody_understands_is_refused(platform: Platform) -> None:
    with pytest.raises(BadInput, match="describes no caller"):
        platform.call(says(A), caller_does="sings")


def test_a_gather_before_the_connect_and_what_is_typed_into_it(platform: Platform) -> None:
    def application(asked: Asked) -> tuple[int, str, str]:
        if asked.path == "/gather":
            prompt = {"gather_prompt": {"text": "Your code, please."}, "max_input_digits": "4"}
            return 200, "application/json", json.dumps(prompt)
        known = asked.get("digits") == '"4711"'
        return 200, "application/json", json.dumps({"destination": {"numbers": [A if known else B]}})

    base = platform.mount(application)
    story = platform.call(f"{base}/connect", {A: "answers"}, gather="/gather", keys="4711")
    assert story.talked_to == A and story.exit == "after_conversation"
    first, second = story.requests
    assert (first.applet, first.outcome, second.applet, second.outcome) == (
        "gather",
        "gather",
        "connect",
        "dial",
    )
    assert first.effective is not None and first.effective["max_input_digits"] == 4
    assert [problem.code for problem in first.problems] == ["field.text"]
    assert story.heard("Your code, please.", at=0.5)
    story = platform.call(f"{base}/connect", gather="/gather")
    assert story.dialled == [B] and "digits" not in story.requests[-1].parameters


def test_a_gather_that_gives_no_usable_answer_is_told_as_such(platform: Platform) -> None:
    story = platform.call(says(A), {A: "busy"}, gather=lambda asked: (200, "application/json", "{}"))
    assert [request.outcome for request in story.requests] == ["fallback", "dial"]
    assert story.requests[0].problems[-1].code == "gather.no_prompt" and story.exit == "nobody_answers"


def test_settled_12_a_phones_user_and_a_trunk_are_phones_too() -> None:
    body = json.dumps({"destination": {"trunk": "pbx"}, "custom_params": "ticket=42"})
    with Platform(accept=["sip", "trunk"]) as platform:
        named = platform.call(says("sip:asha", B), {"sip:asha": "busy", B: "answers"})
        whole = platform.call(lambda asked: (200, "application/json", body), {"sip:pbx": "answers"})
    assert named.dialled == ["sip:asha", B] and named.talked_to == B
    assert whole.talked_to == "sip:pbx" and whole.next_request["DialWhomNumber"] == "sip:pbx"
