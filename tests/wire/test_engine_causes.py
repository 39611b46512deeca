"""telephony.md 1–3, 5, 10 and 22 on the whole engine: what a carrier's answers and Reasons become for the
customer, what our releases say, and that nothing of it is relayed to the caller."""

import pytest

from cordboard.call.causes import Cause
from cordboard.legs.causes import COMPLETED_ELSEWHERE
from cordboard.sip.dialog.words import Reason
from cordboard.testing.carrier import Final
from cordboard.testing.scenario import NEVER_REPLIES, RINGS_OUT, Caller, Phone, Scenario, answer, answers
from cordboard.testing.stage import CARRIER, EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause
from cordboard.testing.wire import Passed, Wire
from tests.wire.engine import PLAIN, both_modes, call, call_row, header, leg_row, next_request, numbers, sent
from tests.world.helpers import A, B, C

WAVE = {"activate": True}
REFUSES = Phone(fails=(3.0, Cause.FAILED))


def q850(cause: int) -> tuple[Reason, ...]:
    return (Reason("Q.850", cause),)


@pytest.mark.parametrize(
    ("final", "status", "code"),
    [
        (Final(486), "busy", "USER_BUSY"),
        (Final(600), "busy", "USER_BUSY"),
        (Final(603), "busy", "USER_BUSY"),
        (Final(480, reasons=q850(17)), "busy", "USER_BUSY"),
        (Final(503, reasons=q850(21)), "busy", "USER_BUSY"),
        (Final(408), "no-answer", "NO_ANSWER"),
        (Final(480), "no-answer", "NO_ANSWER"),
        (Final(500, reasons=q850(19)), "no-answer", "NO_ANSWER"),
        (Final(404), "failed", "NETWORK_FAILURE"),
        (Final(503), "failed", "NETWORK_FAILURE"),
        (Final(302), "failed", "NETWORK_FAILURE"),
        (Final(604), "failed", "NETWORK_FAILURE"),
        (Final(486, reasons=q850(38)), "failed", "NETWORK_FAILURE"),
        (Final(401), "failed", "CALL_REJECTED"),
        (Final(403), "failed", "CALL_REJECTED"),
        (Final(407), "failed", "CALL_REJECTED"),
    ],
    ids=str,
)
def test_telephony_3_one_table_of_causes(final: Final, status: str, code: str) -> None:
    stage = call({A: REFUSES}, answer(A, fetch_after_attempt=True), answer(), finals={A: final})
    _, query = next_request(stage)
    assert (query["DialCallStatus"], query["Legs[0][CauseCode]"]) == (status, code)
    assert query["DialCallDuration"] == "3"
    assert leg_row(stage, 1)["code"] == final.code


@both_modes
@pytest.mark.parametrize("final", [Final(600), Final(603), Final(604), Final(606)])
def test_telephony_3_a_6xx_ends_its_number_and_never_the_hunt(final: Final, mode: str) -> None:
    phones = {A: REFUSES, B: answers(6.0, 5.0)}
    one_by_one = call(phones, answer(A, B), mode=mode, finals={A: final})
    assert numbers(one_by_one) == [A, B]
    wave = call(phones, answer(A, B, parallel_ringing=WAVE), mode=mode, finals={A: final})
    assert call_row(wave)["answered_by"] == call_row(one_by_one)["answered_by"] == B


def test_telephony_3_ring_limit_without_any_18x_is_failed_though_100_came() -> None:
    trying = Phone(rings=None, answers=50.0)  # our stack says 100 for it
    for phone, status in ((trying, "failed"), (NEVER_REPLIES, "failed"), (RINGS_OUT, "no-answer")):
        stage = call({A: phone}, answer(A, fetch_after_attempt=True, max_ringing_duration=20), answer())
        assert next_request(stage)[1]["DialCallStatus"] == status


def test_telephony_3_nobody_replies_is_failed_after_timer_b() -> None:
    stage = call({A: NEVER_REPLIES, B: answers()}, answer(A, B, max_ringing_duration=60))
    (first, _), *_ = sent(stage, "INVITE", CARRIER)
    assert [round(at - first) for at, number in stage.carrier.dialled if number == B] == [32]


@both_modes
def test_telephony_2_losers_hear_that_the_call_was_completed_elsewhere(mode: str) -> None:
    phones = {A: RINGS_OUT, B: answers(4.0, 20.0), C: answers(4.03, None)}
    stage = call(phones, answer(A, B, C, parallel_ringing=WAVE), mode=mode)
    ringing, winner, crossed = stage.carrier.rung
    assert ringing.reasons == crossed.reasons == (COMPLETED_ELSEWHERE,)
    assert ringing.answered_at is None and crossed.answered_at is not None
    ((at, _),) = [(at, data) for at, data in sent(stage, "BYE", CARRIER) if b"elsewhere" in data]
    assert at == pytest.approx(
        0.1 + 0.05 + 4.03 + 0.05, abs=0.01
    )  # by ACK and BYE as soon as the 200 crossed
    assert [leg_row(stage, leg)["status"] for leg in (1, 2, 3)] == ["canceled", "completed", "canceled"]
    assert winner.reasons != ringing.reasons and call_row(stage)["answered_by"] == B


def test_telephony_1_a_release_before_any_reply_holds_the_cancel_until_one_comes() -> None:
    def late_100(one: Passed) -> bool:
        return one.line in ("100 INVITE", "180 INVITE") and one.source == CARRIER and one.at < 6.0

    wire = Wire(delay=0.05, drop=late_100)
    phones = {A: RINGS_OUT}
    stage = call(phones, answer(A), wire=wire, caller=Caller(leaves=3.0))
    ((cancelled, _),) = sent(stage, "CANCEL", CARRIER)
    first_reply = next(one.at for one in wire.passed if one.source == CARRIER and not one.lost)
    assert cancelled == pytest.approx(first_reply + 0.05 - 0.05, abs=0.01) and cancelled > 5.9
    assert call_row(stage)["ended_at"] - call_row(stage)["created_at"] == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("code", [302, 401, 403, 407, 404, 503, 600, 604, 606])
def test_telephony_5_what_a_callees_network_said_is_never_relayed_to_the_caller(code: int) -> None:
    stage = call({A: REFUSES}, answer(A), mode="late", finals={A: Final(code, "Secret of the carrier")})
    assert stage.caller.final in (480, 486)
    assert not any(b"Secret" in one.data for one in stage.wire.passed if one.target == EXCHANGE)


def test_telephony_10_a_full_engine_refuses_with_503_and_no_retry_after() -> None:
    async def full(stage: Stage) -> None:
        stage.legs.drain()
        stage.ring()
        await pause(1.0)

    stage = act(full, Scenario())
    ((_, refusal),) = sent(stage, "503 INVITE", EXCHANGE)
    assert header(refusal, "Retry-After") == "" and stage.journal.lines == []
    assert [turned.code for turned in stage.turned] == [503]


def test_telephony_22_a_g729_only_offer_is_488_and_no_call() -> None:
    async def g729(stage: Stage) -> None:
        stage.ring(offer=PLAIN.replace(b"AVP 8", b"AVP 18"))

    stage = act(g729, Scenario())
    ((_, refusal),) = sent(stage, "488 INVITE", EXCHANGE)
    assert "G729" in header(refusal, "Warning") and stage.journal.lines == [] and not stage.customer.asked
