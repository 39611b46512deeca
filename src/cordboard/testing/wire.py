"""A network in memory for SIP endpoints: bytes arrive after a chosen delay, or late, twice, or not at all.

All of it is drawn from a seed, so that a run that went wrong can be had again.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from cordboard.kernel.mistakes import Unavailable
from cordboard.sip.message.address import Address
from cordboard.sip.transport.words import Receive


@dataclass(frozen=True, slots=True)
class Passed:
    """A message on the wire. ``lost`` when it never arrived."""

    at: float
    source: Address
    target: Address
    data: bytes
    lost: bool

    @property
    def line(self) -> str:
        """``INVITE``, or ``183`` with its CSeq's method as ``183 INVITE``."""
        start = self.data.split(b"\r\n", 1)[0].decode("utf-8", "replace")
        if not start.startswith("SIP/2.0"):
            return start.split(" ")[0]
        cseq = next(
            (one for one in self.data.split(b"\r\n") if one.lower().startswith(b"cseq:")), b"CSeq: 0 ?"
        )
        return f"{start.split(' ')[1]} {cseq.split()[-1].decode()}"


class Wire:
    """``delay`` in seconds each way; ``loss``, ``twice`` and ``late`` are probabilities per datagram
    (``late`` adds up to 0.3 s, so that it is overtaken). ``storm``: how often each request datagram is sent.
    TCP is delayed only. ``drop`` decides on single messages: True loses it. ``passed`` is everything that was
    sent, a storm's repeats apart."""

    def __init__(
        self,
        seed: int = 1,
        *,
        delay: float = 0.02,
        loss: float = 0.0,
        twice: float = 0.0,
        late: float = 0.0,
        storm: int = 1,
        drop: Callable[[Passed], bool] | None = None,
    ) -> None:
        self._random = random.Random(seed)
        self.delay, self.loss, self.twice, self.late, self.storm = delay, loss, twice, late, storm
        self.drop = drop
        self.passed: list[Passed] = []
        self.refused = 0  # connections to where nobody listens
        self._sockets: dict[Address, WireTransport] = {}
        self._next_port = 5060
        self._last = 0.0

    def transport(self, kind: str, host: str, port: int, receive: Receive) -> "WireTransport":
        """An endpoint's ``transports``."""
        return WireTransport(self, kind, host, port, receive)

    def lines(self) -> list[str]:
        """What was sent, in order."""
        return [one.line for one in self.passed]

    def bind(self, socket: "WireTransport", host: str, port: int) -> Address:
        if port == 0:
            port, self._next_port = self._next_port, self._next_port + 1
        address = Address(socket.kind, host, port)
        if address in self._sockets:
            raise Unavailable(f"cannot listen on {socket.kind}:{host}:{port}: it is taken")
        self._sockets[address] = socket
        return address

    def unbind(self, address: Address) -> None:
        self._sockets.pop(address, None)

    def bound(self, address: Address) -> bool:
        return address in self._sockets

    def carry(self, data: bytes, source: Address, target: Address) -> None:
        """Put a message on the wire."""
        loop = asyncio.get_running_loop()
        datagram = source.transport == "udp"
        one = Passed(loop.time(), source, target, data, False)
        lost = self.drop is not None and self.drop(one)
        lost = lost or (datagram and self._random.random() < self.loss)
        self.passed.append(Passed(one.at, source, target, data, lost))
        if not lost:
            self._deliver(one, datagram)
        if datagram and self.storm > 1 and not data.startswith(b"SIP/2.0"):
            for _ in range(self.storm - 1):
                if self._random.random() >= self.loss:
                    self._deliver(one, datagram)

    def _deliver(self, one: Passed, datagram: bool) -> None:
        loop = asyncio.get_running_loop()
        copies = 2 if datagram and self._random.random() < self.twice else 1
        for _ in range(copies):
            due = one.at + self.delay
            if datagram and self._random.random() < self.late:
                due += 0.3 * self._random.random()
            else:
                # A loop does not promise an order among timers of one moment; a wire keeps it.
                due = self._last = max(due, self._last + 1e-6)
            loop.call_at(due, self._arrive, one.data, one.source, one.target)

    def inject(self, data: bytes, source: Address, target: Address) -> None:
        """A message out of nowhere, arriving at once: a stranger, or a peer that misbehaves."""
        self._arrive(data, source, target)

    def _arrive(self, data: bytes, source: Address, target: Address) -> None:
        socket = self._sockets.get(target)
        if socket is not None:
            socket.receive(data, source)


class WireTransport:
    """A ``sip.transport.words.Transport`` on a Wire."""

    def __init__(self, wire: Wire, kind: str, host: str, port: int, receive: Receive) -> None:
        self.kind = kind
        self.reliable = kind != "udp"
        self.receive = receive
        self.on_lost: Callable[[Address, bool], None] = lambda peer, asked: None
        self.on_refused: Callable[[bytes], None] = lambda data: None
        self._wire = wire
        self._host, self._port = host, port
        self._address: Address | None = None

    async def start(self) -> Address:
        self._address = self._wire.bind(self, self._host, self._port)
        return self._address

    async def close(self) -> None:
        if self._address is not None:
            self._wire.unbind(self._address)

    def send(self, data: bytes, peer: Address, failed: Callable[[], None] | None = None) -> None:
        assert self._address is not None
        if self.reliable and not self._wire.bound(peer):
            self._wire.refused += 1
            if failed is not None:
                failed()
            return
        self._wire.carry(data, self._address, peer)

    def reaches(self, peer: Address) -> bool:
        return not self.reliable or self._wire.bound(peer)

    def alias(self, peer: Address, also: Address) -> None:
        pass

    def local(self, peer: Address) -> Address:
        assert self._address is not None
        return self._address
