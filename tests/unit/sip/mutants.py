"""Messages that were valid once: mutant ``n`` is always the same one."""

import random
from collections.abc import Callable

from tests.unit.sip.messages import request, response
from tests.unit.sip.torture import RFC4475, RFC5118

_SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
)
_SRTP = _SDP.replace(b"RTP/AVP", b"RTP/SAVP") + (
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n"
)
_MULTIPART = (
    b"--x\r\nContent-Type: application/sdp\r\n\r\n" + _SDP + b"\r\n"
    b"--x\r\nContent-Type: application/ISUP\r\nContent-Disposition: signal;handling=optional\r\n\r\n\1\r\n"
    b"--x--\r\n"
)
_TYPE = "Content-Type: application/sdp"
_TO = "<sip:bob@10.0.0.2>;tag=ours"
_DIGEST = (
    'Digest username="bob", realm="a, b", nonce="dcd98b7102dd2f0e", uri="sip:10.0.0.2", qop=auth, '
    'nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", algorithm=SHA-256'
)

VALID = (
    request("INVITE", _TYPE, body=_SDP),
    request("INVITE", _TYPE, body=_SRTP),
    request("INVITE", "Content-Type: multipart/mixed;boundary=x", body=_MULTIPART),
    request(
        "INVITE",
        "Record-Route: <sip:10.0.0.3;lr>, <sip:10.0.0.4:5070;lr;x=y>",
        'P-Asserted-Identity: "A, B" <sip:+918047115777@x>, <tel:+918047115777>',
        "Diversion: <sip:1@x>;reason=unconditional;counter=1",
        "Session-Expires: 1800;refresher=uac",
        "Supported: 100rel, timer",
        'Reason: Q.850;cause=16;text="x"',
        _TYPE,
        body=_SDP,
    ),
    request("INVITE", _TYPE, to=_TO, cseq="2 INVITE", body=_SDP),
    request("ACK", to=_TO),
    request("BYE", 'Reason: SIP;cause=200;text="Call completed elsewhere"', to=_TO, cseq="2 BYE"),
    request("CANCEL"),
    request("OPTIONS", "Accept: application/sdp"),
    request("INFO", "Content-Type: application/dtmf-relay", to=_TO, body=b"Signal=5\r\nDuration=160\r\n"),
    request("UPDATE", _TYPE, to=_TO, cseq="3 UPDATE", body=_SDP),
    request("REGISTER", f"Authorization: {_DIGEST}", "Expires: 300"),
    request("REFER", "Refer-To: <sip:c@d?Replaces=x%3Bto-tag%3D1>", to=_TO, cseq="4 REFER"),
    response(100, to_tag=""),
    response(183, _TYPE, body=_SDP),
    response(200, _TYPE, "Contact: <sip:bob@10.0.0.2:5060>", body=_SDP),
    response(302, "Contact: <sip:c@10.0.0.5>;q=0.5, <sip:d@10.0.0.6>;q=0.9"),
    response(407, 'Proxy-Authenticate: Digest realm="x", nonce="y", qop="auth,auth-int", algorithm=MD5'),
    response(503, "Retry-After: 5 (busy);duration=3600", 'Warning: 399 x "y"'),
    *(case.data for case in (*RFC4475, *RFC5118)),
)

_TOKENS = (
    *(b"\r\n", b"\r\n ", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\\", b'"', b"<", b">", b";", b",", b"=", b":"),
    *(b"@", b"[", b"]", b"%", b"%00", b"%0d%0a", b" ", b"\t", b"?", b"\x1b[2J", b"\xff", b"\xc3", b"--x"),
    *("\u202e".encode(), "\u0660".encode(), "é".encode(), b"9" * 30, b"-1", b"0" * 40, b"4294967296"),
    *(b" " * 1000, b"a" * 3000, b"SIP/2.0", b"sip:", b"tag=", b"branch=z9hG4bK", b"l: 5\r\n", b"\r\nl: 0"),
    *(
        b"\r\nVia: SIP/2.0/UDP 6.6.6.6",
        b"\r\nX : y",
        b"\r\nTo: <sip:x@y>;tag=2",
        b";rport",
        b";maddr=6.6.6.6",
    ),
)


def mutant(number: int) -> bytes:
    """A valid message after one to four mishaps."""
    dice = random.Random(number)
    data = dice.choice(VALID)
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(_MISHAPS)(data, dice)
    return data[:65_000]


def _flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8) if data else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _slice(data: bytes, dice: random.Random) -> tuple[int, int]:
    start = dice.randint(0, len(data))
    return start, min(len(data), start + int(dice.expovariate(1 / 20)))


def _cut_out(data: bytes, dice: random.Random) -> bytes:
    start, end = _slice(data, dice)
    return data[:start] + data[end:]


def _repeat(data: bytes, dice: random.Random) -> bytes:
    start, end = _slice(data, dice)
    return data[:end] + data[start:end] * int(dice.expovariate(1 / 20)) + data[end:]


def _insert(data: bytes, dice: random.Random) -> bytes:
    place = dice.randint(0, len(data))
    return data[:place] + dice.choice(_TOKENS) + data[place:]


def _lines(data: bytes, dice: random.Random) -> bytes:
    """One line dropped, doubled, moved, turned to capitals, folded, or given another's value."""
    lines = data.split(b"\r\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(6):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = lines[one].swapcase()
        case 4:
            lines[one] = lines[one].replace(b" ", b"\r\n\t ", 1)
        case _:
            lines[one] = lines[one].partition(b":")[0] + b":" + lines[other].partition(b":")[2]
    return b"\r\n".join(lines)


def _splice(data: bytes, dice: random.Random) -> bytes:
    other = dice.choice(VALID)
    return data[: dice.randint(0, len(data))] + other[dice.randint(0, len(other)) :]


def _truncate(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randint(0, len(data))]


_MISHAPS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_flip, _cut_out, _repeat, _insert, _insert, _lines, _lines, _splice, _truncate),
)
