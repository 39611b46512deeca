"""Both ends of a call for the wire tests: our Endpoint as caller and as phone, on a Wire, in virtual time."""

import asyncio
from collections.abc import Callable

from cordboard.sip.dialog.words import Seen, SessionEvent
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Outgoing, Session, Verdict
from cordboard.testing.virtual_time import SeededTokens, VirtualClock
from cordboard.testing.wire import Wire

OFFER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace(b"10.0.0.1", b"10.0.0.2")


class Party:
    """An endpoint that takes everybody. ``events``: what its sessions told, with the time, in order."""

    def __init__(self, wire: Wire, host: str, seed: int, *, kind: str = "udp", trusted: bool = False) -> None:
        self.events: list[tuple[float, SessionEvent]] = []
        self.calls: list[IncomingSession] = []
        self.strange: list[tuple[str, Address]] = []
        self.seen: list[Seen] = []
        self.status = 200
        self.verdict = Verdict.TAKE
        self.on_call: Callable[[IncomingSession], None] = lambda session: None
        self.on_event: Callable[[Session, SessionEvent], None] = lambda session, event: None
        self.trusted = trusted
        self.endpoint = Endpoint(
            [f"{kind}:{host}:5060"],
            clock=VirtualClock(),
            tokens=SeededTokens(seed),
            screen=lambda source, method: self.verdict,
            on_invite=self._invited,
            may_send_in_dialog=lambda session, source: self.trusted,
            options=lambda: self.status,
            on_security=lambda event, source: self.strange.append((event, source)),
            transports=wire.transport,
        )
        self.address = Address(kind, host, 5060)

    def _invited(self, session: IncomingSession) -> None:
        self.calls.append(session)
        session.owner = lambda event: self._told(session, event)
        session.watch = self.seen.append
        self.on_call(session)

    def _told(self, session: Session, event: SessionEvent) -> None:
        self.events.append((asyncio.get_running_loop().time(), event))
        self.on_event(session, event)

    def call(self, target: "Party", *, headers: tuple[tuple[str, str], ...] = ()) -> Session:
        """Send an INVITE to another party."""
        host = target.address.host
        box: list[Session] = []
        outgoing = Outgoing(
            target.address, f"sip:bob@{host}", "sip:alice@10.0.0.1", f"sip:bob@{host}", OFFER, headers=headers
        )
        session = self.endpoint.invite(outgoing, lambda event: self._told(box[0], event))
        box.append(session)
        return session

    def told(self, kind: type) -> list[SessionEvent]:
        """The events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def words(self) -> list[str]:
        """The events' names, in order."""
        return [type(event).__name__ for _, event in self.events]


class Pair:
    """Alice, who calls, and Bob, who is called. ``async with`` starts and closes both."""

    def __init__(self, wire: Wire, *, kind: str = "udp", seed: int = 1) -> None:
        self.wire = wire
        self.alice = Party(wire, "10.0.0.1", 2 * seed, kind=kind)
        self.bob = Party(wire, "10.0.0.2", 2 * seed + 1, kind=kind)

    async def __aenter__(self) -> "Pair":
        await self.alice.endpoint.start()
        await self.bob.endpoint.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.alice.endpoint.close()
        await self.bob.endpoint.close()

    def bob_answers(self, *, rings: bool = True) -> None:
        """Bob rings and answers at once."""

        def take(session: IncomingSession) -> None:
            if rings:
                session.progress(180)
            session.accept(ANSWER)

        self.bob.on_call = take


async def at(seconds: float) -> None:
    """Let virtual time come to this moment."""
    await asyncio.sleep(max(0.0, seconds - asyncio.get_running_loop().time()))
