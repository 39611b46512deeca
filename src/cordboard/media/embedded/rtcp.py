"""RTCP: sender and receiver reports with a CNAME (RFC 3550 §6)."""

from dataclasses import dataclass
from struct import Struct, pack

INTERVAL_NS = 5_000_000_000
_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_SENDER = Struct("!BBHIIIIII")
_RECEIVER = Struct("!BBHI")
_BLOCK = Struct("!IIIIII")
_SR, _RR, _SDES = 200, 201, 202


@dataclass(frozen=True, slots=True)
class Sent:
    """What we sent: SSRC, packets, octets, and the stream's timestamp at this moment."""

    ssrc: int
    packets: int
    octets: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What we received: packets that came and were lost, extended highest sequence, jitter in samples."""

    ssrc: int
    came: int
    lost: int
    highest: int
    jitter: int


class Reporter:
    """The reports of one leg."""

    def __init__(self, cname: str) -> None:
        self._cname = cname.encode()
        self._sent = self._came = self._lost = 0
        self._last_report = self._last_report_at = 0
        self.round_trip = 0.0
        """Seconds, from the far side's reports; 0 while unknown."""

    def report(self, sent: Sent, heard: Heard, now: int, wall: float) -> bytes:
        """The next compound packet: an SR when something was sent since the last, else an RR; CNAME."""
        blocks = self._block(heard, now) if heard.came else b""
        count = 0x80 | bool(blocks)
        if sent.packets != self._sent:
            self._sent = sent.packets
            seconds, fraction = int(wall) + _EPOCH, int(wall % 1 * 2**32)
            words = 6 + len(blocks) // 4
            head = _SENDER.pack(
                *(count, _SR, words, sent.ssrc, seconds & 0xFFFFFFFF, fraction),
                *(sent.timestamp, sent.packets & 0xFFFFFFFF, sent.octets & 0xFFFFFFFF),
            )
        else:
            head = _RECEIVER.pack(count, _RR, 1 + len(blocks) // 4, sent.ssrc)
        return head + blocks + self._describe(sent.ssrc)

    def hear(self, data: bytes, our_ssrc: int, now: int, wall: float) -> None:
        """A compound packet of the far side; what is malformed is left out."""
        at = 0
        while len(data) - at >= 8:
            count, kind, words = data[at] & 0x1F, data[at + 1], int.from_bytes(data[at + 2 : at + 4])
            end = at + 4 + 4 * words
            if data[at] >> 6 != 2 or end > len(data):
                return
            blocks = at + 8
            if kind == _SR and end - at >= 28:
                # the middle 32 bits of the NTP time, to be given back in LSR (§6.4.1)
                self._last_report = int.from_bytes(data[at + 10 : at + 14])
                self._last_report_at = now
                blocks = at + 28
            if kind in (_SR, _RR):
                for block in range(blocks, min(end, blocks + 24 * count) - 23, 24):
                    self._measure(data[block : block + 24], our_ssrc, wall)
            at = end

    def _measure(self, block: bytes, our_ssrc: int, wall: float) -> None:
        ssrc, _, _, _, last, delay = _BLOCK.unpack(block)
        if ssrc != our_ssrc or not last:
            return
        middle = int((wall + _EPOCH) * 65536) & 0xFFFFFFFF
        trip = ((middle - last - delay) & 0xFFFFFFFF) / 65536
        if trip < 10:
            self.round_trip = trip

    def _block(self, heard: Heard, now: int) -> bytes:
        expected = heard.came + heard.lost - self._came - self._lost
        lost = heard.lost - self._lost
        self._came, self._lost = heard.came, heard.lost
        fraction = min(max(lost, 0) * 256 // expected, 255) if expected > 0 else 0
        total = max(-0x800000, min(heard.lost, 0x7FFFFF)) & 0xFFFFFF
        delay = (now - self._last_report_at) * 65536 // 1_000_000_000 if self._last_report_at else 0
        return _BLOCK.pack(
            *(heard.ssrc, fraction << 24 | total, heard.highest, heard.jitter),
            *(self._last_report, delay & 0xFFFFFFFF),
        )

    def _describe(self, ssrc: int) -> bytes:
        chunk = pack("!I", ssrc) + bytes((1, len(self._cname))) + self._cname + b"\0"
        chunk += b"\0" * (-len(chunk) % 4)
        return bytes((0x81, _SDES)) + (len(chunk) // 4).to_bytes(2) + chunk
