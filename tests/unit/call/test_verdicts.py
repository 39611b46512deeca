"""Causes to the platform's words (settled 4, 16, 22; telephony.md 3)."""

import pytest

from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (Cause.BUSY, "USER_BUSY"),
        (Cause.DECLINED, "USER_BUSY"),
        (Cause.NO_ANSWER, "NO_ANSWER"),
        (Cause.REJECTED, "CALL_REJECTED"),
        (Cause.FAILED, "NETWORK_FAILURE"),
        (Cause.CANCELED, "ORIGINATOR_CANCEL"),
        (Cause.NORMAL, "NORMAL_CLEARING"),
    ],
)
def test_settled_4_cause_codes(cause: Cause, code: str) -> None:
    assert verdicts.cause_code(cause) == code


def test_settled_4_every_cause_has_a_code_and_its_text() -> None:
    for cause in Cause:
        code = verdicts.cause_code(cause)
        assert verdicts.cause_text(code) == code.lower().replace("_", " ")
    assert verdicts.cause_text("USER_BUSY") == "user busy"


@pytest.mark.parametrize(
    ("causes", "status"),
    [
        ((Cause.BUSY, Cause.NO_ANSWER, Cause.FAILED), "no-answer"),
        ((Cause.FAILED, Cause.DECLINED), "busy"),
        ((Cause.BUSY,), "busy"),
        ((Cause.FAILED, Cause.REJECTED), "failed"),
        ((Cause.NO_ANSWER,), "no-answer"),
    ],
)
def test_settled_16_status_of_a_wave(causes: tuple[Cause, ...], status: str) -> None:
    assert verdicts.wave_status(causes) == status


def test_settled_22_verdicts() -> None:
    def said(verdict: verdicts.Verdict) -> tuple[str, str, str]:
        return verdict.call_type, verdict.status, verdict.exit

    assert said(verdicts.COMPLETED) == ("completed", "completed", "after_conversation")
    assert said(verdicts.unanswered("busy")) == ("incomplete", "busy", "nobody_answers")
    assert said(verdicts.CALLER_LEFT_DIALED) == ("client-hangup", "canceled", "nobody_answers")
    assert said(verdicts.CALLER_LEFT_UNDIALED) == ("client-hangup", "", "not_dialed")
    assert said(verdicts.NOT_DIALED) == ("call-attempt", "", "not_dialed")


def test_telephony_3_a_leg_without_any_18x_failed_and_did_not_ring_out() -> None:
    assert verdicts.rang_out(True) is Cause.NO_ANSWER
    assert verdicts.rang_out(False) is Cause.FAILED


def test_section_5_1_who_disconnected_words() -> None:
    assert verdicts.disconnected_by(Cause.BUSY) is Side.CALLEE
    assert verdicts.disconnected_by(Cause.FAILED) is Side.OPERATOR
    assert verdicts.disconnected_by(Cause.CANCELED) is Side.CALLER
    assert verdicts.disconnected_by(Cause.ELSEWHERE) is Side.PLATFORM
