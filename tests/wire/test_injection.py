"""Nothing that somebody says becomes a header, a target or a second message (reliability.md S14, S15)."""

import re
from typing import Any

import pytest

from cordboard.sip.endpoint.words import Address, Outgoing, Session
from cordboard.testing.scenario import Reply, Scenario, answer, answers, connect_flow
from cordboard.testing.stage import CARRIER, ENGINE, EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause, run
from cordboard.testing.wire import Wire
from tests.wire.engine import call
from tests.wire.parties import ANSWER, OFFER, Party, at
from tests.wire.raw_peer import RawPeer
from tests.world.helpers import A

EVIL = "evil.example"
HOSTILE = (
    f"+91%0d%0aRoute: <sip:{EVIL}>",
    f"+919812300001\r\nRoute: <sip:{EVIL}>",
    f"+919812300001\nX-Evil: {EVIL}",
    f"+919812300001\0{EVIL}",
    f"+919812300001;tag={EVIL}",
    f"+919812300001>;x={EVIL}",
    f'"{EVIL}" <sip:+919812300001@{EVIL}>',
    f"sip:+919812300001@{EVIL}",
    f"+919812300001@{EVIL}",
    f"+919812300001,{EVIL}",
    "+٩١٩٨١٢٣٠٠٠٠١",
    "+91９812300001",
)


def shapes(stage: Stage, to: Address) -> set[tuple[str, ...]]:
    """The header names of each kind of message that went to somebody."""
    found = set()
    for one in stage.wire.passed:
        if one.source == ENGINE and one.target == to:
            lines = one.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
            found.add((one.line, *(line.partition(":")[0] for line in lines)))
    return found


def clean(stage: Stage) -> bool:
    """Whether no octet of what was meant to do harm left us."""
    ours = [one.data for one in stage.wire.passed if one.source == ENGINE]
    return not any(re.search(rb"evil|X-Evil|Route", data, re.I) for data in ours)


PLAIN = call({A: answers(1.0, 3.0)}, answer(A))
TEMPLATE = {to: shapes(PLAIN, to) for to in (CARRIER, EXCHANGE)}
BUSY = shapes(call({}, Reply(b"{}"), Reply(b"{}")), EXCHANGE)


@pytest.mark.parametrize("number", HOSTILE)
def test_s14_a_number_that_would_be_a_header_is_not_dialled(number: str) -> None:
    stage = call({A: answers(1.0, 3.0)}, answer(number), Reply(b"{}"))
    assert clean(stage)
    assert [one for one in stage.wire.passed if one.target == CARRIER] == []
    assert shapes(stage, EXCHANGE) <= TEMPLATE[EXCHANGE] | BUSY


@pytest.mark.parametrize("number", HOSTILE)
def test_s14_nor_is_one_shown_or_told_on(number: str) -> None:
    more: dict[str, Any] = {"outgoing_phone_number": number, "dial_passthru_event_url": "http://c.example/e"}
    stage = call({A: answers(1.0, 3.0)}, answer(A, **more), custom_field=number)
    assert clean(stage)
    assert shapes(stage, CARRIER) == TEMPLATE[CARRIER] and shapes(stage, EXCHANGE) == TEMPLATE[EXCHANGE]
    asked = stage.customer.asked[-1].query
    assert asked["CallFrom"].lstrip("0") == PLAIN.customer.asked[-1].query["CallFrom"].lstrip("0")


SMUGGLED = (
    f"X-Evil : {EVIL}",
    f"X-Evil\t: {EVIL}",
    f"X-Evil: one\r\n {EVIL}",
    f"Subject: {EVIL}\r\ns: {EVIL}",
    f"Record-Route : <sip:{EXCHANGE.host};lr;{EVIL}>",
    f"P-Asserted-Identity: <sip:+919876500001@{EVIL}>\r\nP-Asserted-Identity : <sip:x@{EVIL}>",
    f"Diversion: <sip:1@{EVIL}>",
    f"History-Info: <sip:1@{EVIL}>;index=1",
    f"User-Agent: {EVIL}\x1b[2J",
    f"Reason: SIP;cause=200;text={EVIL}",
)


