"""UPDATE (RFC 3311) and the glare of offers, both ways, in early and answered sessions."""

import pytest

from cordboard.sip.dialog.words import (
    Accepted,
    Ended,
    OfferAnswered,
    Offered,
    OfferRefused,
    Progressed,
    SessionEvent,
)
from cordboard.sip.endpoint.words import IncomingSession, Session
from cordboard.sip.message.message import Message, Request
from tests.wire.parties import ANSWER, OFFER, Party, at
from tests.wire.raw_peer import RawPeer, rung_by
from tests.wire.test_reliable import early, with_peer

UPDATES = "Allow: INVITE, ACK, BYE, UPDATE, PRACK"
OTHER = OFFER.replace(b"4000", b"4010")
MINE = ANSWER.replace(b"4000", b"4020")


def answers_offers(session: Session, event: SessionEvent) -> None:
    """An owner who answers at once."""
    if isinstance(event, Offered):
        session.answer_offer(MINE)


async def ringing(alice: Party, peer: RawPeer, *lines: str) -> Session:
    """Alice rings the peer, whose reliable 183 has the answer."""
    session = rung_by(alice, reliable="allowed")
    await at(0.2)
    peer.reliably(1, UPDATES, *lines, body=ANSWER)
    await at(0.3)
    peer.reply(peer.request("PRACK"), 200)
    await at(0.4)
    return session


# --- early, as the calling side ----------------------------------------------------------------------------


def test_rfc3311_5_2_an_early_update_of_the_called_side_is_answered_once_the_first_offer_is() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = answers_offers
        rung_by(alice, reliable="allowed")
        await at(0.2)
        peer.reply(peer.invite, 183, body=ANSWER)  # not reliable: our offer counts as open
        peer.ask("UPDATE", body=OTHER)
        await at(0.3)
        assert peer.response("UPDATE").code == 491
        peer.reliably(1, body=ANSWER)
        await at(0.4)
        peer.ask("UPDATE", body=OTHER)
        await at(0.5)
        assert peer.response("UPDATE").code == 200 and peer.response("UPDATE").body == MINE
        assert peer.response("UPDATE").contact().startswith("sip:cordboard@10.0.0.1")
        assert alice.told(Offered) == [Offered(OTHER)]
        (offered,) = alice.told(Offered)
        assert isinstance(offered, Offered) and offered.early == "raw"

    with_peer(story)


def test_rfc3311_5_1_an_early_update_refreshes_the_target() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await ringing(alice, peer)
        peer.ask("UPDATE", "Contact: <sip:moved@10.0.0.2:5060>", contact=False)
        await at(0.5)
        assert peer.response("UPDATE").code == 200
        peer.reply(peer.invite, 200, "Contact: <sip:moved@10.0.0.2:5060>")
        await at(0.6)
        assert peer.request("ACK").uri == "sip:moved@10.0.0.2:5060"
        session.release()
        await at(0.7)
        assert peer.request("BYE").uri == "sip:moved@10.0.0.2:5060"

    with_peer(story)


def test_rfc3311_5_1_our_early_offer_goes_out_by_update() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await ringing(alice, peer)
        assert session.may_offer
        session.offer(OTHER)
        await at(0.5)
        update = peer.request("UPDATE")
        assert update.body == OTHER and update.to_tag == "raw"
        assert update.header("session-expires") == ""
        peer.ask("UPDATE", body=OFFER)  # glare: ours is open
        await at(0.6)
        assert peer.response("UPDATE").code == 491
        peer.reply(update, 200, body=MINE)
        await at(0.7)
        assert alice.told(OfferAnswered) == [OfferAnswered(MINE)]
        peer.reply(peer.invite, 200)
        await at(0.8)
        assert alice.told(Accepted) == [Accepted(200, b"")]

    with_peer(story)


@pytest.mark.parametrize("code", [481, 408, 488])
def test_an_early_update_that_fails_does_not_end_the_call(code: int) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await ringing(alice, peer)
        session.offer(OTHER)
        await at(0.5)
        peer.reply(peer.request("UPDATE"), code)
        await at(0.6)
        peer.reply(peer.invite, 200)
        await at(0.7)
        assert alice.told(OfferRefused) == [OfferRefused(code)]
        assert alice.told(Ended) == []

    with_peer(story)


@pytest.mark.parametrize("says", ["", "Allow: INVITE, ACK"])
def test_without_update_our_offer_waits_for_the_answer(says: str) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = rung_by(alice, reliable="allowed")
        await at(0.2)
        peer.reliably(1, *([says] if says else []), body=ANSWER)
        await at(0.3)
        assert not session.may_offer
        session.offer(OTHER)
        await at(0.4)
        assert peer.requests("UPDATE") == []
        peer.reply(peer.request("PRACK"), 200)
        peer.reply(peer.invite, 200)
        await at(0.5)
        session.offer(OTHER)
        await at(0.6)
        assert peer.request("INVITE").body == OTHER

    with_peer(story)


