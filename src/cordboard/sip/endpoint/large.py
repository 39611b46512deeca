"""INVITEs that are too large for a datagram (§18.1.1, telephony.md 11): by TCP, with a quick way back.
Pure."""

import re

from cordboard.sip.message.address import Address
from cordboard.sip.message.outbound import Outbound

LARGEST = 1300
"""Bytes that go by UDP where the way's MTU is not known."""
REFUSED_SECONDS = 300.0
"""A target that does not take TCP is not asked again for so long."""
_MOST_REFUSING = 1000
_SPARE = re.compile(rb"a=(?:rtpmap:(?:0|8|9|18) [^\r]*|fmtp:\d+ 0-1[56]|ptime:20|sendrecv|rtcp:[^\r]*)\r\n")
"""Lines of an SDP that say what holds anyway: static types, the usual packet time and direction."""


class Refusing:
    """Who was found not to take TCP."""

    def __init__(self) -> None:
        self._until: dict[Address, float] = {}
        self._warned: set[Address] = set()

    def add(self, target: Address, now: float) -> None:
        """It did not connect just now."""
        if len(self._until) >= _MOST_REFUSING:
            self._until.clear()
        self._until[target] = now + REFUSED_SECONDS

    def holds(self, target: Address, now: float) -> bool:
        return self._until.get(target, 0.0) > now

    def first(self, target: Address) -> bool:
        """Whether nothing was said of this target yet."""
        if target in self._warned:
            return False
        if len(self._warned) >= _MOST_REFUSING:
            self._warned.clear()
        self._warned.add(target)
        return True


def moved(invite: Outbound, via: str, contact: str, branch: str) -> Outbound:
    """The same INVITE by another transport: its own Via and Contact, the same call."""
    lines = [f"Contact: {contact}" if line.startswith("Contact:") else line for line in invite.lines or ()]
    return _like(invite, via, branch, lines, invite.body)


def trimmed(invite: Outbound) -> Outbound:
    """Without the lines of its SDP that say what holds anyway."""
    body = _SPARE.sub(b"", invite.body)
    return _like(invite, invite.via, invite.branch, invite.lines, body)


def _like(invite: Outbound, via: str, branch: str, lines: list[str] | None, body: bytes) -> Outbound:
    return Outbound(
        invite.method,
        invite.uri,
        via=via,
        branch=branch,
        from_=invite.from_,
        to=invite.to,
        call_id=invite.call_id,
        cseq=invite.cseq,
        routes=invite.routes,
        lines=lines,
        body=body,
        content_type=invite.content_type,
        attempt=invite.attempt,
    )
