"""HEP version 3 (EEP), the form in which captured messages go to Homer and its kin. Pure.

https://github.com/sipcapture/HEP: `HEP3`, the length of all, then chunks of vendor, type, length and value.
"""

import ipaddress
import struct

from cordboard.sip.message.address import Address

MAGIC = b"HEP3"
LARGEST = 65000
"""Bytes of a packet; a payload that does not fit is cut, for a datagram holds no more."""

_SIP = 1
# IP protocol numbers; for TLS and WebSocket those that OpenSIPS and Kamailio put in their place.
_PROTOCOLS = {"udp": 17, "tcp": 6, "tls": 22, "ws": 50, "wss": 50}


def packet(
    data: bytes,
    source: Address,
    target: Address,
    at: float,
    agent: int,
    correlation: str = "",
) -> bytes:
    """One message as a packet. ``at``: seconds since the epoch. ``agent``: our number at the collector.
    ``correlation``: what messages of one call have in common. Raises ``ValueError`` for an address that is
    none."""
    near, far = _ip(source.host), _ip(target.host)
    if near.version != far.version:
        raise ValueError("the two ends are of different families")
    seconds = int(at)
    chunks = [
        _chunk(1, b"\x02" if near.version == 4 else b"\x0a"),
        _chunk(2, bytes((_PROTOCOLS.get(source.transport, 17),))),
        _chunk(3 if near.version == 4 else 5, near.packed),
        _chunk(4 if near.version == 4 else 6, far.packed),
        _chunk(7, struct.pack("!H", source.port)),
        _chunk(8, struct.pack("!H", target.port)),
        _chunk(9, struct.pack("!I", seconds & 0xFFFFFFFF)),
        _chunk(10, struct.pack("!I", int((at - seconds) * 1_000_000))),
        _chunk(11, bytes((_SIP,))),
        _chunk(12, struct.pack("!I", agent)),
    ]
    if correlation:
        chunks.append(_chunk(17, correlation.encode("utf-8", "replace")[:256]))
    chunks.append(_chunk(15, data[:LARGEST]))
    body = b"".join(chunks)
    return MAGIC + struct.pack("!H", len(body) + 6) + body


def _chunk(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, len(value) + 6) + value


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)  # a dual-stack socket names IPv4 peers ::ffff:a.b.c.d
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address
