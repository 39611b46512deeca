"""telephony.md 3: one table of causes; a row a test."""

import pytest

from cordboard.call.causes import Cause, Side
from cordboard.legs.causes import (
    cause_of_refusal,
    reason_for,
    reason_for_status,
    side_that_ended,
)
from cordboard.sip.dialog.words import Reason


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (486, Cause.BUSY),  # telephony.md 3
        (600, Cause.BUSY),
        (603, Cause.DECLINED),  # reported as busy: settled 4
        (607, Cause.DECLINED),  # RFC 8197: the callee did not want it
        (408, Cause.NO_ANSWER),
        (480, Cause.NO_ANSWER),
        (401, Cause.REJECTED),  # settled 4: CALL_REJECTED
        (403, Cause.REJECTED),
        (407, Cause.REJECTED),
        (302, Cause.FAILED),  # redirects are not followed
        (404, Cause.FAILED),
        (410, Cause.FAILED),
        (484, Cause.FAILED),
        (487, Cause.FAILED),  # one that we did not ask for
        (488, Cause.FAILED),
        (500, Cause.FAILED),
        (503, Cause.FAILED),
        (604, Cause.FAILED),
        (606, Cause.FAILED),
    ],
)
def test_telephony_3_status_to_cause(code: int, cause: Cause) -> None:
    assert cause_of_refusal(code) is cause


@pytest.mark.parametrize(
    ("q850", "cause"),
    [
        (17, Cause.BUSY),
        (21, Cause.DECLINED),
        (18, Cause.NO_ANSWER),
        (19, Cause.NO_ANSWER),
        (20, Cause.NO_ANSWER),
        (1, Cause.FAILED),
        (27, Cause.FAILED),
        (34, Cause.FAILED),
        (38, Cause.FAILED),
        (41, Cause.FAILED),
    ],
)
def test_rfc6432_a_telling_q850_reason_goes_before_the_status(q850: int, cause: Cause) -> None:
    other = 503 if cause is not Cause.FAILED else 486
    assert cause_of_refusal(other, (Reason("Q.850", q850),)) is cause


@pytest.mark.parametrize("q850", [0, 16, 31, 102, 127])
def test_q850_that_says_nothing_leaves_the_status(q850: int) -> None:
    assert cause_of_refusal(486, (Reason("Q.850", q850),)) is Cause.BUSY


def test_a_sip_reason_is_no_q850_cause() -> None:
    assert cause_of_refusal(480, (Reason("SIP", 17),)) is Cause.NO_ANSWER


def test_telephony_3_timer_b_and_transport_errors_are_failed_though_their_status_is_408() -> None:
    assert cause_of_refusal(408, local=True) is Cause.FAILED
    assert cause_of_refusal(503, local=True) is Cause.FAILED


def test_telephony_2_losers_hear_that_the_call_was_completed_elsewhere() -> None:
    assert reason_for(Cause.ELSEWHERE, answered=False) == Reason("SIP", 200, "Call completed elsewhere")
    assert reason_for(Cause.ELSEWHERE, answered=True) == Reason("SIP", 200, "Call completed elsewhere")


@pytest.mark.parametrize(
    ("cause", "answered", "q850"),
    [
        (Cause.CANCELED, False, 16),
        (Cause.NORMAL, True, 16),
        (Cause.NO_ANSWER, False, 19),
        (Cause.LIMIT, False, 19),
        (Cause.LIMIT, True, 16),
        (Cause.DEAD_AUDIO, True, 41),
        (Cause.FAILED, True, 41),
    ],
)
def test_releases_carry_a_q850_reason(cause: Cause, answered: bool, q850: int) -> None:
    reason = reason_for(cause, answered)
    assert (reason.protocol, reason.cause) == ("Q.850", q850)
    assert reason.text


def test_every_cause_has_a_reason() -> None:
    assert all(reason_for(cause, answered).protocol for cause in Cause for answered in (True, False))


@pytest.mark.parametrize(
    ("code", "q850"),
    [(404, 1), (480, 18), (486, 17), (503, 41), (482, 25), (483, 25), (488, 65), (408, 102), (484, 28)],
)
def test_rfc3398_a_final_status_of_ours_carries_its_q850(code: int, q850: int) -> None:
    reason = reason_for_status(code)
    assert reason is not None and reason.cause == q850


def test_a_status_without_a_known_cause_carries_no_reason() -> None:
    assert reason_for_status(499) is None


def test_a_plain_bye_is_the_far_sides() -> None:
    assert side_that_ended(True, (), Side.CALLEE) is Side.CALLEE
    assert side_that_ended(True, (Reason("Q.850", 16),), Side.CALLEE) is Side.CALLEE


def test_a_bye_with_a_network_cause_or_a_lost_dialog_is_the_operators() -> None:
    assert side_that_ended(True, (Reason("Q.850", 41),), Side.CALLEE) is Side.OPERATOR
    assert side_that_ended(False, (), Side.CALLEE) is Side.OPERATOR
