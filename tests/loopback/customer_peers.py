"""Peers for tests of HTTP out: a raw server that says what it is told, a nameserver, a canary, clocks."""

import asyncio
import os
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import cast

from cordboard.customer.client import Customer
from cordboard.net.guard import Policy
from cordboard.net.resolver import Resolver

JSON = b'{"destination": {"numbers": ["+919812300001"]}}'


class RealClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class RealTokens:
    def hex(self, size: int) -> str:
        return os.urandom(size).hex()


def response(
    body: bytes = JSON, *headers: str, status: str = "200 OK", type_: str = "application/json"
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {type_}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


Talk = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Speaks bytes. ``requests``: the head of each request; ``connections``: how many came."""

    talk: Talk
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def url(self, target: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{target}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                await self.talk(head, reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    talk: Talk | bytes, address: str = "127.0.0.1", port: int = 0, **kwargs: object
) -> AsyncIterator[RawServer]:
    """A server on a port of its own. ``talk`` as bytes: the answer to every request."""
    fixed = talk

    async def say(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(fixed, bytes)
        writer.write(fixed)

    raw = RawServer(say if isinstance(talk, bytes) else talk)
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await raw._serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(accept, address, port, **kwargs)  # type: ignore[arg-type]
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Answer = Callable[[str, int], list[str] | int | None]
"""(name, 4 or 6) → addresses (``ttl|address`` sets a TTL), a response code, or None for no reply."""


class _Nameserver(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, asked: list[tuple[str, int]], truncate: bool) -> None:
        self.answer, self.asked, self.truncate = answer, asked, truncate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self.reply(data)
        if reply is not None:
            if self.truncate:
                reply = (
                    reply[:2] + b"\x83\x80" + reply[4:6] + bytes(6) + reply[12 : 12 + reply[12:].index(0) + 5]
                )
            self.transport.sendto(reply, addr)

    def reply(self, data: bytes) -> bytes | None:
        end = 12 + data[12:].index(0) + 1
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        (kind,) = struct.unpack_from("!H", data, end)
        family = {1: 4, 28: 6}[kind]
        self.asked.append((".".join(labels), family))
        answer = self.answer(".".join(labels), family)
        if answer is None:
            return None
        code, records = (answer, []) if isinstance(answer, int) else (0, answer)
        out = data[:2] + struct.pack("!5H", 0x8180 | code, 1, len(records), 0, 0) + data[12 : end + 4]
        for text in records:
            ttl, _, address = text.rpartition("|")
            packed = ip_address(address).packed
            out += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, int(ttl or 0), len(packed)) + packed
        return out


@dataclass
class Names:
    server: tuple[str, int]
    asked: list[tuple[str, int]]


@asynccontextmanager
async def naming(answer: Answer, *, truncate: bool = False) -> AsyncIterator[Names]:
    """A nameserver on loopback. ``truncate``: UDP only says that there is more, TCP answers."""
    asked: list[tuple[str, int]] = []
    loop = asyncio.get_running_loop()
    stub = _Nameserver(answer, asked, truncate)
    transport, _ = await loop.create_datagram_endpoint(lambda: stub, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]

    async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        reply = stub.reply(await reader.readexactly(size)) or b""
        writer.write(struct.pack("!H", len(reply)) + reply)
        await writer.drain()
        writer.close()

    # The port that UDP got may be taken in TCP, so it is asked for only where it is needed.
    tcp = await asyncio.start_server(over_tcp, "127.0.0.1", port) if truncate else None
    try:
        yield Names(("127.0.0.1", port), asked)
    finally:
        transport.close()
        if tcp is not None:
            tcp.close()


@asynccontextmanager
async def door(
    *,
    allow: tuple[str, ...] = ("127.0.0.0/8",),
    ports: tuple[int, ...] = (80, 443),
    servers: tuple[tuple[str, int], ...] = (("127.0.0.1", 9),),
    **kwargs: object,
) -> AsyncIterator[Customer]:
    """A customer door that may call loopback."""
    resolver = Resolver(RealTokens(), servers, try_seconds=0.15)
    customer = Customer(Policy.of(allow, ports), resolver, RealClock(), RealTokens(), **kwargs)  # type: ignore[arg-type]
    await customer.start()
    try:
        yield customer
    finally:
        await customer.close()
        await resolver.close()
