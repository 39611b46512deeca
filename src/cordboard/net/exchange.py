"""One question to one nameserver, over UDP or TCP."""

import asyncio
import struct
from collections.abc import Callable

from cordboard.net import dns

Server = tuple[str, int]
Reader = Callable[[bytes], dns.Reply]


class _Question(asyncio.DatagramProtocol):
    """Waits for the datagram that answers; others (late, forged, broken) are let pass."""

    def __init__(self, read: Reader, reply: "asyncio.Future[dns.Reply]") -> None:
        self._read, self._reply = read, reply

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        if self._reply.done():
            return
        try:
            self._reply.set_result(self._read(data))
        except dns.Malformed:
            return

    def error_received(self, exc: Exception) -> None:
        if not self._reply.done():
            self._reply.set_exception(exc)


async def over_udp(server: Server, query: bytes, read: Reader) -> dns.Reply:
    """From a socket of its own, connected to the server, so that its port is random and others are not heard.

    Raises ``OSError``. The caller sets the time limit.
    """
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[dns.Reply] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Question(read, reply), remote_addr=server)
    try:
        transport.sendto(query)
        return await reply
    finally:
        transport.close()


async def over_tcp(server: Server, query: bytes, read: Reader) -> dns.Reply:
    """The same over TCP (RFC 1035 §4.2.2). Raises ``OSError``, ``EOFError``, ``dns.Malformed``."""
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(struct.pack("!H", len(query)) + query)
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        return read(await reader.readexactly(size))
    finally:
        writer.close()
