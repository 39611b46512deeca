"""The torture messages of RFC 4475 and RFC 5118 against an endpoint, as datagrams and on a stream, whole and
byte by byte. What each asks for is in ``tests.unit.sip.torture``."""

import pytest

from cordboard.sip.endpoint.words import Address
from cordboard.sip.message.framer import Framer
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.unit.sip.messages import request
from tests.unit.sip.torture import RFC4475, RFC5118, Case
from tests.wire.parties import Pair

ALL = [("rfc4475", case) for case in RFC4475] + [("rfc5118", case) for case in RFC5118]
NAMES = [f"{rfc}-{case.section}-{case.about}".replace(" ", "_") for rfc, case in ALL]


def codes(pieces: list[bytes], kind: str) -> list[int]:
    """The answers to these bytes, put in one after the other, and that nothing went anywhere else."""

    async def story() -> list[int]:
        wire = Wire()
        async with Pair(wire, kind=kind) as pair:
            pair.bob.on_call = lambda session: session.release(code=404)
            source, target = Address(kind, "10.0.0.1", 5060), Address(kind, "10.0.0.2", 5060)
            framer = Framer()
            for piece in pieces:
                for data in [piece] if kind == "udp" else framer.feed(piece):
                    wire.inject(data, source, target)
            answers = [one for one in wire.passed if one.source == target]
            # nothing leaves for any address but the sender's; over UDP at most its Via chooses the port
            assert {one.target.host for one in answers} <= {"10.0.0.1"}
            assert len(pair.bob.calls) == sum(one.line == "100 INVITE" for one in answers)
            asked = len(wire.passed)
            wire.inject(request("OPTIONS", call_id="alive", branch="z9hG4bKalive"), source, target)
            assert wire.passed[asked].line == "200 OPTIONS"
            found = [int(one.line.split(" ")[0]) for one in answers]
            return [code for code in found if code >= 200]

    return run(story())


@pytest.mark.parametrize(("rfc", "case"), ALL, ids=NAMES)
def test_rfc4475_rfc5118_a_datagram_is_answered_as_its_section_asks(rfc: str, case: Case) -> None:
    assert codes([case.data], "udp") == ([case.udp] if case.udp else [])


@pytest.mark.parametrize(("rfc", "case"), ALL, ids=NAMES)
def test_rfc4475_rfc5118_so_is_a_stream_however_it_is_cut(rfc: str, case: Case) -> None:
    whole = codes([case.data], "tcp")
    assert whole[-1:] == ([case.over_stream] if case.over_stream else [])
    assert codes([case.data[n : n + 1] for n in range(len(case.data))], "tcp") == whole


def test_every_section_with_a_message_is_there() -> None:
    assert [case.section for case in RFC4475] == [
        *(f"3.1.1.{n}" for n in range(1, 14)),
        *(f"3.1.2.{n}" for n in range(1, 20)),
        "3.2.1",
        *(f"3.3.{n}" for n in range(1, 16)),
        "3.4.1",
    ]
    assert sorted({int(case.section[2:]) for case in RFC5118}) == list(range(1, 11))
