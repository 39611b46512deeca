"""SIP over UDP: one socket per listener, symmetric (RFC 3581): answers leave from where requests come in."""

import asyncio
import socket
from collections.abc import Callable

from cordboard.kernel.mistakes import Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.transport.local import LocalAddress
from cordboard.sip.transport.words import Receive

_BUFFER = 4 * 1024 * 1024  # a burst of INVITEs waits in the kernel while a call's step runs
_MOST_PEERS = 10_000


class UdpTransport(asyncio.DatagramProtocol):
    """See ``words.Transport``."""

    kind = "udp"
    reliable = False

    def __init__(self, host: str, port: int, receive: Receive) -> None:
        self._host, self._port = host, port
        self._receive = receive
        self._transport: asyncio.DatagramTransport | None = None
        self._failed = False
        self._peers: dict[tuple[str, int], Address] = {}

    async def start(self) -> Address:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(self._host, self._port)
            )
        except OSError as problem:
            raise Unavailable(
                f"cannot listen on udp:{self._host}:{self._port}: {problem.strerror or problem}"
            ) from problem
        self._transport = transport
        bound = transport.get_extra_info("sockname")
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._port = bound[1]
        self._local = LocalAddress(bound[0])
        return Address("udp", bound[0], self._port)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def send(self, data: bytes, peer: Address, failed: Callable[[], None] | None = None) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            self._failed = True
        else:
            self._failed = False
            try:
                transport.sendto(data, (peer.host, peer.port))  # a refusal by the kernel calls error_received
            except (OSError, ValueError, TypeError):
                self._failed = True
        if self._failed and failed is not None:
            failed()

    def reaches(self, peer: Address) -> bool:
        return True

    def local(self, peer: Address) -> Address:
        return Address("udp", self._local.towards(peer.host), self._port)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        peers = self._peers
        peer = peers.get(addr)
        if peer is None:
            if len(peers) >= _MOST_PEERS:
                peers.clear()
            peer = peers[addr] = Address("udp", addr[0], addr[1])
        self._receive(data, peer)

    def error_received(self, exc: Exception) -> None:
        self._failed = True
