"""Causes to what is reported of them: CallType, DialCallStatus, CauseCode, DisconnectedBy, exit.

The one table of telephony.md 3 on this side: ``legs`` turns SIP into a Cause, this page turns Causes into
the platform's words (contract.md settled 4, 16, 22).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cordboard.call.causes import Cause, Side

USER_BUSY = "USER_BUSY"
NO_ANSWER = "NO_ANSWER"
CALL_REJECTED = "CALL_REJECTED"
NETWORK_FAILURE = "NETWORK_FAILURE"
ORIGINATOR_CANCEL = "ORIGINATOR_CANCEL"
NORMAL_CLEARING = "NORMAL_CLEARING"

_CAUSE_CODES = {
    Cause.BUSY: USER_BUSY,
    Cause.DECLINED: USER_BUSY,
    Cause.NO_ANSWER: NO_ANSWER,
    Cause.REJECTED: CALL_REJECTED,
    Cause.FAILED: NETWORK_FAILURE,
    Cause.CANCELED: ORIGINATOR_CANCEL,
    # settled 4 has no word for the losers of a wave; it was we, the originator, who cancelled them
    Cause.ELSEWHERE: ORIGINATOR_CANCEL,
    Cause.NORMAL: NORMAL_CLEARING,
    Cause.LIMIT: NORMAL_CLEARING,  # the conversation's limit; the ring limit is told by ``rang_out``
    Cause.DEAD_AUDIO: NETWORK_FAILURE,
}

_STATUSES = {
    Cause.BUSY: "busy",
    Cause.DECLINED: "busy",
    Cause.NO_ANSWER: "no-answer",
    Cause.CANCELED: "canceled",
    Cause.ELSEWHERE: "canceled",  # told of its own leg only: a wave with a winner has no status
}

_SIDES = {
    Cause.BUSY: Side.CALLEE,
    Cause.DECLINED: Side.CALLEE,
    Cause.CANCELED: Side.CALLER,
    Cause.ELSEWHERE: Side.PLATFORM,
    Cause.LIMIT: Side.PLATFORM,
    Cause.DEAD_AUDIO: Side.PLATFORM,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a Connect ended: ``status`` is DialCallStatus, empty where it is not sent."""

    call_type: str
    status: str
    exit: str


COMPLETED = Verdict("completed", "completed", "after_conversation")
NOT_DIALED = Verdict("call-attempt", "", "not_dialed")
CALLER_LEFT_DIALED = Verdict("client-hangup", "canceled", "nobody_answers")
CALLER_LEFT_UNDIALED = Verdict("client-hangup", "", "not_dialed")


def unanswered(status: str) -> Verdict:
    """Somebody was dialled, nobody talked; ``status`` of the last attempt."""
    return Verdict("incomplete", status, "nobody_answers")


def leg_status(cause: Cause) -> str:
    """DialCallStatus of one leg that was not connected."""
    return _STATUSES.get(cause, "failed")


def wave_status(causes: Iterable[Cause]) -> str:
    """DialCallStatus of a wave (settled 16): no-answer if any rang out, else busy if any was, else failed."""
    statuses = {leg_status(cause) for cause in causes}
    return next((status for status in ("no-answer", "busy") if status in statuses), "failed")


def rang_out(rang: bool) -> Cause:
    """The verdict on a leg that our ring limit ended: without any 18x it never rang (telephony.md 3)."""
    return Cause.NO_ANSWER if rang else Cause.FAILED


def cause_code(cause: Cause) -> str:
    """``Legs[i][CauseCode]`` (settled 4)."""
    return _CAUSE_CODES[cause]


def cause_text(code: str) -> str:
    """``Legs[i][Cause]``: the same in lower case with spaces."""
    return code.lower().replace("_", " ")


def disconnected_by(cause: Cause) -> Side:
    """Who ended a leg that the far side or its network ended before it was answered."""
    return _SIDES.get(cause, Side.OPERATOR)
