"""The session behind a dialled leg: one INVITE, a trunk's hosts in turn, or a phone's devices at once."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cordboard.config.settings import Settings, Sip, Trunk
from cordboard.kernel.clock import Tokens
from cordboard.legs.attempts import Attempts, Tools
from cordboard.legs.callee import CalleeLeg
from cordboard.legs.hosts import MOST_HOSTS, Host
from cordboard.legs.identity import identify
from cordboard.legs.numbers import DIALABLE
from cordboard.legs.phones.fork import Fork
from cordboard.legs.phones.phones import Ring
from cordboard.legs.redirects import followed
from cordboard.legs.trunks import Route
from cordboard.legs.words import HOPS_HEADER, Hooks, Inviter
from cordboard.sip.endpoint.words import Address, Outgoing, Session

_GRACE_SECONDS = 5  # Expires outlives our own ring limit, so that the CANCEL is ours


@dataclass(frozen=True, slots=True)
class Wanted:
    """A leg as it is to be rung. ``number``: E.164; for a trunk that is dialled as a whole (``trunk``) the
    ExoPhone that was called. ``shown``: the ExoPhone that calls. ``hops``: of S23. ``rung``: the ExoPhone
    that the caller rang, empty for a call that we began. ``headers``: more of them, by settled 12."""

    number: str
    shown: str
    seconds: float
    hops: int
    rung: str = ""
    trunk: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def obstacle(route: Route | None, wanted: Wanted, phone: bool, calls: int, now: float) -> str:
    """Why it cannot be rung, in one sentence; empty when it can be tried. ``phone``: it is registered here.
    ``calls``: how many calls the number has, where those are as many as it may have."""
    if DIALABLE.fullmatch(wanted.number) is None:
        if wanted.number.startswith("sip:"):
            return f"{wanted.number[4:34]!r} is the user of none of the phones"
        return f"{wanted.number[:30]!r} is no number that can be dialled"
    if route is None:
        if wanted.trunk:
            return f"{wanted.trunk[:64]!r} is the name of none of the trunks"
        return f"{wanted.shown[:30]!r} is none of the ExoPhones"
    name = route.trunk.name
    if not phone and not route.hosts.all:
        return f"the address of trunk {name} is not known"
    if calls:
        return f"the number has {calls} calls already (dialing.max_calls_per_number)"
    if not route.has_room:
        return f"trunk {name} is at its limit of calls"
    if not route.pace.take(now):
        return f"trunk {name} is at its limit of {route.trunk.calls_per_second:g} calls per second"
    return ""


class Placing:
    """``opened`` and ``closed`` (a Call-ID) are told of every dialog that is tried for a leg, with its route.
    All that sends raises ``BadInput`` for what cannot be written."""

    def __init__(
        self,
        settings: Settings,
        hooks: Hooks,
        tokens: Tokens | None,
        opened: Callable[[Session, Route], None],
        closed: Callable[[str], None],
    ) -> None:
        """``tokens`` share calls among equal hosts; without them the first of equals is always the first."""
        self._settings, self._hooks, self._tokens = settings, hooks, tokens
        self._country = settings.account.country
        self._opened, self._closed = opened, closed
        self.endpoint: Inviter | None = None

    def hosts(self, route: Route, now: float) -> Sequence[Host]:
        """The hosts of a trunk in the order of trying."""
        return route.hosts.order(now, self._draw)

    def by_trunk(self, callee: CalleeLeg, hosts: Sequence[Host], wanted: Wanted) -> Session:
        """``hosts``: of the callee's route, in the order of trying."""
        assert self.endpoint is not None
        route, body = callee.route, callee.first_offer

        def outgoing(host: Host, left: float) -> Outgoing:
            return self._outgoing(route, host, wanted, body, left)

        if len(hosts) == 1 and route.trunk.redirects == "refuse":
            session = self.endpoint.invite(outgoing(hosts[0], wanted.seconds), callee.happened, callee.watch)
            self._opened(session, route)
            return session
        tools = self._tools(route, wanted.number, outgoing)
        return Attempts(route, hosts, wanted.seconds, tools, callee.happened, callee.watch)

    def by_phone(self, callee: CalleeLeg, ring: Ring, wanted: Wanted) -> Session:
        """All devices of a registered phone at once (telephony.md 14)."""
        assert self.endpoint is not None
        own = self.endpoint.host_for(ring.target, "")
        asked = session_seconds(ring.route.trunk, self._settings.sip)
        expires = math.ceil(wanted.seconds) + _GRACE_SECONDS
        devices = ring.outgoing(own, wanted.number, wanted.shown, callee.first_offer, expires, wanted.hops)
        return Fork(
            self.endpoint.invite,
            [replace(device, session_seconds=asked) for device in devices],
            callee.happened,
            callee.watch,
            opened=lambda branch: self._opened(branch, ring.route),
            closed=self._closed,
        )

    def own_host(self, route: Route, target: Address) -> str:
        """How we name ourselves to this host of a trunk."""
        assert self.endpoint is not None
        own = route.own_hosts.get(target)
        if own is None:
            if len(route.own_hosts) >= 2 * MOST_HOSTS:
                route.own_hosts.clear()
            own = self.endpoint.host_for(target, route.trunk.listener)
            route.own_hosts[target] = own
        return own

    def _tools(self, route: Route, number: str, outgoing: Callable[[Host, float], Outgoing]) -> Tools:
        """What attempts on several hosts need of us."""
        assert self.endpoint is not None
        loop, countries = asyncio.get_running_loop(), self._settings.dialing.countries
        return Tools(
            invite=self.endpoint.invite,
            outgoing=outgoing,
            contact=lambda uri, host: followed(uri, host, route, number, self._country, countries),
            opened=lambda session: self._opened(session, route),
            closed=self._closed,
            now=loop.time,
            later=lambda seconds, then: loop.call_later(seconds, then).cancel,
            changed=lambda change: self._hooks.host_changed(route.trunk.name, change),
            strayed=lambda host: self._hooks.security("redirect-outside-trunk", host.address.host),
        )

    def _draw(self, most: int) -> int:
        """From 0 to ``most``, for the share of equal hosts."""
        return int(self._tokens.hex(4), 16) % (most + 1) if self._tokens is not None else 0

    def _outgoing(self, route: Route, host: Host, wanted: Wanted, body: bytes, seconds: float) -> Outgoing:
        """The INVITE by this trunk, which says who calls whom in the trunk's own way (telephony.md 14)."""
        assert self.endpoint is not None
        target = host.address
        own = self.own_host(route, target)
        transport = "" if target.transport == "udp" else f";transport={target.transport}"
        said = identify(
            *(route.trunk, self._country, wanted.number, wanted.shown, own, host.authority, transport),
            wanted.rung,
        )
        return Outgoing(
            target,
            said.request_uri,
            said.from_uri,
            said.to_uri,
            body,
            said.from_name,
            headers=(
                *said.headers,
                ("Expires", str(math.ceil(seconds) + _GRACE_SECONDS)),
                (HOPS_HEADER, str(wanted.hops)),
                *wanted.headers,
            ),
            listener=route.trunk.listener,
            pinned=host.pinned,
            routes=route.routes,
            credentials=route.credentials,
            reliable=route.trunk.reliable,
            session_seconds=session_seconds(route.trunk, self._settings.sip),
        )


def session_seconds(trunk: Trunk, sip: Sip) -> int:
    """The session timer that we ask for on this trunk's calls; 0 for none."""
    return sip.session_seconds if trunk.session_seconds < 0 else trunk.session_seconds
