"""Settled readings 14–18 from the outside: which INVITEs leave when, what they show, how they are ended."""

from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.contract.account import Account, ExoPhone
from cordboard.sip.dialog.words import Reason
from cordboard.testing.scenario import (
    EXOPHONE,
    NEVER_REPLIES,
    RINGS_OUT,
    Phone,
    Reply,
    Scenario,
    answer,
    answers,
    busy,
)
from cordboard.testing.stage import CARRIER, ENGINE, Stage, act
from cordboard.testing.virtual_time import pause
from tests.wire.engine import (
    asked_at,
    body,
    both_modes,
    call,
    call_row,
    header,
    invites,
    leg_row,
    next_request,
    notes,
    numbers,
    onward,
    sent,
)
from tests.world.helpers import A, B, C, D

OTHER = "+918047100002"
WAVE = {"activate": True}
NO_ANSWER = Reason("Q.850", 19, "No answer from user")


def rung_at(stage: Stage) -> list[tuple[float, str]]:
    """(when, number) of each INVITE."""
    return [(at, number) for at, number, _ in invites(stage)]


@both_modes
def test_settled_14_one_number_after_the_other(mode: str) -> None:
    phones = {A: busy(1.0), B: RINGS_OUT, C: answers()}
    stage = call(phones, answer(A, B, C, max_ringing_duration=12), mode=mode)
    assert rung_at(stage) == [(0.1, A), (1.2, B), (13.2, C)]
    assert [at for at, _ in asked_at(stage)] == [0.0]


def test_settled_14_repeats_are_rung_as_listed_and_once_in_a_wave() -> None:
    phones = {A: busy(), B: busy()}
    assert numbers(call(phones, answer(A, B, A))) == [A, B, A]
    assert numbers(call(phones, answer(A, B, A, parallel_ringing=WAVE))) == [A, B]


@both_modes
def test_settled_14_waves_in_array_order_each_for_its_whole_ringing_time(mode: str) -> None:
    wave = {"activate": True, "max_parallel_attempts": 2}
    phones = {A: busy(), B: RINGS_OUT, C: busy(1.0), D: busy(2.0)}
    stage = call(phones, answer(A, B, C, D, A, parallel_ringing=wave, max_ringing_duration=20), mode=mode)
    assert rung_at(stage) == [(0.1, A), (0.1, B), (20.1, C), (20.1, D)]


@both_modes
def test_settled_14_the_first_to_answer_wins(mode: str) -> None:
    phones = {A: RINGS_OUT, B: answers(4.0, 9.0), C: RINGS_OUT}
    stage = call(phones, answer(A, B, C, parallel_ringing=WAVE), mode=mode)
    assert [round(at, 2) for at, _ in sent(stage, "CANCEL", CARRIER)] == [4.2, 4.2]
    assert [phone.answered_at is not None for phone in stage.carrier.rung] == [False, True, False]
    assert call_row(stage)["answered_by"] == B


@both_modes
def test_settled_15_the_url_is_asked_after_each_failed_attempt(mode: str) -> None:
    replies = (answer(A, B, fetch_after_attempt=True, max_ringing_duration=40), answer(C, D))
    stage = call({A: busy(), C: answers()}, *replies, mode=mode)
    assert asked_at(stage) == [(0.0, "/connect"), (0.7, "/connect")]
    assert rung_at(stage) == [(0.1, A), (0.8, C)]
    assert [header(data, "Expires") for _, _, data in invites(stage)] == ["45", "35"]


def test_settled_15_a_wave_is_one_attempt() -> None:
    replies = (answer(A, B, C, fetch_after_attempt=True, parallel_ringing=WAVE), answer(D))
    stage = call({A: busy(1.0), B: busy(2.0), C: busy(3.0), D: answers()}, *replies)
    assert asked_at(stage) == [(0.0, "/connect"), (3.2, "/connect")]
    assert numbers(stage) == [A, B, C, D]


@both_modes
def test_settled_15_the_same_set_twice_is_not_rung_again(mode: str) -> None:
    again = [answer(A, B, fetch_after_attempt=True), answer("09812300002", A, A, fetch_after_attempt=True)]
    stage = call({A: busy(), B: answers()}, *again, answer(), flow=onward(mode))
    assert numbers(stage) == [A] and next_request(stage)[0] == "/nobody"
    assert "limit.same-set" in notes(stage)


def _ever_new(count: int, **fields: Any) -> tuple[Reply, ...]:
    return tuple(answer(f"+9198123{nth:05d}", fetch_after_attempt=True, **fields) for nth in range(count))


