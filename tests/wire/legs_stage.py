"""Legs on the real SIP stack, a carrier opposite, bytes between them, time that jumps."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from cordboard import sdp
from cordboard.call.words import Event
from cordboard.config.settings import Account, ExoPhone, Settings, Trunk
from cordboard.legs.legs import Legs
from cordboard.legs.words import Arrival, Audio, Hooks, LegStream, TurnedAway
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Outgoing, Seen, Session, Verdict
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, run
from cordboard.testing.wire import Wire

EXOPHONE = "+918047115777"
CALLER = "+919812300001"
CALLEE = "+919876543210"
ENGINE = Address("udp", "198.51.100.1", 5060)
CARRIER = Address("udp", "192.0.2.10", 5060)
TWIN = Address("udp", "192.0.2.11", 5060)
STRANGER = Address("udp", "203.0.113.66", 5060)
AUDIO = Audio("198.51.100.1", 30000)


def far(port: int = 4000, codecs: tuple[str, ...] = ("PCMA", "PCMU"), direction: str = "sendrecv") -> bytes:
    """The carrier's SDP."""
    return sdp.offer(sdp.Local(CARRIER.host, port, codecs, direction=direction))


class Side:
    """A session as the carrier sees it: everything that happened to it."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.session: Session | None = None

    def happened(self, event: SessionEvent) -> None:
        self.events.append(event)

    def last(self, kind: type) -> Any:
        """The latest event of this kind."""
        found = [event for event in self.events if isinstance(event, kind)]
        assert found, f"no {kind.__name__} among {self.events}"
        return found[-1]


class Stage:
    """``answers`` is what the carrier does with an INVITE of ours; it gets the session."""

    def __init__(self, trunk: Trunk | None = None, max_calls: int = 0, delay: float = 0.02) -> None:
        self.wire = Wire(delay=delay)
        self.clock, self.tokens = VirtualClock(), SeededTokens()
        carrier = trunk or Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",))
        self.events: list[Event] = []
        self.streams: list[tuple[int, LegStream]] = []
        self.seen: list[tuple[int, Seen]] = []
        self.arrivals: list[Arrival] = []
        self.turned: list[TurnedAway] = []
        self.alarms: list[tuple[str, str]] = []
        self.legs = Legs(
            Settings(
                account=Account(),
                trunks=(carrier,),
                exophones=(ExoPhone(EXOPHONE, 1, carrier.name),),
            ),
            Hooks(
                event=lambda call, event: self.events.append(event),
                stream=lambda call, leg, stream: self.streams.append((leg, stream)),
                arrival=self._arrived,
                seen=lambda call, leg, seen: self.seen.append((leg, seen)),
                turned_away=self.turned.append,
                security=lambda event, source: self.alarms.append((event, source)),
            ),
            tokens=self.tokens,
        )
        self.endpoint = Endpoint(
            (f"udp:{ENGINE.host}:{ENGINE.port}",),
            clock=self.clock,
            tokens=self.tokens,
            **self.legs.for_endpoint(),
            transports=self.wire.transport,
        )
        self.legs.use(self.endpoint)
        self.rung: list[IncomingSession] = []
        self.callees: list[Side] = []
        self.answers: Callable[[IncomingSession], None] = lambda session: session.progress(180)
        self.carrier = self.peer(CARRIER)

    def peer(self, address: Address) -> Endpoint:
        """A SIP peer at this address."""
        return Endpoint(
            (f"udp:{address.host}:{address.port}",),
            clock=self.clock,
            tokens=self.tokens,
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._rung,
            may_send_in_dialog=lambda session, source: True,
            transports=self.wire.transport,
        )

    def _rung(self, session: IncomingSession) -> None:
        side = Side()
        side.session = session
        session.owner = side.happened
        self.callees.append(side)
        self.rung.append(session)
        self.answers(session)

    def _arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.legs.adopt(arrival, f"c{arrival.id}")

    @property
    def call(self) -> str:
        """The call of the latest arrival."""
        return f"c{self.arrivals[-1].id}"

    def arrive(self, user: str = EXOPHONE, body: bytes | None = None, peer: Endpoint | None = None) -> Side:
        """The carrier sends an INVITE."""
        side = Side()
        uri = f"sip:{user}@{ENGINE.host}:{ENGINE.port}"
        outgoing = Outgoing(ENGINE, uri, f"sip:{CALLER}@{CARRIER.host}", uri, far() if body is None else body)
        side.session = (peer or self.carrier).invite(outgoing, side.happened)
        return side

    def count(self, line: str) -> int:
        """How many messages of this kind went over the wire (``BYE``, ``200 BYE``)."""
        return self.wire.lines().count(line)

    def sent(self, line: str) -> bytes:
        """The latest message of this kind."""
        return [one.data for one in self.wire.passed if one.line == line][-1]


async def after(seconds: float) -> None:
    """Let so much time pass."""
    await asyncio.sleep(seconds)


def play(stage_of: Callable[[], Stage], script: Callable[[Stage], Coroutine[Any, Any, None]]) -> Stage:
    """Run a script on a started stage, in virtual time."""

    async def whole() -> Stage:
        stage = stage_of()
        await stage.endpoint.start()
        await stage.carrier.start()
        await script(stage)
        await stage.endpoint.close()
        await stage.carrier.close()
        return stage

    return run(whole())
