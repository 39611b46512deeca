"""Reliable provisional answers (RFC 3262), both ways, against a far side that is played by hand."""

from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from cordboard.sip.dialog.words import (
    Accepted,
    Cancelled,
    Ended,
    OfferAnswered,
    Offered,
    Progressed,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.words import IncomingSession, Session
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.wire.parties import ANSWER, OFFER, Pair, Party, at
from tests.wire.raw_peer import RawPeer, rung_by

OTHER = ANSWER.replace(b"4000", b"4004")


def with_peer(story: Callable[[Party, RawPeer], Awaitable[None]], wire: Wire | None = None) -> None:
    """Play a story of Alice, who is ours, and a peer by hand."""

    async def whole() -> None:
        network = wire or Wire()
        alice = Party(network, "10.0.0.1", 1)
        await alice.endpoint.start()
        async with RawPeer(network) as peer:
            await story(alice, peer)
        await alice.endpoint.close()

    run(whole())


def codes(party: Party) -> list[int]:
    """The provisional answers that the owner was told of."""
    return [event.code for event in party.told(Progressed) if isinstance(event, Progressed)]


# --- the calling side -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reliable", "says"),
    [
        ("no", ()),
        ("allowed", ("Supported: 100rel",)),
        ("required", ("Supported: 100rel", "Require: 100rel")),
    ],
)
def test_rfc3262_4_the_invite_says_what_is_wished(reliable: str, says: tuple[str, ...]) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, reliable=reliable)
        await at(1)
        index = peer.invite.index
        found = [f"Supported: {index['supported'][0]}"] if "supported" in index else []
        found += [f"Require: {index['require'][0]}"] if "require" in index else []
        assert tuple(found) == says

    with_peer(story)


def test_rfc3262_4_each_reliable_provisional_is_acknowledged_by_its_numbers_and_told_once() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, reliable="allowed")
        await at(1)
        peer.reliably(700, body=ANSWER)
        peer.reliably(700, body=ANSWER)  # a repeat, before our PRACK came
        await at(2)
        assert next(one.header("rack") for one in peer.requests("PRACK")) == "700 1 INVITE"
        prack = peer.request("PRACK")
        assert prack.cseq == 2 and prack.uri == "sip:raw@10.0.0.2:5060" and prack.to_tag == "raw"
        assert len({one.via.branch for one in peer.requests("PRACK")}) == 1
        peer.reply(prack, 200)
        peer.reliably(701, code=180)
        await at(3)
        assert peer.request("PRACK").header("rack") == "701 1 INVITE" and peer.request("PRACK").cseq == 3
        peer.reply(peer.request("PRACK"), 200)
        peer.reliably(701, code=180)
        await at(4)
        assert codes(alice) == [183, 180]
        peer.reply(peer.invite, 200)
        await at(5)
        assert alice.told(Accepted) == [Accepted(200, b"")]
        assert peer.request("ACK").cseq == 1

    with_peer(story)


def test_rfc3262_4_what_comes_out_of_order_is_neither_told_nor_acknowledged() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, reliable="allowed")
        await at(1)
        peer.reliably(10, code=180)
        await at(2)
        peer.reply(peer.request("PRACK"), 200)
        peer.reliably(12, body=OTHER)
        await at(3)
        assert codes(alice) == [180] and len(peer.distinct("PRACK")) == 1
        peer.reliably(11, body=ANSWER)
        peer.reliably(9, body=OTHER)
        await at(3.3)
        peer.reply(peer.request("PRACK"), 200)
        peer.reliably(12, body=OTHER)
        await at(4)
        assert [one.header("rack") for one in peer.distinct("PRACK")] == [
            "10 1 INVITE",
            "11 1 INVITE",
            "12 1 INVITE",
        ]
        told = [event.body for event in alice.told(Progressed) if isinstance(event, Progressed)]
        assert told == [b"", ANSWER, OTHER]

    with_peer(story)


def test_rfc3262_4_a_lost_prack_is_repeated_by_its_transaction_and_a_lost_183_by_the_far_side() -> None:
    lost: list[str] = []

    def drop(one: object) -> bool:
        line = one.line  # type: ignore[attr-defined]
        if line in ("PRACK", "183 INVITE") and lost.count(line) < 2:
            lost.append(line)
            return True
        return False

    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, reliable="allowed")
        await at(1)
        for second in (1, 1.5, 2.5):
            await at(second)
            peer.reliably(5, body=ANSWER)
        await at(8)
        assert codes(alice) == [183]
        assert len(peer.requests("PRACK")) >= 1 and lost.count("PRACK") == 2

    with_peer(story, Wire(drop=drop))


