"""INVITEs that are too large for a datagram (telephony.md 11, RFC 3261 §18.1.1)."""

import pytest
import structlog

from cordboard.sip.dialog.words import Accepted, Ended, Refused
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.large import LARGEST
from cordboard.sip.endpoint.words import Address, Outgoing, Session, Verdict
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, run
from cordboard.testing.wire import Wire
from tests.wire.parties import OFFER, Party, at

BOB = "10.0.0.2"
LONG = (("X-Long", "x" * LARGEST),)


class Story:
    """Alice, who listens on UDP and TCP, and Bob, on what is said."""

    def __init__(self, *bob: str, alice: tuple[str, ...] = ("udp", "tcp")) -> None:
        self.wire = Wire()
        self.bobs = [Party(self.wire, BOB, 5 + number, kind=kind) for number, kind in enumerate(bob)]
        for one in self.bobs:
            one.on_call = lambda session: session.accept(OFFER)
        self.events: list[object] = []
        self.alice = Endpoint(
            [f"{kind}:10.0.0.1:5060" for kind in alice],
            clock=VirtualClock(),
            tokens=SeededTokens(1),
            screen=lambda source, method: Verdict.TAKE,
            on_invite=lambda session: None,
            transports=self.wire.transport,
        )

    async def __aenter__(self) -> "Story":
        for one in self.bobs:
            await one.endpoint.start()
        await self.alice.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        for one in self.bobs:
            await one.endpoint.close()
        await self.alice.close()

    def call(self, *, pinned: bool = False, body: bytes = OFFER, long: bool = True) -> Session:
        target = Address("udp", BOB, 5060)
        uri = f"sip:bob@{BOB}"
        headers = LONG if long else ()
        outgoing = Outgoing(target, uri, "sip:a@10.0.0.1", uri, body, headers=headers, pinned=pinned)
        return self.alice.invite(outgoing, self.events.append)

    def sent(self, line: str) -> list[str]:
        """By which transports this went, from Alice."""
        return [
            one.source.transport
            for one in self.wire.passed
            if one.line == line and one.source.host == "10.0.0.1"
        ]


def test_telephony_11_a_large_invite_goes_by_tcp_and_so_does_its_dialog() -> None:
    async def story() -> None:
        async with Story("udp", "tcp") as made:
            session = made.call()
            await at(1)
            invite = next(one for one in made.wire.passed if one.line == "INVITE")
            assert b"Via: SIP/2.0/TCP 10.0.0.1:5060;" in invite.data
            assert b"Contact: <sip:cordboard@10.0.0.1:5060;transport=tcp>" in invite.data
            session.release()
            await at(2)
            assert [made.sent(line) for line in ("INVITE", "ACK", "BYE")] == [["tcp"]] * 3
            assert isinstance(made.events[-1], Ended)
            made.call(long=False)
            await at(3)
            assert made.sent("INVITE") == ["tcp", "udp"]  # only what has to

    run(story())


def test_telephony_11_where_tcp_is_refused_it_goes_by_udp_at_once_and_the_next_one_straight() -> None:
    async def story() -> None:
        async with Story("udp") as made:
            made.call()
            await at(0.3)
            assert isinstance(made.events[-1], Accepted)
            invite = next(one for one in made.wire.passed if one.line == "INVITE")
            assert b"Via: SIP/2.0/UDP 10.0.0.1:5060;" in invite.data
            assert b"transport=tcp" not in invite.data
            tries = made.wire.refused
            made.call()
            await at(0.6)
            assert made.wire.refused == tries  # remembered
            await at(400)
            made.call()
            await at(401)
            assert made.wire.refused == tries + 1  # but not for ever

    run(story())


def test_telephony_11_a_pinned_trunk_keeps_udp_its_sdp_is_trimmed_and_one_warning_says_so() -> None:
    spare = b"a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\na=rtpmap:101 telephone-event/8000\r\n"

    async def story() -> None:
        async with Story("udp", "tcp") as made:
            with structlog.testing.capture_logs() as told:
                made.call(pinned=True, body=OFFER + spare)
                made.call(pinned=True, body=OFFER + spare)
                await at(1)
            assert set(made.sent("INVITE")) == {"udp"}
            invite = next(one for one in made.wire.passed if one.line == "INVITE")
            assert invite.data.endswith(OFFER + b"a=rtpmap:101 telephone-event/8000\r\n")
            assert len([one for one in told if "larger than a datagram" in one["event"]]) == 1

    run(story())


@pytest.mark.parametrize("alice", [("udp",), ("udp", "tcp")])
def test_telephony_11_a_call_that_was_given_up_meanwhile_does_not_go_back_to_udp(
    alice: tuple[str, ...],
) -> None:
    async def story() -> None:
        async with Story(*() if "tcp" in alice else ("udp",), alice=alice) as made:
            session = made.call()
            if "tcp" in alice:
                session.release()
                await at(1)
                assert made.sent("INVITE") == []
                assert isinstance(made.events[-1], Refused)
            else:
                await at(1)
                assert made.sent("INVITE") == ["udp"]  # without a TCP listener there is no other way
                assert isinstance(made.events[-1], Accepted)

    run(story())
