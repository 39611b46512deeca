"""Legs with phones on the real SIP stack, softphones and a carrier opposite, time that jumps."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from cordboard import sdp
from cordboard.call.words import Event
from cordboard.config.settings import ExoPhone, Phone, Settings, Trunk
from cordboard.legs.legs import Legs
from cordboard.legs.phones.phones import Phones
from cordboard.legs.words import Arrival, Hooks, LegStream, TurnedAway
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import (
    Address,
    Asking,
    IncomingSession,
    Outgoing,
    Reply,
    Session,
    Verdict,
)
from cordboard.sip.message.digest import Credentials
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, run
from cordboard.testing.wire import Wire
from tests.wire.legs_stage import AUDIO, CARRIER, EXOPHONE, Side

ENGINE = Address("udp", "198.51.100.1", 5060)
ASHA = "+919812300001"
RAVI = "+919812300002"
PASSWORD = "correct horse battery"
HOME = Address("udp", "203.0.113.5", 40001)
"""Asha's phone, behind NAT."""
DESK = Address("udp", "203.0.113.9", 5060)
CELL = Address("tcp", "203.0.113.77", 33000)


class Softphone:
    """A phone at this address. ``answers`` is what it does with a call; ``rung`` the calls that came."""

    def __init__(
        self, wire: Wire, address: Address, seed: int, user: str = "asha", password: str = PASSWORD
    ) -> None:
        self.address, self.user = address, user
        self.credentials = Credentials(user, password)
        self.rung: list[Side] = []
        self.headers: list[tuple[tuple[str, str], ...]] = []
        self.replies: list[Reply] = []
        self.answers: Callable[[IncomingSession], None] = lambda session: session.progress(180)
        self.contact = f"<sip:{user}@192.168.1.5:5060>"
        self.call_id = f"registration-{seed}"
        self.cseq = 0
        self.endpoint = Endpoint(
            (f"{address.transport}:{address.host}:{address.port}",),
            clock=VirtualClock(),
            tokens=SeededTokens(100 + seed),
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._rung,
            user_agent="softphone/1",
            transports=wire.transport,
        )

    @property
    def server(self) -> Address:
        """The engine as it reaches it."""
        return Address(self.address.transport, ENGINE.host, ENGINE.port)

    async def register(
        self, seconds: int = 3600, contact: str = "", *headers: tuple[str, str], **more: Any
    ) -> Reply:
        """One REGISTER, its challenge answered; the final reply."""
        self.cseq += 2
        done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        given = {"credentials": self.credentials, "to_uri": f"sip:{self.user}@{ENGINE.host}", **more}
        self.endpoint.ask(
            Asking(
                "REGISTER",
                self.server,
                f"sip:{ENGINE.host}",
                f"sip:{self.user}@{ENGINE.host}",
                call_id=self.call_id,
                cseq=self.cseq,
                contact=contact or self.contact,
                headers=(("Expires", str(seconds)), *headers),
                **given,
            ),
            done.set_result,
        )
        reply = await done
        self.replies.append(reply)
        return reply

    def call(self, number: str, *, from_: str = "", body: bytes | None = None, **more: Any) -> Side:
        """Call a number."""
        side = Side()
        uri = f"sip:{number}@{ENGINE.host}"
        outgoing = Outgoing(
            self.server,
            uri,
            from_ or f"sip:{self.user}@{ENGINE.host}",
            uri,
            self.speech() if body is None else body,
            credentials=more.pop("credentials", self.credentials),
            **more,
        )
        side.session = self.endpoint.invite(outgoing, side.happened)
        return side

    def speech(self, port: int = 4000) -> bytes:
        """Its SDP: the private address that it knows of."""
        return sdp.offer(sdp.Local("192.168.1.5", port, ("PCMA", "PCMU")))

    def _rung(self, session: IncomingSession) -> None:
        side = Side()
        side.session = session
        session.owner = side.happened
        self.rung.append(side)
        self.headers.append(session.invitation.headers)
        self.answers(session)


