"""Calls to a carrier that challenges (RFC 3261 §22), and who must not get our credentials (S9)."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from cordboard.sip.dialog.words import Accepted, Ended, OfferAnswered, Refused
from cordboard.sip.endpoint.words import Address, Outgoing, Session
from cordboard.sip.message.digest import Credentials
from cordboard.sip.message.guard import Outcome
from cordboard.sip.message.message import Message, Request
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.wire.challenger import CREDENTIALS, Challenger, credentials_in
from tests.wire.parties import ANSWER, OFFER, Party, at
from tests.wire.raw_peer import RawPeer, rung_by


def story(script: Callable[[Party, RawPeer], Coroutine[Any, Any, None]], wire: Wire | None = None) -> RawPeer:
    """Alice and a raw peer, in virtual time; nothing of Alice's is left after the script."""

    async def whole() -> RawPeer:
        network = wire or Wire()
        alice = Party(network, "10.0.0.1", 1)
        await alice.endpoint.start()
        async with RawPeer(network) as peer:
            await script(alice, peer)
            await at(peer.now() + 70)
            assert alice.endpoint.load == (0, 0)
        await alice.endpoint.close()
        return peer

    return run(whole())


def answering(challenger: Challenger) -> Callable[[Message], None]:
    """The peer rings and answers an INVITE that has the right credentials, and answers all else that has."""

    def on(message: Message) -> None:
        if not challenger.admits(message):
            return
        assert isinstance(message, Request)
        if message.method == "INVITE":
            challenger.peer.reply(message, 180)
            challenger.peer.reply(message, 200, body=ANSWER)
        else:
            challenger.peer.reply(message, 200)

    return on


@pytest.mark.parametrize("proxy", [False, True])
def test_an_invite_that_is_challenged_goes_out_again_with_credentials(proxy: bool) -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer, proxy=proxy)
        peer.on = answering(challenger)
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(2)
        assert alice.words() == ["Progressed", "Accepted"]
        first, second = peer.requests("INVITE")
        assert not credentials_in(first)
        assert second.cseq == first.cseq + 1 and second.via.branch != first.via.branch
        assert (second.call_id, second.from_tag, second.body) == (first.call_id, first.from_tag, OFFER)
        assert not second.to_tag
        assert challenger.outcomes == [Outcome.GOOD]
        assert "algorithm=SHA-256" in credentials_in(second)[0]
        refused, accepted = peer.requests("ACK")
        assert (refused.cseq, refused.to_tag) == (1, "wall") and not credentials_in(refused)
        # §13.2.2.4: the ACK to the 2xx has the INVITE's credentials.
        assert accepted.cseq == 2 and credentials_in(accepted) == credentials_in(second)
        session.release()

    story(script)


def test_requests_in_the_dialog_are_challenged_too() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        peer.on = answering(challenger)
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(2)
        session.offer(OFFER)
        await at(4)
        session.release()
        await at(6)
        assert alice.words() == ["Progressed", "Accepted", "OfferAnswered", "Ended"]
        assert len(alice.told(OfferAnswered)) == 1
        assert [one.method for one in challenger.taken] == ["INVITE", "INVITE", "BYE"]
        sequence = [one.cseq for one in peer.got if isinstance(one, Request) and one.method != "ACK"]
        assert sequence == sorted(set(sequence))

    story(script)


def test_an_update_is_challenged_too_and_the_ack_of_a_reinvite_has_its_credentials() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer, methods=("INVITE", "UPDATE"))

        def on(message: Message) -> None:
            if challenger.admits(message):
                assert isinstance(message, Request)
                timer = "Session-Expires: 90;refresher=uac"
                peer.reply(message, 200, "Allow: INVITE, UPDATE", timer, body=ANSWER if message.body else b"")
            elif isinstance(message, Request) and message.method == "BYE":
                peer.reply(message, 200)

        peer.on = on
        session = rung_by(alice, credentials=CREDENTIALS, seconds=90)
        await at(2)
        session.offer(OFFER)
        await at(4)
        again, acknowledged = peer.requests("INVITE")[-1], peer.requests("ACK")[-1]
        assert acknowledged.cseq == again.cseq and again.to_tag
        assert credentials_in(acknowledged) == credentials_in(again) != []
        await at(100)
        assert [one.method for one in challenger.taken].count("UPDATE") == 2, "it refreshes the session"
        assert set(challenger.outcomes) == {Outcome.GOOD} and alice.words()[-1] == "OfferAnswered"
        session.release()

    story(script)


