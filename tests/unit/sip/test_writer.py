"""Nothing can be injected (reliability.md S14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.message.address import Address
from cordboard.sip.message.headers import quote, split_address
from cordboard.sip.message.message import Request
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.reader import read
from cordboard.sip.message.uri import leads_to, user_of, writable
from cordboard.sip.message.writer import added, assemble, header, reply
from tests.unit.sip.messages import request


@pytest.mark.parametrize("bad", ["a\r\nRoute: <sip:x>", "a\nb", "a\rb", "a\0b"])
def test_a_value_with_a_line_break_or_nul_is_refused_everywhere(bad: str) -> None:
    with pytest.raises(BadInput):
        assemble("OPTIONS sip:a@b SIP/2.0", [f"Subject: {bad}"])
    with pytest.raises(BadInput):
        assemble(f"OPTIONS {bad} SIP/2.0", [])
    with pytest.raises(BadInput):
        header("Subject", bad)
    with pytest.raises(BadInput):
        reply(_with_source(), 200, phrase=bad)


@pytest.mark.parametrize("name", ["", "a b", "a:", "X\r\nY", "tëst", "X-ü", "a\t"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        header(name, "x")


@pytest.mark.parametrize("name", ["Via", "to", "CALL-ID", "Contact", "Route", "i", "l", "Content-Length"])
def test_an_owner_cannot_add_what_the_stack_writes(name: str) -> None:
    with pytest.raises(BadInput):
        added(((name, "x"),))


@pytest.mark.parametrize(
    "uri", ["sip:a b@c", "sip:a@b>;tag=1", 'sip:"@b', "alice", "", "sip:a@b\r\n", "sip:é@b", "sip:<a@b"]
)
def test_a_uri_that_would_break_out_is_refused(uri: str) -> None:
    with pytest.raises(BadInput):
        writable(uri, "From")


@given(st.text())
def test_any_display_name_stays_in_its_quotes(name: str) -> None:
    name = name.encode("utf-8", "ignore").decode()
    shown, uri, parameters = split_address(f"{quote(name)} <sip:a@b>;tag=t")
    assert (uri, parameters) == ("sip:a@b", ";tag=t")
    assert shown == "".join(sign for sign in name if sign >= " " and sign != "\x7f")


def test_a_reply_echoes_what_it_must_and_adds_its_tag() -> None:
    data = reply(_with_source("Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKlow"), 180, tag="t1")
    lines = data.decode().split("\r\n")
    assert lines[0] == "SIP/2.0 180 Ringing"
    assert lines[1].startswith("Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa1;rport=5060;received=10.0.0.1")
    assert lines[2] == "Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKlow"
    assert "To: <sip:bob@10.0.0.2>;tag=t1" in lines
    assert "CSeq: 1 INVITE" in lines


def test_an_addr_spec_gets_brackets_before_its_tag() -> None:
    found = read(request(to="sip:bob@10.0.0.2"))
    assert isinstance(found, Request)
    found.source = Address("udp", "10.0.0.1", 5060)
    assert b"To: <sip:bob@10.0.0.2>;tag=t1\r\n" in reply(found, 180, tag="t1")


def test_rfc3261_9_1_cancel_and_17_1_1_3_ack_repeat_the_invites_identity() -> None:
    invite = Outbound(
        "INVITE",
        "sip:b@c",
        via="UDP 10.0.0.1:5060",
        branch="z9hG4bKq",
        from_="<sip:a@b>;tag=1",
        to="<sip:b@c>",
        call_id="x",
        cseq=5,
        routes=("<sip:p;lr>",),
    )
    cancel = invite.cancellation(["Reason: SIP;cause=200"]).data.decode()
    assert cancel.startswith(
        "CANCEL sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKq;rport\r\n"
    )
    for line in ("CSeq: 5 CANCEL", "Route: <sip:p;lr>", "Reason: SIP;cause=200", "To: <sip:b@c>"):
        assert f"\r\n{line}\r\n" in cancel


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:a@10.0.0.1", ("udp", "10.0.0.1", 5060)),
        ("sip:a@10.0.0.1:5070;transport=TCP", ("tcp", "10.0.0.1", 5070)),
        ("sip:[::1]:5071", ("udp", "::1", 5071)),
        ("sips:a@10.0.0.1", ("tls", "10.0.0.1", 5061)),
    ],
)
def test_where_a_uri_leads(uri: str, place: tuple[str, str, int]) -> None:
    assert leads_to(uri) == Address(*place)


@pytest.mark.parametrize(
    "uri", ["sip:a@host.example", "tel:+911", "http://10.0.0.1", "", "sip:", "sip:a@10.0.0.1:99999"]
)
def test_a_uri_without_an_address_leads_nowhere(uri: str) -> None:
    assert leads_to(uri) is None


def test_the_user_part_is_unescaped_once() -> None:
    assert user_of("sip:sips%3Auser%2540x@h.example;p=1") == "sips:user%40x"


def _with_source(*more: str) -> Request:
    found = read(request("INVITE", *more))
    assert isinstance(found, Request)
    found.source = Address("udp", "10.0.0.1", 5060)
    return found