def test_rfc3262_4_branches_count_apart_and_their_pracks_follow_their_own_routes() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.trusted = True
        rung_by(alice, reliable="allowed")
        await at(1)
        peer.reliably(1, "Record-Route: <sip:10.0.0.2:5060;lr>", tag="one", body=ANSWER)
        peer.reliably(900, tag="two", body=OTHER)
        await at(2)
        first, second = peer.distinct("PRACK")
        assert (first.to_tag, first.header("rack"), first.header("route")) == (
            "one",
            "1 1 INVITE",
            "<sip:10.0.0.2:5060;lr>",
        )
        assert (second.to_tag, second.header("rack"), second.header("route")) == ("two", "900 1 INVITE", "")
        assert second.uri == "sip:two@10.0.0.2:5060"
        assert first.cseq == second.cseq == 2
        early = [event.early for event in alice.told(Progressed) if isinstance(event, Progressed)]
        assert early == ["one", "two"]

    with_peer(story)


def test_rfc3262_a_peer_that_was_not_asked_is_not_acknowledged() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice)
        await at(1)
        peer.reliably(5, body=ANSWER)
        peer.reply(peer.invite, 180, "RSeq: 6")
        await at(2)
        assert peer.requests("PRACK") == [] and codes(alice) == [183, 180]

    with_peer(story)


def test_rfc3262_4_after_a_release_they_are_still_acknowledged() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = rung_by(alice, reliable="allowed")
        session.release()
        await at(1)
        peer.reliably(5, body=ANSWER)
        await at(2)
        assert peer.lines().count("PRACK") >= 1 and "CANCEL" in peer.lines()
        assert codes(alice) == []

    with_peer(story)


def test_rfc3262_5_an_offer_in_a_reliable_183_is_answered_in_its_prack() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = lambda session, event: (
            session.answer_offer(ANSWER) if isinstance(event, Progressed) and event.offer else None
        )
        rung_by(alice, reliable="allowed", body=b"")
        await at(1)
        assert peer.invite.body == b""
        peer.reply(peer.invite, 183, body=OTHER)  # not reliable: no offer that could be answered
        peer.reliably(5, body=OFFER)
        await at(2)
        assert peer.request("PRACK").body == ANSWER
        told = [
            (event.body, event.offer) for event in alice.told(Progressed) if isinstance(event, Progressed)
        ]
        assert told == [(b"", False), (OFFER, True)]
        peer.reply(peer.request("PRACK"), 200)
        peer.reply(peer.invite, 200)
        await at(3)
        assert alice.told(Accepted) == [Accepted(200, b"")]
        assert peer.request("ACK").body == b""

    with_peer(story)


def test_rfc3261_13_2_1_an_offer_in_the_2xx_is_answered_in_the_ack() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = rung_by(alice, body=b"")
        await at(1)
        peer.reply(peer.invite, 200, body=OFFER)
        await at(1.2)
        peer.reply(peer.invite, 200, body=OFFER)  # the owner takes its time
        await at(2)
        assert alice.told(Accepted) == [Accepted(200, OFFER, offer=True)]
        assert peer.requests("ACK") == []
        session.answer_offer(ANSWER)
        await at(3)
        peer.reply(peer.invite, 200, body=OFFER)
        await at(4)
        assert [one.body for one in peer.requests("ACK")] == [ANSWER, ANSWER]
        session.release()
        await at(5)
        assert peer.lines()[-1] == "BYE"

    with_peer(story)


@pytest.mark.parametrize("refuses", [True, False])
def test_rfc3261_13_2_2_4_an_offer_in_the_2xx_that_cannot_be_used_is_acknowledged_and_ended(
    refuses: bool,
) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        def end(session: Session, event: SessionEvent) -> None:
            if isinstance(event, Accepted):
                session.refuse_offer(488) if refuses else session.release()

        alice.on_event = end
        rung_by(alice, body=b"")
        await at(1)
        peer.reply(peer.invite, 200, body=OFFER)
        await at(2)
        assert peer.steps() == ["INVITE", "ACK", "BYE"]
        peer.reply(peer.request("BYE"), 200)
        await at(3)
        assert alice.words() == ["Accepted", "Ended"]

    with_peer(story)


