"""Calls between two of our endpoints, message by message, in virtual time (telephony.md 1, 2, 7, 8)."""

from itertools import pairwise

import pytest

from cordboard.sip.dialog.words import (
    Accepted,
    Cancelled,
    Confirmed,
    Ended,
    Informed,
    OfferAnswered,
    Offered,
    OfferRefused,
    Progressed,
    Reason,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.words import IncomingSession, Session
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Passed, Wire
from tests.wire.parties import ANSWER, OFFER, Pair, at

WARNING = '305 bob "Incompatible media format"'

ELSEWHERE = Reason("SIP", 200, "Call completed elsewhere")


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_call_is_set_up_and_ended(kind: str) -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire, kind=kind) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(5)
            session.release()
            await at(60)
            assert wire.lines() == [
                "INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE",
            ]  # fmt: skip
            assert pair.alice.words() == ["Progressed", "Progressed", "Accepted", "Ended"]
            assert pair.bob.words() == ["Confirmed", "Ended"]
            assert pair.alice.told(Accepted) == [Accepted(200, ANSWER)]
            assert pair.bob.told(Ended) == [Ended(True, (), "BYE")]
            assert pair.bob.calls[0].invitation.body == OFFER
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_a_watcher_sees_every_message_even_those_before_it_came() -> None:
    async def story() -> None:
        async with Pair(Wire()) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            session.watch = pair.alice.seen.append
            await at(5)
            session.release()
            await at(6)
            ladder = ["INVITE", "100 Trying", "180 Ringing", "200 OK", "ACK", "BYE", "200 OK"]
            assert [seen.line for seen in pair.alice.seen] == ladder
            assert [seen.line for seen in pair.bob.seen] == ladder
            assert [seen.outward for seen in pair.alice.seen] == [
                True,
                False,
                False,
                False,
                True,
                True,
                False,
            ]

    run(story())


def test_the_callee_hangs_up() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(3)
            pair.bob.calls[0].release(Reason("Q.850", 16, 'Normal "clearing"'))
            await at(4)
            assert wire.lines()[-2:] == ["BYE", "200 BYE"]
            assert pair.alice.told(Ended) == [Ended(True, (Reason("Q.850", 16, 'Normal "clearing"'),), "BYE")]
            assert pair.bob.told(Ended) == [Ended(False, (), "released")]

    run(story())


@pytest.mark.parametrize("code", [404, 486, 503, 603])
def test_rfc6432_a_refusal_brings_its_reasons(code: int) -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.on_call = lambda session: session.release(
                Reason("Q.850", 17, "User busy"), code=code, headers=(("Warning", '399 cordboard "x"'),)
            )
            pair.alice.call(pair.bob)
            await at(60)
            (refused,) = pair.alice.told(Refused)
            assert isinstance(refused, Refused)
            assert (refused.code, refused.reasons) == (code, (Reason("Q.850", 17, "User busy"),))
            assert wire.lines() == ["INVITE", "100 INVITE", f"{code} INVITE", "ACK"]
            assert pair.bob.words() == ["Ended"]
            assert b"\r\nWarning: 399 cordboard" in wire.passed[2].data
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_telephony_1_cancel_waits_for_a_provisional() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "100 INVITE" and one.at < 3)
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            session.release(ELSEWHERE)
            await at(3)
            assert "CANCEL" not in wire.lines()
            await at(60)
            cancel = next(one for one in wire.passed if one.line == "CANCEL")
            assert cancel.at > 3.5
            assert b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n' in cancel.data
            assert pair.alice.words() == ["Refused"]
            assert pair.bob.told(Cancelled) == [Cancelled((ELSEWHERE,))]
            assert wire.lines()[-5:] == ["100 INVITE", "CANCEL", "200 CANCEL", "487 INVITE", "ACK"]

    run(story())