def test_settled_15_at_most_ten_attempts() -> None:
    phones = {f"+9198123{nth:05d}": busy() for nth in range(12)}
    stage = call(phones, *_ever_new(12))
    assert len(numbers(stage)) == 10 and "limit.attempts" in notes(stage)
    assert len(stage.customer.asked) == 10


def test_settled_15_at_most_thirty_legs() -> None:
    many = [f"+9198123{nth:05d}" for nth in range(40)]
    wave = {"activate": True, "max_parallel_attempts": 10}
    stage = call(dict.fromkeys(many, busy()), answer(*many, parallel_ringing=wave))
    assert numbers(stage) == many[:30] and "limit.legs" in notes(stage)


def test_settled_15_of_a_long_list_the_first_ten() -> None:
    many = [f"+9198123{nth:05d}" for nth in range(14)]
    stage = call(dict.fromkeys(many, busy()), answer(*many))
    assert numbers(stage) == many[:10] and notes(stage)


@both_modes
def test_settled_15_ten_minutes_without_an_answer_release_what_rings(mode: str) -> None:
    slow = _ever_new(11, max_ringing_duration=60)
    phones = {f"+9198123{nth:05d}": RINGS_OUT for nth in range(11)}
    stage = call(phones, *[Reply(r.body, after=4.0) for r in slow], mode=mode)
    assert round(sent(stage, "CANCEL", CARRIER)[-1][0], 2) == 600.0
    assert "limit.time" in notes(stage) and len(numbers(stage)) == 10
    assert call_row(stage)["call_type"] == "incomplete"


@pytest.mark.parametrize(
    ("phones", "parallel", "status"),
    [
        ({A: busy(), B: RINGS_OUT, C: Phone(rings=None, fails=(0.5, Cause.FAILED))}, True, "no-answer"),
        ({A: busy(), C: Phone(rings=None, fails=(0.5, Cause.FAILED))}, True, "busy"),
        ({A: Phone(rings=None, fails=(0.5, Cause.FAILED)), C: NEVER_REPLIES}, True, "failed"),
        ({A: RINGS_OUT, B: busy()}, False, "busy"),
    ],
)
def test_settled_16_the_status_of_a_wave_and_of_several_attempts(
    phones: dict[str, Phone], parallel: bool, status: str
) -> None:
    reply = answer(*phones, parallel_ringing={"activate": parallel})
    path, query = next_request(call(phones, reply, answer(), flow=onward()))
    assert (path, query["CallType"], query["DialCallStatus"]) == ("/nobody", "incomplete", status)


def _account(first: str = "", other: str = "") -> Account:
    return Account(exophones=(ExoPhone(EXOPHONE, first), ExoPhone(OTHER, other)))


@both_modes
def test_settled_17_telephony_14_the_wished_exophone_is_in_from_and_asserted_identity(
    mode: str,
) -> None:
    able = (EXOPHONE, OTHER)
    stage = call({A: answers()}, answer(A, outgoing_phone_number="08047100002", able=able), mode=mode)
    ((_, _, invite),) = invites(stage)
    shown = f"sip:{OTHER}@{ENGINE.host}"
    assert header(invite, "From").startswith(f"<{shown}>;tag=")
    assert header(invite, "P-Asserted-Identity") == f"<{shown}>"
    assert invite.startswith(b"INVITE sip:+919812300001@192.0.2.10:5060 SIP/2.0\r\n")
    assert (leg_row(stage, 1)["shown"], leg_row(stage, 1)["trunk"]) == (OTHER, "trunk1")
    assert notes(stage) == ["number.not_e164"]


@pytest.mark.parametrize(
    ("wished", "account", "able"),
    [
        ("+918047109999", _account(), (EXOPHONE, OTHER)),
        (OTHER, _account("KA", "DL"), (EXOPHONE, OTHER)),
        (OTHER, _account(), (EXOPHONE,)),
    ],
    ids=["not ours", "another circle", "telephony-16: its trunk is down"],
)
def test_settled_17_telephony_16_else_the_first_legs_and_the_timeline_says_why(
    wished: str, account: Account, able: tuple[str, ...]
) -> None:
    stage = call({A: answers()}, answer(A, outgoing_phone_number=wished, able=able), account=account)
    ((_, _, invite),) = invites(stage)
    assert header(invite, "P-Asserted-Identity") == f"<sip:{EXOPHONE}@{ENGINE.host}>"
    assert len(notes(stage)) == 1 and notes(stage)[0].startswith("exophone.")


