"""contract.md §5.1 and telephony.md 3 and 5, from outside: how a call ends, and what its customer is told."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from cordboard.sip.dialog.words import Reason
from tests.loopback.engine_evening import Evening
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import LATE, Home, Play, has_tone, late, to
from tests.waiting import until

evening = Evening()
CLEARED = Reason("Q.850", 16, "Normal call clearing")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("endings"), "21000-21999") as home:
        home.run(evening.play(home))
        yield home


def next_request(play: Play, path: str) -> dict[str, str]:
    """The one request of the applet behind an exit."""
    asked = play.asked(path)
    others = [p for p in ("/after", "/nobody", "/undialed") if p != path]
    assert len(asked) == 1 and not any(play.asked(other) for other in others)
    return asked[0]


def of_the_dialling(query: dict[str, str]) -> tuple[str, str | None]:
    return query["CallType"], query.get("DialCallStatus")


# --- somebody talked --------------------------------------------------------------------------------


@evening.scene
async def callee_hangs_up(home: Home) -> Play:
    (ram,) = home.phones("06")
    return await home.play(to(ram))


def test_row_completed_callee_hung_up_exit_after_conversation(home: Home) -> None:
    play = evening[callee_hangs_up]
    query = next_request(play, "/after")
    (leg,) = play.legs[1:]
    assert of_the_dialling(query) == ("completed", "completed")
    assert query["DialWhomNumber"] == "0" + leg.number[3:]
    assert int(query["DialCallDuration"]) >= 4 and not [key for key in query if key.startswith("Legs")]
    assert play.exits() == ["after_conversation", "not_dialed", ""]
    assert (play.row.status, play.row.leg2_status, play.row.answered_by) == (
        "completed",
        "completed",
        leg.number,
    )
    assert (leg.cause, leg.disconnected_by) == ("normal", "Callee") and leg.talk_seconds in (3, 4)
    assert play.caller.steps[-1].what == "BYE received" and not play.caller.hung_up_by_us


@evening.scene
async def caller_hangs_up(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram), talk=(ram, 0.5))


def test_row_completed_caller_hung_up_while_talking(home: Home) -> None:
    play = evening[caller_hangs_up]
    (leg,) = play.legs[1:]
    assert play.exits() == ["after_conversation"]  # the next applet needs a caller: the flow ends there
    assert not play.asked("/after")
    assert (play.row.call_type, play.row.dial_status) == ("completed", "completed")
    assert (leg.disconnected_by, play.row.disconnected_by) == ("Caller", "Caller")
    phone = play.phones[leg.number]
    assert phone.finished and not phone.cancelled and phone.reasons == (CLEARED,)


@evening.scene
async def over_tcp(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(to(ram), talk=(ram, 0.3), transport="tcp")


def test_a_caller_over_tcp_is_as_good(home: Home) -> None:
    play = evening[over_tcp]
    assert play.caller.answered and play.row.call_type == "completed"
    seen = [entry["data"] for entry in play.timeline if entry["kind"] == "sip"]
    assert {data["peer"].partition(":")[0] for data in seen if data["leg"] == 0} == {"tcp"}
    assert {data["peer"].partition(":")[0] for data in seen if data["leg"] == 1} == {"udp"}


@evening.scene
async def conversation_limit(home: Home) -> Play:
    (ram,) = home.phones("08")
    return await home.play(to(ram, max_conversation_duration=2))


def test_settled_18_the_conversation_ends_at_its_limit(home: Home) -> None:
    play = evening[conversation_limit]
    assert of_the_dialling(next_request(play, "/after")) == ("completed", "completed")
    assert "limit.conversation" in play.notes()
    (leg,) = play.legs[1:]
    assert leg.disconnected_by == "Exotel" and leg.talk_seconds == 2
    assert play.phones[leg.number].reasons[0].cause == 16


# --- nobody talked ----------------------------------------------------------------------------------


@evening.scene
async def rings_out(home: Home) -> Play:
    (ram,) = home.phones("03")
    return await home.play(to(ram, max_ringing_duration=2))


def test_row_no_answer_rang_out_at_the_ring_limit(home: Home) -> None:
    play = evening[rings_out]
    query = next_request(play, "/nobody")
    (leg,) = play.legs[1:]
    assert of_the_dialling(query) == ("incomplete", "no-answer") and query["DialCallDuration"] == "2"
    assert query["DialWhomNumber"] == "0" + leg.number[3:]
    assert leg.ended_at is not None and leg.began_at is not None and leg.ended_at - leg.began_at >= 2
    phone = play.phones[leg.number]
    assert phone.cancelled and phone.reasons == (Reason("Q.850", 19, "No answer from user"),)
    assert play.exits()[0] == "nobody_answers"


@evening.scene
async def busy(home: Home) -> Play:
    return await home.play(to(*home.phones("02")))


@evening.scene
async def declined(home: Home) -> Play:
    return await home.play(to(*home.phones("04")))


@evening.scene
async def out_of_service(home: Home) -> Play:
    return await home.play(to(*home.phones("05")))


@evening.scene
async def unknown_number(home: Home) -> Play:
    return await home.play(to(*home.phones("10")))


@evening.scene
async def unavailable(home: Home) -> Play:
    return await home.play(to(*home.phones("07")))


@evening.scene
async def never_replies(home: Home) -> Play:
    return await home.play(to(*home.phones("09"), max_ringing_duration=2))


@pytest.mark.parametrize(
    ("scene", "status", "code"),
    [
        (busy, "busy", 486),
        (declined, "busy", 603),
        (out_of_service, "failed", 503),
        (unknown_number, "failed", 404),
        (unavailable, "no-answer", 480),
        (never_replies, "failed", 0),
    ],
)
def test_rows_of_a_callee_that_was_not_reached(home: Home, scene: object, status: str, code: int) -> None:
    play = evening[scene]  # type: ignore[index] # one of the scenes above
    assert of_the_dialling(next_request(play, "/nobody")) == ("incomplete", status)
    assert play.exits()[0] == "nobody_answers"
    assert play.row.leg2_status == status and play.row.status == "completed"  # the flow had answered
    assert [leg.code for leg in play.legs[1:]] == [code]


@evening.scene
async def caller_gives_up(home: Home) -> Play:
    (ram,) = home.phones("03")

    async def wait_for_ringing(play: Play) -> None:
        await until(lambda: _rung(play, ram))
        await asyncio.sleep(0.5)
        play.caller.hang_up()

    return await home.play(to(ram), meanwhile=wait_for_ringing)


async def _rung(play: Play, number: str) -> bool:
    return play.phone(number) is not None


def test_row_client_hangup_while_it_rang_is_canceled(home: Home) -> None:
    play = evening[caller_gives_up]
    assert (play.row.call_type, play.row.dial_status) == ("client-hangup", "canceled")
    assert play.exits() == ["nobody_answers"] and not play.asked("/nobody")
    (leg,) = play.legs[1:]
    assert (leg.status, leg.disconnected_by) == ("canceled", "Caller")
    phone = play.phones[leg.number]
    assert phone.cancelled and phone.reasons == (CLEARED,)


@evening.scene
async def caller_gives_up_early(home: Home) -> Play:
    (ram,) = home.phones("01")

    async def soon(play: Play) -> None:
        await until(lambda: _asked(play))
        play.caller.hang_up()

    return await home.play(late(1.0, to(ram)), meanwhile=soon)


async def _asked(play: Play) -> bool:
    return bool(play.asked("/connect"))


def test_row_client_hangup_before_anybody_was_dialled(home: Home) -> None:
    play = evening[caller_gives_up_early]
    assert (play.row.call_type, play.row.dial_status) == ("client-hangup", "")
    assert play.exits() == ["not_dialed"] and len(play.legs) == 1


@evening.scene
async def nothing_to_dial(home: Home) -> Play:
    return await home.play({"destination": {}}, fallback=(to("+919812300001"),))


def test_row_nothing_dialled_keeps_call_attempt_and_asks_no_fallback(home: Home) -> None:
    play = evening[nothing_to_dial]
    query = next_request(play, "/undialed")
    assert of_the_dialling(query) == ("call-attempt", None)
    assert (query["DialWhomNumber"], query["DialCallDuration"]) == ("", "0")
    assert play.exits()[0] == "not_dialed" and not play.asked("/fallback") and len(play.legs) == 1


# --- late answering ---------------------------------------------------------------------------------


@evening.scene
async def late_answered(home: Home) -> Play:
    (ram,) = home.phones("01")
    return await home.play(late(0.5, to(ram)), exophone=LATE, talk=(ram, 0.5))


def test_telephony_5_progress_at_once_and_200_when_the_callee_answers(home: Home) -> None:
    play = evening[late_answered]
    steps = {step.what: step.at for step in play.caller.steps}
    assert "183 Session Progress" in steps and "200 answered" in steps
    asked = play.fetches[0]
    (leg,) = play.legs[1:]
    assert asked.elapsed >= 0.5 and steps["183 Session Progress"] < 0.5  # while the URL was still asked
    assert play.row.answered_at is not None and leg.answered_at is not None
    assert play.row.answered_at == pytest.approx(leg.answered_at, abs=0.05)
    assert len({packet.ssrc for packet in play.caller.packets}) == 1
    assert has_tone(play.caller.heard[-2400:-400], play.phones[leg.number].hertz)
    first = play.asked("/connect")[0]
    assert first["StartTime"] == first["Created"]  # nobody had answered yet


@evening.scene
async def late_nobody(home: Home) -> Play:
    return await home.play(to(*home.phones("03"), max_ringing_duration=1), exophone=LATE)


@evening.scene
async def late_busy(home: Home) -> Play:
    return await home.play(to(*home.phones("02", "04")), exophone=LATE)


@evening.scene
async def late_undialed(home: Home) -> Play:
    return await home.play({"destination": {"numbers": []}}, exophone=LATE)


@evening.scene
async def late_refused(home: Home) -> Play:
    return await home.play(to(*home.phones("04", "10")), exophone=LATE)


@pytest.mark.parametrize(
    ("scene", "code", "cause"),
    [(late_nobody, 480, 18), (late_busy, 486, 17), (late_undialed, 480, 18), (late_refused, 480, 18)],
)
def test_telephony_5_a_call_that_was_never_answered_ends_with_a_final(
    home: Home, scene: object, code: int, cause: int
) -> None:
    play = evening[scene]  # type: ignore[index] # one of the scenes above
    assert not play.caller.answered and play.caller.code == code
    assert [(reason.protocol, reason.cause) for reason in play.caller.reasons] == [("Q.850", cause)]
    assert play.row.answered_at is None and play.row.status in ("no-answer", "busy", "failed")


@evening.scene
async def late_cancelled(home: Home) -> Play:
    (ram,) = home.phones("03")

    async def wait_for_ringing(play: Play) -> None:
        await until(lambda: _rung(play, ram))
        play.caller.hang_up()

    return await home.play(to(ram), exophone=LATE, meanwhile=wait_for_ringing)


def test_a_caller_who_cancels_takes_the_ringing_leg_along(home: Home) -> None:
    play = evening[late_cancelled]
    assert play.caller.code == 487 and play.row.status == "canceled"
    assert (play.row.call_type, play.row.dial_status) == ("client-hangup", "canceled")
    (phone,) = play.phones.values()
    assert phone.cancelled


def test_every_call_left_nothing_behind(home: Home) -> None:
    async def quiet() -> bool:
        return not home.engine.live_calls() and not home.engine.media.ports_taken

    home.run(until(quiet))
    status, body = home.run(home.get("/readyz"))
    assert status == 200 and json.loads(body)["problems"] == []
    home.run(home.plain_call())
