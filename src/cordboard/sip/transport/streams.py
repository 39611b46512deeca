"""SIP over TCP, TLS and WebSocket: connections are kept and used both ways, bounded and closed when idle
(§18, RFC 5923, RFC 7118)."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

import structlog

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.transport.channels import Channel, Plain
from cordboard.sip.transport.connection import Connection
from cordboard.sip.transport.local import LocalAddress
from cordboard.sip.transport.options import bound
from cordboard.sip.transport.secure import Introductions, TrustIn, proven, reload, serving
from cordboard.sip.transport.web import WebChannel
from cordboard.sip.transport.words import Listening, Receive

log = structlog.get_logger()

CONNECT_SECONDS = 2.0
"""Enough for one lost SYN. A large INVITE waits for this before it goes by UDP (telephony.md 11)."""
SECURE_CONNECT_SECONDS = 4.0
HANDSHAKE_SECONDS = 5.0
SWEEP_SECONDS = 5.0
MOST_CONNECTIONS = 5_000
MOST_STRANGERS = 1_000
MOST_PER_SOURCE = 500
"""Of one address: a whole office behind one NAT fits."""
MOST_STRANGERS_PER_SOURCE = 50
MOST_UNSENT = 1_000
_BACKLOG = 512

_Failed = Callable[[], None] | None


class StreamTransport:
    """See ``words.Transport``. One class for ``tcp``, ``tls``, ``ws`` and ``wss``: what differs is how
    messages are cut, and whether the connection is encrypted. WebSocket peers are never dialled."""

    reliable = True

    def __init__(self, listening: Listening, receive: Receive, trust_in: TrustIn) -> None:
        """Raises ``BadInput`` for a certificate that cannot be used."""
        self._listening = listening
        self.kind, self.dscp = listening.kind, listening.dscp
        self.receive = receive
        self.on_lost: Callable[[Address, bool], None] = lambda peer, asked: None
        self.on_refused: Callable[[bytes], None] = lambda data: None
        self._secure = listening.kind in ("tls", "wss")
        self._web = listening.kind in ("ws", "wss")
        self._port = listening.port
        self._context = serving(listening) if self._secure else None
        self._introductions = Introductions(listening, trust_in)
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._by_peer: dict[Address, Connection] = {}
        self._open: set[Connection] = set()
        self._of_source: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()
        self._unsent: dict[Address, list[tuple[bytes, _Failed]]] = {}
        self._attempts: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def start(self) -> Address:
        loop = self._loop = asyncio.get_running_loop()
        listening = self._listening
        name = listening.host
        if self._context is not None or not self._secure:
            try:
                opened = bound(socket.SOCK_STREAM, listening.host, listening.port)
                self._server = await loop.create_server(
                    self._accepted,
                    sock=opened,
                    backlog=_BACKLOG,
                    ssl=self._context,
                    ssl_handshake_timeout=HANDSHAKE_SECONDS if self._secure else None,
                )
            except OSError as problem:
                raise Unavailable(f"cannot listen on {listening}: {problem.strerror or problem}") from problem
            name, self._port = opened.getsockname()[:2]
        self._local = LocalAddress(name)
        self._sweep = loop.call_later(SWEEP_SECONDS, self._look_after)
        return Address(self.kind, name, self._port)

    async def close(self) -> None:
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for attempt in list(self._attempts):
            attempt.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.close()
        if self._attempts:
            await asyncio.wait(self._attempts)

    def reload(self) -> None:
        """Take the certificate anew from its files, for connections from now on. Raises ``BadInput``."""
        if self._context is not None:
            reload(self._context, self._listening)

    def send(self, data: bytes, peer: Address, failed: _Failed = None) -> None:
        connection = self._by_peer.get(peer)
        if connection is not None and connection.usable:
            connection.asked = connection.asked or failed is not None
            connection.write(data)
            return
        waiting = self._unsent.get(peer)
        if self._closed or self._loop is None or self._web or (waiting and len(waiting) >= MOST_UNSENT):
            if failed is not None:
                failed()
            return
        if waiting is not None:
            waiting.append((data, failed))
            return
        self._unsent[peer] = [(data, failed)]
        attempt = self._loop.create_task(self._connect(peer))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    def reaches(self, peer: Address) -> bool:
        connection = self._by_peer.get(peer)
        return connection is not None and connection.usable

    def alias(self, peer: Address, also: Address) -> None:
        connection = self._by_peer.get(peer)
        if connection is None or also in connection.names or self.reaches(also) or len(connection.names) > 4:
            return
        connection.names.append(also)
        self._by_peer[also] = connection

    def local(self, peer: Address) -> Address:
        return Address(self.kind, self._local.towards(peer.host), self._port)

    # --- connections that we open ----------------------------------------------------------------------

    async def _connect(self, peer: Address) -> None:
        connection, why = None, ""
        patience = SECURE_CONNECT_SECONDS if self._secure else CONNECT_SECONDS
        try:
            async with asyncio.timeout(patience):
                connection = await self._dial(peer)
            why = connection.refused
        except TimeoutError:
            why = f"it did not answer within {patience:g} s"
        except (OSError, ValueError, BadInput, Unavailable) as problem:
            why = _why(problem)
        finally:
            unsent = self._unsent.pop(peer, [])
        if why and self._secure:
            log.warning("no TLS connection to a peer", peer=f"{peer.host}:{peer.port}", reason=why)
        for data, failed in unsent:
            if connection is not None and connection.usable:
                connection.asked = connection.asked or failed is not None
                connection.write(data)
            elif failed is not None:
                failed()

    async def _dial(self, peer: Address) -> Connection:
        """Raises ``OSError`` and ``Unavailable``."""
        assert self._loop is not None
        context, name = None, None
        if self._secure:
            trust = self._introductions.trust_in(peer)
            context = self._introductions.context(trust)
            name = trust.names[0].rstrip(".") if trust.names else peer.host
        _, connection = await self._loop.create_connection(
            lambda: Connection(self, Plain(), peer),
            peer.host,
            peer.port,
            ssl=context,
            server_hostname=name,
            local_addr=self._leaves_by(peer),
        )
        return connection

    def _leaves_by(self, peer: Address) -> tuple[str, int] | None:
        """The address that is listened on: the peer may know us by it. None where it leads nowhere."""
        own, there = ip_address(self._listening.host), ip_address(peer.host)
        if own.is_unspecified or own.version != there.version or own.is_loopback > there.is_loopback:
            return None
        return str(own), 0

    def objection(self, transport: asyncio.BaseTransport, peer: Address) -> str:
        if not self._secure:
            return ""
        return proven(transport.get_extra_info, peer, self._introductions.trust_in(peer))

    # --- for the connections ---------------------------------------------------------------------------

    def _accepted(self) -> Connection:
        channel: Channel = WebChannel() if self._web else Plain()
        return Connection(self, channel)

    def now(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0

    def opened(self, connection: Connection) -> bool:
        peer = connection.peer
        assert peer is not None
        if self._closed or (not connection.dialled and self._crowded(peer.host)):
            return False
        self._open.add(connection)
        self._of_source[peer.host] += 1
        self._strangers[peer.host] += 1
        connection.names.append(peer)
        self._by_peer[peer] = connection
        return True

    def _crowded(self, host: str) -> bool:
        strangers = self._strangers
        return (
            len(self._open) >= MOST_CONNECTIONS
            or self._of_source[host] >= MOST_PER_SOURCE
            or strangers[host] >= MOST_STRANGERS_PER_SOURCE
            or strangers.total() >= MOST_STRANGERS
        )

    def proved(self, connection: Connection) -> None:
        assert connection.peer is not None
        _less(self._strangers, connection.peer.host)

    def lost(self, connection: Connection) -> None:
        if connection not in self._open:
            return
        assert connection.peer is not None
        self._open.discard(connection)
        _less(self._of_source, connection.peer.host)
        if not connection.proven:
            _less(self._strangers, connection.peer.host)
        for name in connection.names:
            if self._by_peer.get(name) is connection:
                del self._by_peer[name]
                if connection.proven and not self._closed:
                    self.on_lost(name, connection.asked)

    def _look_after(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        for connection in list(self._open):
            if connection.stale(now):
                connection.abort()
            else:
                connection.keep_alive(now)
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._look_after)


def _less(counter: Counter[str], host: str) -> None:
    """One less; nothing is kept for a host without any."""
    counter[host] -= 1
    if counter[host] <= 0:
        del counter[host]


def _why(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return f"the TLS handshake failed: {problem.reason or problem}"
    if isinstance(problem, OSError):
        return problem.strerror or str(problem)
    return str(problem)
