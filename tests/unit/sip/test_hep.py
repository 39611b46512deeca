"""HEP version 3: what is written is read by another reader, byte for byte."""

import pytest

from cordboard.sip.message.address import Address
from cordboard.sip.message.hep import LARGEST, packet
from cordboard.testing.hep_reader import read_packet

US = Address("udp", "198.51.100.1", 5060)
PEER = Address("udp", "192.0.2.10", 5080)


def test_every_chunk_is_there() -> None:
    found = read_packet(packet(b"INVITE sip:a SIP/2.0\r\n\r\n", US, PEER, 1768284894.125, 2001, "call1"))
    assert (found.source, found.target) == (("198.51.100.1", 5060), ("192.0.2.10", 5080))
    assert (found.protocol, found.kind, found.agent, found.at) == (17, 1, 2001, 1768284894.125)
    assert (found.correlation, found.payload) == ("call1", b"INVITE sip:a SIP/2.0\r\n\r\n")


def test_a_packet_byte_for_byte() -> None:
    data = packet(b"X", Address("tcp", "10.0.0.1", 1), Address("tcp", "10.0.0.2", 2), 1.5, 7)
    assert data.hex(" ") == (
        "48 45 50 33 00 64 "
        "00 00 00 01 00 07 02 "
        "00 00 00 02 00 07 06 "
        "00 00 00 03 00 0a 0a 00 00 01 "
        "00 00 00 04 00 0a 0a 00 00 02 "
        "00 00 00 07 00 08 00 01 "
        "00 00 00 08 00 08 00 02 "
        "00 00 00 09 00 0a 00 00 00 01 "
        "00 00 00 0a 00 0a 00 07 a1 20 "
        "00 00 00 0b 00 07 01 "
        "00 00 00 0c 00 0a 00 00 00 07 "
        "00 00 00 0f 00 07 58"
    )


@pytest.mark.parametrize(
    ("transport", "number"), [("udp", 17), ("tcp", 6), ("tls", 22), ("ws", 50), ("wss", 50)]
)
def test_the_transport_is_told(transport: str, number: int) -> None:
    ends = Address(transport, "10.0.0.1", 1), Address(transport, "10.0.0.2", 2)
    assert read_packet(packet(b"X", *ends, 1.0, 1)).protocol == number


def test_rfc4291_ipv6_and_mapped_addresses() -> None:
    found = read_packet(
        packet(b"X", Address("udp", "2001:db8::1", 1), Address("udp", "fe80::2%eth0", 2), 1.0, 1)
    )
    assert (found.source[0], found.target[0]) == ("2001:db8::1", "fe80::2")
    mapped = read_packet(
        packet(b"X", Address("udp", "::ffff:10.0.0.1", 1), Address("udp", "10.0.0.2", 2), 1.0, 1)
    )
    assert mapped.source[0] == "10.0.0.1"


def test_a_message_that_fits_no_datagram_is_cut() -> None:
    found = read_packet(packet(b"x" * 70_000, US, PEER, 1.0, 1, "c" * 1000))
    assert len(found.payload) == LARGEST and len(found.correlation) == 256


@pytest.mark.parametrize("host", ["", "carrier.example", "2001:db8::1"])
def test_ends_that_cannot_be_told_are_refused(host: str) -> None:
    with pytest.raises(ValueError):
        packet(b"X", US, Address("udp", host, 1), 1.0, 1)
