"""Whoever watches an endpoint sees every message, and why nothing came of one; nobody pays otherwise."""

import pytest

from cordboard.sip.endpoint.words import Address, Passed, Verdict
from cordboard.sip.message.address import Hop
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.unit.sip.messages import request
from tests.wire.parties import Pair, at

ALICE = Address("udp", "10.0.0.1", 5060)
BOB = Address("udp", "10.0.0.2", 5060)


def test_every_message_of_a_call_is_seen_as_it_is_on_the_wire() -> None:
    async def story() -> None:
        wire, seen = Wire(), list[Passed]()
        async with Pair(wire) as pair:
            pair.bob.endpoint.watch(seen.append)
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(2)
            session.release()
            await at(4)
            assert [(one.outward, one.data) for one in seen if one.outward] == [
                (True, one.data) for one in wire.passed if one.source == BOB
            ]
            assert [one.data for one in seen if not one.outward] == [
                one.data for one in wire.passed if one.source == ALICE
            ]
            assert {one.hop for one in seen} == {Hop(0, ALICE)}
            assert {one.ignored for one in seen} == {""}
            assert pair.bob.endpoint.local_of(seen[0].hop) == BOB

    run(story())


@pytest.mark.parametrize(
    ("data", "verdict", "why"),
    [
        (request("REGISTER"), Verdict.DROP, "unknown source"),
        (b"GET / HTTP/1.0\r\n\r\n", Verdict.TAKE, "cannot be read: "),
        (b"SIP/2.0 200 OK\r\n\r\n", Verdict.TAKE, "cannot be read: "),
        (
            request("INVITE").replace(b"INVITE sip:bob@10.0.0.2 SIP/2.0", b"SIP/2.0 200 OK", 1),
            Verdict.TAKE,
            "answers nothing that was asked",
        ),
        (request("OPTIONS"), Verdict.TAKE, ""),
    ],
)
def test_a_message_of_no_call_is_seen_with_why_nothing_came_of_it(
    data: bytes, verdict: Verdict, why: str
) -> None:
    async def story() -> None:
        wire, seen = Wire(), list[Passed]()
        async with Pair(wire) as pair:
            pair.bob.verdict = verdict
            pair.bob.endpoint.watch(seen.append)
            wire.inject(data, ALICE, BOB)
            assert not seen[0].outward and seen[0].data == data
            assert seen[0].ignored.startswith(why) and bool(seen[0].ignored) == bool(why)
            assert len(seen) == (1 if why else 2)
            pair.bob.endpoint.watch(None)
            wire.inject(data, ALICE, BOB)
            assert len(seen) == (1 if why else 2)

    run(story())
