"""What every transport is, whichever sockets it stands on."""

from collections.abc import Callable
from typing import Protocol

from cordboard.sip.message.address import Address

Receive = Callable[[bytes, Address], None]
"""Called with each whole message (a datagram, or what the framer cut) and where it came from."""


class Transport(Protocol):
    """A listener and everything that is sent and received through it."""

    kind: str
    reliable: bool

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

    def local(self, peer: Address) -> Address:
        """Our listening address as this peer sees it."""
        ...


Factory = Callable[[str, str, int, Receive], Transport]
"""Makes a transport from kind (``udp``, ``tcp``), host, port and who gets its messages."""
