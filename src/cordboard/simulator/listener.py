"""What a simulated phone hears: audio placed by RTP timestamps, keys, the facts of every packet. Pure."""

import struct
from typing import NamedTuple

import numpy as np

from cordboard.simulator.companding import decode
from cordboard.simulator.tones import RATE, Pcm

_HEADER = struct.Struct("!BBHII")
_EVENTS = "0123456789*#ABCD"
_MOST_PACKETS = 60_000
_MOST_DIGITS = 1000
_LONGEST_GAP = 10 * RATE
_CODECS = {0: "PCMU", 8: "PCMA"}
_EVENT_TYPES = range(96, 128)


class Packet(NamedTuple):
    """The facts of an RTP packet that came. ``arrival``: seconds on the loop's clock."""

    arrival: float
    ssrc: int
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    size: int


class Listener:
    """Keeps at most ``keep_seconds`` of audio. A new SSRC, or a timestamp that jumps, begins where the last
    audio ended."""

    def __init__(self, keep_seconds: float) -> None:
        self._most = int(keep_seconds * RATE)
        self._pcm = np.zeros(min(self._most, 20 * RATE), np.int16)
        self._end = 0
        self._ssrc = -1
        self._timestamp, self._place = 0, 0  # a packet's timestamp, and where its audio was put
        self._last_event = (-1, -1)
        self.packets: list[Packet] = []
        self.digits = ""

    @property
    def heard(self) -> Pcm:
        """What came so far: signed 16 bit, 8 kHz, from the first packet on. What never came is silence."""
        return self._pcm[: self._end].copy()

    def take(self, data: bytes, now: float) -> bool:
        """A datagram. False when it is no RTP that a phone plays (RTCP among it, RFC 5761 §4)."""
        if len(data) < _HEADER.size:
            return False
        first, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2 or 192 <= kind <= 223:
            return False
        payload_type = kind & 0x7F
        payload = _payload(data, first)
        if len(self.packets) < _MOST_PACKETS:
            marker = bool(kind & 0x80)
            self.packets.append(Packet(now, ssrc, sequence, timestamp, payload_type, marker, len(payload)))
        if payload_type in _CODECS:
            self._keep(ssrc, timestamp, decode(payload, _CODECS[payload_type]))
        elif payload_type in _EVENT_TYPES and len(payload) >= 4:
            self._event(ssrc, timestamp, payload[0])
        return True

    def _event(self, ssrc: int, timestamp: int, event: int) -> None:
        """One digit per event timestamp (RFC 4733 §2.5)."""
        if (ssrc, timestamp) != self._last_event and event < len(_EVENTS) and len(self.digits) < _MOST_DIGITS:
            self._last_event = (ssrc, timestamp)
            self.digits += _EVENTS[event]

    def _keep(self, ssrc: int, timestamp: int, samples: Pcm) -> None:
        ahead = (timestamp - self._timestamp + 2**31) % 2**32 - 2**31
        rebase = ssrc != self._ssrc or abs(ahead) > _LONGEST_GAP
        place = self._end if rebase else self._place + ahead
        self._ssrc, self._timestamp, self._place = ssrc, timestamp, place
        end = min(place + len(samples), self._most)
        if place < 0 or end <= place:
            return
        if end > len(self._pcm):
            grown = np.zeros(min(self._most, max(end, 2 * len(self._pcm))), np.int16)
            grown[: self._end] = self._pcm[: self._end]
            self._pcm = grown
        self._pcm[place:end] = samples[: end - place]
        self._end = max(self._end, end)


def _payload(data: bytes, first: int) -> bytes:
    """Without CSRCs, header extension and padding (RFC 3550 §5.1)."""
    start = _HEADER.size + 4 * (first & 15)
    if first & 16 and len(data) >= start + 4:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if first & 32 else 0)
    return data[start:end]
