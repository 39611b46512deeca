"""Sessions that do everything at once over a bad wire: reliable answers, offers from both sides, early and
late, timers. Whatever happens, both sides end, and nothing is left behind (reliability.md F10, F11)."""

import asyncio
import random
from collections.abc import Callable

import pytest

from cordboard.sip.dialog.words import Accepted, Offered, Progressed, SessionEvent
from cordboard.sip.endpoint.words import IncomingSession, Session
from cordboard.testing.virtual_time import pause, run
from cordboard.testing.wire import Wire
from tests.wire.parties import ANSWER, OFFER, Pair, at
from tests.wire.raw_peer import rung_by

LAST = ("Ended", "Refused", "Cancelled")


def body(draw: random.Random) -> bytes:
    """Another description."""
    return OFFER.replace(b"4000", str(draw.randrange(5000, 6000)).encode())


class Owner:
    """Answers what it is asked, at once as it must, and counts what its own offers came to."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.offers = self.results = 0

    def happened(self, session: Session, event: SessionEvent) -> None:
        name = type(event).__name__
        if isinstance(event, Offered):
            if self.draw.random() < 0.2:
                session.refuse_offer(488)
            else:
                session.answer_offer(body(self.draw))
        elif isinstance(event, Progressed | Accepted) and event.offer:
            session.answer_offer(ANSWER)
        elif name in ("OfferAnswered", "OfferRefused"):
            self.results += 1

    def offer(self, session: Session) -> None:
        """Offer something new."""
        self.offers += 1
        session.offer(body(self.draw))


def called(draw: random.Random) -> Callable[[IncomingSession], None]:
    """What the called side does with a call."""
    code, waits = draw.choice((180, 183)), draw.uniform(0, 4)

    def take(session: IncomingSession) -> None:
        session.reliable = draw.choice(("no", "allowed", "allowed"))
        session.session_seconds = draw.choice((0, 90, 120))
        session.progress(code, ANSWER if code == 183 and session.invitation.body else b"")
        if session.may_offer_early and not session.invitation.body:
            session.progress(183, OFFER)
        loop.call_later(waits, session.accept, OFFER if not session.invitation.body else ANSWER)

    loop = asyncio.get_running_loop()
    return take


@pytest.mark.parametrize("seed", (*range(60), 407))
def test_reliability_f11_whatever_both_sides_do_every_session_ends_on_both(seed: int) -> None:
    async def story() -> None:
        draw = random.Random(seed)
        bad = seed % 4
        wire = Wire(seed, loss=0.06 * bad, twice=0.1 * bad, late=0.15 * bad)
        async with Pair(wire, seed=seed + 100) as pair:
            owners = {pair.alice: Owner(draw), pair.bob: Owner(draw)}
            for party, owner in owners.items():
                party.on_event = owner.happened
            pair.bob.on_call = called(draw)
            session = rung_by(
                pair.alice,
                reliable=draw.choice(("no", "allowed", "required")),
                seconds=draw.choice((0, 90, 200)),
                body=draw.choice((OFFER, b"")),
            )
            for _ in range(8):
                await pause(draw.uniform(0.01, 6))
                party = draw.choice((pair.alice, pair.bob))
                theirs = pair.bob.calls[0] if pair.bob.calls else None
                if party is pair.alice:
                    owners[party].offer(session)
                elif theirs is not None:
                    owners[party].offer(theirs)
            await at(400)
            if not bad:  # nothing that both want, and no refresh, ends a call
                assert pair.alice.told(Accepted)
                assert not {*pair.alice.words(), *pair.bob.words()} & {*LAST}
                for owner in owners.values():
                    assert owner.results <= owner.offers + 1  # and one for an offer in a 183
            session.release()
            await at(600)
            for party in (pair.alice, pair.bob):
                ends = [word for word in party.words() if word in LAST]
                assert len(ends) <= 1 and party.words()[-1:] == ends, party.words()
                assert party.endpoint.load == (0, 0)
                assert party.endpoint._core.alarm._heap == []
            assert len(pair.bob.calls) <= 1

    run(story())
