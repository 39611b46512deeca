"""Reads what `sip.message.hep` writes, by the document and not by the writer: one packet into its chunks."""

import ipaddress
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Captured:
    """A packet's chunks. ``protocol``: the IP protocol's number."""

    source: tuple[str, int]
    target: tuple[str, int]
    protocol: int
    at: float
    kind: int
    agent: int
    correlation: str
    payload: bytes


def read_packet(data: bytes) -> Captured:
    """Raises ``ValueError`` for what is no whole packet of version 3."""
    if data[:4] != b"HEP3" or struct.unpack_from("!H", data, 4)[0] != len(data):
        raise ValueError("no HEP3 packet, or another length than it says")
    chunks: dict[int, bytes] = {}
    place = 6
    while place < len(data):
        vendor, kind, size = struct.unpack_from("!HHH", data, place)
        if vendor != 0 or size < 6 or place + size > len(data) or kind in chunks:
            raise ValueError(f"a broken chunk at {place}")
        chunks[kind] = data[place + 6 : place + size]
        place += size
    old = chunks[1] == b"\x02"
    near, far = (ipaddress.ip_address(chunks[kind]) for kind in ((3, 4) if old else (5, 6)))
    (seconds,), (fraction,) = struct.unpack("!I", chunks[9]), struct.unpack("!I", chunks[10])
    return Captured(
        (str(near), struct.unpack("!H", chunks[7])[0]),
        (str(far), struct.unpack("!H", chunks[8])[0]),
        chunks[2][0],
        seconds + fraction / 1_000_000,
        chunks[11][0],
        struct.unpack("!I", chunks[12])[0],
        chunks.get(17, b"").decode(),
        chunks[15],
    )
