"""Pretend sessions and an endpoint that only notes what it is asked: legs' own logic, without SIP."""

from collections.abc import Callable

from cordboard import sdp
from cordboard.call.words import Event
from cordboard.config.settings import Account, ExoPhone, Settings, Sip, Trunk
from cordboard.legs.legs import Legs
from cordboard.legs.words import Arrival, Hooks, LegStream, TurnedAway
from cordboard.sip.dialog.words import Reason, SessionEvent
from cordboard.sip.endpoint.words import Address, Asking, Hop, Invitation, Outgoing, Reply, Seen

CARRIER = Address("udp", "192.0.2.10", 5060)
OURS = Address("udp", "198.51.100.1", 5060)
EXOPHONE = "+918047115777"


def nobody(event: SessionEvent) -> None:
    """An owner that is not there yet."""


class FakeSession:
    """Notes what it is told. ``tell`` plays the SIP side's events."""

    def __init__(
        self,
        call_id: str = "one@fake",
        invitation: Invitation | None = None,
        owner: Callable[[SessionEvent], None] = nobody,
        watch: Callable[[Seen], None] | None = None,
    ) -> None:
        self.call_id = call_id
        self.invitation = invitation or arriving()
        self.owner: Callable[[SessionEvent], None] = owner
        self.watch: Callable[[Seen], None] | None = watch
        self.did: list[tuple[str, object]] = []
        self.reasons: tuple[Reason, ...] = ()
        self.headers: tuple[tuple[str, str], ...] = ()
        self.reliable, self.session_seconds = "no", 0
        self.may_offer = self.may_offer_early = False

    def progress(self, code: int, body: bytes = b"", phrase: str = "") -> None:
        self.did.append((f"progress {code}", body))

    def accept(self, body: bytes) -> None:
        self.did.append(("accept", body))

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.did.append((f"release {code}", phrase))
        self.reasons, self.headers = reasons, headers

    def offer(self, body: bytes) -> None:
        self.did.append(("offer", body))

    def answer_offer(self, body: bytes) -> None:
        self.did.append(("answer offer", body))

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.did.append((f"refuse offer {code}", b""))
        self.headers = headers

    @property
    def names(self) -> list[str]:
        """What was asked of it, in order."""
        return [name for name, _ in self.did]

    def body(self, name: str) -> bytes:
        """The body of the latest doing of this name."""
        found = [body for did, body in self.did if did == name]
        assert isinstance(found[-1], bytes)
        return found[-1]

    def tell(self, event: SessionEvent) -> None:
        self.owner(event)


class FakeEndpoint:
    """Makes sessions of what is dialled."""

    def __init__(self) -> None:
        self.invites: list[Outgoing] = []
        self.sessions: list[FakeSession] = []

    def invite(
        self,
        outgoing: Outgoing,
        owner: Callable[[SessionEvent], None],
        watch: Callable[[Seen], None] | None = None,
    ) -> FakeSession:
        self.invites.append(outgoing)
        self.sessions.append(FakeSession(f"out{len(self.sessions)}@fake", owner=owner, watch=watch))
        return self.sessions[-1]

    def ask(self, asking: Asking, answered: Callable[[Reply], None]) -> None:
        raise AssertionError("nothing is asked here")

    def host_for(self, target: Address, listener: str) -> str:
        return OURS.host

    def reaches(self, hop: Hop) -> bool:
        return True


def far(port: int = 4000, codecs: tuple[str, ...] = ("PCMA", "PCMU"), direction: str = "sendrecv") -> bytes:
    """An SDP of the carrier's."""
    return sdp.offer(sdp.Local(CARRIER.host, port, codecs, direction=direction))


def arriving(
    request_uri: str = f"sip:{EXOPHONE}@198.51.100.1",
    from_uri: str = "sip:+919812300001@192.0.2.10",
    body: bytes | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    from_name: str = "",
    to_uri: str = "",
    source: Address = CARRIER,
) -> Invitation:
    return Invitation(
        source,
        OURS,
        request_uri,
        from_uri,
        from_name,
        to_uri or request_uri,
        "one@fake",
        far() if body is None else body,
        headers,
    )


invitation = arriving


def settings(trunk: Trunk | None = None, country: str = "IN", max_calls: int = 0) -> Settings:
    carrier = trunk or Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",))
    return Settings(
        account=Account(country=country),
        sip=Sip(max_calls=max_calls),
        trunks=(carrier,),
        exophones=(ExoPhone(EXOPHONE, 1, carrier.name),),
    )


class Stage:
    """Legs with pretend SIP; what they say is kept in lists."""

    def __init__(self, given: Settings | None = None) -> None:
        self.events: list[tuple[str, Event]] = []
        self.streams: list[tuple[str, int, LegStream]] = []
        self.arrivals: list[Arrival] = []
        self.turned: list[TurnedAway] = []
        self.seen: list[tuple[str, int, Seen]] = []
        self.endpoint = FakeEndpoint()
        self.legs = Legs(
            given or settings(),
            Hooks(
                event=lambda call, event: self.events.append((call, event)),
                stream=lambda call, leg, stream: self.streams.append((call, leg, stream)),
                arrival=self.arrivals.append,
                seen=lambda call, leg, seen: self.seen.append((call, leg, seen)),
                turned_away=self.turned.append,
            ),
        )
        self.legs.use(self.endpoint)

    def arrive(self, what: Invitation | None = None, adopt: str = "c1") -> FakeSession:
        """An INVITE comes; adopted as this call when it became an arrival."""
        session = FakeSession(invitation=what or arriving())
        before = len(self.arrivals)
        self.legs.invited(session)
        if adopt and len(self.arrivals) > before:
            self.legs.adopt(self.arrivals[-1], adopt)
        return session

    @property
    def told(self) -> list[Event]:
        """The events, without their calls."""
        return [event for _, event in self.events]
