"""Reason headers (RFC 3326), on requests and, by RFC 6432, on responses."""

from cordboard.sip.dialog.words import Reason
from cordboard.sip.message.headers import TOKEN, number, quote, read_parameters
from cordboard.sip.message.message import Message

ELSEWHERE = Reason("SIP", 200, "Call completed elsewhere")
MOST = 8
LONGEST = 512
"""Only this much of a value is read; texts are for people."""


def read_reasons(message: Message) -> tuple[Reason, ...]:
    """The Reason values of a message; those without a numeric cause are left out."""
    if "reason" not in message.index:
        return ()
    found: list[Reason] = []
    for value in message.listed("reason")[:MOST]:
        protocol, semicolon, rest = value.partition(";")
        parameters = read_parameters((semicolon + rest)[:LONGEST])
        cause = number(parameters.get("cause", ""))
        if cause is not None:
            found.append(Reason(protocol.strip(), cause, parameters.get("text", "")))
    return tuple(found)


def reason_lines(reasons: tuple[Reason, ...]) -> list[str]:
    """Header lines for these reasons. One whose protocol is no token is left out: it could not be written."""
    return [
        f"Reason: {reason.protocol};cause={reason.cause}"
        + (f";text={quote(reason.text)}" if reason.text else "")
        for reason in reasons
        if TOKEN.fullmatch(reason.protocol)
    ]