@pytest.mark.parametrize("lines", SMUGGLED)
@pytest.mark.parametrize(
    "sender", [f'"{EVIL}\\"> <sip:x>" <sip:+919876500001@{EVIL}>', f"{EVIL} <sip:{EVIL}@a>"]
)
def test_s14_what_a_caller_smuggles_does_not_reach_the_other_leg(lines: str, sender: str) -> None:
    body = OFFER.replace(b"10.0.0.1", EXCHANGE.host.encode())
    invite = (
        f"INVITE sip:+918047100001@{ENGINE.host} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {EXCHANGE.host}:5060;branch=z9hG4bKsmuggler;rport\r\nFrom: {sender};tag=1\r\n"
        f"To: <sip:+918047100001@{ENGINE.host}>\r\nCall-ID: {EVIL}\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:x@{EXCHANGE.host};p={EVIL}>\r\n{lines}\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    async def story(stage: Stage) -> None:
        stage.wire.inject(invite.encode() + body, EXCHANGE, ENGINE)
        await pause(60)

    scenario = Scenario(flow=connect_flow(), phones={A: answers(1.0, 3.0)}, replies=(answer(A),))
    stage = act(story, scenario)
    assert stage.carrier.dialled
    to_carrier = [one.data for one in stage.wire.passed if one.source == ENGINE and one.target == CARRIER]
    assert not any(b"evil" in data.lower() for data in to_carrier)
    assert shapes(stage, CARRIER) == TEMPLATE[CARRIER]
    (asked,) = stage.customer.asked
    assert set(asked.query) == set(PLAIN.customer.asked[0].query)


INSIDE = (
    "127.0.0.1:5060",
    "127.0.0.1:22",
    "10.0.0.1:6379",
    "10.0.0.2:22",
    "169.254.169.254",
    "255.255.255.255",
    "224.0.1.75",
    "0.0.0.0",
    "[::1]:5060",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "localhost",
    "10.0.0.2:5060;maddr=127.0.0.1",
    "10.0.0.2:99999",
)


@pytest.mark.parametrize("place", INSIDE)
@pytest.mark.parametrize("routed", [False, True])
def test_s15_neither_contact_nor_record_route_sends_us_inside(place: str, routed: bool) -> None:
    """The called side names the place in every answer, provisional ones included, and in requests of its
    own; ACK, BYE and re-INVITE go to its own address all the same."""

    async def story() -> None:
        wire = Wire()
        alice = Party(wire, "10.0.0.1", 1)
        async with RawPeer(wire) as peer:
            await alice.endpoint.start()
            box: list[Session] = []
            box.append(_ring(alice, peer))
            await at(1)
            line = f"Record-Route: <sip:{place};lr>" if routed else f"Contact: <sip:x@{place}>"
            peer.reply(peer.invite, 180, line)
            peer.reply(peer.invite, 200, line, "Content-Type: application/sdp", body=ANSWER)
            await at(2)
            assert peer.requests("ACK")
            peer.ask("INVITE", f"Contact: <sip:x@{place}>", contact=False, body=OFFER)
            await at(3)
            box[0].release()
            await at(4)
            assert peer.requests("BYE")
            assert {one.target for one in wire.passed if one.source == alice.address} == {peer.address}
            await alice.endpoint.close()

    run(story())


def _ring(alice: Party, peer: RawPeer) -> Session:
    uri = f"sip:bob@{peer.address.host}"
    return alice.endpoint.invite(
        Outgoing(peer.address, uri, "sip:alice@10.0.0.1", uri, OFFER), lambda event: None
    )


def test_s15_via_names_no_place_to_answer_to() -> None:
    async def story() -> None:
        wire = Wire()
        bob = Party(wire, "10.0.0.2", 1)
        await bob.endpoint.start()
        source = Address("udp", "10.0.0.1", 4711)
        for via in (*INSIDE, "10.0.0.1:5060;maddr=127.0.0.1;received=169.254.169.254;rport=22"):
            name = re.sub(r"\W", "", via)
            data = (
                f"OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{name}\r\n"
                f"From: <sip:a@b>;tag=1\r\nTo: <sip:bob@10.0.0.2>\r\n"
                f"Call-ID: {name}\r\nCSeq: 1 OPTIONS\r\n\r\n"
            )
            wire.inject(data.encode(), source, bob.address)
        assert {one.target.host for one in wire.passed} == {"10.0.0.1"}
        assert len(wire.passed) >= len(INSIDE) - 1  # all but the port that is none
        await bob.endpoint.close()

    run(story())
