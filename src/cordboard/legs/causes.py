"""One table: how a SIP final status or a Reason becomes a Cause, and a Cause the Reason that we send.

Sources: telephony.md 3 and contract.md settled 4 for what is busy, rang out, refused or failed; RFC 3398
§7.2.4.1 and §8.2.6.1 for SIP status ↔ Q.850; RFC 3326 and RFC 6432 for Reason; RFC 8197 for 607.
"""

from collections.abc import Sequence

from cordboard.call.causes import Cause, Side
from cordboard.sip.dialog.words import Reason

BY_STATUS: dict[int, Cause] = {
    401: Cause.REJECTED,
    403: Cause.REJECTED,
    407: Cause.REJECTED,
    408: Cause.NO_ANSWER,
    480: Cause.NO_ANSWER,
    486: Cause.BUSY,
    600: Cause.BUSY,
    603: Cause.DECLINED,
    607: Cause.DECLINED,
}
"""Every other final status is ``FAILED``."""

BY_Q850: dict[int, Cause] = {
    17: Cause.BUSY,  # user busy
    18: Cause.NO_ANSWER,  # no user responding
    19: Cause.NO_ANSWER,  # alerted, no answer
    20: Cause.NO_ANSWER,  # subscriber absent: RFC 3398 makes it 480
    21: Cause.DECLINED,  # call rejected
}

SAYS_NOTHING = frozenset({0, 16, 31, 102, 127})
"""Q.850 causes that tell nothing beside the status: 0, which is none (Asterisk writes it), normal clearing,
normal unspecified, a timer expired, interworking. Every Q.850 cause that is neither here nor in ``BY_Q850``
is ``FAILED``."""

STATUS_TO_Q850: dict[int, int] = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127,
    414: 127, 415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28,
    485: 1, 486: 17, 488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17,
    603: 21, 604: 1, 606: 65,
}  # fmt: skip
"""RFC 3398 §7.2.4.1. It leaves 488 and 606 to their Warning; ours are always about the codec: 65, bearer
capability not implemented."""

_TEXTS = {
    1: "Unallocated number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user",
    21: "Call rejected",
    25: "Exchange routing error",
    28: "Invalid number format",
    41: "Temporary failure",
    65: "Bearer capability not implemented",
    102: "Recovery on timer expiry",
}

COMPLETED_ELSEWHERE = Reason("SIP", 200, "Call completed elsewhere")
TIMED_OUT = Reason("Q.850", 102, _TEXTS[102])
"""Goes with the CANCEL to a host that said nothing, when the next one is tried."""

_RELEASED_WITH: dict[Cause, int] = {
    Cause.BUSY: 17,
    Cause.DECLINED: 21,
    Cause.NO_ANSWER: 19,
    Cause.REJECTED: 21,
    Cause.FAILED: 41,
    Cause.CANCELED: 16,
    Cause.NORMAL: 16,
    Cause.LIMIT: 16,
    Cause.DEAD_AUDIO: 41,
}

_OPERATORS_CLASSES = (2, 3, 4, 5, 6, 7)


def cause_of_refusal(code: int, reasons: Sequence[Reason] = (), local: bool = False) -> Cause:
    """Why a leg that never answered is over. ``local``: nobody sent this status, our own stack made it
    (nobody replied, could not be sent): always ``FAILED``. A telling Q.850 cause goes before the status."""
    if local:
        return Cause.FAILED
    for reason in reasons:
        if reason.protocol.upper() == "Q.850" and reason.cause not in SAYS_NOTHING:
            return BY_Q850.get(reason.cause, Cause.FAILED)
    return BY_STATUS.get(code, Cause.FAILED)


def side_that_ended(remote: bool, reasons: Sequence[Reason], far: Side) -> Side:
    """Who ended an answered leg whose far side is ``far``: the operator where the BYE's Q.850 cause is none
    of class 0 and 1 (normal), and where the dialog was lost."""
    if not remote:
        return Side.OPERATOR
    for reason in reasons:
        if reason.protocol.upper() == "Q.850" and reason.cause not in SAYS_NOTHING:
            return Side.OPERATOR if reason.cause // 16 in _OPERATORS_CLASSES else far
    return far


def reason_for(cause: Cause, answered: bool) -> Reason:
    """The Reason that goes with our CANCEL or BYE (telephony.md 1 and 2)."""
    if cause is Cause.ELSEWHERE:
        return COMPLETED_ELSEWHERE
    number = _RELEASED_WITH[cause]
    if cause is Cause.LIMIT and not answered:
        number = 19
    if cause is Cause.DEAD_AUDIO:
        return Reason("Q.850", number, "No audio")
    return Reason("Q.850", number, _TEXTS[number])


def reason_for_status(code: int) -> Reason | None:
    """The Reason that goes with a final status of ours to a caller (RFC 6432); None where none is known."""
    number = STATUS_TO_Q850.get(code)
    return None if number is None else Reason("Q.850", number, _TEXTS.get(number, ""))
