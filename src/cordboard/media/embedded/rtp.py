"""RTP packets, read and written (RFC 3550 §5.1, RFC 3551, RFC 4733)."""

from struct import Struct
from typing import NamedTuple

HEADER = Struct("!HHII")
"""First two bytes as one number (0x8000 | marker << 7 | payload type), sequence, timestamp, SSRC."""

VERSION = 0x8000
MARKER = 0x80
SEQUENCES = 0xFFFF
TIMESTAMPS = 0xFFFFFFFF

FRAME = 160
"""Samples and bytes of 20 ms of G.711."""
FRAME_NS = 20_000_000
PLAIN_SIZE = 12 + FRAME
NOISE_TYPE = 13
STATIC_TYPES = {0: "PCMU", 8: "PCMA"}


class Packet(NamedTuple):
    """One RTP packet, its extras (CSRC, extension, padding) taken off."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read(data: bytes) -> Packet | None:
    """The packet, or None where it is no RTP: too short, another version, RTCP, or lengths that don't fit."""
    if len(data) < 12:
        return None
    head, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    kind = head & 0x7F
    if head >> 14 != 2 or (head & MARKER and 64 <= kind <= 95):  # RFC 5761 §4: these are RTCP
        return None
    start = 12 + 4 * (head >> 8 & 0x0F)
    if head & 0x1000:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data)
    if head & 0x2000:
        end -= data[-1]
    if start > end or (head & 0x2000 and not data[-1]):
        return None
    return Packet(bool(head & MARKER), kind, sequence, timestamp, ssrc, data[start:end])


def write(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool = False
) -> bytes:
    """A packet without extras."""
    head = VERSION | (MARKER if marker else 0) | payload_type
    return HEADER.pack(head, sequence & SEQUENCES, timestamp & TIMESTAMPS, ssrc) + payload


def sequence_step(newer: int, older: int) -> int:
    """How far ``newer`` is ahead on the circle of 16 bits; negative when it is older."""
    return ((newer - older + 0x8000) & SEQUENCES) - 0x8000


def timestamp_step(newer: int, older: int) -> int:
    """How far ``newer`` is ahead on the circle of 32 bits; negative when it is older."""
    return ((newer - older + 0x80000000) & TIMESTAMPS) - 0x80000000
