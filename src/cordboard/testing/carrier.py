"""The far side of a wire: phones and callers by script, on our own SIP stack."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from cordboard import sdp
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.words import (
    Accepted,
    Cancelled,
    Ended,
    Offered,
    Progressed,
    Reason,
    Refused,
    SessionEvent,
)
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Outgoing, Seen, Session, Verdict
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.transport.words import Receive, Transport
from cordboard.testing.scenario import FINALS, NEVER_REPLIES, Caller, Phone
from cordboard.testing.virtual_time import SeededTokens, VirtualClock
from cordboard.testing.wire import Wire

T = TypeVar("T", bound=SessionEvent)

_INVITE = re.compile(rb"INVITE sips?:([^@;> ]+)")
_WITHIN = re.compile(rb"\r\nTo: [^\r]*;tag=")
_CALL_ID = re.compile(rb"\r\nCall-ID: ([^\r]+)")
NORMAL = Reason("Q.850", 16, "Normal call clearing")


@dataclass(frozen=True, slots=True)
class Habits:
    """What the SIP of a far side speaks: ``reliable`` and ``session_seconds`` as in ``endpoint.words``."""

    reliable: str = "no"
    session_seconds: int = 0


PLAIN = Habits()


class FarEnd:
    """One leg seen from its other end. ``events``: what its session told, with the loop's time."""

    def __init__(self, local: sdp.Local) -> None:
        self.events: list[tuple[float, SessionEvent]] = []
        self.seen: list[Seen] = []
        self.state = "calling"  # then up, over
        self.answered_at: float | None = None
        self.session: Session | None = None
        self._local = local
        self._loop = asyncio.get_running_loop()

    def told(self, kind: type[T]) -> list[T]:
        """Its events of one kind."""
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def ended_at(self) -> float | None:
        """When it was over, by the loop's clock."""
        return next((at for at, e in self.events if isinstance(e, Ended | Cancelled | Refused)), None)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Those that its end came with."""
        ends = [e for _, e in self.events if isinstance(e, Ended | Cancelled | Refused)]
        return ends[-1].reasons if ends else ()

    def hang_up(self, *reasons: Reason) -> None:
        """CANCEL or BYE."""
        if self.state == "over" or self.session is None:
            return
        self.state = "over"
        self.session.release(*(reasons or (NORMAL,)))

    def hold(self, held: bool) -> None:
        """Put the other side on hold by re-INVITE, or take it off."""
        if self.state != "up" or self.session is None:
            return
        direction = "sendonly" if held else "sendrecv"
        self._local = replace(self._local, version=self._local.version + 1, direction=direction)
        self.session.offer(sdp.offer(self._local))

    def press(self, digit: str) -> None:
        """Send a key by INFO."""
        live = cast(LiveSession, self.session)
        if live.dialog is None:
            return
        plain, hop = live.dialog.request(live.stack, live, "INFO")
        info = Outbound(
            "INFO",
            plain.uri,
            via=plain.via,
            branch=plain.branch,
            from_=plain.from_,
            to=plain.to,
            call_id=plain.call_id,
            cseq=plain.cseq,
            routes=plain.routes,
            body=f"Signal={digit}\r\nDuration=160\r\n".encode(),
            content_type="application/dtmf-relay",
        )
        live.stack.request(live, info, hop)

    def happened(self, event: SessionEvent) -> None:
        """For the session: its owner."""
        self.events.append((self._loop.time(), event))
        match event:
            case Offered(body=body) if self.session is not None:
                self._local = replace(self._local, version=self._local.version + 1)
                answer = sdp.answer(body, self._local)[0] if body else sdp.offer(self._local)
                self.session.answer_offer(answer)
            case Accepted():
                self.state, self.answered_at = "up", self._loop.time()
            case Ended() | Cancelled() | Refused():
                self.state = "over"
            case _:
                pass

    def _at(self, seconds: float | None, act: Callable[[], None], during: str) -> None:
        """So many seconds from now, if it is still in this state."""
        if seconds is not None:
            self._loop.call_later(seconds, lambda: act() if self.state == during else None)


class FarPhone(FarEnd):
    """A phone that is being rung. ``at``: when its INVITE arrived. ``dead``: its audio dies."""

    def __init__(
        self,
        number: str,
        script: Phone,
        session: IncomingSession,
        local: sdp.Local,
        final: "Final | None",
        dead: Callable[["FarPhone"], None],
        habits: Habits = PLAIN,
    ) -> None:
        super().__init__(local)
        self.number, self.script, self.at = number, script, self._loop.time()
        self.invitation = session.invitation
        self._incoming = self.session = session
        self._final, self._dead = final, dead
        session.owner, session.watch = self.happened, self.seen.append
        session.reliable, session.session_seconds = habits.reliable, habits.session_seconds
        offered = session.invitation.body
        self._body = sdp.answer(offered, local)[0] if offered else sdp.offer(local)
        early = self._body if offered or session.may_offer_early else b""
        self._at(script.rings, lambda: session.progress(180), "calling")
        self._at(script.early, lambda: session.progress(183, early), "calling")
        if script.fails is not None:
            self._at(script.fails[0], self._fail, "calling")
        self._at(script.answers, self._answer, "calling")

    def _fail(self) -> None:
        assert self.script.fails is not None
        final = self._final or Final(self.script.code or FINALS[self.script.fails[1]])
        self.state = "over"
        self._incoming.release(*final.reasons, code=final.code, phrase=final.phrase)

    def _answer(self) -> None:
        self.state, self.answered_at = "up", self._loop.time()
        self._incoming.accept(self._body)
        for at, held in self.script.holds:
            self._at(at, lambda held=held: self.hold(held), "up")  # type: ignore[misc]
        self._at(self.script.dead, lambda: self._dead(self), "up")
        self._at(self.script.hangs_up, self.hang_up, "up")


class FarCaller(FarEnd):
    """Somebody who rings. ``script`` counts from the moment at which the INVITE is sent."""

    def ring(self, endpoint: Endpoint, outgoing: Outgoing, script: Caller) -> None:
        """Send the INVITE."""
        self.session = endpoint.invite(outgoing, self.happened, self.seen.append)
        if script.leaves is not None:
            self._loop.call_later(script.leaves, self.hang_up)
        for at, held in script.holds:
            self._loop.call_later(at, self.hold, held)

    @property
    def provisionals(self) -> list[tuple[float, int, bytes]]:
        """(when, status, SDP) of what came before the final answer, 100 aside."""
        return [(at, e.code, e.body) for at, e in self.events if isinstance(e, Progressed) and e.code > 100]

    @property
    def final(self) -> int:
        """The status that ended its INVITE; 0 while there is none."""
        if self.answered_at is not None:
            return 200
        return next((refused.code for refused in self.told(Refused)), 0)


@dataclass(frozen=True, slots=True)
class Final:
    """How a phone or its network refuses, where its cause's usual status will not do."""

    code: int
    phrase: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass
