"""Trunks: who may call us, whom we may ring, by which address, and how much at once."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cordboard.config.settings import ExoPhone, Trunk
from cordboard.sip.endpoint.words import Address, Verdict

_KEPT_SOURCES = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Route:
    """A trunk as it is now. ``target``: where its calls go, None while that is not known (a name that is not
    resolved, a simulator that is not up). ``live``: its calls, both ways."""

    trunk: Trunk
    target: Address | None
    networks: tuple[Network, ...]
    live: int = 0
    own_host: str = ""  # how we name ourselves to it; found at the first call
    _far_host: str = ""  # as its URIs name it; a name stays one when its address changes

    @property
    def authority(self) -> str:
        """``host:port`` of the far side as its URIs name it; empty while it is not known."""
        if self.target is None:
            return ""
        if not self._far_host:
            self._far_host = self.target.host if self.trunk.simulated else self.trunk.target().host
        host = self._far_host
        return f"[{host}]:{self.target.port}" if ":" in host else f"{host}:{self.target.port}"

    @property
    def has_room(self) -> bool:
        """Below its ``max_calls``."""
        return not self.trunk.max_calls or self.live < self.trunk.max_calls

    @property
    def can_dial(self) -> bool:
        """May a leg leave here now (telephony.md 16)?"""
        return self.target is not None and self.has_room

    def holds(self, host: str) -> bool:
        """Is this address one of the trunk's own: in its sources, or where its calls go?"""
        return (self.target is not None and self.target.host == host) or self.sends_from(host)

    def sends_from(self, host: str) -> bool:
        """Is this address in its sources?"""
        address = _address(host)
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
        if len(self._judged) >= _KEPT_SOURCES:  # a flood from many addresses must not grow us
            self._judged.clear()
        self._judged[host] = found
        return found

    def screen(self, source: Address) -> Verdict:
        """Strangers get no reply at all (telephony.md 12, reliability.md S7)."""
        return Verdict.DROP if self.by_source(source.host) is None else Verdict.TAKE

    def of_exophone(self, number: str) -> Route | None:
        """The trunk by which legs that show this ExoPhone leave."""
        return self._routes.get(self._of_exophone.get(number, ""))

    def able(self) -> tuple[str, ...]:
        """The ExoPhones whose trunk can dial now."""
        return tuple(
            n for n, name in self._of_exophone.items() if name in self._routes and self._routes[name].can_dial
        )

    def resolve(self, name: str, address: Address | None) -> None:
        """A trunk's host name was looked up anew."""
        self._routes[name].target = address

    def unresolved(self) -> tuple[Trunk, ...]:
        """Trunks that name their host by a name, which must be looked up by ``resolve``."""
        return tuple(
            route.trunk
            for route in self._routes.values()
            if not route.trunk.simulated and _address(route.trunk.target().host) is None
        )


def _route(trunk: Trunk, simulator: Address | None) -> Route:
    networks = tuple(ipaddress.ip_network(source) for source in trunk.sources)
    if trunk.simulated:
        return Route(trunk, simulator, networks)
    target = trunk.target()
    known = _address(target.host) is not None
    return Route(trunk, Address(target.transport, target.host, target.port) if known else None, networks)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # a dual-stack socket names IPv4 peers ::ffff:a.b.c.d
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address
