"""Session timers (RFC 4028), both ways, against a far side that is played by hand."""

import pytest

from cordboard.sip.dialog.words import Accepted, Ended, OfferAnswered, Offered, OfferRefused, Refused
from cordboard.sip.endpoint.words import IncomingSession, Session
from cordboard.sip.message.message import Message, Request
from cordboard.testing.wire import Wire
from tests.wire.parties import ANSWER, OFFER, Party, at
from tests.wire.raw_peer import RawPeer, rung_by
from tests.wire.test_reliable import with_peer

UPDATES = "Allow: INVITE, ACK, BYE, UPDATE"
EXPIRED = "nothing refreshed the session in its time"


async def talking(alice: Party, peer: RawPeer, *lines: str, seconds: int = 1800) -> Session:
    """Alice rings the peer, who answers with these lines."""
    session = rung_by(alice, seconds=seconds)
    await at(1)
    peer.reply(peer.invite, 200, *lines, body=ANSWER)
    await at(2)
    return session


# --- we ring ---------------------------------------------------------------------------------------------


def test_rfc4028_7_1_the_invite_asks_for_the_interval() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, seconds=1800)
        await at(1)
        assert peer.invite.header("session-expires") == "1800"
        assert peer.invite.header("supported") == "timer"
        assert "require" not in peer.invite.index

    with_peer(story)


@pytest.mark.parametrize("lines", [(), ("Supported: timer",), ("Session-Expires: nonsense",)])
def test_rfc4028_7_2_a_2xx_that_names_no_interval_starts_no_timer(lines: tuple[str, ...]) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer, *lines)
        assert session.deadline() is None  # type: ignore[attr-defined]
        await at(10_000)
        assert alice.words() == ["Accepted"]
        assert peer.steps() == ["INVITE", "ACK"]

    with_peer(story)


@pytest.mark.parametrize("refresher", [";refresher=uac", ""])
def test_rfc4028_10_we_refresh_at_half_by_update_where_it_is_allowed(refresher: str) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, f"Session-Expires: 1800{refresher}", UPDATES)
        await at(900.5)
        assert peer.steps() == ["INVITE", "ACK"]
        await at(902)
        update = peer.request("UPDATE")
        assert update.body == b"" and update.contact() == "sip:cordboard@10.0.0.1:5060"
        assert update.header("session-expires") == "1800;refresher=uac"
        peer.reply(update, 200, "Session-Expires: 600;refresher=uac")
        await at(1150)
        assert len(peer.distinct("UPDATE")) == 1
        await at(1203)
        assert len(peer.distinct("UPDATE")) == 2
        assert peer.request("UPDATE").header("session-expires") == "600;refresher=uac"
        peer.reply(peer.request("UPDATE"), 200)  # none named any more: off
        await at(9000)
        assert len(peer.distinct("UPDATE")) == 2
        assert alice.words() == ["Accepted"]

    with_peer(story)


def test_rfc4028_7_4_else_by_a_reinvite_with_the_same_sdp() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 1800;refresher=uac", "Allow: INVITE, ACK, BYE")
        await at(903)
        again = peer.request("INVITE")
        assert again.to_tag == "raw" and again.body == OFFER
        peer.reply(again, 200, "Session-Expires: 1800;refresher=uac", body=ANSWER)
        await at(904)
        assert peer.request("ACK").cseq == again.cseq
        assert alice.told(OfferAnswered) == [OfferAnswered(ANSWER)]

    with_peer(story)


def test_rfc4028_7_4_an_update_that_is_not_taken_after_all_becomes_a_reinvite() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 1800;refresher=uac", UPDATES)
        await at(902)
        peer.reply(peer.request("UPDATE"), 405)
        await at(904)
        assert peer.request("INVITE").to_tag == "raw"
        assert alice.words() == ["Accepted"]

    with_peer(story)