def test_telephony_1_a_cancelled_leg_without_a_final_is_over_after_64_t1() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line in ("487 INVITE", "200 CANCEL"))
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            session.release()
            await at(200)
            assert pair.alice.events[-1] == (33.0, Refused(487, "Request Terminated", local=True))
            assert pair.alice.words() == ["Progressed", "Refused"]
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_telephony_1_a_200_that_crosses_the_cancel_is_acknowledged_and_ended_with_the_reason() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            session.release(ELSEWHERE)
            pair.bob.calls[0].accept(ANSWER)
            await at(60)
            assert pair.alice.words() == ["Progressed", "Ended"]
            assert pair.alice.told(Ended) == [Ended(False, (), "answered after the release")]
            assert pair.bob.told(Ended) == [Ended(True, (ELSEWHERE,), "BYE")]
            assert wire.lines().count("ACK") == 1
            assert wire.lines().count("BYE") == 1
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_rfc3261_9_1_a_200_long_after_the_cancel_is_still_ended() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "CANCEL")
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            session.release(ELSEWHERE)
            await at(50)
            assert pair.alice.words() == ["Progressed", "Refused"]
            pair.bob.calls[0].accept(ANSWER)
            await at(51)
            assert wire.lines()[-4:] == ["200 INVITE", "ACK", "BYE", "200 BYE"]
            assert pair.alice.words() == ["Progressed", "Refused"]

    run(story())


def test_rfc3261_17_1_1_2_nobody_there() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: True)
        async with Pair(wire) as pair:
            pair.alice.call(pair.bob)
            await at(100)
            assert pair.alice.events == [(32.0, Refused(408, "Request Timeout", local=True))]
            assert wire.lines() == ["INVITE"] * 7
            assert pair.alice.endpoint.load == (0, 0)

    run(story())


def test_rfc3261_8_1_3_1_what_cannot_be_sent_is_a_503_of_our_own_never_told_inside_the_call() -> None:
    async def story() -> None:
        async with Pair(Wire(), kind="tcp") as pair:
            await pair.bob.endpoint.close()
            pair.alice.call(pair.bob)
            assert pair.alice.events == []
            await at(1)
            assert pair.alice.told(Refused) == [Refused(503, "Service Unavailable", local=True)]
            assert pair.alice.endpoint.load == (0, 0)

    run(story())


def test_rfc3261_13_3_1_1_a_provisional_is_repeated_every_minute() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob.on_call = lambda session: session.progress(183, ANSWER)
            pair.alice.call(pair.bob)
            await at(130)
            assert [round(one.at) for one in wire.passed if one.line == "183 INVITE"] == [0, 60, 120]
            told = pair.alice.told(Progressed)[1]
            assert isinstance(told, Progressed)
            assert (told.code, told.body, told.early != "") == (183, ANSWER, True)
            pair.bob.calls[0].release(code=480)
            await at(300)
            assert wire.lines()[-2:] == ["480 INVITE", "ACK"]

    run(story())


def test_rfc3261_13_3_1_4_a_200_is_repeated_until_its_ack_and_ended_after_64_t1() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "ACK")
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(100)
            sent = [one.at for one in wire.passed if one.line == "200 INVITE"]
            gaps = [round(b - a, 2) for a, b in pairwise(sent)]
            assert gaps == [0.5, 1, 2, 4, 4, 4, 4, 4, 4, 4]
            assert wire.lines().count("ACK") == len(sent)
            assert [event for _, event in pair.alice.events][-1] == Ended(
                True, (Reason("SIP", 408, "ACK timeout"),), "BYE"
            )
            assert pair.bob.told(Ended) == [Ended(False, (), "our 200 was never acknowledged")]
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_rfc3261_15_the_called_side_sends_no_bye_before_the_ack() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "ACK" and one.at < 1)
        async with Pair(wire) as pair:

            def take(session: IncomingSession) -> None:
                session.accept(ANSWER)
                session.release()

            pair.bob.on_call = take
            pair.alice.call(pair.bob)
            await at(60)
            bye = next(one for one in wire.passed if one.line == "BYE")
            delivered = next(one for one in wire.passed if one.line == "ACK" and not one.lost)
            assert bye.at >= delivered.at
            assert pair.bob.words() == ["Ended"]

    run(story())


