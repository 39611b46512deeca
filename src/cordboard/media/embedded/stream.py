"""What one leg is sent: one stream for as long as the leg lives (telephony.md 18, RFC 3550 §5.1).

One SSRC, a sequence without holes but those of the far side's own losses, a timestamp that advances with the
clock. Whoever speaks - a player or another leg - is fitted into it.
"""

from collections.abc import Callable

from cordboard.media.embedded.digits import Dialler
from cordboard.media.embedded.g711 import SILENCE, translation
from cordboard.media.embedded.inband import tone_step
from cordboard.media.embedded.rtp import (
    FRAME,
    HEADER,
    MARKER,
    SEQUENCES,
    TIMESTAMPS,
    VERSION,
    timestamp_step,
)

Send = Callable[[bytes], object]

_FAR_BEHIND = 10 * FRAME
_ALIVE_NS = 15_000_000_000
"""After so long without a packet one is sent, so that NATs keep the way open (RFC 6263)."""
_BRIDGE = 10
"""Frames: 200 ms, in which the next to speak is heard, or whoever decides has decided."""
_pack = HEADER.pack


class Outgoing:
    """The stream towards one leg. ``seq``: last sequence sent; ``edge``: timestamp behind the last sample.

    ``fresh``: the next packet begins a new talk (marker bit, RFC 3551 §4.1) and sets ``shift``, by which the
    talk's timestamps are moved. ``open``: the leg has a stream and may be sent to.
    """

    __slots__ = (
        "_base",
        "_bridged",
        "_cut",
        "_cut_at",
        "_epoch",
        "_event_at",
        "_idle_since",
        "_sent_before",
        "codec",
        "dialler",
        "edge",
        "event_type",
        "floor",
        "fresh",
        "head",
        "noise_type",
        "octets",
        "open",
        "send",
        "sent",
        "seq",
        "shift",
        "ssrc",
        "table",
    )

    def __init__(self, send: Send, ssrc: int, sequence: int, timestamp: int, now: int) -> None:
        self.send = send
        self.ssrc = ssrc
        self.seq = sequence & SEQUENCES
        self.edge = self._base = timestamp & TIMESTAMPS
        self._epoch = now
        self.codec = "PCMA"
        self.head = VERSION | 8
        self.event_type: int | None = None
        self.noise_type: int | None = None
        self.open = False
        self.fresh = True
        self.shift = 0
        self.floor = 0
        self.table: bytes | None = None
        self.sent = self.octets = 0
        self._cut = b""
        self._cut_at = 0
        self._event_at = 0
        self._bridged = _BRIDGE
        self._sent_before, self._idle_since = 0, now
        self.dialler = Dialler()

    def timestamp_at(self, now: int) -> int:
        """Where the stream is when it keeps step with the clock (8 samples a millisecond)."""
        return (self._base + (now - self._epoch) * 8 // 1_000_000) & TIMESTAMPS

    def _begin(self, now: int) -> int:
        """The timestamp of a talk that begins now: never before what was sent already."""
        due = self.timestamp_at(now)
        return due if timestamp_step(due, self.edge) >= 0 else self.edge

    def _put(self, head: int, sequence: int, timestamp: int, payload: bytes) -> None:
        self.sent += 1
        self.octets += len(payload)
        self.send(_pack(head, sequence, timestamp, self.ssrc) + payload)

    def _advance(self, to: int) -> None:
        if timestamp_step(to, self.edge) > 0:
            self.edge = to

    # --- a player speaks ---------------------------------------------------------------------------

    def play(self, frame: bytes, now: int) -> None:
        """The next 20 ms of a sound, in this leg's law."""
        head = self.head
        if self.fresh:
            self.edge, self.fresh, head = self._begin(now), False, head | MARKER
        elif timestamp_step(self.timestamp_at(now), self.edge) >= _FAR_BEHIND:
            self.edge = self._begin(now)
        self.seq = (self.seq + 1) & SEQUENCES
        at, self.edge = self.edge, (self.edge + len(frame)) & TIMESTAMPS
        self._put(head, self.seq, at, frame)

    @property
    def bridging(self) -> bool:
        """Whether the stream would have a hole if nothing were sent until the next source speaks."""
        return self._bridged < _BRIDGE

    def expect(self) -> None:
        """One source has ended and the next may need a moment (telephony.md 18: one stream, no hole)."""
        if self.sent and self.open:
            self._bridged = 0

    def bridge(self, now: int) -> None:
        """20 ms of silence, where the stream has come that far; the talk that follows still begins anew."""
        self._bridged += 1
        behind = timestamp_step(self.timestamp_at(now), self.edge)
        if behind >= _FAR_BEHIND:
            self.bridged()  # nothing was sent before, so there is no hole to fill
        elif behind >= -FRAME // 2:
            self._silence(now, self.fresh)

    def bridged(self) -> None:
        """The next source speaks."""
        self._bridged = _BRIDGE

    def keep_alive(self, now: int) -> None:
        """To be called about once a second: whoever is heard here may leave out silence for minutes."""
        if self.sent != self._sent_before or not self.open:
            self._sent_before, self._idle_since = self.sent, now
        elif now - self._idle_since >= _ALIVE_NS:
            self._silence(now, True)

    def _silence(self, now: int, fresh: bool) -> None:
        """20 ms that are no talk (no marker bit)."""
        self.fresh = False
        self.play(SILENCE[self.codec] * FRAME, now)
        self.fresh = fresh

    def dial(self, now: int) -> None:
        """The next 20 ms of the digits that are being sent: as events (RFC 4733), or as tones to a leg that
        did not agree to such."""
        if self.event_type is None:
            first, frame = self.dialler.tone(self.codec, tone_step)
            self.fresh = self.fresh or first
            self.play(frame, now)
            self.fresh = not self.dialler.busy
            return
        first, payloads = self.dialler.step()
        if first:
            self._event_at = self._begin(now)
        for payload in payloads:
            self.seq = (self.seq + 1) & SEQUENCES
            head = VERSION | (self.event_type or 0) | (MARKER if first else 0)
            self._put(head, self.seq, self._event_at, payload)
        self._advance(self.timestamp_at(now))
        self.fresh = True

    # --- another leg speaks --------------------------------------------------------------------------

    def listen_to(self, codec: str) -> None:
        """From now on the frames come in this law."""
        self.table = translation(codec, self.codec)

    def relay(self, payload: bytes, step: int, sequence: int, timestamp: int, now: int, marker: bool) -> None:
        """A far audio packet. ``step``: how far its sequence is ahead of the newest one before it."""
        if self.table is not None:
            payload = payload.translate(self.table)
        if self.fresh:
            self._start_relay(timestamp, now)
            self.floor, step, marker = sequence, 1, True
        moved = (timestamp + self.shift) & TIMESTAMPS
        if len(payload) != FRAME or self._cut:
            self.floor = sequence + 1
            if step > 0:
                self._recut(payload, moved, marker)
            return
        if step <= 0:  # late: it takes the place that was left for it, or none
            if (sequence - self.floor) & SEQUENCES < 0x8000:
                self._put(self.head, (self.seq + step) & SEQUENCES, moved, payload)
            return
        self.seq = (self.seq + step) & SEQUENCES
        self._advance((moved + FRAME) & TIMESTAMPS)
        self._put(self.head | MARKER if marker else self.head, self.seq, moved, payload)

    def relay_other(
        self, payload: bytes, kind: str, sequence: int, timestamp: int, now: int, mark: bool
    ) -> None:
        """A far ``event`` or ``noise`` packet: passed on where this leg agreed to such, else left out."""
        payload_type = self.event_type if kind == "event" else self.noise_type
        if payload_type is None:
            self.floor = sequence + 1
            return
        if self.fresh:
            self._start_relay(timestamp, now)
        self.floor = sequence + 1
        self.seq = (self.seq + 1) & SEQUENCES
        moved = (timestamp + self.shift) & TIMESTAMPS
        self._put(VERSION | payload_type | (MARKER if mark else 0), self.seq, moved, payload)
        self._advance(moved)

    def _start_relay(self, timestamp: int, now: int) -> None:
        self.shift = (self._begin(now) - timestamp) & TIMESTAMPS
        self.fresh = False
        self._cut = b""

    def _recut(self, payload: bytes, timestamp: int, marker: bool) -> None:
        if self._cut and timestamp != (self._cut_at + len(self._cut)) & TIMESTAMPS:
            self._cut = b""  # less than 20 ms before a hole
        if not self._cut:
            self._cut_at = timestamp
        cut = self._cut + payload
        while len(cut) >= FRAME:
            self.seq = (self.seq + 1) & SEQUENCES
            head = self.head | MARKER if marker else self.head
            self._put(head, self.seq, self._cut_at, cut[:FRAME])
            cut, marker = cut[FRAME:], False
            self._cut_at = (self._cut_at + FRAME) & TIMESTAMPS
            self._advance(self._cut_at)
        self._cut = cut