def test_rfc3262_a_peer_that_does_not_know_100rel_refuses_with_420() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, reliable="required")
        await at(1)
        peer.reply(peer.invite, 420, "Unsupported: 100rel")
        await at(2)
        assert alice.told(Refused) == [Refused(420, "Any")]

    with_peer(story)


# --- the called side --------------------------------------------------------------------------------------


def early(
    code: int = 183, body: bytes = ANSWER, *, then: bytes | None = None
) -> Callable[[IncomingSession], None]:
    """Takes an incoming call, reliably; ``then`` accepts it at once."""

    def take(session: IncomingSession) -> None:
        session.reliable = "allowed"
        session.progress(code, body)
        if then is not None:
            session.accept(then)

    return take


def test_rfc3262_3_a_183_with_sdp_is_reliable_where_the_caller_allows_it() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Supported: timer, 100rel")
        await at(0.3)
        ringing = peer.response("INVITE", 183)
        assert ringing.header("require") == "100rel" and ringing.body == ANSWER
        assert 1 <= int(ringing.header("rseq")) < 2**31
        peer.prack()
        await at(40)
        assert peer.lines() == ["100 INVITE", "183 INVITE", "200 PRACK"]
        alice.calls[0].progress(180)
        alice.calls[0].progress(183, OTHER)
        await at(41)
        assert "rseq" not in peer.response("INVITE", 180).index
        assert peer.response("INVITE", 183).body == b""  # §13.2.1: no second description
        alice.calls[0].accept(ANSWER)
        await at(42)
        assert peer.response("INVITE", 200).body == b""
        peer.within("ACK")
        await at(43)
        assert alice.words() == ["Confirmed"]

    with_peer(story)


@pytest.mark.parametrize(
    ("reliable", "says", "code", "body", "expected"),
    [
        ("no", "Supported: 100rel", 183, ANSWER, False),
        ("allowed", "Supported: timer", 183, ANSWER, False),
        ("allowed", "Supported: 100rel", 180, b"", False),
        ("allowed", "Require: 100rel", 180, b"", True),
        ("required", "Supported: 100rel", 183, ANSWER, True),
    ],
)
def test_rfc3262_3_only_who_speaks_it_gets_it(
    reliable: str, says: str, code: int, body: bytes, expected: bool
) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        def take(session: IncomingSession) -> None:
            session.reliable = reliable
            session.progress(code, body)

        alice.on_call = take
        peer.call(alice.address, says)
        await at(0.3)
        assert ("rseq" in peer.response("INVITE", code).index) is expected

    with_peer(story)


def test_rfc3262_3_it_is_repeated_from_t1_doubling_until_64_t1_then_the_call_is_refused() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Supported: 100rel")
        await at(100)
        sent = [one.at for one in peer.wire.passed if one.line == "183 INVITE"]
        assert [round(b - a, 2) for a, b in pairwise(sent)] == [0.5, 1, 2, 4, 8, 16]
        refused = next(one for one in peer.wire.passed if one.line == "504 INVITE")
        assert round(refused.at - sent[0], 2) == 32
        assert alice.told(Ended) == [Ended(False, (), "our provisional answer was never acknowledged")]

    with_peer(story)


def test_rfc3262_3_the_next_one_and_the_200_wait_for_the_prack() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Require: 100rel")
        await at(0.3)
        alice.calls[0].progress(180)
        alice.calls[0].accept(ANSWER)
        await at(0.45)
        assert peer.lines() == ["100 INVITE", "183 INVITE"]
        first = peer.response("INVITE", 183)
        peer.prack()
        await at(0.6)
        assert peer.lines() == ["100 INVITE", "183 INVITE", "200 PRACK", "180 INVITE", "200 INVITE"]
        second = peer.response("INVITE", 180)
        assert int(second.header("rseq")) == int(first.header("rseq")) + 1
        peer.prack(second)  # also after the 200
        await at(0.7)
        assert peer.lines()[-1] == "200 PRACK"
        assert peer.lines().count("180 INVITE") == 1

    with_peer(story)


@pytest.mark.parametrize(
    "rack", ["1 1 INVITE", "x", "", "99999999999 101 INVITE", "{rseq} 7 INVITE", "{rseq} 101 BYE"]
)
def test_rfc3262_3_a_prack_for_nothing_that_waits_is_481(rack: str) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Supported: 100rel")
        await at(0.3)
        peer.prack(rack=rack.format(rseq=peer.response("INVITE", 183).header("rseq")) or "-")
        await at(0.4)
        assert peer.lines()[-1] == "481 PRACK"
        peer.prack()
        await at(0.5)
        assert peer.lines()[-1] == "200 PRACK"
        peer.prack()
        await at(0.6)
        assert peer.lines()[-1] == "481 PRACK"

    with_peer(story)


