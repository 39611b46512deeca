"""Why a leg is over. ``legs`` makes a Cause from SIP; ``call.verdicts`` says what is reported of it."""

from enum import StrEnum


class Cause(StrEnum):
    """One word for the end of a leg (telephony.md 3, contract.md settled 4)."""

    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"
    REJECTED = "rejected"  # the trunk refused our credentials: 401, 403, 407
    FAILED = "failed"
    CANCELED = "canceled"  # we released it because the caller left
    ELSEWHERE = "elsewhere"  # another leg of the wave answered first
    NORMAL = "normal"  # it had answered and was hung up
    LIMIT = "limit"  # our limit ended it: ringing or conversation
    DEAD_AUDIO = "dead-audio"


class Side(StrEnum):
    """Who ended a leg, in the platform's words (contract.md §5.1)."""

    CALLER = "Caller"
    CALLEE = "Callee"
    PLATFORM = "Exotel"
    OPERATOR = "Operator"
    UNKNOWN = "NA"
