"""Answers without a transaction: the same request gets the same answer again (RFC 3261 §8.2.7)."""

from collections.abc import Sequence

from cordboard.sip.endpoint.core import Core
from cordboard.sip.endpoint.refusal import refusal
from cordboard.sip.endpoint.words import Admission
from cordboard.sip.message.address import Address, Hop
from cordboard.sip.message.message import Request
from cordboard.sip.message.writer import reply


def refuse(
    core: Core,
    listener: int,
    request: Request,
    code: int,
    lines: Sequence[str] = (),
    *,
    tag: str = "",
    why: str = "",
) -> None:
    """``lines``: headers. ``tag``: of To; empty: one made of the request. ``why``: for a Warning."""
    added = [*lines, f"Server: {core.user_agent}"]
    if why:
        added.append(f'Warning: 399 cordboard "{why}"')
    data = reply(request, code, tag=tag or _same_tag(request), lines=added)
    core.transmit(core.reply_hop(listener, request), data)


def deny(core: Core, listener: int, request: Request, admission: Admission) -> None:
    """What a stranger gets: over UDP no longer than the request where that can be had (reliability.md S7)."""
    tag = _same_tag(request)
    data = reply(request, admission.code, tag=tag, lines=list(admission.lines))
    if admission.smaller and len(data) > request.size and not core.transports[listener].reliable:
        data = reply(request, admission.code, tag=tag, lines=list(admission.smaller))
    core.transmit(core.reply_hop(listener, request), data)


def turn_away(core: Core, listener: int, data: bytes, source: Address, tag: str) -> bool:
    """503 to an INVITE that is not read, False where it holds nothing to answer to. Without Retry-After
    (telephony.md 10). ``tag``: of To."""
    made = refusal(data, source, tag)
    if made is None:
        return False
    text, port = made
    if port and not core.transports[listener].reliable:
        source = Address(source.transport, source.host, port)
    core.transmit(Hop(listener, source), text)
    return True


def _same_tag(request: Request) -> str:
    """The same tag for the same request, without keeping it: Python's keyed hash of what names it."""
    return f"{hash((request.call_id, request.from_tag, request.cseq)) & 0xFFFFFFFFFFFF:x}"
