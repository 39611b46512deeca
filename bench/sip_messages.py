"""What reading and writing one SIP message costs, in µs of CPU: `.venv/bin/python bench/sip_messages.py`.

The messages are those of a plain call between a carrier and the engine. The best of several rounds is shown:
everything above it is the machine's other work.
"""

import timeit
from collections.abc import Callable
from functools import partial

from cordboard.sip.message.address import Address
from cordboard.sip.message.framer import Framer
from cordboard.sip.message.message import Request
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.reader import read
from cordboard.sip.message.writer import reply

ROUNDS, EACH = 7, 4000

SDP = (
    b"v=0\r\no=root 1821 1821 IN IP4 203.0.113.10\r\ns=session\r\nc=IN IP4 203.0.113.10\r\nt=0 0\r\n"
    b"m=audio 18622 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)
_COMMON = (
    "Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK3c8f1a2b77;rport",
    'From: "Asha" <sip:+919876543210@203.0.113.10>;tag=as58f4201b',
    "To: <sip:+918047115777@198.51.100.5>{to}",
    "Call-ID: 4b2c8e1f7a6d5c3b0@203.0.113.10:5060",
)


def request(method: str, *more: str, to: str = "", body: bytes = b"") -> bytes:
    """A request as a carrier sends it."""
    lines = [
        f"{method} sip:+918047115777@198.51.100.5:5060 SIP/2.0",
        *_COMMON,
        f"CSeq: 102 {method}",
        "Max-Forwards: 70",
        *more,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).replace("{to}", to).encode() + b"\r\n\r\n" + body


def response(code: int, phrase: str, *more: str, body: bytes = b"") -> bytes:
    """A response as a carrier sends it."""
    lines = [f"SIP/2.0 {code} {phrase}", *_COMMON, "CSeq: 102 INVITE", *more, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).replace("{to}", ";tag=9f2e").encode() + b"\r\n\r\n" + body


INVITE = request(
    "INVITE",
    "User-Agent: Carrier 7.2",
    "Date: Mon, 12 Jan 2026 10:00:00 GMT",
    "Contact: <sip:+919876543210@203.0.113.10:5060>",
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE",
    "Supported: replaces, timer",
    "P-Asserted-Identity: <sip:+919876543210@203.0.113.10>",
    "Content-Type: application/sdp",
    body=SDP,
)
MESSAGES = {
    "INVITE": INVITE,
    "180": response(180, "Ringing", "Contact: <sip:b@203.0.113.10:5060>", "Server: Carrier 7.2"),
    "200": response(
        200,
        "OK",
        "Contact: <sip:b@203.0.113.10:5060>",
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE",
        "Content-Type: application/sdp",
        body=SDP,
    ),
    "ACK": request("ACK", "User-Agent: Carrier 7.2", to=";tag=9f2e"),
    "BYE": request("BYE", "User-Agent: Carrier 7.2", "Reason: Q.850;cause=16", to=";tag=9f2e"),
}


def microseconds(what: Callable[[], object]) -> float:
    """CPU of one run."""
    return min(timeit.repeat(what, number=EACH, repeat=ROUNDS)) / EACH * 1e6


def write_invite() -> bytes:
    """The INVITE of a leg."""
    return Outbound(
        "INVITE",
        "sip:+919812300001@203.0.113.10",
        via="UDP 198.51.100.5:5060",
        branch="z9hG4bK0011223344556677",
        from_="<sip:+918047115777@198.51.100.5>;tag=cb01-0123456789abcdef",
        to="<sip:+919812300001@203.0.113.10>",
        call_id="0123456789abcdef0123456789abcdef",
        cseq=1,
        lines=["Contact: <sip:cordboard@198.51.100.5:5060>", "Allow: INVITE", "User-Agent: cordboard"],
        body=SDP,
    ).data


def write_reply() -> bytes:
    """The first answer to an INVITE."""
    _ASKED.reply_head = None
    return reply(_ASKED, 200, tag="t1", lines=["Contact: <sip:c@198.51.100.5>", "Server: c"], body=SDP)


def frame() -> int:
    """A stream of them all."""
    return len(Framer().feed(_STREAM))


_STREAM = b"".join(MESSAGES.values())
_FOUND = read(INVITE)
assert isinstance(_FOUND, Request)
_ASKED = _FOUND
_ASKED.source = Address("udp", "203.0.113.10", 5060)


def main() -> None:
    for name, data in MESSAGES.items():
        print(f"read {name:8s} {len(data):5d} bytes {microseconds(partial(read, data)):7.1f} µs")
    print(f"write INVITE             {microseconds(write_invite):7.1f} µs")
    print(f"write 200                {microseconds(write_reply):7.1f} µs")
    print(f"frame {len(MESSAGES)} messages         {microseconds(frame):7.1f} µs")


if __name__ == "__main__":
    main()
