"""Where a SIP URI's host leads: NAPTR, SRV, A and AAAA (RFC 3263 §4).

Answers are kept for their TTL, and for ten minutes more while nobody answers (reliability.md F9).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cordboard.kernel.mistakes import Unavailable
from cordboard.net import dns
from cordboard.net.resolver import NotFound, Resolver

LEAST_TTL, MOST_TTL = 5, 3600
NEGATIVE_TTL = 60
STALE_SECONDS = 600.0
MOST_KEPT = 1024
_FIXED_TTL = 3600  # of what needs no nameserver

_SERVICES = {"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls"}
_NAMES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One SRV record, resolved; an address without SRV is one of priority 0 and weight 1."""

    priority: int
    weight: int
    transport: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """``ttl``: seconds for which it holds. ``whole``: False when a part could not be looked up now."""

    endpoints: tuple[Endpoint, ...]
    ttl: int
    whole: bool = True


@dataclass(slots=True)
class _Kept:
    reply: dns.Reply
    fresh_until: float


class Locator:
    """One for the whole engine."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()

    async def locate(
        self, name: str, port: int | None, transport: str | None, able: Sequence[str], six: bool = False
    ) -> Located:
        """``port`` and ``transport`` None: the URI does not say. ``able``: the transports we speak, best
        first. ``six``: IPv6 addresses too.

        Raises ``NotFound``, or ``Unavailable`` where nobody answers.
        """
        key = name.lower().rstrip(".")
        if port is None and not self._resolver.without_asking(key):
            services, transport, ttl = await self._services(key, transport, able)
            if services:
                return await self._resolved(services, transport, ttl, six)
        transport = transport or next(iter(able), "udp")
        addresses, ttl = await self._addresses(key, six)
        return Located((Endpoint(0, 1, transport, port or _PORTS[transport], addresses),), ttl)

    async def _services(
        self, name: str, transport: str | None, able: Sequence[str]
    ) -> tuple[tuple[dns.Service, ...], str, int]:
        """The SRV records to use, none where there are none, and their transport: the one that is named, the
        one that NAPTR prefers among those we speak, or the first of ours that has records."""
        if transport is not None:
            reply = await self._records(f"{_NAMES[transport]}.{name}", dns.SRV)
            return reply.services, transport, reply.ttl
        pointers = await self._records(name, dns.NAPTR)
        usable = sorted(
            (
                pointer
                for pointer in pointers.pointers
                if pointer.flags == "s" and pointer.replacement and _SERVICES.get(pointer.service) in able
            ),
            key=lambda pointer: (pointer.order, pointer.preference),
        )
        wanted = [(_SERVICES[pointer.service], pointer.replacement) for pointer in usable]
        ttls = [pointers.ttl] if usable else []
        for kind, service in wanted or [(kind, f"{_NAMES[kind]}.{name}") for kind in able]:
            reply = await self._records(service, dns.SRV)
            if reply.services:
                return reply.services, kind, min([*ttls, reply.ttl])
        return (), next(iter(able), "udp"), 0

    async def _resolved(
        self, services: Iterable[dns.Service], transport: str, ttl: int, six: bool
    ) -> Located:
        wanted = [service for service in services if service.target and service.port]
        names = sorted({service.target for service in wanted})
        if not names:
            raise NotFound("the service is not offered")  # a target of "." (RFC 2782)
        found = await asyncio.gather(*[self._addresses(name, six) for name in names], return_exceptions=True)
        known, whole = {}, True
        for name, got in zip(names, found, strict=True):
            if isinstance(got, NotFound):
                continue
            if isinstance(got, Unavailable):
                whole = False
            elif isinstance(got, BaseException):
                raise got
            else:
                known[name], ttl = got[0], min(ttl, got[1])
        if not known:
            raise NotFound(names[0]) if whole else Unavailable("no nameserver answers")
        endpoints = tuple(
            Endpoint(s.priority, s.weight, transport, s.port, known[s.target])
            for s in wanted
            if s.target in known
        )
        return Located(endpoints, max(LEAST_TTL, ttl), whole)

    async def _addresses(self, name: str, six: bool) -> tuple[tuple[str, ...], int]:
        if known := self._resolver.without_asking(name):
            return tuple(one for one in known if six or ":" not in one) or known, _FIXED_TTL
        kinds = (dns.A, dns.AAAA) if six else (dns.A,)
        replies = await asyncio.gather(*[self._records(name, kind) for kind in kinds], return_exceptions=True)
        good = [reply for reply in replies if isinstance(reply, dns.Reply) and reply.addresses]
        if good:
            whole = not any(isinstance(reply, Unavailable) for reply in replies)
            ttl = min(reply.ttl for reply in good) if whole else LEAST_TTL
            return tuple(address for reply in good for address in reply.addresses), max(LEAST_TTL, ttl)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        raise NotFound(name)

    async def _records(self, name: str, kind: int) -> dns.Reply:
        """From what is kept, else asked for. Addresses that come along with SRV are kept too."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get((name, kind))
        if kept is not None and now < kept.fresh_until:
            self._kept.move_to_end((name, kind))
            return kept.reply
        try:
            dns.encode_name(name)
        except (dns.Malformed, UnicodeError):
            raise NotFound(name) from None
        reply = await self._resolver.ask(name, kind)
        now = asyncio.get_running_loop().time()
        if reply is None:
            if kept is not None and not kept.reply.empty and now < kept.fresh_until + STALE_SECONDS:
                return kept.reply
            raise Unavailable("no nameserver answers")
        self._keep(name, kind, reply, now)
        for target in {owner for owner, _, _ in reply.beside}:
            for beside in (dns.A, dns.AAAA):
                come = [
                    (address, ttl)
                    for owner, address, ttl in reply.beside
                    if owner == target and (":" in address) == (beside == dns.AAAA)
                ]
                if come:
                    addresses, ttl = tuple(address for address, _ in come), min(ttl for _, ttl in come)
                    self._keep(target, beside, dns.Reply(dns.NO_ERROR, False, addresses, ttl), now)
        return reply

    def _keep(self, name: str, kind: int, reply: dns.Reply, now: float) -> None:
        most = NEGATIVE_TTL if reply.empty else MOST_TTL
        self._kept[name, kind] = _Kept(reply, now + min(max(reply.ttl, LEAST_TTL), most))
        self._kept.move_to_end((name, kind))
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
