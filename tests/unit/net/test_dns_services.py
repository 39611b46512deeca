"""SRV and NAPTR records (RFC 2782, RFC 3403) in DNS messages."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.net import dns
from tests.dns_messages import Records, labels, naptr, reply_to, srv

NAME = "_sip._udp.carrier.example"


def read(
    records: Records, kind: int = dns.SRV, authority: Records = (), additional: Records = ()
) -> dns.Reply:
    name = NAME if kind == dns.SRV else "carrier.example"
    message = reply_to(dns.question(7, name, kind), records, authority=authority, additional=additional)
    return dns.answer(message, 7, name, kind)


def test_rfc2782_srv_records_are_read_with_the_least_ttl() -> None:
    records = [
        (NAME, dns.SRV, 300, srv(10, 60, 5060, "SBC1.carrier.example")),
        (NAME, dns.SRV, 120, srv(20, 0, 5080, "sbc2.carrier.example")),
    ]
    reply = read(records)
    assert reply.services == (
        dns.Service(10, 60, 5060, "sbc1.carrier.example"),
        dns.Service(20, 0, 5080, "sbc2.carrier.example"),
    )
    assert reply.ttl == 120 and not reply.empty


def test_rfc2782_a_target_of_the_root_is_no_service() -> None:
    assert read([(NAME, dns.SRV, 60, srv(0, 0, 0, "."))]).services == (dns.Service(0, 0, 0, ""),)


def test_an_alias_of_a_service_is_followed() -> None:
    records = [
        (NAME, dns.CNAME, 5, labels("_sip._udp.other.example")),
        ("_sip._udp.other.example", dns.SRV, 60, srv(1, 1, 5060, "a.example")),
    ]
    assert read(records) == dns.Reply(0, False, (), 5, (dns.Service(1, 1, 5060, "a.example"),))


def test_addresses_that_come_along_are_those_of_targets_only() -> None:
    records = [(NAME, dns.SRV, 60, srv(1, 1, 5060, "sbc1.carrier.example"))]
    extra = [
        ("sbc1.carrier.example", dns.A, 30, bytes((192, 0, 2, 1))),
        ("sbc1.carrier.example", dns.AAAA, 40, bytes(15) + b"\x01"),
        ("bank.example", dns.A, 30, bytes((6, 6, 6, 6))),
    ]
    authority = [("carrier.example", dns.SOA, 60, b"\0" * 22)]
    assert read(records, authority=authority, additional=extra).beside == (
        ("sbc1.carrier.example", "192.0.2.1", 30),
        ("sbc1.carrier.example", "::1", 40),
    )


def test_an_additional_section_that_is_broken_is_done_without() -> None:
    records = [(NAME, dns.SRV, 60, srv(1, 1, 5060, "sbc1.carrier.example"))]
    extra = [("sbc1.carrier.example", dns.A, 30, b"\x01\x02")]
    reply = read(records, additional=extra)
    assert reply.services and reply.beside == ()


def test_rfc3403_naptr_records_are_read() -> None:
    records = [
        ("carrier.example", dns.NAPTR, 60, naptr(50, 5, "s", "SIPS+D2T", "_sips._tcp.carrier.example")),
        ("carrier.example", dns.NAPTR, 90, naptr(90, 7, "S", "SIP+D2U", "_sip._udp.carrier.example")),
    ]
    assert read(records, dns.NAPTR).pointers == (
        dns.Pointer(50, 5, "s", "sips+d2t", "_sips._tcp.carrier.example"),
        dns.Pointer(90, 7, "s", "sip+d2u", "_sip._udp.carrier.example"),
    )


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (dns.SRV, b""),
        (dns.SRV, b"\x00\x01\x00\x01\x13\xc4"),
        (dns.SRV, b"\x00\x01\x00\x01\x13\xc4\x05abc"),
        (dns.NAPTR, b"\x00\x01\x00\x01"),
        (dns.NAPTR, b"\x00\x01\x00\x01\x01s\xff"),
        (dns.NAPTR, b"\x00\x01\x00\x01\x01s\x03abc\x00"),
    ],
)
def test_a_record_that_ends_too_early_is_refused(kind: int, data: bytes) -> None:
    name = NAME if kind == dns.SRV else "carrier.example"
    with pytest.raises(dns.Malformed):
        read([(name, kind, 60, data)], kind)


def test_more_than_32_services_are_not_taken() -> None:
    records = [(NAME, dns.SRV, 60, srv(1, 1, 5060, f"h{n}.example")) for n in range(40)]
    assert len(read(records).services) == 32


@given(st.sampled_from([dns.SRV, dns.NAPTR]), st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_in_a_record_do_anything_but_be_read_or_refused(kind: int, data: bytes, tail: bytes) -> None:
    name = NAME if kind == dns.SRV else "carrier.example"
    message = reply_to(dns.question(7, name, kind), [(name, kind, 60, data)])
    try:
        reply = dns.answer(message + tail, 7, name, kind)
    except dns.Malformed as refused:
        assert str(refused)
    else:
        assert len(reply.services) + len(reply.pointers) == 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 65535),
            st.integers(0, 65535),
            st.integers(0, 65535),
            st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,3}", fullmatch=True),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_what_is_read(services: list[tuple[int, int, int, str]]) -> None:
    reply = read([(NAME, dns.SRV, 60, srv(*service)) for service in services])
    assert [(s.priority, s.weight, s.port, s.target) for s in reply.services] == services


def test_rdata_is_not_read_beyond_its_end() -> None:
    """A target whose name runs on into the next record is a lie."""
    cut = srv(1, 1, 5060, "sbc1.carrier.example")[:-1]
    message = reply_to(dns.question(7, NAME, dns.SRV), [(NAME, dns.SRV, 60, cut)])
    with pytest.raises(dns.Malformed):
        dns.answer(message + b"\0", 7, NAME, dns.SRV)
    assert struct.unpack_from("!H", message, 6) == (1,)
