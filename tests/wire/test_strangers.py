"""What comes without being asked for: unknown sources, broken and odd requests, forked answers, proxies
(telephony.md 8, 9, 12; RFC 3261 §8.2, §12, §13.2.2.4, §16)."""

import pytest

from cordboard.sip.dialog.words import Accepted, Ended, Refused
from cordboard.sip.endpoint.words import Address, Verdict
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Passed, Wire
from tests.unit.sip.messages import request
from tests.wire.parties import ANSWER, OFFER, Pair, at

ALICE = Address("udp", "10.0.0.1", 5060)
BOB = Address("udp", "10.0.0.2", 5060)


def reply_to(
    data: bytes, *, kind: str = "udp", verdict: Verdict = Verdict.TAKE, status: int = 200
) -> list[Passed]:
    """What Bob sends when this comes from Alice's address."""

    async def story() -> list[Passed]:
        wire = Wire()
        async with Pair(wire, kind=kind) as pair:
            pair.bob.verdict, pair.bob.status = verdict, status
            wire.inject(data, Address(kind, "10.0.0.1", 5060), Address(kind, "10.0.0.2", 5060))
            return wire.passed

    return run(story())


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "WEIRD"])
def test_telephony_12_an_unknown_source_gets_nothing(method: str) -> None:
    assert reply_to(request(method), verdict=Verdict.DROP) == []
    assert reply_to(request(method, cseq="x"), verdict=Verdict.DROP) == []
    assert reply_to(request(method, to="<sip:bob@10.0.0.2>;tag=guess"), verdict=Verdict.DROP) == []


def test_telephony_12_an_unknown_source_that_knows_a_dialog_meets_481_and_is_reported() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(2)
            pair.bob.verdict = Verdict.DROP
            pair.alice.calls.clear()
            ack = next(one for one in wire.passed if one.line == "ACK")
            bye = ack.data.replace(b"ACK", b"BYE").replace(b"1 BYE", b"2 BYE")
            stranger = Address("udp", "6.6.6.6", 5060)
            wire.inject(bye, stranger, BOB)
            assert wire.lines()[-1] == "481 BYE"
            assert pair.bob.strange == [("in-dialog-source", stranger)]
            wire.inject(bye, ALICE, BOB)  # the dialog's own peer may, whatever the screen says
            assert wire.lines()[-1] == "200 BYE"

    run(story())


@pytest.mark.parametrize("status", [200, 503])
def test_telephony_9_options_is_answered_whatever_user_it_names(status: int) -> None:
    (answer,) = reply_to(request("OPTIONS", uri="sip:nobody@10.0.0.2"), status=status)
    assert answer.line == f"{status} OPTIONS"
    assert answer.target == ALICE
    assert b"\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK\r\n" in answer.data
    assert b"Retry-After" not in answer.data  # telephony.md 10


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (request("REGISTER"), "405 REGISTER", b"\r\nAllow: "),
        (request("SUBSCRIBE"), "405 SUBSCRIBE", b"\r\nAllow: "),
        (request("RE%47IST%45R"), "405 RE%47IST%45R", b"\r\nAllow: "),
        (request("BYE"), "481 BYE", b""),
        (request("BYE", to="<sip:bob@10.0.0.2>;tag=x"), "481 BYE", b""),
        (request("INVITE", to="<sip:bob@10.0.0.2>;tag=x"), "481 INVITE", b""),
        (request("CANCEL"), "481 CANCEL", b""),
        (request("INVITE", "Require: 100rel, foo"), "420 INVITE", b"\r\nUnsupported: foo\r\n"),
        (
            request("INVITE", "Require: 100REL, timer", "Require: f, g"),
            "420 INVITE",
            b"\r\nUnsupported: f, g\r\n",
        ),
        (request("OPTIONS", "Require: 100rel, timer"), "200 OPTIONS", b"\r\nSupported: 100rel, timer\r\n"),
        (request("PRACK", "RAck: 1 1 INVITE"), "481 PRACK", b""),
        (request("UPDATE"), "481 UPDATE", b""),
        (request("NOTIFY", "Event: presence"), "481 NOTIFY", b""),
        (request("MESSAGE"), "405 MESSAGE", b"\r\nAllow: "),
        (
            request("INVITE", "Supported: timer", "Session-Expires: 89"),
            "422 INVITE",
            b"\r\nMin-SE: 90\r\n",
        ),
        (request("OPTIONS", "Require: foo"), "420 OPTIONS", b"\r\nUnsupported: foo\r\n"),
        (request("INVITE", uri="nobodyKnowsThisScheme:totallyopaquecontent"), "416 INVITE", b""),
        (request("INVITE", uri="soap.beep://192.0.2.103:3002"), "416 INVITE", b""),
        (request("INVITE", uri="sip:user@example.com?Route=%3Csip:example.com%3E"), "400 INVITE", b""),
        (request("INVITE", uri="sip:"), "400 INVITE", b""),
        (request("REGISTER", uri="sip:2001:db8::10"), "400 REGISTER", b""),
        (request("OPTIONS", uri="sip:a@[2001:db8::192.0.2.1]:5070"), "200 OPTIONS", b""),
        (request("INVITE", "Content-Type: application/unknown", body=b"x"), "415 INVITE", b"\r\nAccept: app"),
        (
            request("INVITE", "Content-Type: application/sdp", "Content-Encoding: gzip", body=b"x"),
            "415 INVITE",
            b"\r\nAccept-Encoding: identity",
        ),
        (request("INVITE", cseq="1 OPTIONS"), "400 OPTIONS", b"\r\nWarning: 399 "),
        (request().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), "505 INVITE", b""),
    ],
)
def test_rfc3261_8_2_what_cannot_be_taken_is_refused_in_its_own_way(
    data: bytes, line: str, says: bytes
) -> None:
    (answer,) = reply_to(data)
    assert answer.line == line
    assert answer.target == ALICE
    assert says in answer.data


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n\r\n", b"\0" * 20, b"GET / HTTP/1.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", request("ACK")],
)
def test_noise_gets_no_answer(data: bytes) -> None:
    assert reply_to(data) == []