def test_rfc4028_10_a_refresh_that_is_refused_is_tried_again_and_bye_comes_at_the_end() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        def refuses(message: Message) -> None:
            if isinstance(message, Request) and message.method == "UPDATE":
                peer.reply(message, 500)

        peer.on = refuses
        await talking(alice, peer, "Session-Expires: 600;refresher=uac", UPDATES)
        await at(590)
        assert len(peer.distinct("UPDATE")) > 3
        assert "BYE" not in peer.lines()
        await at(603)
        bye = peer.request("BYE")
        assert bye.header("reason") == 'SIP;cause=408;text="Session timer expired"'
        peer.reply(bye, 200)
        await at(605)
        assert alice.told(OfferRefused) == []
        assert alice.told(Ended) == [Ended(False, (), EXPIRED)]

    with_peer(story)


def test_rfc4028_10_a_refresh_that_nobody_answers_ends_the_session() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 600;refresher=uac", UPDATES)
        await at(340)
        assert peer.steps()[-2:] == ["UPDATE", "BYE"]

    with_peer(story)


@pytest.mark.parametrize(("interval", "bye"), [(1800, 1768), (90, 60)])
def test_rfc4028_10_where_they_refresh_bye_comes_before_the_end(interval: int, bye: int) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, f"Session-Expires: {interval};refresher=uas")
        await at(bye)
        assert peer.steps() == ["INVITE", "ACK"]
        await at(bye + 2)
        assert peer.steps() == ["INVITE", "ACK", "BYE"]

    with_peer(story)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_rfc4028_9_their_refresh_begins_the_interval_anew(method: str) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_event = lambda session, event: (
            session.answer_offer(OFFER) if isinstance(event, Offered) else None
        )
        await talking(alice, peer, "Session-Expires: 200;refresher=uas")
        for second in (100, 200, 300):
            await at(second)
            body = ANSWER if method == "INVITE" else b""
            peer.ask(method, "Supported: timer", "Session-Expires: 200;refresher=uac", body=body)
            await at(second + 0.1)
            granted = peer.response(method, 200)
            assert granted.header("session-expires") == "200;refresher=uac"
            assert granted.header("require") == "timer"
            if method == "INVITE":
                peer.ask("ACK", cseq=peer.cseq)
        await at(460)
        assert "BYE" not in peer.lines()
        await at(470)
        assert "BYE" in peer.lines()

    with_peer(story)


def test_rfc4028_7_3_a_422_is_answered_with_the_longer_interval() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, seconds=300, reliable="allowed")
        await at(1)
        peer.reply(peer.invite, 422, "Min-SE: 600")
        await at(2)
        again = peer.request("INVITE")
        assert (again.cseq, again.call_id, again.to_tag) == (2, peer.invite.call_id, "")
        assert again.header("session-expires") == "600" and again.header("min-se") == "600"
        assert again.index["supported"] == ["100rel, timer"] and again.body == OFFER
        assert again.via.branch != peer.invite.via.branch
        peer.reply(again, 200, "Session-Expires: 600;refresher=uac", UPDATES, body=ANSWER)
        await at(400)
        assert peer.request("ACK").cseq == 2
        assert alice.told(Accepted) == [Accepted(200, ANSWER)]
        assert peer.request("UPDATE").header("session-expires") == "600;refresher=uac"

    with_peer(story)


@pytest.mark.parametrize("lines", [(), ("Min-SE: 100",), ("Min-SE: x",), ("Min-SE: 999999",)])
def test_rfc4028_7_3_a_422_that_helps_nothing_is_a_refusal(lines: tuple[str, ...]) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        rung_by(alice, seconds=300)
        await at(1)
        peer.reply(peer.invite, 422, *lines)
        await at(2)
        if lines == ("Min-SE: 999999",):  # read as the longest that we take; refused again, it is over
            for _ in range(5):
                peer.reply(peer.requests("INVITE")[-1], 422, *lines)
                await at(3)
        assert [event.code for event in alice.told(Refused) if isinstance(event, Refused)] == [422]
        assert len(peer.distinct("INVITE")) <= 2

    with_peer(story)


