"""A 503 to an INVITE that was not read: its own header lines cut out of its bytes (§8.2.7: stateless)."""

import re

from cordboard.sip.message.address import Address
from cordboard.sip.message.via import Via

_LINE = re.compile(
    rb"\r\n(?:(v(?:ia)?)|(f(?:rom)?)|(t(?:o)?)|(i|call-id)|(cseq))[ \t]*:[ \t]*", re.IGNORECASE
)
_NAMES = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")


def refusal(data: bytes, source: Address, tag: str) -> tuple[bytes, int] | None:
    """The answer, and the port that its sender's Via names where it did not ask for symmetry (0: the port it
    came from). None for what cannot be answered: it is passed over."""
    head = data[: data.find(b"\r\n\r\n") + 2]
    ends = head.count(b"\r\n")
    broken = head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head
    if broken or b"\r\n " in head or b"\r\n\t" in head:
        return None  # folded or broken: cutting would take half of it, or what was no line of its own
    lines = [b"SIP/2.0 503 Service Unavailable"]
    seen = 0
    port = 0
    for line in _LINE.finditer(head):
        kind = (line.lastindex or 1) - 1
        begin = line.end()
        value = head[begin : head.find(b"\r\n", begin)]
        if kind == 0 and not seen & 1:
            try:
                via = Via(value.decode("latin-1"))
            except ValueError:
                return None
            if not via.rport:
                port = via.port or 5060
            value = via.stamped(source.host, source.port).encode("latin-1")
        elif kind > 0 and seen & 1 << kind:
            return None  # twice: no dialog can be told from it
        elif kind == 2 and b";tag=" not in value:
            value = (value if b"<" in value else b"<" + value + b">") + b";tag=" + tag.encode()
        seen |= 1 << kind
        lines.append(_NAMES[kind] + b": " + value)
    if seen != 0b11111:
        return None
    lines.append(b"Content-Length: 0\r\n\r\n")
    return b"\r\n".join(lines), port
