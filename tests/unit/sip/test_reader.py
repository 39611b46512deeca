"""Reading messages: what is mended, what is refused and how (RFC 3261 §7, §8.2, RFC 4475)."""

import pytest

from cordboard.sip.message.headers import split_address, split_list, tag_of
from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.reader import Malformed, read
from tests.unit.sip.messages import request, response


def taken(data: bytes) -> Request:
    found = read(data)
    assert isinstance(found, Request)
    return found


def refused(data: bytes) -> Malformed:
    with pytest.raises(Malformed) as problem:
        read(data)
    return problem.value


def test_a_request_is_read() -> None:
    found = taken(request(body=b"v=0\r\n"))
    assert (found.method, found.uri, found.call_id, found.cseq) == ("INVITE", "sip:bob@10.0.0.2", "call1", 1)
    assert (found.from_tag, found.to_tag, found.via.branch) == ("from1", "", "z9hG4bKa1")
    assert (found.via.sent_by, found.via.rport, found.body) == ("10.0.0.1:5060", True, b"v=0\r\n")
    assert found.contact() == "sip:alice@10.0.0.1:5060"


def test_a_response_is_read() -> None:
    found = read(response(183, phrase="Session Progress"))
    assert isinstance(found, Response)
    assert (found.code, found.phrase, found.method, found.to_tag) == (
        183,
        "Session Progress",
        "INVITE",
        "to1",
    )


def test_rfc4475_folded_lines_compact_names_and_space_before_the_colon() -> None:
    data = (
        b"INVITE sip:bob@10.0.0.2 SIP/2.0\r\n"
        b"v:  SIP  / 2.0\r\n /UDP\r\n    10.0.0.1 : 5070 ;branch=z9hG4bKx9 ;rport\r\n"
        b"TO :\r\n sip:bob@10.0.0.2 ;  tag    = 1918\r\n"
        b'f: "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        b"i: call2\r\nCSeq\t: 0009\r\n  INVITE\r\nl: 0\r\n\r\n"
    )
    found = taken(data)
    assert (found.to_tag, found.from_tag, found.cseq) == ("1918", "98asjd8", 9)
    assert (found.via.branch, found.via.sent_by, found.via.rport) == ("z9hG4bKx9", "10.0.0.1:5070", True)


def test_leading_line_ends_are_passed_over() -> None:
    assert taken(b"\r\n\r\n" + request()).method == "INVITE"


def test_a_body_longer_than_content_length_is_cut_and_a_shorter_one_refused() -> None:
    assert taken(request(body=b"0123456789", length="4")).body == b"0123"
    problem = refused(request(body=b"0123", length="9"))
    assert (problem.status, problem.request is not None) == (400, True)


@pytest.mark.parametrize("length", ["-1", "x", "", "99999999999"])
def test_a_content_length_that_is_no_number_is_refused(length: str) -> None:
    assert refused(request(length=length)).status == 400


def test_two_quoted_addresses_are_split_at_their_comma_only() -> None:
    value = '"A, B" <sip:a@x;p="1,2">, "C \\" , D" <sip:c@y,z>;q=1 , sip:e@f'
    parts = split_list(value)
    assert parts == ['"A, B" <sip:a@x;p="1,2">', '"C \\" , D" <sip:c@y,z>;q=1', "sip:e@f"]
    assert split_address(parts[1]) == ('C " , D', "sip:c@y,z", ";q=1")


def test_tags_hide_neither_in_names_nor_in_uris_nor_in_quoted_parameters() -> None:
    assert tag_of('"x;tag=no>" <sip:a@b;tag=no>;tag=yes') == "yes"
    assert tag_of("<sip:a@b;tag=no>") == ""
    assert tag_of('<sip:a@b>;x=";tag=no";tag=yes') == "yes"
    assert tag_of("sip:a@b;tag=yes") == "yes"