def test_rfc4028_7_4_a_refresh_that_is_too_short_on_the_way_is_sent_again_with_more() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 600;refresher=uac", UPDATES)
        await at(302)
        peer.reply(peer.request("UPDATE"), 422, "Min-SE: 700")
        await at(303)
        again = peer.request("UPDATE")
        assert again.header("session-expires") == "700;refresher=uac" and again.header("min-se") == "700"

    with_peer(story)


def test_rfc3261_14_1_a_refresh_that_meets_491_is_tried_again() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 600;refresher=uac", UPDATES)
        await at(302)
        peer.reply(peer.request("UPDATE"), 491)
        await at(307)
        assert len(peer.distinct("UPDATE")) == 2

    with_peer(story)


def test_rfc4028_an_interval_far_too_short_is_taken_as_the_least() -> None:
    """A far side that would have us send a request every half second, or end the call."""

    async def story(alice: Party, peer: RawPeer) -> None:
        await talking(alice, peer, "Session-Expires: 1;refresher=uac", UPDATES)
        await at(40)
        assert peer.requests("UPDATE") == []
        await at(48)
        assert len(peer.distinct("UPDATE")) == 1

    with_peer(story)


def test_our_own_offers_refresh_too() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer, "Session-Expires: 600;refresher=uas")
        await at(400)
        session.offer(OFFER.replace(b"4000", b"4002"))
        await at(401)
        again = peer.request("INVITE")
        assert again.header("session-expires") == "600;refresher=uas"
        peer.reply(again, 200, "Session-Expires: 600;refresher=uas", body=ANSWER)
        await at(960)
        assert "BYE" not in peer.lines()

    with_peer(story)


def test_a_session_that_is_over_does_not_stay_for_its_interval() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        session = await talking(alice, peer, "Session-Expires: 1800;refresher=uac", UPDATES)
        assert session.deadline() <= 33  # type: ignore[attr-defined]
        session.release()
        await at(3)
        peer.reply(peer.request("BYE"), 200)
        await at(120)
        assert alice.endpoint.load == (0, 0)
        assert alice.endpoint._core.alarm._heap == []

    with_peer(story)


# --- they ring -------------------------------------------------------------------------------------------


def answers(seconds: int = 0) -> object:
    """Takes calls at once, asking for this interval."""

    def take(session: IncomingSession) -> None:
        session.session_seconds = seconds
        session.accept(ANSWER)

    return take


@pytest.mark.parametrize(
    ("lines", "ours", "says"),
    [
        ((), 1800, ("", "")),
        (("Supported: 100rel",), 1800, ("", "")),
        (("Supported: timer",), 0, ("", "")),
        (("Supported: timer",), 1800, ("1800;refresher=uas", "timer")),
        (("Supported: timer", "Min-SE: 2000"), 1800, ("2000;refresher=uas", "timer")),
        (("Supported: timer", "Session-Expires: 600"), 0, ("600;refresher=uac", "timer")),
        (("Supported: timer", "Session-Expires: 600;refresher=uas"), 0, ("600;refresher=uas", "timer")),
        (("Supported: timer", "x: 600;refresher=uac"), 1800, ("600;refresher=uac", "timer")),
        (("Supported: timer", "Session-Expires: 3600"), 1800, ("1800;refresher=uac", "timer")),
        (("k: timer", "x: 3600", "Min-SE: 3000"), 1800, ("3000;refresher=uac", "timer")),
        (("Require: timer", "Session-Expires: 600"), 0, ("600;refresher=uac", "timer")),
        (("Session-Expires: 600",), 0, ("600;refresher=uas", "")),  # a proxy asks
        (("Session-Expires: 600;refresher=uac",), 1800, ("600;refresher=uas", "")),
        (("Session-Expires: 60",), 0, ("90;refresher=uas", "")),
        (("Supported: timer", "Session-Expires: many"), 0, ("", "")),
    ],
)
def test_rfc4028_9_table_2_what_our_2xx_says(
    lines: tuple[str, ...], ours: int, says: tuple[str, str]
) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = answers(ours)  # type: ignore[assignment]
        peer.call(alice.address, *lines)
        await at(0.3)
        ok = peer.response("INVITE", 200)
        assert (ok.header("session-expires"), ok.header("require")) == says

    with_peer(story)


