"""Where a message came from or goes to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """A transport address. ``transport``: ``udp``, ``tcp``, ``tls``, ``ws`` or ``wss``."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Hop:
    """A way out: ``listener`` is the endpoint's own socket (its number in ``listen``), ``peer`` the far
    end."""

    listener: int
    peer: Address
