"""The phones of an account, as the endpoint, ``legs`` and the API see them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from cordboard.config.settings import Phone, Settings, Trunk
from cordboard.kernel.clock import Clock, Tokens
from cordboard.legs.hosts import Hosts
from cordboard.legs.phones.bindings import Binding
from cordboard.legs.phones.budget import source_of
from cordboard.legs.phones.registrar import Alarm, Registrar
from cordboard.legs.trunks import Route
from cordboard.legs.words import HOPS_HEADER
from cordboard.sip.endpoint.words import Address, Admission, Hop, Outgoing, Verdict
from cordboard.sip.message.message import Request

SCANNER = "scanner"
_SCANNERS = re.compile(
    r"friendly-scanner|friendly-request|sipvicious|sundayddr|sipcli|sip-scan|sipsak|siparmyknife|iwar|"
    r"vaxsipuseragent|pplsip|sivus|smap|gulp|eyebeam release 3006o",
    re.IGNORECASE,
)
"""What the usual tools of attackers call themselves."""
_NAMED = "sip:"
_ALARM_EVERY = 60.0
_MOST_ALARMS = 2_000
_KEEP_ALIVE_SECONDS = 25.0
"""Below the shortest life of a UDP mapping that is seen in the field (RFC 4787 §4.3 asks for 2 minutes)."""
_KEEP_CONNECTION_SECONDS = 110.0


class Flows(Protocol):
    """What phones need of the endpoint."""

    def reaches(self, hop: Hop) -> bool:
        """Whether something can be sent there without connecting."""
        ...


@dataclass(frozen=True, slots=True)
class Ring:
    """A phone that can be rung now. ``contacts``: at least one."""

    route: Route
    contacts: tuple[Binding, ...]

    @property
    def target(self) -> Address:
        """The far end of the flow of its preferred device."""
        return self.contacts[0].hop.peer

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where its devices are seen: their audio comes from there, too."""
        return tuple(dict.fromkeys(contact.hop.peer.host for contact in self.contacts))

    def outgoing(
        self, own_host: str, number: str, shown: str, body: bytes, expires: int, hops: int
    ) -> tuple[Outgoing, ...]:
        """The INVITE to each of its devices, over the flow that it registered by."""
        headers = (("Expires", str(expires)), (HOPS_HEADER, str(hops)))
        return tuple(
            Outgoing(
                contact.hop.peer,
                contact.uri,
                f"sip:{shown}@{own_host}",
                f"sip:{number}@{own_host}",
                body,
                headers=headers,
                routes=contact.path,
                flow=contact.hop,
            )
            for contact in self.contacts
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """A phone for who looks on: ``contacts`` as (since, until), wall-clock seconds. Nothing secret."""

    user: str
    number: str
    contacts: tuple[tuple[float, float], ...]


class Phones:
    """``alarm``: told (fixed word, host) of what should not happen. ``clock.monotonic`` is the endpoint's
    time."""

    def __init__(self, settings: Settings, clock: Clock, tokens: Tokens, alarm: Alarm) -> None:
        self._clock = clock
        self._alarm = alarm
        self._phones: dict[str, Phone] = {phone.user: phone for phone in settings.phones}
        self._of_number = {phone.number: phone.user for phone in settings.phones}
        self._routes = {phone.user: _route(phone) for phone in settings.phones}
        self._users_of_routes = {id(route): user for user, route in self._routes.items()}
        self._alarmed: dict[str, float] = {}
        self._flows: Flows | None = None
        self.registrar = Registrar(settings.phones, settings.sip.realm, tokens, alarm)

    def use(self, flows: Flows) -> None:
        """The endpoint whose sockets they register by."""
        self._flows = flows

    # --- for the endpoint -----------------------------------------------------------------------------------

    def screen(self, source: Address, method: str, trunks: bool) -> Verdict | None:
        """What phones have to do with a request of this method, None for nothing. ``trunks``: the source is a
        trunk's."""
        bindings = self.registrar.bindings
        if bindings.is_flow(source):
            return Verdict.PROVE if method in ("INVITE", "REGISTER") else Verdict.TAKE
        if method == "REGISTER":
            return Verdict.PROVE if bindings.is_host(source.host) else Verdict.CHALLENGE
        if not trunks and bindings.is_host(source.host):
            # A phone that comes over another connection than the one that it registered by.
            return {"INVITE": Verdict.PROVE, "CANCEL": Verdict.TAKE}.get(method)
        return None

    def admit(self, request: Request, hop: Hop) -> Admission | None:
        """A REGISTER, or an INVITE from where a phone is. None: no reply at all."""
        now = self._clock.monotonic()
        if request.method != "REGISTER":
            return self.registrar.authenticate(request, now)
        if _SCANNERS.search(request.header("user-agent")):
            self._alarm_once(SCANNER, request.source.host, now)
            return None
        return self.registrar.register(request, hop, hop.peer.transport != "udp", now)

    def readmit(self, request: Request, route: Route) -> Admission | None:
        """A request in a dialog of the phone behind ``route`` that comes from elsewhere: it may have moved
        (telephony.md 8). None when the dialog is no phone's, or the sender proved to be another one."""
        user = self._users_of_routes.get(id(route))
        if user is None:
            return None
        admission = self.registrar.authenticate(request, self._clock.monotonic())
        return admission if admission.code or admission.user == user else None

    # --- for legs -------------------------------------------------------------------------------------------

    def route_of(self, user: str) -> Route | None:
        """The way to this phone, as calls know it."""
        return self._routes.get(user)

    def number_of(self, user: str) -> str:
        """E.164."""
        return self._phones[user].number

    def named(self, number: str) -> str:
        """The number of the phone whose user ``sip:user`` names (settled 12); all else as it came."""
        if not number.startswith(_NAMED):
            return number
        phone = self._phones.get(number.removeprefix(_NAMED).partition("@")[0])
        return number if phone is None else phone.number

    def ring(self, number: str) -> Ring | None:
        """The phone of this number, when it is registered and can be reached now."""
        user = self._of_number.get(number)
        if user is None:
            return None
        contacts = tuple(
            contact
            for contact in self.registrar.bindings.of(user, self._clock.monotonic())
            if self._flows is None or self._flows.reaches(contact.hop)
        )
        return Ring(self._routes[user], contacts) if contacts else None

    # --- for the runtime ------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Let go what is past, and what registered over a connection that is closed (RFC 5626 §5.3)."""
        bindings = self.registrar.bindings
        gone = bindings.sweep(self._clock.monotonic())
        for binding in tuple(bindings):
            if self._flows is not None and not self._flows.reaches(binding.hop):
                bindings.drop(binding)
                gone = True
        self.registrar.changed = self.registrar.changed or gone

    def listed(self) -> tuple[Registered, ...]:
        """All of them, in the order of the configuration."""
        now = self._clock.monotonic()
        ahead = self._clock.wall() - now
        found = []
        for user, phone in self._phones.items():
            live = self.registrar.bindings.of(user, now)
            times = tuple((one.since + ahead, one.until + ahead) for one in live)
            found.append(Registered(user, phone.number, times))
        return tuple(found)

    def kept(self) -> tuple[Binding, ...]:
        """What a restart of the engine does not end: bindings over UDP."""
        return tuple(one for one in self.registrar.bindings if one.hop.peer.transport == "udp")

    def restore(self, bindings: Iterable[Binding]) -> None:
        """Bindings of an earlier run, their times on this run's clock."""
        now = self._clock.monotonic()
        for binding in bindings:
            if binding.until > now:
                self.registrar.bindings.restore(binding)

    def _alarm_once(self, event: str, host: str, now: float) -> None:
        """A flood of one kind from one source is told once a minute."""
        source = source_of(host)
        if now - self._alarmed.get(source, -inf) < _ALARM_EVERY:
            return
        if len(self._alarmed) >= _MOST_ALARMS:
            self._alarmed.clear()
        self._alarmed[source] = now
        self._alarm(event, host)


def keep_alive_after(binding: Binding) -> float | None:
    """How often a flow needs a packet of ours to stay open, in seconds; None: not at all."""
    if binding.hop.peer.transport != "udp":
        return _KEEP_CONNECTION_SECONDS
    return _KEEP_ALIVE_SECONDS if binding.natted else None


def _route(phone: Phone) -> Route:
    """A phone is to a call what a trunk is: a way out. Its audio is latched (telephony.md 17), its numbers
    may be dialled in national form."""
    trunk = Trunk(
        f"phone:{phone.user}", "simulator", media="latch", number_format="0national", srtp=phone.srtp
    )
    return Route(trunk, Hosts(()), ())