@pytest.mark.parametrize("seconds", [1, 60, 89])
def test_rfc4028_9_an_interval_below_90_seconds_is_422_for_who_understands_it(seconds: int) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        peer.call(alice.address, "Supported: timer", f"Session-Expires: {seconds}")
        await at(0.3)
        refused = peer.response("INVITE")
        assert (refused.code, refused.header("min-se")) == (422, "90")
        assert alice.calls == []

    with_peer(story)


def test_rfc4028_10_as_the_called_side_we_refresh_when_we_asked() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = answers(600)  # type: ignore[assignment]
        peer.call(alice.address, "Supported: timer", UPDATES)
        await at(0.3)
        peer.within("ACK")
        await at(302)
        update = peer.request("UPDATE")
        assert update.header("session-expires") == "600;refresher=uac"
        await at(360)
        assert peer.steps()[-1] == "BYE"  # nobody answered it

    with_peer(story)


def test_rfc4028_10_as_the_called_side_bye_when_the_caller_does_not_refresh() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = answers(600)  # type: ignore[assignment]
        peer.call(alice.address, "Supported: timer", "Session-Expires: 600;refresher=uac")
        await at(0.3)
        peer.within("ACK")
        await at(567)
        assert "BYE" not in peer.lines()
        await at(569)
        assert peer.request("BYE").header("reason").startswith("SIP;cause=408")
        peer.reply(peer.request("BYE"), 200)
        await at(570)
        assert alice.told(Ended) == [Ended(False, (), EXPIRED)]

    with_peer(story)


def test_rfc4028_9_a_refresh_without_an_interval_turns_the_timer_off() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = answers()  # type: ignore[assignment]
        peer.call(alice.address, "Supported: timer", "Session-Expires: 600;refresher=uac")
        await at(0.3)
        peer.within("ACK")
        await at(100)
        peer.within("UPDATE")
        await at(101)
        assert "session-expires" not in peer.response("UPDATE", 200).index
        await at(2000)
        assert "BYE" not in peer.lines()

    with_peer(story)


def test_rfc4028_9_one_that_only_says_it_speaks_timers_keeps_the_running_one() -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        alice.on_call = answers()  # type: ignore[assignment]
        peer.call(alice.address, "Supported: timer", "Session-Expires: 600;refresher=uac")
        await at(0.3)
        peer.within("ACK")
        await at(300)
        peer.within("UPDATE", "Supported: timer")
        await at(301)
        assert peer.response("UPDATE", 200).header("session-expires") == "600;refresher=uac"
        await at(860)
        assert "BYE" not in peer.lines()
        await at(870)
        assert "BYE" in peer.lines()

    with_peer(story)


@pytest.mark.parametrize("seed", range(10))
def test_reliability_f10_timed_calls_stay_up_over_loss_and_reordering(seed: int) -> None:
    async def story(alice: Party, peer: RawPeer) -> None:
        bob = Party(peer.wire, "10.0.0.3", 50 + seed)
        await bob.endpoint.start()
        bob.on_call = answers(90)  # type: ignore[assignment]
        session = rung_by(alice, seconds=90, host="10.0.0.3")
        await at(3600)
        if alice.told(Accepted):
            assert alice.told(Ended) == [] and bob.told(Ended) == []
            session.release()
        await at(3800)
        assert alice.endpoint.load == bob.endpoint.load == (0, 0)
        await bob.endpoint.close()

    with_peer(story, Wire(seed, loss=0.1, twice=0.1, late=0.2))
