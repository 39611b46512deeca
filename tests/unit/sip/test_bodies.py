"""Session descriptions within bodies of several parts (RFC 5621, RFC 2046 §5.1, RFC 3261 §20.11)."""

import pytest

from cordboard.sip.message.message import Request
from cordboard.sip.message.reader import read
from tests.unit.sip.messages import request

SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n"
ISUP = b"Content-Type: application/ISUP;version=itu-t92+\r\n"
OPTIONAL = b"Content-Disposition: signal;handling=optional\r\n"


def part(head: bytes, content: bytes) -> bytes:
    return b"--x\r\n" + head + b"\r\n" + content + b"\r\n"


def invite(body: bytes, *headers: str) -> Request:
    found = read(request("INVITE", *headers, body=body))
    assert isinstance(found, Request)
    return found


def mixed(*parts: bytes, kind: str = "mixed", boundary: str = "x") -> Request:
    return invite(b"".join(parts) + b"--x--\r\n", f"Content-Type: multipart/{kind};boundary={boundary}")


PLAIN = part(b"Content-Type: application/sdp\r\n", SDP)
TEXT = part(b"Content-Type: text/html\r\n", b"<p>hello</p>")


def test_rfc5621_isup_that_may_be_passed_over_beside_sdp() -> None:
    for parts in ((PLAIN, part(ISUP + OPTIONAL, b"\x01\x00")), (part(ISUP + OPTIONAL, b"\x01\0"), PLAIN)):
        found = mixed(*parts)
        assert found.sdp == SDP
        assert not found.unreadable_body()


def test_rfc5621_a_part_that_has_to_be_understood_is_a_reason_to_refuse() -> None:
    assert mixed(PLAIN, part(ISUP, b"\x01")).unreadable_body()
    assert mixed(PLAIN, part(b"Content-Disposition: render\r\n", b"text")).unreadable_body()
    assert mixed(part(b"Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", b"x")).unreadable_body()
    assert (
        mixed(PLAIN, part(b"Content-Type: a/b\r\nContent-Disposition: x;handling=other\r\n", b"")).sdp == b""
    )


def test_rfc2046_of_alternatives_the_last_that_is_known() -> None:
    newer = part(b"Content-Type: application/sdp\r\n", b"v=0\r\ns=newer\r\n")
    assert mixed(PLAIN, newer, TEXT, kind="alternative").sdp == b"v=0\r\ns=newer\r\n"
    assert mixed(TEXT, kind="alternative").unreadable_body()


def test_parts_within_parts_and_signed_ones() -> None:
    inner = b"--y\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n--y--"
    nested = part(b'Content-Type: multipart/alternative;\r\n boundary="y"\r\n', inner)
    assert mixed(nested).sdp == SDP
    assert (
        mixed(PLAIN, part(b"Content-Type: application/pkcs7-signature\r\n", b"0"), kind="signed").sdp == SDP
    )


def test_a_body_that_may_be_passed_over_is_no_body() -> None:
    found = invite(b"x", "Content-Type: application/x", "Content-Disposition: render;handling=optional")
    assert (found.sdp, found.unreadable_body()) == (b"", False)
    assert invite(b"x", "Content-Type: application/x", "Content-Disposition: render").unreadable_body()
    assert invite(SDP).sdp == invite(SDP, "c: Application/SDP ;charset=utf-8").sdp == SDP


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"", "x"),
        (b"no parts at all", "x"),
        (b"--x\r\nContent-Type: application/sdp\r\n", "x"),
        (b"--xy\r\n\r\nv=0\r\n--xy--", "x"),
        (PLAIN + b"--x--", '""'),
        (PLAIN + b"--x--", "é"),
        (part(b"", b"") * 17 + b"--x--", "x"),
        (part(b"X: " + b"y" * 5000 + b"\r\n", b"") + b"--x--", "x"),
    ],
)
def test_parts_that_cannot_be_told_apart_are_refused(body: bytes, boundary: str) -> None:
    found = invite(body or b" ", f"Content-Type: multipart/mixed;boundary={boundary}")
    assert (found.sdp, found.unreadable_body()) == (b"", True)


def test_parts_go_three_deep_and_no_further() -> None:
    def wrapped(depth: int) -> bytes:
        kind, body = b"application/sdp", SDP
        for level in range(depth):
            mark = b"b%d" % level
            body = b"--" + mark + b"\r\nContent-Type: " + kind + b"\r\n\r\n" + body + b"\r\n--" + mark + b"--"
            kind = b"multipart/mixed;boundary=" + mark
        return b"--x\r\nContent-Type: " + kind + b"\r\n\r\n" + body + b"\r\n--x--"

    kind = "Content-Type: multipart/mixed;boundary=x"
    assert invite(wrapped(2), kind).sdp == SDP
    assert invite(wrapped(3), kind).unreadable_body()


def test_rfc3261_20_1_what_the_sender_reads() -> None:
    assert invite(SDP).accepts_sdp()
    for accept in ("application/sdp;level=1, text/html", "*/*", "application/*", ""):
        assert invite(SDP, f"Accept: {accept}").accepts_sdp()
    assert not invite(SDP, "Accept: text/plain").accepts_sdp()
