"""Trunks: who may call us, whom we may ring, by which address, and how much at once."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cordboard.config.address import Place, trunk_place
from cordboard.config.settings import ExoPhone, Trunk
from cordboard.kernel.hosts import bracketed, literal
from cordboard.legs.hosts import Host, Hosts, Record
from cordboard.legs.limits import Bucket
from cordboard.sip.endpoint.words import Address, Credentials, Trust, Verdict
from cordboard.sip.message.uri import user_of

_KEPT_SOURCES = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Route:
    """A trunk as it is now. ``hosts``: where its calls go, empty while that is not known (a name that is not
    resolved, a simulator that is not up). ``live``: its calls, both ways. ``registered``: False where it
    wants us to register and we are not."""

    trunk: Trunk
    hosts: Hosts
    networks: tuple[Network, ...]
    credentials: Credentials | None = None
    routes: tuple[str, ...] = ()  # the Route set that requests to it start with
    registrar: str = ""  # the address that holds our registration
    registrars: dict[Address, str] = field(default_factory=dict)  # addresses we register at, by name
    only_exophone: str = ""  # where it has exactly one
    pace: Bucket = field(default_factory=lambda: Bucket(0))
    live: int = 0
    registered: bool = True
    own_hosts: dict[Address, str] = field(default_factory=dict)  # how we name ourselves to each of its hosts

    @property
    def has_room(self) -> bool:
        """Below its ``max_calls``."""
        return not self.trunk.max_calls or self.live < self.trunk.max_calls

    def reachable(self, now: float) -> bool:
        """Does one of its hosts answer, and are we registered where it wants that?"""
        return self.registered and not self.hosts.down(now)

    def can_dial(self, now: float) -> bool:
        """May a leg be expected to get through here now (telephony.md 16)?"""
        return self.reachable(now) and self.has_room and self.pace.holds(now)

    def holds(self, host: str) -> bool:
        """Is this address one of the trunk's own: in its sources, where its calls go, or its registrar's?"""
        return host in self.hosts.addresses or self.sends_from(host) or (host == self.registrar != "")

    def held(self, host: str) -> bool:
        """Is this address one of the trunk's own, or was it when a call that is up began?"""
        return self.hosts.was(host) or self.holds(host)

    def sends_from(self, host: str) -> bool:
        """Is this address in its sources?"""
        address = literal(host)
        return address is not None and any(address in network for network in self.networks)


class Trunks:
    """The configured trunks and ExoPhones. Sources are judged once and remembered, within a bound."""

    def __init__(
        self,
        trunks: Iterable[Trunk],
        exophones: Iterable[ExoPhone],
        simulator: Address | None = None,
    ) -> None:
        self._routes: dict[str, Route] = {trunk.name: _route(trunk, simulator) for trunk in trunks}
        self._of_exophone: Mapping[str, str] = {phone.number: phone.trunk for phone in exophones}
        self._judged: dict[str, Route | None] = {}
        self._registering = [route for route in self._routes.values() if route.trunk.register]
        for name, route in self._routes.items():
            own = [number for number, trunk in self._of_exophone.items() if trunk == name]
            route.only_exophone = own[0] if len(own) == 1 else ""

    @property
    def exophones(self) -> Collection[str]:
        """Every ExoPhone, E.164, in the order of the configuration."""
        return self._of_exophone.keys()

    def by_source(self, host: str) -> Route | None:
        """The first trunk whose sources hold this address."""
        try:
            return self._judged[host]
        except KeyError:
            pass
        found = next((r for r in self._routes.values() if r.sends_from(host)), None)
        if found is None:
            found = next((r for r in self._registering if r.registrar == host), None)
        if len(self._judged) >= _KEPT_SOURCES:  # a flood from many addresses must not grow us
            self._judged.clear()
        self._judged[host] = found
        return found

    def trust(self, peer: Address) -> Trust:
        """Whom a TLS peer at this address must prove to be: the host of a trunk, by the name that the
        configuration gives it (RFC 5922 §7: whatever DNS made of it); a registrar, by its own; elsewhere in
        the trunk, any of its hosts."""
        for route in self._registering:
            if peer in route.registrars:
                names: tuple[str, ...] = (route.registrars[peer],)
                return Trust(names, route.trunk.tls_verify, route.trunk.tls_ca)
        holding = [route for route in self._routes.values() if route.holds(peer.host)]
        for route in holding:
            for host in route.hosts.all:
                if host.address == peer:
                    return Trust((host.name,), route.trunk.tls_verify, route.trunk.tls_ca)
        for route in holding:
            names = tuple(dict.fromkeys(host.name for host in route.hosts.all))
            return Trust(names, route.trunk.tls_verify, route.trunk.tls_ca)
        return Trust((peer.host,))

    def by_account(self, host: str, request_uri: str) -> Route | None:
        """The trunk that this INVITE from this address belongs to: of several that we are registered with at
        one registrar, the one whose account it names."""
        for route in self._registering:
            ours = route.registrar == host or route.sends_from(host)
            if ours and names_account(request_uri, route.trunk):
                return route
        return self.by_source(host)

    def registrar(self, route: Route, host: str) -> None:
        """The address that holds a trunk's registration from now on; empty: none does."""
        if route.registrar != host:
            route.registrar = host
            self._judged.clear()

    def screen(self, source: Address) -> Verdict:
        """Strangers get no reply at all (telephony.md 12, reliability.md S7)."""
        return Verdict.DROP if self.by_source(source.host) is None else Verdict.TAKE

    def of_exophone(self, number: str) -> Route | None:
        """The trunk by which legs that show this ExoPhone leave."""
        return self._routes.get(self._of_exophone.get(number, ""))

    def exophones_of(self, route: Route) -> list[str]:
        """The ExoPhones whose legs leave by this trunk."""
        return [number for number, name in self._of_exophone.items() if name == route.trunk.name]

    @property
    def routes(self) -> Collection[Route]:
        """Every trunk, in the order of the configuration."""
        return self._routes.values()

    def named(self, name: str) -> Route | None:
        """The trunk of this name."""
        return self._routes.get(name)

    def able(self, now: float) -> tuple[str, ...]:
        """The ExoPhones whose trunk can dial now."""
        able = {name for name, route in self._routes.items() if route.can_dial(now)}
        return tuple(number for number, name in self._of_exophone.items() if name in able)

    def resolve(self, name: str, address: Address | None) -> None:
        """The first of a trunk's URIs leads to this one address; None: nowhere."""
        self.put(name, 0, () if address is None else ((0, 1, (address,)),))

    def put(self, name: str, number: int, found: Iterable[tuple[int, int, Sequence[Address]]]) -> None:
        """What DNS says now of a trunk's URI of this number: (priority, weight, addresses)."""
        route = self._routes[name]
        place = None if route.trunk.simulated else route.trunk.places()[number]
        route.hosts.put(number, records_of(place, found, _named(route.trunk)))

    def unresolved(self) -> tuple[tuple[Trunk, int, Place], ...]:
        """The URIs whose host is a name, and their number in the trunk: to be looked up and ``put``."""
        return tuple(
            (route.trunk, number, place)
            for route in self._routes.values()
            if not route.trunk.simulated
            for number, place in enumerate(route.trunk.places())
            if literal(place.target.host) is None
        )