@pytest.mark.parametrize(
    "dropped", ["INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]
)
def test_any_single_message_may_be_lost(dropped: str) -> None:
    async def story() -> None:
        lost: list[Passed] = []

        def drop(one: Passed) -> bool:
            if one.line == dropped and not lost:
                lost.append(one)
                return True
            return False

        wire = Wire(drop=drop)
        async with Pair(wire) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(10)
            session.release()
            await at(100)
            assert lost
            assert pair.alice.told(Accepted) == [Accepted(200, ANSWER)]
            assert pair.bob.words() == ["Confirmed", "Ended"]
            assert pair.alice.told(Ended) == [Ended(False, (), "released")]
            assert len(pair.bob.calls) == 1
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


@pytest.mark.parametrize("seed", range(25))
def test_reliability_f10_f11_loss_repeats_and_reordering_make_one_call_and_no_ghost(seed: int) -> None:
    async def story() -> None:
        wire = Wire(seed, loss=0.2, twice=0.2, late=0.3)
        async with Pair(wire, seed=seed + 10) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(40)
            session.release()
            await at(200)
            assert len(pair.bob.calls) <= 1
            assert pair.alice.words()[-1] in ("Ended", "Refused")
            for party in (pair.alice, pair.bob):
                assert sum(word in ("Ended", "Refused", "Cancelled") for word in party.words()) <= 1
                assert party.endpoint.load == (0, 0)
            if pair.bob.calls:
                assert pair.bob.words()[-1] == "Ended"

    run(story())


def test_both_hang_up_at_once() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(2)
            session.release()
            pair.bob.calls[0].release()
            await at(60)
            assert sorted(wire.lines()[-4:]) == ["200 BYE", "200 BYE", "BYE", "BYE"]
            assert pair.alice.words()[-1] == pair.bob.words()[-1] == "Ended"
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_cancel_crosses_a_refusal() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            session.release()
            pair.bob.calls[0].release(code=486)
            await at(60)
            refused = pair.alice.told(Refused)
            assert [event.code for event in refused if isinstance(event, Refused)] == [486]
            assert pair.bob.words() == ["Ended"]
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def _answers(pair: Pair, body: bytes = ANSWER) -> None:
    """Whoever is offered something answers it."""

    def on_event(session: Session, event: SessionEvent) -> None:
        if isinstance(event, Offered):
            session.answer_offer(body)

    pair.alice.on_event = pair.bob.on_event = on_event


@pytest.mark.parametrize("from_alice", [True, False])
def test_telephony_7_a_reinvite_is_answered_by_the_owner(from_alice: bool) -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            _answers(pair, b"v=0\r\nanswer")
            session = pair.alice.call(pair.bob)
            await at(2)
            asking, asked = (pair.alice, pair.bob) if from_alice else (pair.bob, pair.alice)
            (session if from_alice else pair.bob.calls[0]).offer(b"v=0\r\noffer")
            await at(60)
            assert asked.told(Offered) == [Offered(b"v=0\r\noffer")]
            assert asking.told(OfferAnswered) == [OfferAnswered(b"v=0\r\nanswer")]
            assert wire.lines()[-3:] == ["INVITE", "200 INVITE", "ACK"]
            assert not pair.alice.told(Ended)

    run(story())


def test_telephony_7_a_refused_offer_leaves_the_call_as_it_was() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.bob.on_event = lambda session, event: (
                session.refuse_offer(488, (("Warning", WARNING),)) if isinstance(event, Offered) else None
            )
            session = pair.alice.call(pair.bob)
            await at(2)
            session.offer(OFFER)
            await at(60)
            assert pair.alice.told(OfferRefused) == [OfferRefused(488)]
            (refusal,) = [sent.data for sent in wire.passed if sent.data.startswith(b"SIP/2.0 488 ")]
            assert b'\r\nWarning: 305 bob "Incompatible media format"\r\n' in refusal
            assert not pair.alice.told(Ended)
            session.release()
            await at(61)
            assert pair.bob.told(Ended) == [Ended(True, (), "BYE")]

    run(story())


def test_rfc3261_14_glare_is_491_and_both_try_again_after_their_own_delay() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            _answers(pair)
            session = pair.alice.call(pair.bob)
            await at(10)
            session.offer(b"from alice")
            pair.bob.calls[0].offer(b"from bob")
            await at(10.01)
            crossing = len(wire.passed)
            await at(60)
            assert wire.lines().count("491 INVITE") == 2
            assert pair.alice.told(OfferAnswered) == pair.bob.told(OfferAnswered) == [OfferAnswered(ANSWER)]
            again = {one.source.host: one.at for one in wire.passed[crossing:] if one.line == "INVITE"}
            assert 12.1 <= again["10.0.0.1"] <= 14.1  # Alice made the Call-ID
            assert 10.0 <= again["10.0.0.2"] <= 12.1

    run(story())


def test_rfc5407_3_1_5_a_reinvite_before_a_lost_ack_counts_as_alive() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "ACK" and one.at < 2)
        async with Pair(wire) as pair:
            pair.bob_answers()
            _answers(pair)
            session = pair.alice.call(pair.bob)
            await at(1)
            session.offer(OFFER)
            await at(100)
            assert pair.bob.words() == ["Confirmed", "Offered"]
            assert pair.alice.told(OfferAnswered)

    run(story())


