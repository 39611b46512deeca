"""Names to addresses, asynchronous, without threads (reliability.md F9).

``getaddrinfo`` runs in a pool of a few threads that a cancelled wait leaves busy: six hanging names stall
every lookup. Here each question is a socket of its own, with a random port and id, 1 s × 2 tries.
Names are absolute: search lists are not applied.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.net import dns, system
from cordboard.net.exchange import Server, over_tcp, over_udp

TRY_SECONDS = 1.0
TRIES = 2
LEAST_TTL, MOST_TTL = 5, 600
NEGATIVE_TTL = 5
STALE_SECONDS = 600.0
REFRESH_PAUSE = 10.0  # a name that could not be refreshed is served stale this long before it is tried again
MOST_KEPT = 4096
MOST_LOOKUPS = 256


class NotFound(Exception):
    """The name does not exist, or has no address."""


@dataclass(slots=True)
class _Kept:
    addresses: tuple[str, ...]  # empty: the name is known not to exist
    fresh_until: float
    try_again_at: float = 0.0


class Resolver:
    """One for the whole engine. ``servers`` and ``hosts`` are handed in by tests."""

    def __init__(
        self,
        tokens: Tokens,
        servers: tuple[Server, ...],
        hosts: Mapping[str, tuple[str, ...]] | None = None,
        *,
        try_seconds: float = TRY_SECONDS,
    ) -> None:
        self._tokens, self._servers, self._try_seconds = tokens, servers, try_seconds
        self._hosts = dict(hosts or {})
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._running: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    @classmethod
    def of_this_machine(cls, tokens: Tokens, etc: Path = Path("/etc")) -> Self:
        """With the nameservers and hosts of /etc."""
        return cls(
            tokens,
            system.nameservers(_text(etc / "resolv.conf")),
            system.hosts(_text(etc / "hosts")),
        )

    async def close(self) -> None:
        """End what is under way; those who wait for it get ``Unavailable``."""
        running = list(self._running.values())
        for lookup in running:
            lookup.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of a name, IPv4 first; a literal is its own answer.

        Raises ``NotFound``, or ``Unavailable`` where nobody answers.
        """
        key = name.lower().rstrip(".")
        if known := self.without_asking(key):
            return known
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(key)
        if kept is not None and now < kept.fresh_until:
            self._kept.move_to_end(key)
            if not kept.addresses:
                raise NotFound(key)
            return kept.addresses
        if (
            kept is not None
            and kept.addresses
            and now < min(kept.try_again_at, kept.fresh_until + STALE_SECONDS)
        ):
            return kept.addresses
        try:
            # One question for all who wait; that one of them gives up does not end it for the others.
            return await asyncio.shield(self._lookup(key))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise Unavailable("the resolver is closed") from None

    def without_asking(self, key: str) -> tuple[str, ...]:
        """Addresses that need no nameserver: a literal's own, localhost's, those of the hosts file."""
        if key == "localhost" or key.endswith(".localhost"):  # RFC 6761 §6.3
            return ("127.0.0.1", "::1")
        if found := self._hosts.get(key):
            return found
        try:
            ip_address(key)
        except ValueError:
            return ()
        return (key,)

    def _lookup(self, key: str) -> asyncio.Task[tuple[str, ...]]:
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= MOST_LOOKUPS:
                raise Unavailable("too many names are being looked up")
            running = self._running[key] = asyncio.get_running_loop().create_task(self._refresh(key))
            running.add_done_callback(lambda task: self._over(key, task))
        return running

    def _over(self, key: str, task: asyncio.Task[tuple[str, ...]]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen: all who waited may have left

    async def _refresh(self, key: str) -> tuple[str, ...]:
        """Ask for both kinds of address; keep what came; fall back to what was kept if nobody answers."""
        try:
            dns.encode_name(key)
        except (dns.Malformed, UnicodeError):
            raise NotFound(key) from None
        four, six = await asyncio.gather(self.ask(key, dns.A), self.ask(key, dns.AAAA))
        now = asyncio.get_running_loop().time()
        good = [reply for reply in (four, six) if reply is not None]
        if found := tuple(address for reply in good for address in reply.addresses):
            ttl = min(reply.ttl for reply in good if reply.addresses)
            if len(good) < 2:
                ttl = LEAST_TTL  # half an answer is not kept for long
            self._keep(key, _Kept(found, now + min(max(ttl, LEAST_TTL), MOST_TTL)))
            return found
        kept = self._kept.get(key)
        if len(good) == 2 or any(reply.code == dns.NAME_ERROR for reply in good):
            self._keep(key, _Kept((), now + NEGATIVE_TTL))
            raise NotFound(key)
        if kept is not None and kept.addresses and now < kept.fresh_until + STALE_SECONDS:
            kept.try_again_at = now + REFRESH_PAUSE
            return kept.addresses
        raise Unavailable("no nameserver answers")

    def _keep(self, key: str, kept: _Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    async def ask(self, name: str, kind: int) -> dns.Reply | None:
        """The first good answer to one question, or none; nothing is kept. Servers take turns."""
        for attempt in range(max(TRIES, len(self._servers))):
            server = self._servers[attempt % len(self._servers)]
            ident = int(self._tokens.hex(2), 16)
            query = dns.question(ident, name, kind)
            read = partial(dns.answer, ident=ident, name=name, kind=kind)
            reply = await self._within(over_udp(server, query, read))
            if reply is not None and reply.truncated:
                reply = await self._within(over_tcp(server, query, read))
            if reply is not None and reply.code in (dns.NO_ERROR, dns.NAME_ERROR):
                return reply
        return None

    async def _within(self, exchange: Coroutine[Any, Any, dns.Reply]) -> dns.Reply | None:
        try:
            async with asyncio.timeout(self._try_seconds):
                return await exchange
        except (TimeoutError, OSError, EOFError, dns.Malformed):
            return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