def test_an_answer_never_leaves_for_a_host_that_the_message_names() -> None:
    data = request("OPTIONS", via="SIP/2.0/UDP 6.6.6.6:7000;maddr=7.7.7.7;received=8.8.8.8")
    (answer,) = reply_to(data)
    assert answer.target == ALICE
    (answer,) = reply_to(data.replace(b";rport", b""))
    assert answer.target == Address("udp", "10.0.0.1", 7000)  # §18.2.2: its host, the Via's port


def test_the_same_bad_request_gets_the_same_tag() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire):
            wire.inject(request("REGISTER"), ALICE, BOB)
            wire.inject(request("REGISTER"), ALICE, BOB)
            assert wire.passed[0].data == wire.passed[1].data

    run(story())


def test_a_message_that_makes_the_owner_stumble_does_not_stop_the_endpoint() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:

            def stumble(session: object) -> None:
                raise RuntimeError("a bug in an owner")

            pair.bob.on_call = stumble
            wire.inject(request(), ALICE, BOB)
            wire.inject(request("OPTIONS"), ALICE, BOB)
            assert wire.lines() == ["100 INVITE", "200 OPTIONS"]

    run(story())


def test_retransmissions_are_absorbed_byte_for_byte_or_not() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.on_call = lambda session: session.progress(180)
            for _ in range(20):
                wire.inject(request("INVITE", body=OFFER), ALICE, BOB)
            wire.inject(request("INVITE", "X-Path: other", body=OFFER), ALICE, BOB)
            assert len(pair.bob.calls) == 1
            assert wire.lines() == ["100 INVITE", "180 INVITE", *["180 INVITE"] * 20]

    run(story())


def test_rfc3261_8_2_2_2_a_merged_invite_is_482() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            wire.inject(request(), ALICE, BOB)
            wire.inject(request(branch="z9hG4bKotherway"), ALICE, BOB)
            assert wire.lines() == ["100 INVITE", "482 INVITE"]
            assert len(pair.bob.calls) == 1

    run(story())


def test_a_full_table_refuses_new_calls_with_503() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.endpoint._core.table.most = 3
            for number in range(5):
                wire.inject(request(branch=f"z9hG4bK{number}", call_id=f"c{number}"), ALICE, BOB)
            assert wire.lines() == ["100 INVITE"] * 3 + ["503 INVITE"] * 2

    run(story())


def test_rfc3261_15_a_caller_may_end_an_early_dialog_by_bye() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.on_call = lambda session: session.progress(180)
            wire.inject(request(body=OFFER), ALICE, BOB)
            ringing = wire.passed[-1].data.decode()
            to = next(line[4:] for line in ringing.split("\r\n") if line.startswith("To: "))
            wire.inject(request("BYE", to=to, branch="z9hG4bKbye", cseq="2 BYE"), ALICE, BOB)
            assert wire.lines()[-2:] == ["200 BYE", "487 INVITE"]
            assert pair.bob.words() == ["Cancelled"]

    run(story())


def test_rfc3261_12_1_1_routes_of_an_incoming_call_are_kept_and_followed() -> None:
    async def story() -> None:
        wire = Wire()
        proxy = Address("udp", "10.0.0.3", 5070)
        async with Pair(wire) as pair:
            pair.bob_answers()
            record = "Record-Route: <sip:10.0.0.3:5070;lr>, <sip:10.0.0.4;lr>"
            wire.inject(request("INVITE", record, body=OFFER), ALICE, BOB)
            ok = wire.passed[-1].data
            assert b"\r\nRecord-Route: <sip:10.0.0.3:5070;lr>, <sip:10.0.0.4;lr>\r\n" in ok
            to = next(line[4:] for line in ok.decode().split("\r\n") if line.startswith("To: "))
            wire.inject(request("ACK", to=to, branch="z9hG4bKack"), ALICE, BOB)
            pair.bob.trusted = True  # the trunk's sources include its proxy
            pair.bob.calls[0].release()
            bye = wire.passed[-1]
            assert bye.target == proxy
            head = bye.data.decode().split("\r\n")
            assert head[0] == "BYE sip:alice@10.0.0.1:5060 SIP/2.0"
            assert "Route: <sip:10.0.0.3:5070;lr>" in head
            assert "Route: <sip:10.0.0.4;lr>" in head

    run(story())