def test_rfc3262_3_a_refusal_does_not_wait_and_ends_the_repeats() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early(then=ANSWER)  # the 200 is held back
        peer.call(alice.address, "Supported: 100rel")
        await at(0.3)
        alice.calls[0].release(code=486)
        await at(0.45)
        assert peer.lines() == ["100 INVITE", "183 INVITE", "486 INVITE"]
        peer.within("ACK")
        await at(60)
        assert peer.lines().count("183 INVITE") == 1
        assert alice.words() == ["Ended"]
        assert alice.endpoint.load == (0, 0)

    with_peer(story)


def test_rfc3262_3_a_caller_may_cancel_while_the_200_is_held_back() -> None:
    async def story() -> None:
        wire = Wire(drop=lambda one: one.line == "PRACK")
        async with Pair(wire) as pair:
            pair.bob.on_call = early(then=ANSWER)
            session = rung_by(pair.alice, reliable="allowed")
            await at(1)
            session.release()
            await at(100)
            assert pair.bob.words() == ["Cancelled"] and pair.bob.told(Cancelled)
            assert [type(event).__name__ for _, event in pair.alice.events][-1] == "Refused"
            assert pair.alice.endpoint.load == pair.bob.endpoint.load == (0, 0)

    run(story())


def test_rfc3262_5_our_offer_in_a_reliable_183_has_its_answer_in_the_prack() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early(body=OFFER)
        peer.call(alice.address, "Supported: 100rel", body=b"")
        await at(0.3)
        assert alice.calls[0].may_offer_early
        assert peer.response("INVITE", 183).body == OFFER
        peer.prack(body=ANSWER)
        await at(0.6)
        assert alice.told(OfferAnswered) == [OfferAnswered(ANSWER)]
        alice.calls[0].accept(OFFER)
        await at(0.7)
        assert peer.response("INVITE", 200).body == b""

    with_peer(story)


def test_rfc3262_5_a_prack_without_the_answer_leaves_the_offer_to_the_200() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early(body=OFFER, then=OFFER)
        peer.call(alice.address, "Supported: 100rel", body=b"")
        await at(0.3)
        peer.prack()
        await at(0.6)
        assert peer.response("INVITE", 200).body == OFFER

    with_peer(story)


def test_rfc3262_5_a_new_offer_in_a_prack_is_answered_in_its_200() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        alice.on_event = lambda session, event: (
            session.answer_offer(OTHER) if isinstance(event, Offered) else None
        )
        peer.call(alice.address, "Supported: 100rel")
        await at(0.3)
        peer.prack(body=OFFER)
        await at(0.6)
        assert peer.response("PRACK", 200).body == OTHER
        assert alice.told(Offered) == [Offered(OFFER)]

    with_peer(story)


def test_rfc3261_13_3_1_1_a_reminder_after_a_reliable_183_has_no_sdp_again() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Require: 100rel")
        await at(0.3)
        first = peer.response("INVITE", 183)
        peer.prack()
        await at(61)
        again = peer.response("INVITE", 183)
        assert again.body == b"" and int(again.header("rseq")) == int(first.header("rseq")) + 1
        assert again.header("require") == "100rel"

    with_peer(story)


# --- both, over a wire that loses ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_reliability_f10_reliable_calls_over_loss_repeats_and_reordering(seed: int) -> None:
    async def story() -> None:
        wire = Wire(seed, loss=0.15, twice=0.2, late=0.3)
        async with Pair(wire, seed=seed + 10) as pair:
            pair.bob.on_call = early(then=ANSWER)
            late = seed % 3 == 0

            def answer(session: Session, event: SessionEvent) -> None:
                if isinstance(event, Progressed | Accepted) and event.offer:
                    session.answer_offer(ANSWER)

            pair.alice.on_event = answer
            session = rung_by(pair.alice, reliable="allowed", body=b"" if late else OFFER)
            await at(40)
            if pair.alice.told(Accepted):
                assert codes(pair.alice).count(183) == 1  # the 183 cannot get lost, nor be told twice
            session.release()
            await at(200)
            assert pair.alice.words()[-1] in ("Ended", "Refused")
            for party in (pair.alice, pair.bob):
                assert sum(word in ("Ended", "Refused", "Cancelled") for word in party.words()) <= 1
                assert party.endpoint.load == (0, 0)

    run(story())
