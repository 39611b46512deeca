"""The hosts of one trunk: in which order a call tries them, and which are out. Pure.

A trunk is a list of places (its URIs, each with priority and weight); a place holds what DNS said of it
(records with a priority and weight of their own, each with addresses); at both levels the order is that of
RFC 2782. Randomness and time are handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeVar

from cordboard.sip.endpoint.words import Address

MOST_HOSTS = 32
"""Addresses kept of one trunk."""
REST_SECONDS = 30.0
"""How long a host that failed is left alone where nothing probes it: about Timer B, in which a call would
have been waiting for it."""
FAILURES_OUT = 2
LONGEST_WAIT = 3600.0
"""A Retry-After of more is not believed."""

Draw = Callable[[int], int]
"""A whole number from 0 to this one, both included."""


class Weighed(Protocol):
    """Lower priorities come first; equals share by weight."""

    @property
    def priority(self) -> int: ...
    @property
    def weight(self) -> int: ...


W = TypeVar("W", bound=Weighed)


def in_order(records: Sequence[W], draw: Draw) -> list[W]:
    """RFC 2782: by priority; among equals the next is drawn in proportion to weight."""
    ordered: list[W] = []
    for priority in sorted({record.priority for record in records}):
        left = [record for record in records if record.priority == priority]
        left.sort(key=lambda record: record.weight != 0)  # those of weight 0 first, as the RFC says
        while len(left) > 1:
            # In hundredths: by whole weights, 1 and 3 would share as 2 and 3 (the RFC draws from 0 on).
            number, so_far = draw(100 * sum(record.weight for record in left)), 0
            for place, record in enumerate(left):
                so_far += 100 * record.weight
                if so_far >= number:
                    ordered.append(left.pop(place))
                    break
        ordered += left
    return ordered


@dataclass(frozen=True, slots=True)
class Host:
    """One address of a trunk. ``name``: its host as the configuration names it. ``authority``: as URIs to it
    do (RFC 3263 leaves the Request-URI's host alone, whatever DNS made of it). ``pinned``: its transport was
    written there."""

    address: Address
    name: str
    authority: str
    pinned: bool = False

    def __str__(self) -> str:
        at = self.address
        return f"{at.transport}:{f'[{at.host}]' if ':' in at.host else at.host}:{at.port}"


@dataclass(frozen=True, slots=True)
class Try:
    """Where an INVITE goes. ``user``: who is asked for there; empty: the number that was dialled."""

    host: Host
    user: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What a place holds: hosts of one priority and weight, tried in their order (SRV; an address without
    SRV is one of priority 0)."""

    priority: int
    weight: int
    hosts: tuple[Host, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A host went out or came back, and why. ``last``: it should go out, but stays because it is the last."""

    host: Host
    alive: bool
    why: str
    last: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A host as it is now, for people. ``alive``: calls are sent to it. ``since``: when it went out, on the
    clock that was handed in (the last one stays alive all the same); None while it answers. ``why``: its last
    failure, until it answers."""

    host: Host
    alive: bool
    since: float | None
    why: str


@dataclass(slots=True)
class _Health:
    failures: int = 0
    since: float | None = None
    until: float = 0.0
    asked_for_it: bool = False  # Retry-After: an answer to something else does not end it
    last: bool = False  # it failed often enough, but is the last one
    why: str = ""

    def out(self, now: float) -> bool:
        return self.since is not None and now < self.until


@dataclass(slots=True)
class _Place:
    priority: int
    weight: int
    records: tuple[Record, ...] = ()


class Hosts:
    """``places``: (priority, weight) of each configured URI, filled by ``put``. ``probed``: OPTIONS are sent,
    so a host that is out waits for an answer to one; otherwise calls try it again after a rest.

    Two failures in a row take a host out, one answer brings it back. The last one is never taken out
    (telephony.md 9): with nowhere else to go it may as well be tried.
    """

    def __init__(self, places: Sequence[tuple[int, int]], probed: bool = False) -> None:
        self._places = [_Place(priority, weight) for priority, weight in places]
        self._probed = probed
        self._health: dict[Address, _Health] = {}
        self.all: tuple[Host, ...] = ()
        self.addresses: frozenset[str] = frozenset()
        self._former: dict[str, None] = {}  # addresses that were hosts: their calls may still be up

    def put(self, place: int, records: Sequence[Record]) -> None:
        """What a place holds from now on. What is known of hosts that stay is kept; calls on hosts that go
        are not touched."""
        self._places[place].records = tuple(records)
        found = {
            host.address: host for one in self._places for record in one.records for host in record.hosts
        }
        self.all = tuple(found.values())[:MOST_HOSTS]
        kept = {host.address for host in self.all}
        for gone in self.addresses - {address.host for address in kept}:
            self._former.pop(gone, None)
            self._former[gone] = None
        for oldest in tuple(self._former)[:-MOST_HOSTS]:
            del self._former[oldest]
        self.addresses = frozenset(address.host for address in kept)
        self._health = {address: health for address, health in self._health.items() if address in kept}

    def was(self, address: str) -> bool:
        """Is this one of their addresses, or was it before DNS said otherwise?"""
        return address in self.addresses or address in self._former

    def order(self, now: float, draw: Draw) -> tuple[Host, ...]:
        """Those that a call tries, one after the other."""
        if len(self.all) <= 1:
            return self.all
        if len(self._places) == 1 and len(self._places[0].records) == 1:
            hosts = list(self.all)
        else:
            records = [
                record for place in in_order(self._places, draw) for record in in_order(place.records, draw)
            ]
            hosts = list({host.address: host for record in records for host in record.hosts}.values())
        return tuple(host for host in hosts[:MOST_HOSTS] if self.alive(host.address, now)) or self.all[:1]

    def down(self, now: float) -> bool:
        """Does none of them answer any more? Calls that have no other way are still tried on the last."""
        if not self._health or not self.all:
            return not self.all
        healths = [self._health.get(host.address) for host in self.all]
        return all(health is not None and health.out(now) for health in healths)

    def alive(self, address: Address, now: float) -> bool:
        """May a call try it now?"""
        health = self._health.get(address)
        return health is None or health.last or not health.out(now)

    def failed(self, address: Address, now: float, why: str) -> Change | None:
        """It did not answer, or could not be reached."""
        host = self._host(address)
        if host is None:
            return None
        health = self._health.setdefault(address, _Health())
        health.failures, health.why = min(health.failures + 1, FAILURES_OUT), why
        if health.failures < FAILURES_OUT or (health.out(now) and not health.last):
            return None
        return self._out(host, health, now, inf if self._probed else now + REST_SECONDS, why)

    def asked_to_wait(self, address: Address, now: float, seconds: float, why: str) -> Change | None:
        """It answered 503 with Retry-After."""
        host = self._host(address)
        if host is None or seconds <= 0:
            return None
        health = self._health.setdefault(address, _Health())
        change = self._out(host, health, now, now + min(seconds, LONGEST_WAIT), why)
        health.asked_for_it = True
        return change

    def answered(self, address: Address, now: float) -> Change | None:
        """It answered something, no matter what."""
        health = self._health.get(address)
        if health is None or (health.asked_for_it and not self.alive(address, now)):
            return None
        del self._health[address]
        host = self._host(address)
        return None if health.since is None or host is None else Change(host, True, "it answers again")

    def states(self, now: float) -> tuple[State, ...]:
        """All of them, for people."""
        found = []
        for host in self.all:
            health = self._health.get(host.address)
            since = health.since if health is not None and health.out(now) else None
            alive = self.alive(host.address, now)
            found.append(State(host, alive, since, health.why if health is not None else ""))
        return tuple(found)

    def _host(self, address: Address) -> Host | None:
        return next((host for host in self.all if host.address == address), None)

    def _out(self, host: Host, health: _Health, now: float, until: float, why: str) -> Change | None:
        news = health.since is None
        if news:
            health.since = now
        health.until, health.why, health.asked_for_it = until, why, False
        health.last = not any(other is not host and self.alive(other.address, now) for other in self.all)
        return Change(host, health.last, why, health.last) if news else None