@pytest.mark.parametrize("contact", ["sip:x@6.6.6.6:5060", "sip:x@10.0.0.1:22", "sip:x@phone.example.com"])
def test_reliability_s15_a_contact_cannot_send_us_elsewhere(contact: str) -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            data = request(body=OFFER).replace(b"sip:alice@10.0.0.1:5060>\r\n", contact.encode() + b">\r\n")
            wire.inject(data, ALICE, BOB)
            ok = wire.passed[-1].data.decode()
            to = next(line[4:] for line in ok.split("\r\n") if line.startswith("To: "))
            wire.inject(request("ACK", to=to, branch="z9hG4bKack"), ALICE, BOB)
            pair.bob.calls[0].release()
            assert wire.passed[-1].line == "BYE"
            assert {one.target for one in wire.passed} == {ALICE}
            assert wire.passed[-1].data.startswith(f"BYE {contact} SIP/2.0".encode())

    run(story())


def _forked(invite: Passed, code: int, tag: str, *more: str, body: bytes = ANSWER) -> bytes:
    """A response of one branch of a forking proxy."""
    lines = invite.data.decode().split("\r\n")
    kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq")]
    return (
        "\r\n".join(
            [
                f"SIP/2.0 {code} Something",
                *kept,
                f"To: <sip:bob@10.0.0.2>;tag={tag}",
                f"Contact: <sip:{tag}@10.0.0.2:5060>",
                *more,
                "Content-Type: application/sdp",
                f"Content-Length: {len(body)}",
                "",
                "",
            ]
        ).encode()
        + body
    )


def test_rfc3261_13_2_2_4_every_2xx_is_acknowledged_and_the_others_are_ended() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.source == ALICE)
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            invite = wire.passed[0]
            for tag in ("one", "two", "three"):
                wire.inject(_forked(invite, 180, tag, body=b""), BOB, ALICE)
            for tag in ("two", "one", "two", "unheard"):
                wire.inject(_forked(invite, 200, tag), BOB, ALICE)
            starts = [one.data.split(b"\r\n")[0].decode() for one in wire.passed[1:]]
            assert starts == [
                "ACK sip:two@10.0.0.2:5060 SIP/2.0",
                "ACK sip:one@10.0.0.2:5060 SIP/2.0",
                "BYE sip:one@10.0.0.2:5060 SIP/2.0",
                "ACK sip:two@10.0.0.2:5060 SIP/2.0",
                "ACK sip:unheard@10.0.0.2:5060 SIP/2.0",
                "BYE sip:unheard@10.0.0.2:5060 SIP/2.0",
            ]
            assert pair.alice.told(Accepted) == [Accepted(200, ANSWER)]
            await at(100)
            assert not pair.alice.told(Ended)
            session.release()
            assert b"BYE sip:two@" in wire.passed[-1].data

    run(story())


def test_rfc3261_12_2_1_1_strict_and_loose_routes_of_our_own_call() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.source == ALICE)
        async with Pair(wire) as pair:
            pair.alice.trusted = True
            session = pair.alice.call(pair.bob)
            record = "Record-Route: <sip:10.0.0.8;lr>, <sip:10.0.0.7:5080>"
            wire.inject(_forked(wire.passed[0], 200, "t", record), BOB, ALICE)
            ack = wire.passed[1]
            assert ack.target == Address("udp", "10.0.0.7", 5080)
            lines = ack.data.decode().split("\r\n")
            assert lines[0] == "ACK sip:10.0.0.7:5080 SIP/2.0"  # a strict router takes the start line
            assert [line for line in lines if line.startswith("Route")] == [
                "Route: <sip:10.0.0.8;lr>",
                "Route: <sip:t@10.0.0.2:5060>",
            ]
            session.release()

    run(story())


def test_a_dialog_the_far_side_forgot_is_over() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(2)
            pair.bob.endpoint._core.sessions.clear()
            session.offer(OFFER)
            await at(3)
            assert pair.alice.told(Ended) == [Ended(False, (), "the far side no longer knows the dialog")]

    run(story())


def test_responses_that_are_not_ours_are_passed_over() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: True)
        async with Pair(wire) as pair:
            pair.alice.call(pair.bob)
            invite = wire.passed[0]
            wire.inject(_forked(invite, 486, "t").replace(b"z9hG4bK", b"z9hG4bKnot"), BOB, ALICE)
            wire.inject(_forked(invite, 486, "t").replace(b" INVITE\r\n", b" BYE\r\n"), BOB, ALICE)
            wire.inject(_forked(invite, 486, "t").replace(b"SIP/2.0 486", b"SIP/2.0 4294967782"), BOB, ALICE)
            assert pair.alice.told(Refused) == []
            wire.inject(_forked(invite, 486, "t"), BOB, ALICE)
            assert len(pair.alice.told(Refused)) == 1

    run(story())
