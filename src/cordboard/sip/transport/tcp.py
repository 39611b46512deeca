"""SIP over TCP: connections are kept and used both ways, framed, bounded and closed when idle (§18)."""

import asyncio
from collections.abc import Callable
from typing import cast

from cordboard.kernel.mistakes import Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.message.framer import Framer
from cordboard.sip.transport.local import LocalAddress
from cordboard.sip.transport.words import Receive

CONNECT_SECONDS = 4.0
IDLE_SECONDS = 5400.0
"""Longer than the longest conversation: a phone behind NAT is only reached over its own connection."""
PART_SECONDS = 30.0
"""How long a connection may hold part of a message, or be one on which we had nothing to say."""
SWEEP_SECONDS = 10.0
MOST_CONNECTIONS = 5_000
MOST_UNSENT = 1024 * 1024

_Failed = Callable[[], None] | None


class Connection(asyncio.Protocol):
    """One connection, whoever opened it."""

    def __init__(self, owner: "TcpTransport", peer: Address | None = None) -> None:
        self._owner = owner
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self.peer = peer
        self.used_at = owner.now()
        self.fresh = True  # nothing was sent on it yet: unknown sources stay like this (telephony.md 12)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        if self.peer is None and name is not None:
            self.peer = Address("tcp", name[0], name[1])
        if self.peer is None or not self._owner.opened(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        peer = self.peer
        assert peer is not None
        messages = self._framer.feed(data)
        if messages and not self.fresh:
            self.used_at = self._owner.now()
        for message in messages:
            self._owner.receive(message, peer)
        if self._framer.broken:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)

    def write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        transport.write(data)
        self.used_at = self._owner.now()
        self.fresh = False
        if transport.get_write_buffer_size() > MOST_UNSENT:
            transport.abort()  # the peer does not read

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def stale(self, now: float) -> bool:
        """Whether nothing useful happens on it any more."""
        limit = PART_SECONDS if self._framer.waiting or self.fresh else IDLE_SECONDS
        return now - self.used_at > limit

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TcpTransport:
    """See ``words.Transport``."""

    kind = "tcp"
    reliable = True

    def __init__(self, host: str, port: int, receive: Receive) -> None:
        self._host, self._port = host, port
        self.receive = receive
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: dict[Address, Connection] = {}
        self._unsent: dict[Address, list[tuple[bytes, _Failed]]] = {}
        self._attempts: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def start(self) -> Address:
        loop = self._loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Connection(self), self._host, self._port)
        except OSError as problem:
            raise Unavailable(
                f"cannot listen on tcp:{self._host}:{self._port}: {problem.strerror or problem}"
            ) from problem
        bound = self._server.sockets[0].getsockname()
        self._port = bound[1]
        self._local = LocalAddress(bound[0])
        self._sweep = loop.call_later(SWEEP_SECONDS, self._close_stale)
        return Address("tcp", bound[0], self._port)

    async def close(self) -> None:
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for attempt in list(self._attempts):
            attempt.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections.values()):
            connection.close()
        if self._attempts:
            await asyncio.wait(self._attempts)

    def send(self, data: bytes, peer: Address, failed: _Failed = None) -> None:
        connection = self._connections.get(peer)
        if connection is not None and connection.usable:
            connection.write(data)
            return
        if self._closed or self._loop is None:
            if failed is not None:
                failed()
            return
        waiting = self._unsent.get(peer)
        if waiting is not None:
            waiting.append((data, failed))
            return
        self._unsent[peer] = [(data, failed)]
        attempt = self._loop.create_task(self._connect(peer))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    def reaches(self, peer: Address) -> bool:
        connection = self._connections.get(peer)
        return connection is not None and connection.usable

    def local(self, peer: Address) -> Address:
        return Address("tcp", self._local.towards(peer.host), self._port)

    async def _connect(self, peer: Address) -> None:
        assert self._loop is not None
        connection: Connection | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self, peer), peer.host, peer.port
                )
        except OSError:  # a timeout is one too
            connection = None
        finally:
            unsent = self._unsent.pop(peer, [])
        for data, failed in unsent:
            if connection is not None and connection.usable:
                connection.write(data)
            elif failed is not None:
                failed()

    def now(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0

    def opened(self, connection: Connection) -> bool:
        """A connection stands. False: there are too many."""
        assert connection.peer is not None
        if self._closed or len(self._connections) >= MOST_CONNECTIONS:
            return False
        self._connections[connection.peer] = connection
        return True

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        if connection.peer is not None and self._connections.get(connection.peer) is connection:
            del self._connections[connection.peer]

    def _close_stale(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        for connection in [c for c in self._connections.values() if c.stale(now)]:
            connection.abort() if connection.fresh else connection.close()
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._close_stale)
