"""Binding requests on a SIP socket (RFC 5626 §3.5.2); the figures are those of RFC 5769 §2.2 and §2.3."""

import struct

import pytest

from cordboard.sip.endpoint.words import Address, Verdict
from cordboard.sip.message.stun import answer, is_stun
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.wire.parties import Pair

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
HEAD = b"\x21\x12\xa4\x42" + TRANSACTION
ASKED = b"\x00\x01\x00\x00" + HEAD


def test_the_address_of_rfc5769() -> None:
    assert answer(ASKED, "192.0.2.1", 32853) == (
        b"\x01\x01\x00\x0c" + HEAD + b"\x00\x20\x00\x08\x00\x01" + bytes.fromhex("a147e112a643")
    )
    six = answer(ASKED, "2001:db8:1234:5678:11:2233:4455:6677", 32853)
    assert six == (
        b"\x01\x01\x00\x18"
        + HEAD
        + b"\x00\x20\x00\x14\x00\x02"
        + bytes.fromhex("a1470113a9faa5d3f179bc25f4b5bed2b9d9")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x00\x04" + HEAD,  # it says more than there is
        ASKED + b"\x00",
        b"\x00\x01\x00\x00" + b"\x00\x00\x00\x00" + TRANSACTION,  # RFC 3489
        b"\x01\x01\x00\x00" + HEAD,  # an answer
        b"\x00\x03\x00\x00" + HEAD,  # TURN
        b"\x00\x01\x00\x08" + HEAD + struct.pack("!HHI", 0x0003, 4, 2),  # CHANGE-REQUEST
        b"\x00\x01\x00\x04" + HEAD + struct.pack("!HH", 0x8022, 4),
    ],
)
def test_anything_else_is_not_answered(data: bytes) -> None:
    assert is_stun(data)
    assert answer(data, "192.0.2.1", 1) is None


def test_an_attribute_that_may_be_passed_over_is() -> None:
    software = struct.pack("!HH", 0x8022, 3) + b"abc\0"
    assert answer(b"\x00\x01\x00\x08" + HEAD + software, "192.0.2.1", 1) is not None


def test_sip_is_no_stun() -> None:
    assert not is_stun(b"OPTIONS sip:x SIP/2.0\r\n")
    assert not is_stun(b"\x00\x01")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_rfc5626_only_who_is_known_is_answered(verdict: Verdict) -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.verdict = verdict
            source = Address("udp", "10.0.0.1", 5060)
            wire.inject(ASKED, source, Address("udp", "10.0.0.2", 5060))
            answers = [one.data for one in wire.passed]
            assert answers == ([answer(ASKED, source.host, source.port)] if verdict is Verdict.TAKE else [])

    run(story())
