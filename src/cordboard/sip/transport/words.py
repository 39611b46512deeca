"""What every transport is, whichever sockets it stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cordboard.sip.message.address import Address

Receive = Callable[[bytes, Address], None]
"""Called with each whole message (a datagram, or what the framer cut) and where it came from."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen and how. ``kind``: ``udp``, ``tcp``, ``tls``, ``ws`` or ``wss``; ``host``: an address,
    IPv6 without brackets; port 0: any. ``name``: how an ``Outgoing`` asks for it. ``advertise``: the host
    that peers are told; empty: the endpoint's. ``certificate``, ``private_key``: files in PEM. ``dscp``: mark
    of what is sent (RFC 2474), 0 for none."""

    kind: str
    host: str
    port: int
    name: str = ""
    advertise: str = ""
    certificate: str = ""
    private_key: str = ""
    dscp: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kind}:[{self.host}]:{self.port}"
            if ":" in self.host
            else f"{self.kind}:{self.host}:{self.port}"
        )


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a TLS peer must prove to be. ``names``: any of these, the first is asked for (SNI); empty: the
    address itself. ``verify`` False: anybody. ``ca``: file in PEM of who may sign; empty: the system's."""

    names: tuple[str, ...] = ()
    verify: bool = True
    ca: str = ""


class Transport(Protocol):
    """A listener and everything that is sent and received through it.

    ``on_lost`` is told of a peer whose connection is gone, and whether requests of ours went by it;
    ``on_refused`` of a message of ours that nobody took (its beginning, as the network brought it back).
    """

    kind: str
    reliable: bool
    on_lost: Callable[[Address, bool], None]
    on_refused: Callable[[bytes], None]

    async def start(self) -> Address:
        """Bind. Where it listens. Raises ``Unavailable``."""
        ...

    async def close(self) -> None: ...

    def send(self, data: bytes, peer: Address, failed: Callable[[], None] | None = None) -> None:
        """Send one message, connecting first where needed. ``failed`` is called, perhaps at once, when it
        certainly did not go out."""
        ...

    def reaches(self, peer: Address) -> bool:
        """Whether something can be sent to this peer without connecting to it."""
        ...

    def alias(self, peer: Address, also: Address) -> None:
        """What is for ``also`` goes by the connection to ``peer`` from now on (RFC 5923). Nothing on UDP."""
        ...

    def local(self, peer: Address) -> Address:
        """Our listening address as this peer sees it."""
        ...


Factory = Callable[[str, str, int, Receive], Transport]
"""Makes a transport from kind (``udp``, ``tcp``), host, port and who gets its messages."""
