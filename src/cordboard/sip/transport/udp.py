"""SIP over UDP: one socket per listener, symmetric (RFC 3581): answers leave from where requests come in."""

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable

from cordboard.kernel.mistakes import Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.transport.local import LocalAddress
from cordboard.sip.transport.options import bound, mark
from cordboard.sip.transport.words import Listening, Receive

_BUFFER = 4 * 1024 * 1024  # a burst of INVITEs waits in the kernel while a call's step runs
_RCVBUFFORCE = 33  # past net.core.rmem_max, where we may
_MEMINFO = 55  # SO_MEMINFO; its first word is what is queued
_MOST_PEERS = 10_000
_RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
_EXTENDED = struct.Struct("=IBBBBII")  # struct sock_extended_err of ip(7)
_ICMP = (2, 3)
_UNREACHABLE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOPROTOOPT, errno.EACCES)
_MOST_RETURNED = 64
_GUARD_SECONDS = 1.0


class UdpTransport(asyncio.DatagramProtocol):
    """See ``words.Transport``.

    The kernel hands back what ICMP says nobody takes (IP_RECVERR): with the beginning of the message, so that
    it is known which request failed (§18.4), and so that nobody can make one up who has not seen it.
    """

    kind = "udp"
    reliable = False

    def __init__(self, listening: Listening, receive: Receive) -> None:
        self._listening = listening
        self._port = listening.port
        self._receive = receive
        self.on_lost: Callable[[Address, bool], None] = lambda peer, asked: None
        self.on_refused: Callable[[bytes], None] = lambda data: None
        self._transport: asyncio.DatagramTransport | None = None
        self._socket: socket.socket | None = None
        self._guard: asyncio.TimerHandle | None = None
        self._failed = False
        self._peers: dict[tuple[str, int], Address] = {}

    async def start(self) -> Address:
        loop = asyncio.get_running_loop()
        listening = self._listening
        try:
            opened = bound(socket.SOCK_DGRAM, listening.host, listening.port)
        except OSError as problem:
            raise Unavailable(f"cannot listen on {listening}: {problem.strerror or problem}") from problem
        name = opened.getsockname()
        mark(opened, listening.dscp)
        _widen(opened)
        try:
            opened.setsockopt(*_RECVERR[opened.family], 1)
            self._socket = opened
        except OSError:
            pass  # then a refusal is Timer B's to find
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=opened)
        self._port = name[1]
        self._local = LocalAddress(name[0])
        self._look()
        return Address("udp", name[0], self._port)

    async def close(self) -> None:
        self._socket = None
        if self._guard is not None:
            self._guard.cancel()
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
                if self._failed:
                    # It may have been the answer to an earlier datagram: that one is told now, this one goes.
                    self._failed = False
                    transport.sendto(data, (peer.host, peer.port))
            except (OSError, ValueError, TypeError):
                self._failed = True
        if self._failed and failed is not None:
            failed()

    def waiting(self) -> int:
        """Bytes that the kernel holds for us."""
        if self._socket is None:
            return 0
        return int.from_bytes(self._socket.getsockopt(socket.SOL_SOCKET, _MEMINFO, 4), sys.byteorder)

    def reaches(self, peer: Address) -> bool:
        return True

    def alias(self, peer: Address, also: Address) -> None:
        pass

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
        self._take_returned()

    def _take_returned(self) -> None:
        """Empty the socket's queue of errors: while one is in it, the loop finds it readable."""
        opened = self._socket
        if opened is None:
            return
        for _ in range(_MOST_RETURNED):
            try:
                data, notes, _, _ = opened.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            except OSError:  # there is none left
                return
            for _, _, note in notes:
                if len(note) >= _EXTENDED.size:
                    number, origin, *_ = _EXTENDED.unpack_from(note)
                    if origin in _ICMP and number in _UNREACHABLE:
                        self.on_refused(data)

    def _look(self) -> None:
        """Whatever an event loop does with errors, none stays in the queue for long."""
        self._take_returned()
        if self._socket is not None:
            self._guard = asyncio.get_running_loop().call_later(_GUARD_SECONDS, self._look)


def _widen(opened: socket.socket) -> None:
    try:
        opened.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _BUFFER)
    except OSError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