def test_a_prack_is_challenged_too() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer, methods=("PRACK",))

        def on(message: Message) -> None:
            if challenger.admits(message):
                assert isinstance(message, Request)
                peer.reply(message, 200)

        peer.on = on
        session = rung_by(alice, credentials=CREDENTIALS, reliable="allowed")
        await at(1)
        peer.reliably(1, body=ANSWER)
        await at(3)
        first, second = peer.requests("PRACK")
        assert second.header("rack") == first.header("rack") and second.cseq == first.cseq + 1
        assert challenger.outcomes == [Outcome.GOOD]
        session.release()
        await at(4)
        peer.reply(peer.request("CANCEL"), 200)
        peer.reply(peer.invite, 487)

    story(script)


def test_the_next_call_needs_no_round_trip() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        peer.on = answering(challenger)
        for _ in range(3):
            session = rung_by(alice, credentials=CREDENTIALS)
            await at(peer.now() + 1)
            session.release()
            await at(peer.now() + 1)
        # Only the BYEs, which carry none unasked, were challenged again.
        assert len(peer.requests("INVITE")) == 4
        assert set(challenger.outcomes) == {Outcome.GOOD}

    story(script)


def test_a_stale_nonce_is_answered_once_more() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer, life=5)
        peer.on = answering(challenger)
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(2)
        session.release()
        await at(20)
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(22)
        assert [e for e in challenger.outcomes if e is not Outcome.GOOD] == [Outcome.STALE]
        assert len(alice.told(Accepted)) == 2
        session.release()

    story(script)


def test_wrong_credentials_are_sent_once() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer, password="another")
        peer.on = answering(challenger)
        rung_by(alice, credentials=CREDENTIALS)
        await at(60)
        (refused,) = alice.told(Refused)
        assert isinstance(refused, Refused) and refused.code == 401
        assert "were refused for the realm 'carrier.example'" in refused.phrase
        assert challenger.outcomes == [Outcome.WRONG]
        assert len(peer.requests("INVITE")) == 2

    story(script)


def test_without_credentials_a_challenge_is_a_failure() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        peer.on = answering(Challenger(peer))
        rung_by(alice)
        await at(60)
        (refused,) = alice.told(Refused)
        assert isinstance(refused, Refused) and (refused.code, refused.phrase) == (401, "Any")

    story(script)


def test_auth_int_is_refused_cleanly() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        challenge = 'Digest realm="carrier.example", nonce="1", qop="auth-int"'

        def on(message: Message) -> None:
            if isinstance(message, Request) and message.method == "INVITE":
                peer.reply(message, 401, f"WWW-Authenticate: {challenge}")

        peer.on = on
        rung_by(alice, credentials=CREDENTIALS)
        await at(60)
        (refused,) = alice.told(Refused)
        assert isinstance(refused, Refused) and "auth-int" in refused.phrase
        assert not any(credentials_in(one) for one in peer.got)

    story(script)


def test_a_call_given_up_is_not_challenged_into_life() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        peer.on = answering(Challenger(peer))
        session = rung_by(alice, credentials=CREDENTIALS)
        session.release()
        await at(60)
        assert len(peer.requests("INVITE")) == 1
        assert alice.words() == ["Refused"]

    story(script)


def test_the_cancel_of_an_answered_challenge_waits_for_a_provisional_of_the_new_invite() -> None:
    """telephony.md 1 holds for the second INVITE as for the first."""

    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        peer.on = challenger.on
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(2)
        session.release()
        await at(3)
        assert not peer.requests("CANCEL")
        invite = peer.request("INVITE")
        peer.reply(invite, 180)
        await at(4)
        cancel = peer.request("CANCEL")
        assert (cancel.cseq, cancel.via.branch) == (invite.cseq, invite.via.branch)
        peer.reply(cancel, 200)
        peer.reply(invite, 487)
        await at(5)
        assert alice.words() == ["Refused"]

    story(script)


# --- reliability.md S9 ------------------------------------------------------------------------------------


def test_s9_a_callees_challenge_relayed_by_the_carrier_gets_nothing() -> None:
    """The carrier's own realm is known from its first challenge; the callee's is another."""

    async def script(alice: Party, peer: RawPeer) -> None:
        carrier = Challenger(peer, proxy=True)
        callee = 'WWW-Authenticate: Digest realm="callee.example", nonce="1", qop="auth"'

        def on(message: Message) -> None:
            if carrier.admits(message):
                assert isinstance(message, Request)
                peer.reply(message, 401, callee, tag="callee")

        peer.on = on
        rung_by(alice, credentials=CREDENTIALS)
        await at(60)
        (refused,) = alice.told(Refused)
        assert isinstance(refused, Refused) and "the credentials are for 'carrier.example'" in refused.phrase
        assert not any("callee.example" in value for one in peer.got for value in credentials_in(one))

    story(script)


