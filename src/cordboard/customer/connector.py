"""Connections that go only where they may: the address that was judged is the one that is connected to."""

import select
import socket

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from cordboard.net.guard import Policy
from cordboard.net.resolver import Resolver

_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_MOST_STALE = 16


class Refused(Exception):
    """The policy forbids the address. For the log only: tenants learn no address of ours."""


class JudgedAddresses(AbstractResolver):
    """aiohttp's resolver: our own lookups, and of what they bring only what may be connected to.

    aiohttp connects to exactly these addresses (its own cache is off), with Host and SNI of the URL, so a
    name that changes its mind after the judgement changes nothing (reliability.md S2).
    """

    def __init__(self, resolver: Resolver, policy: Policy) -> None:
        self._resolver, self._policy = resolver, policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises ``Refused`` where no address is left, and what the resolver raises."""
        reason, good = "", []
        for address in await self._resolver.addresses(host):
            if objection := self._policy.judge(address, port):
                reason = objection
            else:
                good.append(_result(host, address, port))
        if not good:
            raise Refused(reason)
        return good

    async def close(self) -> None:
        """The resolver is not ours to close."""


class PinnedConnector(TCPConnector):
    """Judges the peer of every connection before anything is sent, and hands out no connection that is dead.

    A kept connection on which something can be read before we asked was closed by the server (or speaks out
    of turn): it is dropped and another is taken *before* the request is written. After a byte was written
    nothing is ever sent a second time, since some applications act on every GET (contract.md, settled 2).
    """

    def __init__(self, addresses: JudgedAddresses, policy: Policy, *, keep_seconds: float) -> None:
        super().__init__(
            resolver=addresses,
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=keep_seconds,
        )
        self._policy = policy

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        """As in aiohttp. Raises ``Refused`` too."""
        for _ in range(_MOST_STALE):
            connection = await super().connect(req, traces, timeout)
            transport = connection.transport
            if transport is None or _speaks_first(transport.get_extra_info("socket")):
                connection.close()
                continue
            peer = transport.get_extra_info("peername")
            if objection := self._policy.judge(peer[0], peer[1]):
                connection.close()
                raise Refused(f"connected elsewhere: {objection}")
            return connection
        raise ConnectionResetError("the server closes every connection")


def _speaks_first(sock: socket.socket) -> bool:
    watch = select.poll()
    watch.register(sock.fileno(), _READABLE)
    return bool(watch.poll(0))


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
