"""A wire that loses what a test says: a UDP relay between one caller and the engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cordboard.sip.endpoint.words import Address


@dataclass(slots=True)
class Wire(asyncio.DatagramProtocol):
    """``lose``: how many datagrams that begin so are still to be lost, either way. ``carried``: the first
    lines of all that came, with what was lost among them."""

    far: tuple[str, int]
    lose: dict[str, int]
    carried: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _near: tuple[str, int] | None = None
    _transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        line = data.partition(b"\r\n")[0].decode("latin-1")
        self.carried.append(line)
        for beginning, left in self.lose.items():
            if left and line.startswith(beginning):
                self.lose[beginning] -= 1
                self.lost.append(line)
                return
        if address == self.far:
            if self._near is not None:
                self._transport.sendto(data, self._near)
        else:
            self._near = address
            self._transport.sendto(data, self.far)

    @property
    def address(self) -> Address:
        """Where the caller sends to."""
        host, port = self._transport.get_extra_info("sockname")
        return Address("udp", host, port)

    def count(self, beginning: str) -> int:
        """How many datagrams began so, lost ones included."""
        return sum(line.startswith(beginning) for line in self.carried)


@asynccontextmanager
async def lossy(far: Address, **lose: int) -> AsyncIterator[Wire]:
    """``lose``: by method, or by ``answer_`` and a status, how many of them are lost."""
    wanted = {
        f"SIP/2.0 {name.removeprefix('answer_')}" if name.startswith("answer_") else name: count
        for name, count in lose.items()
    }
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(
        lambda: Wire((far.host, far.port), wanted), ("127.0.0.1", 0)
    )
    try:
        yield wire
    finally:
        transport.close()