def test_s9_a_realm_that_is_not_the_configured_one_gets_nothing() -> None:
    async def script(alice: Party, peer: RawPeer) -> None:
        peer.on = answering(Challenger(peer, realm="elsewhere.example"))
        rung_by(alice, credentials=Credentials("4021", "correct horse", "carrier.example"))
        await at(60)
        assert alice.words() == ["Refused"]
        assert not any(credentials_in(one) for one in peer.got)

    story(script)


def test_s9_a_challenge_to_a_bye_in_a_call_that_came_to_us_gets_nothing() -> None:
    """What FreeSWITCH answered (CVE-2021-41158): the caller's own host challenges our BYE. Alice has
    credentials for that very host."""

    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        peer.on = answering(challenger)
        outgoing = rung_by(alice, credentials=CREDENTIALS)
        await at(2)
        outgoing.release()
        await at(4)
        challenger.taken.clear()

        def take(session: Session) -> None:
            alice.calls[-1].accept(ANSWER)

        alice.on_call = take
        before = len(peer.got)
        peer.call(Address("udp", "10.0.0.1", 5060))
        await at(6)
        peer.within("ACK")
        await at(7)
        alice.calls[-1].release()
        await at(9)
        (bye,) = [one for one in peer.got[before:] if isinstance(one, Request)]
        assert bye.method == "BYE" and not credentials_in(bye)
        assert challenger.taken == []
        ended = alice.told(Ended)[-1]
        assert isinstance(ended, Ended) and not ended.remote

    story(script)


def test_s9_another_host_that_the_carrier_names_gets_nothing() -> None:
    """A Contact of the carrier's leads our BYE to a host that may be sent to; its challenge is not answered,
    and the ACK that went there had no credentials."""

    async def script(alice: Party, peer: RawPeer) -> None:
        alice.trusted = True
        carrier = Challenger(peer)
        async with RawPeer(peer.wire, "10.0.0.3") as other:
            elsewhere = Challenger(other)
            other.on = answering(elsewhere)

            def on(message: Message) -> None:
                if carrier.admits(message):
                    assert isinstance(message, Request)
                    peer.reply(message, 200, "Contact: <sip:raw@10.0.0.3:5060>", body=ANSWER)

            peer.on = on
            session = rung_by(alice, credentials=CREDENTIALS)
            await at(2)
            session.release()
            await at(40)
            assert [one.method for one in other.got if isinstance(one, Request)] == ["ACK", "BYE"]
            assert not any(credentials_in(one) for one in other.got)
        assert alice.words()[-1] == "Ended"

    story(script)


def test_a_route_set_is_sent_with_the_invite() -> None:
    """An outbound proxy: the request goes to it, its Route names it, the ACK to a refusal has it too."""

    async def script(alice: Party, peer: RawPeer) -> None:
        outgoing = Outgoing(
            peer.address,
            "sip:bob@far.example",
            "sip:alice@10.0.0.1",
            "sip:bob@far.example",
            OFFER,
            routes=("<sip:10.0.0.2;lr>",),
        )
        alice.endpoint.invite(outgoing, lambda event: None)
        await at(1)
        assert peer.invite.listed("route") == ["<sip:10.0.0.2;lr>"]
        peer.reply(peer.invite, 404)
        await at(2)
        assert peer.request("ACK").listed("route") == ["<sip:10.0.0.2;lr>"]

    story(script)


@pytest.mark.parametrize("seed", range(10))
def test_f10_challenged_calls_over_a_network_that_loses_a_fifth(seed: int) -> None:
    wire = Wire(seed, loss=0.2, twice=0.1, late=0.1)

    async def script(alice: Party, peer: RawPeer) -> None:
        challenger = Challenger(peer)
        answers: dict[str, bytes] = {}

        def on(message: Message) -> None:
            if not isinstance(message, Request) or message.method == "ACK":
                return
            if message.via.branch in answers:
                peer.say(answers[message.via.branch], message.source)
                return
            before = len(peer.wire.passed)
            if challenger.admits(message):
                peer.reply(message, 200, body=ANSWER if message.method == "INVITE" else b"")
            answers[message.via.branch] = peer.wire.passed[before].data

        peer.on = on
        session = rung_by(alice, credentials=CREDENTIALS)
        await at(40)
        session.release()
        await at(80)
        assert alice.words()[-1] in ("Ended", "Refused")
        assert set(challenger.outcomes) == {Outcome.GOOD}

    story(script, wire)