class Carrier:
    """A SIP peer whose numbers are scripted phones. ``phones`` as in a Scenario: a tuple is taken one per
    INVITE, the last one stays; numbers that are not there never reply.

    ``dialled``: every INVITE's first arrival, (when, number), silent phones included. ``finals``: by number.
    ``dead``: called when a phone's audio dies.
    """

    wire: Wire
    address: Address
    phones: Mapping[str, Phone | tuple[Phone, ...]] = field(default_factory=dict)
    finals: Mapping[str, Final] = field(default_factory=dict)
    seed: int = 3
    dead: Callable[[FarPhone], None] = lambda phone: None
    habits: Habits = PLAIN
    dialled: list[tuple[float, str]] = field(default_factory=list)
    rung: list[FarPhone] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._scripts: dict[bytes, tuple[str, Phone]] = {}
        self._times: dict[str, int] = {}
        self._port = 40000
        self.endpoint = Endpoint(
            (f"{self.address.transport}:{self.address.host}:{self.address.port}",),
            clock=VirtualClock(),
            tokens=SeededTokens(self.seed),
            screen=lambda source, method: Verdict.TAKE,
            on_invite=self._rung,
            transports=self._transport,
        )

    def of(self, number: str) -> list[FarPhone]:
        """The legs that came to this number and were heard."""
        return [phone for phone in self.rung if phone.number == number]

    def caller(self) -> FarCaller:
        """Somebody who may ring from here."""
        return FarCaller(self._local())

    def _local(self) -> sdp.Local:
        self._port += 2
        return sdp.Local(self.address.host, self._port, session_id=self._port)

    def _transport(self, kind: str, host: str, port: int, receive: Receive) -> Transport:
        def hear(data: bytes, source: Address) -> None:
            if not self._deaf(data):
                receive(data, source)

        return self.wire.transport(kind, host, port, hear)

    def _deaf(self, data: bytes) -> bool:
        """An INVITE for a phone that never replies does not get as far as our stack."""
        invite, call_id = _INVITE.match(data), _CALL_ID.search(data)
        if invite is None or call_id is None or _WITHIN.search(data):
            return False
        known = self._scripts.get(call_id[1])
        if known is None:
            number = invite[1].decode()
            known = self._scripts[call_id[1]] = number, self._script(number)
            self.dialled.append((asyncio.get_running_loop().time(), number))
        return known[1].silent

    def _script(self, number: str) -> Phone:
        phones = self.phones.get(number, NEVER_REPLIES)
        if isinstance(phones, Phone):
            return phones
        nth = self._times.get(number, 0)
        self._times[number] = nth + 1
        return phones[min(nth, len(phones) - 1)]

    def _rung(self, session: IncomingSession) -> None:
        number, script = self._scripts[session.call_id.encode()]
        final = self.finals.get(number)
        self.rung.append(FarPhone(number, script, session, self._local(), final, self.dead, self.habits))