class PhoneStage:
    """``phones`` are started by ``phone``; ``carrier`` is the trunk's side."""

    def __init__(self, seed: int = 1, **wire: Any) -> None:
        self.wire = Wire(seed, **wire)
        self.clock = VirtualClock()
        self.events: list[Event] = []
        self.streams: list[tuple[int, LegStream]] = []
        self.arrivals: list[Arrival] = []
        self.turned: list[TurnedAway] = []
        self.alarms: list[tuple[str, str]] = []
        self.settings = Settings(
            trunks=(Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",)),),
            exophones=(ExoPhone(EXOPHONE, 1, "carrier"),),
            phones=(
                Phone("asha", PASSWORD, ASHA, most_contacts=3),
                Phone("ravi", "another password of his", RAVI),
            ),
        )
        self.phones = Phones(self.settings, self.clock, SeededTokens(7), self._alarm)
        self.legs = Legs(
            self.settings,
            Hooks(
                event=lambda call, event: self.events.append(event),
                stream=lambda call, leg, stream: self.streams.append((leg, stream)),
                arrival=self._arrived,
                turned_away=self.turned.append,
                security=self._alarm,
            ),
            tokens=SeededTokens(10),
            phones=self.phones,
        )
        self.endpoint = Endpoint(
            tuple(f"{kind}:{ENGINE.host}:{ENGINE.port}" for kind in ("udp", "tcp")),
            clock=self.clock,
            tokens=SeededTokens(8),
            **self.legs.for_endpoint(),
            transports=self.wire.transport,
        )
        self.legs.use(self.endpoint)
        self.rung: list[IncomingSession] = []
        self.carrier = Endpoint(
            (f"udp:{CARRIER.host}:{CARRIER.port}",),
            clock=self.clock,
            tokens=SeededTokens(9),
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._carried,
            transports=self.wire.transport,
        )
        self.started: list[Endpoint] = []

    async def phone(self, address: Address = HOME, **more: Any) -> Softphone:
        """A softphone that is switched on, not registered yet."""
        phone = Softphone(self.wire, address, len(self.started), **more)
        await phone.endpoint.start()
        self.started.append(phone.endpoint)
        return phone

    def dial(self, number: str = ASHA, leg: int = 1, call: str = "c9") -> None:
        """The engine rings a number."""
        self.legs.dial(call, leg, number, EXOPHONE, AUDIO, 30)

    def told(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def sent_to(self, address: Address) -> list[str]:
        """What the engine sent there."""
        return [one.line for one in self.wire.passed if one.target == address]

    def inject(self, text: bytes, source: Address) -> list[bytes]:
        """A message out of nowhere; what it was answered at once."""
        before = len(self.wire.passed)
        self.wire.inject(text, source, Address(source.transport, ENGINE.host, ENGINE.port))
        return [one.data for one in self.wire.passed[before:] if one.target.host == source.host]

    def _alarm(self, event: str, source: str) -> None:
        self.alarms.append((event, source))

    def _arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.legs.adopt(arrival, f"c{arrival.id}")

    def _carried(self, session: IncomingSession) -> None:
        session.owner = _nobody
        self.rung.append(session)
        session.progress(180)


def _nobody(event: SessionEvent) -> None:
    """The carrier's calls have no owner."""


def session_of(side: Side) -> Session:
    """Its session."""
    assert side.session is not None
    return side.session


async def after(seconds: float) -> None:
    """Let so much time pass."""
    await asyncio.sleep(seconds)


def play(script: Callable[[PhoneStage], Coroutine[Any, Any, None]], **given: Any) -> PhoneStage:
    """Run a script on a started stage, in virtual time."""

    async def whole() -> PhoneStage:
        stage = PhoneStage(**given)
        await stage.endpoint.start()
        await stage.carrier.start()
        await script(stage)
        for endpoint in (stage.endpoint, stage.carrier, *stage.started):
            await endpoint.close()
        return stage

    return run(whole())