@both_modes
@pytest.mark.parametrize(("asked", "seconds"), [(None, 30), (45, 45), (75, 60), (0, 30)])
def test_settled_18_the_ring_limit_runs_from_the_invite(asked: int | None, seconds: int, mode: str) -> None:
    fields: dict[str, Any] = {} if asked is None else {"max_ringing_duration": asked}
    stage = call({A: Phone(rings=4.0)}, answer(A, **fields), mode=mode)
    ((invited, _, _),) = invites(stage)
    ((cancelled, cancel),) = sent(stage, "CANCEL", CARRIER)
    assert round(cancelled - invited, 2) == seconds
    assert stage.carrier.rung[0].reasons == (NO_ANSWER,)
    assert header(cancel, "Reason") == 'Q.850;cause=19;text="No answer from user"'


@both_modes
@pytest.mark.parametrize(("asked", "seconds"), [(None, 900), (4500, 4500), (9999, 4500)])
def test_settled_18_the_conversation_limit_runs_from_the_bridge(
    asked: int | None, seconds: int, mode: str
) -> None:
    fields: dict[str, Any] = {} if asked is None else {"max_conversation_duration": asked}
    stage = call({A: answers(5.0, None)}, answer(A, **fields), answer(), flow=onward(mode))
    ((ended, _),) = sent(stage, "BYE", CARRIER)
    assert round(ended, 2) == 5.2 + seconds
    path, query = next_request(stage)
    assert (path, query["CallType"], query["DialCallStatus"]) == ("/after", "completed", "completed")
    assert leg_row(stage, 1)["talk_seconds"] == seconds


@pytest.mark.parametrize("by", [7200.0, -7200.0])
def test_settled_18_limits_run_on_the_monotonic_clock(by: float) -> None:
    async def clock_is_set(stage: Stage) -> None:
        stage.ring()
        await pause(3.0)
        stage.clock.set_wall(by)
        await pause(20.0)
        stage.clock.set_wall(-2 * by)

    reply = answer(A, B, max_ringing_duration=15, max_conversation_duration=60)
    scenario = Scenario(phones={A: RINGS_OUT, B: answers(2.0, None)}, replies=(reply,))
    stage = act(clock_is_set, scenario)
    assert [at for at, _ in sent(stage, "CANCEL", CARRIER)] == [pytest.approx(15.1, abs=0.01)]
    assert [at for at, _ in sent(stage, "BYE", CARRIER)] == [pytest.approx(15.1 + 2.1 + 60, abs=0.01)]
    row = call_row(stage)
    assert row["ended_at"] - row["created_at"] == pytest.approx(77.2, abs=0.01)


def test_telephony_4_post_dial_delay_and_ringing_are_recorded_apart() -> None:
    stage = call({A: Phone(rings=4.0, answers=9.0, hangs_up=5.0)}, answer(A))
    row = leg_row(stage, 1)
    began = row["began_at"]
    assert round(row["ringing_at"] - began, 2) == 4.1 and round(row["answered_at"] - began, 2) == 9.1
    assert round(row["ended_at"] - began, 2) == 14.1


def test_telephony_4_a_trunk_may_let_the_limit_run_from_the_first_18x() -> None:
    stage = call({A: Phone(rings=9.0)}, answer(A), trunk={"ring_from": "ringing"})
    ((cancelled, _),) = sent(stage, "CANCEL", CARRIER)
    assert round(cancelled, 2) == 0.1 + 9.1 + 30


@pytest.mark.parametrize(
    ("form", "user", "shown"),
    [("national", "9812300001", "8047100001"), ("0national", "09812300001", "08047100001")],
)
def test_telephony_14_numbers_take_the_trunks_form(form: str, user: str, shown: str) -> None:
    stage = call({user: busy()}, answer(A), trunk={"number_format": form})
    ((_, number, invite),) = invites(stage)
    assert number == user and header(invite, "From").startswith(f"<sip:{shown}@{ENGINE.host}>")


@pytest.mark.parametrize(
    "never", ["112", "100", "+870772001234", "+0123456789", "+91919812300001", "sip:a@b"]
)
def test_telephony_15_what_is_never_dialled(never: str) -> None:
    stage = call({A: answers()}, answer(never, A))
    assert numbers(stage) == [A] and len(notes(stage)) == 1


@pytest.mark.parametrize("also", ["+14155550123", "1800 123 4567", "1401234567"])
def test_telephony_15_what_is_unusual_and_dialled(also: str) -> None:
    stage = call({A: answers()}, answer(also, A, parallel_ringing=WAVE))
    assert len(numbers(stage)) == 2


def test_telephony_22_the_country_chooses_the_law_that_is_offered_first() -> None:
    american = Account(country="US", exophones=(ExoPhone(EXOPHONE),))
    for account, payload in ((_account(), b"RTP/AVP 8 0 101"), (american, b"RTP/AVP 0 8 101")):
        ((_, _, invite),) = invites(call({A: busy()}, answer(A), account=account))
        assert payload in body(invite)
