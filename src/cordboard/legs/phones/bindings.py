"""Where each phone can be reached: the registrar's table (§10.3, RFC 5626 §6). Pure.

A phone is reached over the flow that its REGISTER came by, never at the address that its Contact names:
behind NAT that address leads nowhere, and a stranger's could be anybody's (reliability.md S15).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cordboard.legs.phones.contacts import Wanted, same_place
from cordboard.sip.message.address import Address, Hop

_Key = TypeVar("_Key", Address, str)

LEAST_SECONDS = 60
MOST_SECONDS = 3600
NAT_SECONDS = 120
"""Granted at most behind NAT on UDP: its mapping is gone when the phone is."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One device of a phone. ``uri``: what its INVITEs name. ``hop``: our socket and its far end. ``until``
    and ``since`` on the clock that ``now`` is of. ``natted``: its Contact is not where its messages come
    from."""

    user: str
    uri: str
    hop: Hop
    call_id: str
    cseq: int
    until: float
    since: float
    q: float = 1.0
    instance: str = ""
    reg_id: int = 0
    path: tuple[str, ...] = ()
    natted: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """What a REGISTER that may be obeyed asks for. ``wanted`` empty: only to be told; ``all_gone``: ``*``."""

    user: str
    hop: Hop
    call_id: str
    cseq: int
    wanted: tuple[Wanted, ...] = ()
    all_gone: bool = False
    path: tuple[str, ...] = ()


class OutOfOrder(Exception):
    """An older REGISTER than the one that a binding stems from (§10.3, 7)."""


class TooBrief(Exception):
    """An expiry below ``LEAST_SECONDS`` (§10.3, 423)."""


class Bindings:
    """``most``: contacts at the same time, by user; nobody else has any. One more than that lets the one go
    that was longest not heard of: a device that came back under a new address must not be kept out by its own
    past."""

    def __init__(self, most: Mapping[str, int]) -> None:
        self._most = most
        self._of: dict[str, tuple[Binding, ...]] = {}
        self._flows: Counter[Address] = Counter()
        self._hosts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Binding]:
        """Every binding, those that are past included until they are swept."""
        return (binding for bindings in self._of.values() for binding in bindings)

    def is_flow(self, address: Address) -> bool:
        """Whether a binding came from exactly there."""
        return address in self._flows

    def is_host(self, host: str) -> bool:
        """Whether a binding came from this host, whatever its port."""
        return host in self._hosts

    def holds(self, user: str, address: Address) -> bool:
        """Whether this phone registered from exactly there."""
        return any(binding.hop.peer == address for binding in self._of.get(user, ()))

    def of(self, user: str, now: float) -> tuple[Binding, ...]:
        """The live ones, the preferred first (q, then the latest)."""
        live = [binding for binding in self._of.get(user, ()) if binding.until > now]
        return tuple(sorted(live, key=lambda binding: (-binding.q, -binding.since)))

    def update(self, asked: Registration, now: float) -> tuple[Binding, ...]:
        """Obey all of it, or none (§10.3, 7); the bindings afterwards. Raises ``OutOfOrder``,
        ``TooBrief``."""
        kept = [binding for binding in self._of.get(asked.user, ()) if binding.until > now]
        if asked.all_gone:
            for binding in kept:
                _in_order(binding, asked)
            kept = []
        for wanted in asked.wanted:
            if 0 < wanted.seconds < LEAST_SECONDS:
                raise TooBrief
            before = next((binding for binding in kept if _same(binding, wanted)), None)
            if before is not None:
                _in_order(before, asked)
                kept.remove(before)
            if wanted.seconds:
                kept.append(_bound(asked, wanted, now))
        most = self._most.get(asked.user, 0)
        self._set(asked.user, kept[-most:] if most else [])
        return self.of(asked.user, now)

    def restore(self, binding: Binding) -> None:
        """One of an earlier run of the engine. One whose phone is not configured any more is left out."""
        kept = (*self._of.get(binding.user, ()), binding)
        most = self._most.get(binding.user, 0)
        if most:
            self._set(binding.user, list(kept[-most:]))

    def drop(self, gone: Binding) -> None:
        """Its connection is closed."""
        self._set(gone.user, [binding for binding in self._of.get(gone.user, ()) if binding is not gone])

    def sweep(self, now: float) -> bool:
        """Forget what is past; whether there was any."""
        past = [binding for binding in self if binding.until <= now]
        for binding in past:
            self.drop(binding)
        return bool(past)

    def _set(self, user: str, bindings: list[Binding]) -> None:
        for old in self._of.pop(user, ()):
            _take(self._flows, old.hop.peer)
            _take(self._hosts, old.hop.peer.host)
        if bindings:
            self._of[user] = tuple(bindings)
        for new in bindings:
            self._flows[new.hop.peer] += 1
            self._hosts[new.hop.peer.host] += 1


def _take(counted: "Counter[_Key]", key: "_Key") -> None:
    counted[key] -= 1
    if counted[key] <= 0:
        del counted[key]


def _same(binding: Binding, wanted: Wanted) -> bool:
    """The same device: by its instance and flow number (RFC 5626 §6) where both have one, else by its URI."""
    if binding.instance and wanted.instance:
        return binding.instance == wanted.instance and binding.reg_id == wanted.reg_id
    return same_place(binding.uri, wanted.uri)


def _in_order(binding: Binding, asked: Registration) -> None:
    if binding.call_id == asked.call_id and asked.cseq <= binding.cseq:
        raise OutOfOrder


def _bound(asked: Registration, wanted: Wanted, now: float) -> Binding:
    peer = asked.hop.peer
    natted = wanted.place != (peer.host, peer.port)
    most = NAT_SECONDS if natted and peer.transport == "udp" else MOST_SECONDS
    return Binding(
        asked.user,
        wanted.uri,
        asked.hop,
        asked.call_id,
        asked.cseq,
        now + min(wanted.seconds, most),
        now,
        wanted.q,
        wanted.instance,
        wanted.reg_id,
        asked.path,
        natted,
    )