def test_rfc3261_14_1_an_early_reinvite_of_the_called_side_is_glare() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await ringing(alice, peer)
        peer.ask("INVITE", body=OTHER)
        await at(0.5)
        assert [one.code for one in peer.responses("INVITE")] == [491]

    with_peer(story)


# --- early, as the called side -----------------------------------------------------------------------------


def test_rfc3311_5_2_an_early_update_of_the_caller_is_500_until_its_offer_is_answered() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = answers_offers
        alice.on_call = lambda session: session.progress(180)
        peer.call(alice.address, "Supported: 100rel", UPDATES)
        await at(0.2)
        peer.within("UPDATE", body=OTHER)
        await at(0.3)
        assert peer.response("UPDATE").code == 500 and peer.response("UPDATE").header("retry-after")
        session = alice.calls[0]
        session.reliable = "allowed"
        session.progress(183, ANSWER)
        await at(0.4)
        peer.prack()
        peer.within("UPDATE", body=OTHER)
        await at(0.5)
        assert (peer.response("UPDATE").code, peer.response("UPDATE").body) == (200, MINE)
        session.accept(ANSWER)
        await at(0.6)
        assert peer.response("INVITE", 200).body == b""

    with_peer(story)


def test_rfc3311_5_1_as_the_called_side_our_early_offer_goes_out_by_update() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Supported: 100rel", UPDATES)
        await at(0.2)
        session = alice.calls[0]
        assert not session.may_offer
        session.offer(OTHER)  # waits for the PRACK
        await at(0.3)
        assert peer.requests("UPDATE") == []
        peer.prack()
        await at(0.4)
        assert session.may_offer and peer.request("UPDATE").body == OTHER
        peer.reply(peer.request("UPDATE"), 200, tag="", body=MINE)
        await at(0.5)
        assert alice.told(OfferAnswered) == [OfferAnswered(MINE)]

    with_peer(story)


def test_rfc3311_5_2_while_our_first_offer_is_open_theirs_is_491() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early(body=OFFER)
        peer.call(alice.address, "Supported: 100rel", UPDATES, body=b"")
        await at(0.2)
        peer.within("UPDATE", body=OTHER)
        await at(0.3)
        assert peer.response("UPDATE").code == 491

    with_peer(story)


def test_rfc3261_14_2_an_early_reinvite_of_the_caller_is_500() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = early()
        peer.call(alice.address, "Supported: 100rel")
        await at(0.2)
        peer.within("INVITE", body=OTHER)
        await at(0.3)
        assert peer.responses("INVITE")[-1].code == 500
        assert peer.responses("INVITE")[-1].header("retry-after")

    with_peer(story)


# --- answered ----------------------------------------------------------------------------------------------


async def talking(alice: Party, peer: RawPeer, *lines: str) -> Session:
    """Alice rang the peer, who answered."""
    session = rung_by(alice)
    await at(0.2)
    peer.reply(peer.invite, 200, *lines, body=ANSWER)
    await at(0.3)
    return session


def test_rfc3311_5_2_an_update_while_another_waits_for_its_answer_is_500() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer)
        peer.ask("UPDATE", body=OTHER)  # the owner takes its time
        await at(0.4)
        peer.ask("UPDATE", body=OFFER)
        await at(0.5)
        assert peer.response("UPDATE").code == 500 and peer.response("UPDATE").header("retry-after")
        session.answer_offer(MINE)
        await at(0.6)
        assert peer.response("UPDATE").code == 200

    with_peer(story)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_rfc3261_14_2_an_offer_while_ours_is_open_is_491(method: str) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer)
        session.offer(OTHER)
        await at(0.4)
        peer.ask(method, body=OFFER)
        await at(0.5)
        assert peer.responses(method)[-1].code == 491
        peer.ask("UPDATE")  # no offer: no glare
        await at(0.6)
        assert peer.response("UPDATE").code == 200

    with_peer(story)