def records_of(
    place: Place | None, found: Iterable[tuple[int, int, Sequence[Address]]], named: Place | None = None
) -> tuple[Record, ...]:
    """What one of a trunk's URIs holds: (priority, weight, addresses) as DNS has them. ``place`` None: the
    scripted phones. ``named``: what URIs name instead of it."""
    return tuple(
        Record(priority, weight, tuple(_host(place, address, named) for address in addresses))
        for priority, weight, addresses in found
    )


def _host(place: Place | None, address: Address, named: Place | None) -> Host:
    if place is None:
        return Host(address, address.host, f"{bracketed(address.host)}:{address.port}")
    return Host(address, place.target.host, authority_of(named or place), place.target.pinned)


def authority_of(place: Place) -> str:
    """``host:port`` as URIs name it. A name without a port keeps that form: a port would say that SRV is not
    to be asked (RFC 3263)."""
    name, port = place.target.host, place.target.port
    written = bracketed(name)
    return f"{written}:{port}" if place.port_named or literal(name) is not None else written


def _named(trunk: Trunk) -> Place | None:
    """What URIs name where calls go by an outbound proxy: the trunk itself."""
    return trunk_place(trunk.uri) if trunk.outbound_proxy else None


def route_header(trunk: Trunk) -> tuple[str, ...]:
    """The Route set that requests to a trunk start with: its outbound proxy (§8.1.2)."""
    if not trunk.outbound_proxy:
        return ()
    place = trunk_place(trunk.outbound_proxy)
    transport = "" if place.target.transport == "udp" else f";transport={place.target.transport}"
    return (f"<sip:{authority_of(place)}{transport};lr>",)


def account_user(trunk: Trunk) -> str:
    """The user in the Contact that we register with it: calls come back to it."""
    return trunk.username.partition("@")[0]


def names_account(request_uri: str, trunk: Trunk) -> bool:
    """Does a request name our account with this trunk instead of a number?"""
    return trunk.register and user_of(request_uri) == account_user(trunk)


def _route(trunk: Trunk, simulator: Address | None) -> Route:
    networks = tuple(ipaddress.ip_network(source) for source in trunk.sources)
    probed, pace = trunk.probe_seconds > 0, Bucket(trunk.calls_per_second)
    credentials = Credentials(trunk.username, trunk.password, trunk.auth_realm) if trunk.username else None
    if trunk.simulated:
        hosts = Hosts(((0, 1),), probed)
        if simulator is not None:
            hosts.put(0, records_of(None, ((0, 1, (simulator,)),)))
        return Route(trunk, hosts, networks, pace=pace)
    places = trunk.places()
    hosts = Hosts([(place.priority, place.weight) for place in places], probed)
    for number, place in enumerate(places):
        target = place.target
        if literal(target.host) is not None:
            address = Address(target.transport, target.host, target.port)
            hosts.put(number, records_of(place, ((0, 1, (address,)),), _named(trunk)))
    return Route(trunk, hosts, networks, credentials, route_header(trunk), pace=pace)