@pytest.mark.parametrize(
    ("data", "status", "answered"),
    [
        (request().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1), 505, True),
        (request().replace(b"INVITE sip", b"INVITE  sip", 1), 400, True),
        (request(uri="<sip:bob@10.0.0.2>"), 400, True),
        (request(uri="sip:bob@10.0.0.2; lr"), 400, True),
        (request().replace(b" SIP/2.0\r\n", b" SIP/2.0  \r\n", 1), 400, True),
        (request(cseq="1 OPTIONS"), 400, True),
        (request(cseq="4294967296 INVITE"), 400, True),
        (request(cseq="36893488147419103232 INVITE"), 400, True),
        (request(cseq="-1 INVITE"), 400, True),
        (request().replace(b"Call-ID: call1\r\n", b""), 400, True),
        (request().replace(b"From: ", b"X-From: "), 400, True),
        (request("INVITE", "Call-ID: other"), 400, True),
        (request("INVITE", "From: <sip:x@y>;tag=2"), 400, True),
        (request(from_='"unbalanced <sip:a@b>;tag=1'), 400, True),
        (request("INVITE", "no colon here"), 400, True),
        (request("INVITE", "Bad Name: x"), 400, True),
        (request("INVITE", "X-Nul: a\0b"), 400, True),
        (request("INVITE", "X-Break: a\nVia: SIP/2.0/UDP 6.6.6.6"), 400, True),
        (request().replace(b"\r\n\r\n", b"\r\n"), 400, True),
        (request().replace(b"Via: ", b"X-Via: "), 400, True),
        (request().replace(b"Via: ", b"Via: x"), 400, False),
        (request("ACK", cseq="1 OPTIONS"), 400, False),
        (request(via="SIP/2.0/UDP 10.0.0.1;;,;,,"), 400, True),
        (request(via="SIP/2.0/UDP 10.0.0.1;;"), 400, True),
        (request(via='SIP/2.0/UDP 10.0.0.1;x="'), 400, True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, False),
        (response(200).replace(b"SIP/2.0 200", b"SIP/2.0 4294967301"), 400, False),
        (response(200, "Via: SIP/2.0/UDP 10.0.0.7"), 400, False),
    ],
)
def test_bad_messages_get_their_status(data: bytes, status: int, answered: bool) -> None:
    problem = refused(data)
    assert (problem.status, problem.request is not None) == (status, answered)


def test_a_quoted_nul_is_legal_and_does_not_shorten_the_name() -> None:
    found = taken(request(from_='"a\\\0b" <sip:a@b>;tag=t'))
    assert found.from_tag == "t"


def test_bytes_that_are_not_utf8_are_carried_through() -> None:
    data = request("OPTIONS").replace(b"From: <", b'From: "\xe9t\xe9" <')
    found = taken(data)
    assert found.charset == "latin-1"
    assert found.header("from").encode(found.charset).startswith(b'"\xe9t\xe9"')


def test_too_much_is_refused_before_it_is_read() -> None:
    assert refused(request("INVITE", *["X: y"] * 600)).status == 400
    assert refused(request("INVITE", "X: " + "y" * 70_000)).status == 513
    assert refused(request(body=b"x" * 70_000)).status == 513


def test_rfc3581_received_and_rport_are_stamped_over_what_the_sender_wrote() -> None:
    found = taken(request(via="SIP/2.0/UDP 192.168.1.5:5070;received=6.6.6.6"))
    assert found.via.stamped("203.0.113.9", 4711) == (
        "SIP/2.0/UDP 192.168.1.5:5070;branch=z9hG4bKa1;rport=4711;received=203.0.113.9"
    )
    plain = taken(request().replace(b";rport", b"", 1))
    assert plain.via.stamped("10.0.0.1", 5060) == "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa1"
    assert plain.via.stamped("10.0.0.3", 5060).endswith(";received=10.0.0.3")


def test_several_vias_in_one_line_are_told_apart() -> None:
    data = request().replace(b";rport\r\n", b";rport, SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKzz\r\n", 1)
    found = taken(data)
    assert found.via.branch == "z9hG4bKa1"
    assert found.via.stamped("10.0.0.1", 5060).endswith(", SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKzz")


def test_ipv6_in_via() -> None:
    assert taken(request(via="SIP/2.0/UDP [2001:db8::1]:5070")).via.sent_by == "[2001:db8::1]:5070"
