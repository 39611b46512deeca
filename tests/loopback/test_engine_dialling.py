"""contract.md settled 2–4, 7, 13–17, 23 on a whole engine: asking, dialling one by one, in waves, events."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from cordboard.sip.dialog.words import Reason
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import DOWN, FAR, MAIN, OTHER, Answer, Home, Play, late, text, to

evening = Evening()
ELSEWHERE = Reason("SIP", 200, "Call completed elsewhere")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("dialling"), "22000-22999", accepts_trunks) as home:
        home.run(evening.play(home))
        yield home


def accepts_trunks(tables: dict[str, Any]) -> None:
    """The flow takes ``destination.trunk``; all else is read as before."""
    tables["flows"][0]["applets"]["connect"]["accept"] = ["trunk"]


def national(number: str) -> str:
    return "0" + number[3:]


# --- asking -----------------------------------------------------------------------------------------


@evening.scene
async def not_json(home: Home) -> Play:
    return await home.play(text('{"destination": \n {"numbers": ]}'), fallback=(to(*home.phones("02")),))


@evening.scene
async def other_media_type(home: Home) -> Play:
    answer = text('{"destination": {"numbers": ["+919812300001"]}}', media_type="text/plain")
    return await home.play(answer, fallback=(to(*home.phones("02")),))


@evening.scene
async def not_200(home: Home) -> Play:
    return await home.play(text("{}", status=500), fallback=(to(*home.phones("02")),))


@evening.scene
async def redirected(home: Home) -> Play:
    answer = text("", status=302, Location=home.url("/elsewhere"))
    return await home.play(answer, fallback=(to(*home.phones("02")),))


@evening.scene
async def hangs(home: Home) -> Play:
    return await home.play(late(4.0, to("+919812300001")), fallback=(to(*home.phones("02")),))


@evening.scene
async def breaks_off(home: Home) -> Play:
    async def abort(request: web.Request) -> Answer:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return await home.play(abort, fallback=(to(*home.phones("02")),))


@evening.scene
async def no_destination(home: Home) -> Play:
    return await home.play({"record": True}, fallback=(to(*home.phones("02")),))


@pytest.mark.parametrize(
    "scene", [not_json, other_media_type, not_200, redirected, hangs, breaks_off, no_destination]
)
def test_settled_3_anything_wrong_with_the_primary_asks_the_fallback(home: Home, scene: object) -> None:
    play = evening[scene]  # type: ignore[index] # one of the scenes above
    (primary,), (fallback,) = play.asked("/connect"), play.asked("/fallback")
    drop = {"CurrentTime"}
    assert {k: v for k, v in primary.items() if k not in drop} == {
        k: v for k, v in fallback.items() if k not in drop
    }
    asked = [ask for ask in home.application.of(play.number) if ask.path in ("/connect", "/fallback")]
    assert [ask.headers["Exotel-Version"] for ask in asked] == ["1.0", "1.0"]
    assert play.row.leg2_status == "busy" and play.exits()[0] == "nobody_answers"
    assert [fetch.role for fetch in play.fetches][:2] == ["primary", "fallback"]
    assert not [ask for ask in home.application.asked if ask.path == "/elsewhere"]


def test_an_answer_that_is_no_json_is_told_by_line_and_column(home: Home) -> None:
    notes = evening[not_json].notes()
    (told,) = [sentence for code, sentence in notes.items() if code.startswith("answer.") or "json" in code]
    assert told.startswith("2:14:")


def test_settled_2_a_customer_that_hangs_has_its_seconds_and_no_more(home: Home) -> None:
    play = evening[hangs]
    first, second = home.application.of(play.number)[:2]
    assert (first.path, second.path) == ("/connect", "/fallback") and 1.9 < second.at - first.at < 3.9
    assert "fetch.timeout" in play.notes() or "fetch.failed" in play.notes()


@evening.scene
async def both_wrong(home: Home) -> Play:
    return await home.play(text("{", status=200), fallback=(text("[]"),))


def test_settled_3_both_wrong_and_nothing_dialled_is_not_dialed(home: Home) -> None:
    play = evening[both_wrong]
    assert play.exits()[0] == "not_dialed" and len(play.legs) == 1
    assert play.asked("/undialed")[0]["CallType"] == "call-attempt"


@evening.scene
async def first_request(home: Home) -> Play:
    return await home.play({"destination": {}})


def test_settled_4_the_first_request_word_by_word(home: Home) -> None:
    play = evening[first_request]
    ask = home.application.of(play.number)[0]
    names = [pair.partition("=")[0] for pair in ask.raw.split("&")]
    assert names == [
        *(
            "CallSid",
            "CallFrom",
            "CallTo",
            "Direction",
            "Created",
            "DialCallDuration",
            "StartTime",
            "EndTime",
        ),
        *("CallType", "DialWhomNumber", "flow_id", "From", "To", "CurrentTime"),
    ]
    assert "EndTime=1970-01-01+05%3A30%3A00" in ask.raw and "DialWhomNumber=&" in ask.raw
    query = ask.query
    assert query["CallSid"] == play.sid and query["Direction"] == "incoming" and query["flow_id"] == "1"
    assert query["CallFrom"] == query["From"] == national(play.number)
    assert query["CallTo"] == query["To"] == national(MAIN)
    assert (query["CallType"], query["DialCallDuration"]) == ("call-attempt", "0")


# --- refetch ----------------------------------------------------------------------------------------


@evening.scene
async def refetch(home: Home) -> Play:
    one, two = home.phones("02", "10")
    again = {"fetch_after_attempt": True}
    same = to(" ".join(two), **again)  # the same number, written otherwise
    return await home.play(to(one, **again), to(two, **again), same)


def test_settled_15_the_url_is_asked_after_each_failed_attempt_until_the_same_set_comes(home: Home) -> None:
    play = evening[refetch]
    first, second, third = play.asked("/connect")
    one, two = (leg.number for leg in play.legs[1:])
    assert "DialCallStatus" not in first and not [key for key in first if key.startswith("Legs")]
    assert (second["CallType"], second["DialCallStatus"]) == ("incomplete", "busy")
    assert second["DialWhomNumber"] == national(one)
    assert {key: value for key, value in second.items() if key.startswith("Legs")} == {
        "Legs[0][Number]": national(one),
        "Legs[0][Type]": "pstn",
        "Legs[0][OnCallDuration]": "0",
        "Legs[0][Cause]": "user busy",
        "Legs[0][CauseCode]": "USER_BUSY",
        "Legs[0][DisconnectedBy]": "Callee",
    }
    assert (third["DialCallStatus"], third["DialWhomNumber"]) == ("failed", national(two))
    assert third["Legs[0][CauseCode]"] == "USER_BUSY" and third["Legs[1][CauseCode]"] == "NETWORK_FAILURE"
    assert third["Legs[1][DisconnectedBy]"] == "Operator" and "Legs[2][Number]" not in third
    assert "limit.same-set" in play.notes() and play.exits()[0] == "nobody_answers"


@evening.scene
async def refetch_breaks(home: Home) -> Play:
    (one,) = home.phones("02")
    return await home.play(to(one, fetch_after_attempt=True), text("nothing", status=404))


def test_settled_3_both_wrong_after_a_dial_is_nobody_answers(home: Home) -> None:
    play = evening[refetch_breaks]
    assert len(play.asked("/connect")) == 2 and len(play.asked("/fallback")) == 1
    assert play.exits()[0] == "nobody_answers" and play.asked("/nobody")[0]["DialCallStatus"] == "busy"


# --- one by one, and its events ---------------------------------------------------------------------


@evening.scene
async def in_order(home: Home) -> Play:
    url = home.url("/event?key=1")
    answer = to(*home.phones("02", "05", "08"), record=True, dial_passthru_event_url=url)
    winner = answer["destination"]["numbers"][2]  # type: ignore[index] # as just made
    return await home.play(answer, talk=(winner, 0.5), events=6)


def test_settled_14_the_next_number_when_one_failed(home: Home) -> None:
    play = evening[in_order]
    assert [leg.cause for leg in play.legs[1:]] == ["busy", "failed", "normal"]
    assert play.row.call_type == "completed" and play.row.answered_by == play.legs[3].number


def test_settled_23_every_dial_has_its_terminal_in_order(home: Home) -> None:
    play = evening[in_order]
    events = play.asked("/event")
    numbers = [national(leg.number) for leg in play.legs[1:]]
    assert [(e["EventType"], e["Status"], e["DialWhomNumber"]) for e in events] == [
        pair for number in numbers for pair in (("Dial", "busy", number), ("Terminal", "free", number))
    ]
    assert {e["Direction"] for e in events} == {"incoming"} and {e["key"] for e in events} == {"1"}
    assert {e["To"] for e in events} == {national(MAIN)} and {e["CallSid"] for e in events} == {play.sid}
    assert ["RecordingAvailableBy" in e for e in events] == [False] * 5 + [True]


@evening.scene
async def deaf_event_url(home: Home) -> Play:
    url = home.url("/event")

    async def go(play: Play) -> None:
        home.application.says(play.number, "/event", text("", status=500), text(""))

    return await home.play(to(*home.phones("02"), dial_passthru_event_url=url), meanwhile=go, events=3)


def test_settled_23_an_event_comes_again_until_it_is_taken_and_the_next_waits(home: Home) -> None:
    play = evening[deaf_event_url]
    events = [ask for ask in home.application.of(play.number) if ask.path == "/event"]
    assert [ask.query["EventType"] for ask in events] == ["Dial", "Dial", "Terminal"]
    assert events[0].raw == events[1].raw and events[1].at - events[0].at > 1.5
    assert play.row.ended_at is not None and play.row.ended_at - play.row.created_at < 1  # nobody waited


@evening.scene
async def down_trunk(home: Home) -> Play:
    one, two, three = home.phones("01", "01", "08")
    again = {"fetch_after_attempt": True}
    first, second = to(one, **again), to(two, three, outgoing_phone_number=MAIN, **again)
    return await home.play(first, second, exophone=DOWN, talk=(two, 0.3))


def test_a_trunk_that_is_down_fails_its_legs_and_the_next_is_dialled(home: Home) -> None:
    play = evening[down_trunk]
    first, second = play.legs[1:]
    assert (first.trunk, first.status) == ("down", "failed")
    assert play.asked("/connect")[1]["Legs[0][CauseCode]"] == "NETWORK_FAILURE"
    assert (second.trunk, second.status, play.row.call_type) == ("phones", "completed", "completed")


@evening.scene
async def whole_trunk_down(home: Home) -> Play:
    return await home.play(to(*home.phones("01", "01")), exophone=DOWN)


def test_a_trunk_that_stays_down_is_nobody_answers(home: Home) -> None:
    play = evening[whole_trunk_down]
    assert [leg.status for leg in play.legs[1:]] == ["failed", "failed"]
    assert play.exits()[0] == "nobody_answers" and play.asked("/nobody")[0]["DialCallStatus"] == "failed"


@evening.scene
async def long_list(home: Home) -> Play:
    return await home.play(to(*home.phones(*["10"] * 12)))


def test_settled_15_of_a_long_list_the_first_ten_are_dialled(home: Home) -> None:
    play = evening[long_list]
    assert len(play.legs) == 11 and "limit.attempts" in play.notes()


@evening.scene
async def a_loop(home: Home) -> Play:
    (one,) = home.phones("02")
    return await home.play(to(MAIN, one))


def test_settled_13_the_exophone_itself_is_dropped(home: Home) -> None:
    play = evening[a_loop]
    assert [leg.number[-2:] for leg in play.legs[1:]] == ["02"]
    assert any("loop" in code for code in play.notes())


@evening.scene
async def whole_trunk(home: Home) -> Play:
    """Whoever is behind the simulator answers for the ExoPhone, too."""
    talk = (MAIN, 0.3)
    return await home.play({"destination": {"trunk": "phones"}, "custom_params": "ticket=42"}, talk=talk)


def test_settled_12_a_trunk_is_dialled_as_a_whole_and_talked_to(home: Home) -> None:
    play = evening[whole_trunk]
    leg = play.leg("sip:phones")
    assert (leg.trunk, leg.type, leg.status, leg.shown) == ("phones", "sip", "completed", MAIN)
    assert (play.row.call_type, play.row.dial_status) == ("completed", "completed")
    (invite,) = [entry["data"] for entry in play.told("→ INVITE")]
    assert "X-ticket: 42" in invite["message"]


# --- parallel ---------------------------------------------------------------------------------------


@evening.scene
async def parallel(home: Home) -> Play:
    url = home.url("/event")
    numbers = home.phones("03", "01", "03")
    answer = to(*numbers, parallel_ringing={"activate": True}, dial_passthru_event_url=url)
    return await home.play(answer, talk=(numbers[1], 0.5), events=6)


def test_telephony_2_the_first_to_answer_wins_and_losers_hear_why(home: Home) -> None:
    play = evening[parallel]
    one, winner, other = play.legs[1:]
    assert play.row.answered_by == winner.number
    for loser in (one, other):
        phone = play.phones[loser.number]
        assert phone.cancelled and not phone.answered and phone.reasons == (ELSEWHERE,)
        assert (loser.cause, loser.talk_seconds) == ("elsewhere", 0)
    began = [leg.began_at for leg in play.legs[1:]]
    assert max(b or 0.0 for b in began) - min(b or 0.0 for b in began) < 0.05  # all at once


def test_settled_23_every_leg_of_a_wave_has_its_pair_of_events(home: Home) -> None:
    play = evening[parallel]
    for leg in play.legs[1:]:
        mine = [e["EventType"] for e in play.asked("/event") if e["DialWhomNumber"] == national(leg.number)]
        assert mine == ["Dial", "Terminal"]


@evening.scene
async def waves(home: Home) -> Play:
    numbers = home.phones("02", "04", "08")
    ringing = {"activate": True, "max_parallel_attempts": 2}
    return await home.play(to(*numbers, parallel_ringing=ringing), talk=(numbers[2], 0.3))


def test_settled_14_the_next_wave_when_every_leg_of_the_last_has_failed(home: Home) -> None:
    play = evening[waves]
    one, two, three = play.legs[1:]
    assert (one.status, two.status, three.status) == ("busy", "busy", "completed")
    assert three.began_at is not None and two.ended_at is not None and three.began_at >= two.ended_at - 0.01


@evening.scene
async def mixed_wave(home: Home) -> Play:
    numbers = home.phones("02", "03", "10")
    return await home.play(to(*numbers, parallel_ringing={"activate": True}, max_ringing_duration=1))


def test_settled_16_a_wave_in_which_one_rang_out_is_no_answer(home: Home) -> None:
    play = evening[mixed_wave]
    query = play.asked("/nobody")[0]
    assert (query["DialCallStatus"], query["DialWhomNumber"]) == ("no-answer", national(play.legs[3].number))


# --- which ExoPhone is shown ------------------------------------------------------------------------


@evening.scene
async def shows_another(home: Home) -> Play:
    return await home.play(to(*home.phones("02"), outgoing_phone_number=OTHER))


@evening.scene
async def shows_a_strangers(home: Home) -> Play:
    return await home.play(to(*home.phones("02"), outgoing_phone_number="+918047110000"))


@evening.scene
async def shows_another_circle(home: Home) -> Play:
    return await home.play(to(*home.phones("02"), outgoing_phone_number=FAR))


@evening.scene
async def shows_none(home: Home) -> Play:
    return await home.play(to(*home.phones("02")))


@pytest.mark.parametrize(
    ("scene", "shown", "why"),
    [
        (shows_another, OTHER, False),
        (shows_a_strangers, MAIN, True),
        (shows_another_circle, MAIN, True),
        (shows_none, MAIN, False),
    ],
)
def test_settled_17_the_exophone_that_is_shown(home: Home, scene: object, shown: str, why: bool) -> None:
    play = evening[scene]  # type: ignore[index] # one of the scenes above
    assert [leg.shown for leg in play.legs[1:]] == [shown]
    told = [text for code, text in play.notes().items() if text.startswith("outgoing_phone_number")]
    assert bool(told) is why


def test_every_call_left_nothing_behind(home: Home) -> None:
    assert home.engine.live_calls() == 0 and home.engine.media.ports_taken == 0
    home.run(home.plain_call())
