"""A nameserver on loopback with a zone in a dict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from cordboard.net import dns
from cordboard.net.resolver import Resolver
from tests.dns_messages import Record, asked, reply_to
from tests.loopback.customer_peers import RealTokens


class NameServer(asyncio.DatagramProtocol):
    """``zone``: (name, kind) to its records; what is not in it does not exist. ``dead``: says nothing.
    ``beside``: records of the additional section of every SRV answer. ``asked``: what was asked for."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, int], list[Record]] = {}
        self.beside: list[Record] = []
        self.asked: list[tuple[str, int]] = []
        self.dead = False
        self.code = 0
        self.server = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def put(self, *records: Record) -> None:
        """These and no others of their names and kinds."""
        for name, kind, _, _ in records:
            self.zone.pop((name, kind), None)
        for record in records:
            self.zone.setdefault((record[0], record[1]), []).append(record)

    def count(self, name: str, kind: int) -> int:
        """How often this was asked for."""
        return self.asked.count((name, kind))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.server = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = asked(data)
        self.asked.append(question)
        if self.dead:
            return
        found = self.zone.get(question, [])
        known = any(name == question[0] for name, _ in self.zone)
        code = self.code or (0 if known else dns.NAME_ERROR)
        beside = self.beside if question[1] == dns.SRV and found else []
        assert self._transport is not None
        self._transport.sendto(reply_to(data, found, additional=beside, code=code), addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[NameServer]:
    """One that answers while this lasts."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()


def resolver(server: NameServer, **hosts: tuple[str, ...]) -> Resolver:
    """Ours, which asks it."""
    return Resolver(RealTokens(), (server.server,), hosts, try_seconds=0.1)