def test_an_offerless_reinvite_gets_our_offer_and_its_ack_the_answer() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(2)
            dialog = _Dialog(wire)
            pair.bob.on_event = lambda session, event: (
                session.answer_offer(OFFER) if isinstance(event, Offered) else None
            )
            dialog.ask("INVITE", contact=True)
            await at(3)
            assert pair.bob.told(Offered)[-1] == Offered(b"")
            dialog.ask("ACK", cseq=dialog.cseq, body=ANSWER)
            assert pair.bob.told(Confirmed)[-1] == Confirmed(ANSWER)

    run(story())


class _Dialog:
    """Forges requests of Alice in the dialog that stands on the wire."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        ack = next(one for one in wire.passed if one.line == "ACK")
        self.source, self.target = ack.source, ack.target
        self.lines = ack.data.decode().split("\r\n")
        self.cseq = 1
        self.count = 0

    def header(self, name: str) -> str:
        return next(line for line in self.lines if line.startswith(f"{name}:"))

    def ask(
        self,
        method: str,
        *more: str,
        cseq: int = 0,
        body: bytes = b"",
        source: object = None,
        contact: bool = False,
        content_type: str = "application/sdp",
    ) -> str:
        """Send it; the last thing that went out in answer, by its line."""
        if not cseq:
            self.cseq += 1
            cseq = self.cseq
        self.count += 1
        lines = [
            f"{method} sip:bob@10.0.0.2 SIP/2.0",
            f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKforged{self.count};rport",
            self.header("From"),
            self.header("To"),
            self.header("Call-ID"),
            f"CSeq: {cseq} {method}",
            *(["Contact: <sip:alice@10.0.0.1:5060>"] if contact else []),
            *more,
            *([f"Content-Type: {content_type}"] if body else []),
            f"Content-Length: {len(body)}",
            "",
            "",
        ]
        before = len(self.wire.passed)
        where = source if source is not None else self.source
        self.wire.inject("\r\n".join(lines).encode() + body, where, self.target)  # type: ignore[arg-type]
        sent = self.wire.passed[before:]
        return sent[-1].line if sent else ""


def test_in_dialog_requests_of_every_kind() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(2)
            dialog = _Dialog(wire)
            assert dialog.ask("OPTIONS") == "200 OPTIONS"
            assert dialog.ask("REFER", "Refer-To: <sip:eve@10.0.0.9>") == "603 REFER"
            body = b"Signal=5\r\nDuration=160"
            assert dialog.ask("INFO", body=body, content_type="Application/DTMF-Relay; x=y") == "200 INFO"
            assert pair.bob.told(Informed) == [Informed("application/dtmf-relay", body)]
            assert dialog.ask("SUBSCRIBE") == "405 SUBSCRIBE"
            assert dialog.ask("OPTIONS", "Require: 100rel, timer") == "200 OPTIONS"
            assert dialog.ask("OPTIONS", "Require: 100rel, path") == "420 OPTIONS"
            assert b"\r\nUnsupported: path\r\n" in wire.passed[-1].data
            assert dialog.ask("NOTIFY", "Event: refer") == "405 NOTIFY"
            assert dialog.ask("MESSAGE") == "405 MESSAGE"
            assert dialog.ask("PRACK", "RAck: 1 1 INVITE") == "481 PRACK"
            assert dialog.ask("UPDATE", contact=True) == "200 UPDATE"
            assert dialog.ask("INVITE", contact=True, body=b"x", content_type="text/plain") == "415 INVITE"
            assert dialog.ask("OPTIONS", cseq=1) == "500 OPTIONS"
            assert b"\r\nRetry-After: " in wire.passed[-1].data
            assert dialog.ask("BYE", 'Reason: Q.850 ;cause=16;text="a,b", SIP;cause=200') == "200 BYE"
            assert pair.bob.told(Ended) == [
                Ended(True, (Reason("Q.850", 16, "a,b"), Reason("SIP", 200)), "BYE")
            ]
            assert dialog.ask("OPTIONS") == "481 OPTIONS"

    run(story())


def test_rfc3311_an_update_with_an_offer_is_answered_by_the_owner() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            _answers(pair)
            pair.alice.call(pair.bob)
            await at(2)
            dialog = _Dialog(wire)
            assert dialog.ask("UPDATE", contact=True, body=OFFER) == "200 UPDATE"
            assert ANSWER in wire.passed[-1].data
            assert pair.bob.told(Offered) == [Offered(OFFER)]

    run(story())


def test_rfc3261_14_2_a_second_invite_before_the_first_is_answered_is_500_with_retry_after() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(2)
            dialog = _Dialog(wire)
            dialog.ask("INVITE", contact=True, body=OFFER)  # the owner takes its time
            assert dialog.ask("INVITE", contact=True, body=OFFER) == "500 INVITE"
            assert b"\r\nRetry-After: " in wire.passed[-1].data

    run(story())


def test_telephony_8_in_dialog_requests_from_elsewhere_meet_481_and_are_reported() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            pair.alice.call(pair.bob)
            await at(2)
            dialog = _Dialog(wire)
            stranger = type(dialog.source)("udp", "6.6.6.6", 5060)
            for method in ("BYE", "INVITE", "INFO"):
                assert dialog.ask(method, source=stranger, contact=True) == f"481 {method}"
            assert pair.bob.strange == [("in-dialog-source", stranger)] * 3
            assert pair.bob.words() == ["Confirmed"]
            pair.bob.trusted = True  # the twin of an SBC pair
            dialog.cseq = 50
            assert dialog.ask("BYE", source=stranger) == "200 BYE"
            assert pair.bob.words() == ["Confirmed", "Ended"]

    run(story())


def test_reliability_s8_a_cancel_needs_the_source_of_its_invite() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            session = pair.alice.call(pair.bob)
            await at(1)
            invite = wire.passed[0]
            forged = invite.data.split(b"\r\n\r\n")[0].replace(b"INVITE", b"CANCEL", 1)
            forged = forged.replace(b"1 INVITE", b"1 CANCEL").split(b"\r\nContent-Type")[0]
            forged += b"\r\nContent-Length: 0\r\n\r\n"
            wire.inject(forged, type(invite.source)("udp", "6.6.6.6", 5060), invite.target)
            assert wire.lines()[-1] == "481 CANCEL"
            assert pair.bob.words() == []
            wire.inject(forged, invite.source, invite.target)
            assert pair.bob.words() == ["Cancelled"]
            assert session.call_id == pair.bob.calls[0].call_id

    run(story())