@pytest.mark.parametrize(("calls", "low", "high"), [(True, 2.1, 4.0), (False, 0.0, 2.0)])
def test_rfc3261_14_1_after_491_who_made_the_call_id_waits_longer(
    calls: bool, low: float, high: float
) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        if calls:
            session = await talking(alice, peer)
        else:
            alice.on_call = lambda incoming: incoming.accept(ANSWER)
            peer.call(alice.address)
            await at(0.2)
            peer.within("ACK")
            await at(0.3)
            session = alice.calls[0]
        session.offer(OTHER)
        await at(0.4)
        sent = len(peer.distinct("INVITE"))
        peer.reply(peer.request("INVITE"), 491, tag="")
        await at(0.42 + low)
        assert len(peer.distinct("INVITE")) == sent
        await at(0.5 + high)
        assert len(peer.distinct("INVITE")) == sent + 1
        again = peer.request("INVITE")
        assert again.body == OTHER
        peer.reply(again, 200, tag="", body=MINE)
        await at(1 + high)
        assert alice.told(OfferAnswered) == [OfferAnswered(MINE)]

    with_peer(story)


def test_rfc3311_5_2_a_500_that_names_a_short_wait_is_tried_again_then() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer)
        session.offer(OTHER)
        await at(0.4)
        peer.reply(peer.request("INVITE"), 500, "Retry-After: 3")
        await at(3.3)
        assert len(peer.distinct("INVITE")) == 2
        await at(3.5)
        assert len(peer.distinct("INVITE")) == 3 and peer.request("INVITE").body == OTHER
        peer.reply(peer.request("INVITE"), 500, "Retry-After: 300")
        await at(4)
        assert alice.told(OfferRefused) == [OfferRefused(500)]

    with_peer(story)


def test_a_peer_that_always_says_491_is_not_asked_for_ever() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        def glares(message: Message) -> None:
            if isinstance(message, Request) and message.method == "INVITE" and message.to_tag:
                peer.reply(message, 491)

        session = await talking(alice, peer)
        peer.on = glares
        session.offer(OTHER)
        await at(200)
        assert len(peer.distinct("INVITE")) == 1 + 11
        assert alice.told(OfferRefused) == [OfferRefused(491)]

    with_peer(story)


def test_rfc3311_5_2_an_update_counts_its_cseq_like_any_request() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer)
        peer.ask("UPDATE")
        peer.ask("UPDATE", cseq=50)
        await at(0.5)
        assert [one.code for one in peer.responses("UPDATE")] == [200, 500]

    with_peer(story)


def test_rfc3311_an_update_does_not_prove_that_our_200_arrived() -> None:
    """The caller sent it early; the 200 goes on being repeated until its ACK."""

    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = answers_offers
        alice.on_call = early()
        peer.call(alice.address, "Supported: 100rel", UPDATES)
        await at(0.2)
        peer.prack()
        await at(0.3)
        alice.calls[0].accept(ANSWER)
        peer.within("UPDATE", body=OTHER)
        await at(5)
        assert peer.response("UPDATE").code == 200
        assert len(peer.responses("INVITE", 200)) == 4
        peer.within("ACK")
        await at(60)
        assert len(peer.responses("INVITE", 200)) == 4

    with_peer(story)


def test_forked_early_dialogs_count_their_cseqs_apart() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = answers_offers
        rung_by(alice, reliable="allowed")
        await at(0.2)
        for tag in ("one", "two"):
            peer.reliably(7, UPDATES, tag=tag, body=ANSWER)
        await at(0.3)
        peer.ask("UPDATE", tag="one", cseq=900, body=OTHER)
        peer.ask("UPDATE", tag="two", cseq=3, body=OTHER)
        peer.ask("UPDATE", tag="three", cseq=3, body=OTHER)
        await at(0.4)
        assert [one.code for one in peer.responses("UPDATE")] == [200, 200, 481]
        told = [event.early for event in alice.told(Offered) if isinstance(event, Offered)]
        assert told == ["one", "two"]

    with_peer(story)


def test_rfc6228_a_199_ends_its_branch() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = rung_by(alice, reliable="allowed")
        await at(0.2)
        for tag in ("one", "two"):
            peer.reliably(7, UPDATES, tag=tag, body=ANSWER)
        await at(0.3)
        peer.reply(peer.invite, 199, tag="two")
        await at(0.4)
        peer.ask("UPDATE", tag="two")
        await at(0.5)
        assert peer.response("UPDATE").code == 481
        session.offer(OTHER)
        await at(0.6)
        assert peer.request("UPDATE").to_tag == "one"
        assert [event.code for event in alice.told(Progressed) if isinstance(event, Progressed)][-1] == 199

    with_peer(story)


def test_a_called_session_is_plain_unless_its_owner_says_otherwise() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        def take(session: IncomingSession) -> None:
            assert not session.may_offer_early
            session.progress(183, ANSWER)
            session.accept(ANSWER)

        alice.on_call = take
        peer.call(alice.address, "Supported: 100rel", UPDATES)
        await at(0.2)
        assert peer.lines() == ["100 INVITE", "183 INVITE", "200 INVITE"]
        assert peer.response("INVITE", 200).body == ANSWER

    with_peer(story)
