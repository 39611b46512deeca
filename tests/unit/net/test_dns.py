"""DNS messages and the machine's own files."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.net import dns, system

NAME = b"\x01h\x07example\x00"


def message(
    *records: bytes, flags: int = 0x8180, ident: int = 7, kind: int = dns.A, soa: bytes = b""
) -> bytes:
    head = struct.pack("!6H", ident, flags, 1, len(records), 1 if soa else 0, 0)
    return head + NAME + struct.pack("!HH", kind, 1) + b"".join(records) + soa


def record(
    data: bytes, kind: int = dns.A, ttl: int = 60, owner: bytes = b"\xc0\x0c", class_: int = 1
) -> bytes:
    return owner + struct.pack("!HHIH", kind, class_, ttl, len(data)) + data


def read(content: bytes, kind: int = dns.A) -> dns.Reply:
    return dns.answer(content, 7, "H.example.", kind)


def test_addresses_of_both_kinds_and_the_least_ttl() -> None:
    reply = read(message(record(b"\x01\x02\x03\x04", ttl=90), record(b"\x01\x02\x03\x05", ttl=30)))
    assert (reply.addresses, reply.ttl) == (("1.2.3.4", "1.2.3.5"), 30)
    six = read(message(record(bytes(15) + b"\x01", dns.AAAA), kind=dns.AAAA), dns.AAAA)
    assert six.addresses == ("::1",)


def test_an_alias_is_followed_inside_the_answer() -> None:
    alias = record(b"\x01c\xc0\x0e", dns.CNAME, ttl=5)
    target = record(b"\x09\x09\x09\x09", owner=b"\x01c\x07example\x00")
    stray = record(b"\x06\x06\x06\x06", owner=b"\x01z\x07example\x00")
    assert read(message(stray, target, alias)) == dns.Reply(0, False, ("9.9.9.9",), 5)


def test_aliases_in_a_circle_end() -> None:
    assert read(message(record(b"\xc0\x0c", dns.CNAME))).addresses == ()


def test_a_negative_answer_lives_as_long_as_its_soa_says() -> None:
    soa = record(b"\x00\x00" + struct.pack("!5I", 1, 2, 3, 4, 17), dns.SOA, ttl=100)
    assert read(message(flags=0x8183, soa=soa)) == dns.Reply(dns.NAME_ERROR, False, (), 17)


def test_a_truncated_answer_says_so() -> None:
    assert read(message(flags=0x8380)).truncated


def test_at_most_sixteen_addresses_are_taken_and_500_records_are_no_answer() -> None:
    assert len(read(message(*[record(bytes((9, 9, 9, n))) for n in range(40)])).addresses) == 16
    with pytest.raises(dns.Malformed, match="500 records"):
        read(message(*[record(b"\x09\x09\x09\x09")] * 500))


def test_a_ttl_with_its_top_bit_set_is_zero() -> None:
    assert read(message(record(b"\x01\x02\x03\x04", ttl=0x80000001))).ttl == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        message(ident=8),
        message(flags=0x0180),
        message(kind=dns.AAAA),
        message().replace(b"example", b"exbmple"),
        message(record(b"\x01\x02\x03")),
        message(record(b"\x01\x02\x03\x04"))[:-1],
        message(record(b"\x01\x02\x03\x04", owner=b"\xc0\x1b")),
        message(record(b"\x01\x02\x03\x04", owner=b"\x40a")),
    ],
)
def test_what_is_no_answer_to_our_question_is_refused(content: bytes) -> None:
    with pytest.raises(dns.Malformed):
        read(content)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_answer_or_be_refused(tail: bytes) -> None:
    head = message()[:6] + b"\x00\x03" + message()[8:]
    try:
        dns.answer(head + tail, 7, "h.example", dns.A)
    except dns.Malformed as refused:
        assert str(refused)


def test_a_question_is_recursive_and_allows_large_answers() -> None:
    assert dns.question(7, "h.example.", dns.AAAA) == (
        bytes.fromhex("000701000001000000000001") + NAME + bytes.fromhex("001c0001 000029 04d0 00000000 0000")
    )


@pytest.mark.parametrize("name", ["a..b", "a" * 64, ".".join(["a" * 50] * 6), ""])
def test_names_that_dns_cannot_carry(name: str) -> None:
    with pytest.raises(dns.Malformed):
        dns.encode_name(name)


def test_nameservers_and_hosts_of_the_machine() -> None:
    text = "# c\nsearch x\nnameserver 10.0.0.1\nnameserver bad\nnameserver ::1 x\n"
    text += "nameserver 1.1.1.1\nnameserver 2.2.2.2"
    assert system.nameservers(text) == (("10.0.0.1", 53), ("::1", 53), ("1.1.1.1", 53))
    assert system.nameservers("") == (("127.0.0.1", 53),)
    hosts = system.hosts("127.0.0.1 a A.b # c\n::1 a\nx y\n10.0.0.2 b.")
    assert hosts == {"a": ("127.0.0.1", "::1"), "a.b": ("127.0.0.1",), "b": ("10.0.0.2",)}
