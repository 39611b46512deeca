"""One leg: what comes in from it, and the stream that goes out to it. ``packet`` is the hot path."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from operator import attrgetter

from cordboard.media.control import LegReport, Stream
from cordboard.media.embedded import quality
from cordboard.media.embedded.digits import Listener
from cordboard.media.embedded.inband import ToneListener
from cordboard.media.embedded.latch import Door, Source
from cordboard.media.embedded.rtp import (
    FRAME,
    HEADER,
    NOISE_TYPE,
    PLAIN_SIZE,
    SEQUENCES,
    STATIC_TYPES,
    TIMESTAMPS,
    VERSION,
    Packet,
    read,
    sequence_step,
    timestamp_step,
)
from cordboard.media.embedded.srtp import Cipher
from cordboard.media.embedded.stream import Outgoing, Send

DEAD_NS = 30_000_000_000
DEAD_WITH_NOISE_NS = 300_000_000_000
# What the library says between set_target() and the moment its worker has taken it: a frame is lost.
_NOT_AIMED_YET = "channel target is not set"
_JUMP = 100  # packets: beyond it a sequence has begun anew
_JUMP_TIME = 8000  # samples: beyond it, against the clock, a timestamp has begun anew
_HIJACK_NS = 60_000_000  # a stream that was heard so lately is not pushed aside by another
_ALARM = 50  # packets from strangers: a second of audio
_TICK = 8e-6  # samples in a nanosecond

_origin = attrgetter("address", "port", "mode", "sources")
_unpack = HEADER.unpack_from
_pack = HEADER.pack

Tell = Callable[["Leg", str, str], None]
"""``tell(leg, what, detail)``: ``audio`` (the first packet), ``digit``, ``aim`` (send elsewhere from now on),
``foreign`` (strangers send to this port; ``detail``: from where), ``error``."""


class Leg:
    """What is known of one leg. Everything is touched under the call's ``lock``."""

    __slots__ = (
        "_alarm_at",
        "_digits",
        "_dtx",
        "_head",
        "_known",
        "_last_at",
        "_line",
        "_next_seq",
        "_next_ts",
        "_partner",
        "_plain",
        "_quiet_since",
        "_ssrc",
        "_tell",
        "aimed_at",
        "came",
        "cipher",
        "codec",
        "door",
        "errors",
        "first_seq",
        "foreign",
        "hearers",
        "jitter",
        "lock",
        "missed",
        "number",
        "out",
        "player",
        "source",
        "speaker",
        "started",
        "stream",
        "tape",
        "tones",
    )

    def __init__(self, number: int, out: Outgoing, lock: AbstractContextManager[object], tell: Tell) -> None:
        self.number, self.out, self.lock, self._tell = number, out, lock, tell
        self.stream: Stream | None = None
        self.door: Door | None = None
        self.source: Source | None = None  # stays None on a secure leg: each packet is opened first
        self.cipher: Cipher | None = None
        self._known: Source | None = None  # where a secure leg's last packet came from
        self._line = out.send
        self.aimed_at: Source | None = None
        self.codec = "PCMA"
        self.hearers: tuple[Outgoing, ...] = ()
        self._partner: Outgoing | None = None
        self.player: object | None = None
        self.speaker: Leg | None = None
        self.started = False
        self.tape: list[object] | None = None
        self._digits = Listener()
        self.tones: ToneListener | None = None  # where telephone-event was not agreed
        self._dtx = False
        self._head = self._plain = -1
        self._ssrc = self._next_seq = self._next_ts = self._last_at = self._quiet_since = 0
        self.came = self.missed = self.foreign = self.errors = self.first_seq = 0
        self.jitter = 0.0
        self._alarm_at = _ALARM

    def connect(self, line: Send) -> None:
        """What goes out leaves by ``line`` from now on."""
        self._line = line
        self.out.send = line if self.cipher is None else self.cipher.sending(line)

    # --- what was agreed ---------------------------------------------------------------------------

    def agree(self, stream: Stream, now: int) -> None:
        """A new answer or offer holds from now on."""
        before, self.stream = self.stream, stream
        out = self.out
        if before is None or _origin(before) != _origin(stream):
            self.door = Door(stream.mode, (stream.address, stream.port), stream.sources, now)
            self.source = self._known = None
            self._alarm_at = self.foreign + _ALARM
        if stream.suite or self.cipher is not None:
            self._secure(stream, now)
        assert self.door is not None
        if before is None or (before.codec, before.payload_type) != (stream.codec, stream.payload_type):
            out.fresh = True
        self.codec = out.codec = stream.codec
        self._plain = out.head = VERSION | stream.payload_type
        out.event_type, out.noise_type = stream.event_type, stream.noise_type
        before_open, out.open = out.open, stream.receives and stream.reachable
        out.fresh = out.fresh or (out.open and not before_open)
        self.aimed_at = self.door.far if stream.reachable else None
        self._quiet_since = now
        self._listen_for_keys()

    def _listen_for_keys(self) -> None:
        """As tones, where telephone-event was not agreed and somebody wants to know: we ourselves, or a leg
        that takes them as events. Whoever hears the leg as it is hears its tones as well. Where keys may come
        as tones, no packet is plain: each is listened to."""
        in_band = self.stream is not None and self.stream.event_type is None
        if in_band and not (self.hearers and all(out.event_type is None for out in self.hearers)):
            self.tones, self._head = self.tones or ToneListener(), -1
        else:
            self.tones, self._head = None, self._plain

    def _secure(self, stream: Stream, now: int) -> None:
        if not stream.suite:
            self.cipher = None
        elif self.cipher is None:
            self.cipher = Cipher(stream)
        else:
            self.cipher.change(stream, now)
        self.source = None
        self.connect(self._line)

    def heard_by(self, hearers: tuple[Outgoing, ...]) -> None:
        """Who is sent what this leg says."""
        self.hearers = hearers
        self._partner = hearers[0] if len(hearers) == 1 else None
        for hearer in hearers:
            hearer.listen_to(self.codec)
        self._listen_for_keys()

    # --- a packet ----------------------------------------------------------------------------------

    def packet(self, data: bytes, source: Source, now: int) -> None:
        """One datagram. Never raises: the library would print it, packet by packet."""
        try:
            with self.lock:
                if source != self.source:
                    self._stranger(data, source, now)
                    return
                if len(data) == PLAIN_SIZE:
                    head, seq, ts, ssrc = _unpack(data)
                    if (
                        seq == self._next_seq
                        and ts == self._next_ts
                        and head == self._head
                        and ssrc == self._ssrc
                    ):
                        self.came += 1
                        self._next_seq = (seq + 1) & SEQUENCES
                        self._next_ts = (ts + FRAME) & TIMESTAMPS
                        strayed = (now - self._last_at) * _TICK - FRAME
                        self.jitter += ((strayed if strayed > 0 else -strayed) - self.jitter) / 16
                        self._last_at = now
                        tape = self.tape
                        if tape is not None:
                            tape += (now, data)
                        out = self._partner
                        if out is not None and not (out.fresh or out._cut):
                            out.seq = seq = (out.seq + 1) & SEQUENCES
                            ts = (ts + out.shift) & TIMESTAMPS
                            out.edge = (ts + FRAME) & TIMESTAMPS
                            out.sent += 1
                            out.octets += FRAME
                            body = data[12:]
                            if out.table is not None:
                                body = body.translate(out.table)
                            out.send(_pack(out.head, seq, ts, out.ssrc) + body)
                        elif self.hearers:
                            for out in self.hearers:
                                out.relay(data[12:], 1, seq, ts, now, False)
                        return
                self._unusual(data, now)
        except Exception as error:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """A packet could not be sent. Told once; the next one is tried all the same."""
        if str(error) == _NOT_AIMED_YET:
            return
        self.errors += 1
        if self.errors == 1:
            self._tell(self, "error", repr(error))

    def _stranger(self, data: bytes, source: Source, now: int) -> None:
        """A packet from another place than the one before."""
        if self.door is None:
            return
        if self.cipher is not None:
            self._sealed(self.door, self.cipher, data, source, now)
            return
        packet = read(data)
        if packet is None or not self.door.lets_in(source, packet.ssrc, now) or self._pushes(packet, now):
            self._refuse(source)
            return
        self.source = source
        if self.door.far != self.aimed_at:
            self.aimed_at = self.door.far
            self._tell(self, "aim", "")
        self._unusual(data, now)

    def _pushes(self, packet: Packet, now: int) -> bool:
        """Another stream from another place, while the one that is heard goes on: one of two is a loop or a
        thief (RFC 3550 §8.2), though both may send here."""
        alive = self.source is not None and now - self._last_at < _HIJACK_NS
        return alive and packet.ssrc != self._ssrc and self.door is not None and not self.door.learns

    def _refuse(self, source: Source) -> None:
        """A packet from where none may come, or that is not what was agreed. After some, the owner is told,
        once for each place that the far side names."""
        self.foreign += 1
        if self.foreign == self._alarm_at:
            self._tell(self, "foreign", source[0])

    def _sealed(self, door: Door, cipher: Cipher, data: bytes, source: Source, now: int) -> None:
        """A packet of a secure leg. Who is not known yet is judged by the address first, where that is cheap,
        but learned by what the key fits."""
        known = source == self._known
        plain = None
        if known or door.learns or door.lets_in(source, 0, now):
            plain = cipher.open(data, now)
        if plain is None:
            self._refuse(source)
            return
        if not known:
            ssrc = int.from_bytes(plain[8:12])
            if not door.lets_in(source, ssrc, now):
                self._refuse(source)
                return
            self._known = source
            if door.far != self.aimed_at:
                self.aimed_at = door.far
                self._tell(self, "aim", "")
        self._unusual(plain, now)

    def _unusual(self, data: bytes, now: int) -> None:
        """Everything but the plain next packet of a talk."""
        packet = read(data)
        stream = self.stream
        if packet is None or stream is None:
            return
        kind = packet.payload_type
        if self.tape is not None:
            self.tape += (now, data)  # digits and noise, too: their numbers are no frames that were lost
        if kind == stream.payload_type:
            self._audio(packet, stream.codec, data, now)
        elif kind in (stream.event_type, stream.own_event_type):
            self._event(packet, now)
        elif kind == NOISE_TYPE:
            self._noise(packet, now)
        elif kind in STATIC_TYPES:
            # Both laws were offered: a peer may change between them without a word (RFC 3264 §7).
            self._audio(packet, STATIC_TYPES[kind], data, now)

    def _order(self, packet: Packet, now: int) -> int:
        """How far the packet is ahead (1: the next one). Counts; fits in anew what began anew."""
        step = sequence_step(packet.sequence, self._next_seq) + 1
        stream = self.stream
        is_event = stream is not None and packet.payload_type in (stream.event_type, stream.own_event_type)
        drift = 0.0
        if step > 0 and not is_event:
            passed = (now - self._last_at) * _TICK
            drift = timestamp_step(packet.timestamp, self._next_ts) + FRAME - passed
        anew = packet.ssrc != self._ssrc or not -_JUMP < step <= _JUMP
        if anew or not self.came:
            self._ssrc, self.first_seq, step = packet.ssrc, packet.sequence - self.came - self.missed, 1
            self._next_ts = packet.timestamp
            self._digits.forget()
            self._refresh()
        elif abs(drift) > _JUMP_TIME:
            self._next_ts = packet.timestamp
            self._refresh()
        elif step > 0 and not is_event:
            self.jitter += (min(abs(drift), _JUMP_TIME) - self.jitter) / 16
        if step > 0:
            self.missed += step - 1
            self._next_seq = (packet.sequence + 1) & SEQUENCES
        elif step < 0:
            self.missed = max(self.missed - 1, 0)
        if is_event:
            self._quiet_since = now  # a sign of life, but not what the clock of the talk is compared with
        else:
            self._last_at = now
        self.came += step != 0
        return step

    def _refresh(self) -> None:
        for out in self.hearers:
            out.fresh = True

    def _audio(self, packet: Packet, codec: str, data: bytes, now: int) -> None:
        step = self._order(packet, now)
        if step == 0 or not packet.payload:
            return
        if step > 0:
            if step == 1 and timestamp_step(packet.timestamp, self._next_ts) > 2 * FRAME:
                self._dtx = True  # nothing was lost, so nothing was sent
            self._next_ts = (packet.timestamp + len(packet.payload)) & TIMESTAMPS
        if codec != self.codec:
            self.codec = codec
            self._plain = VERSION | packet.payload_type
            self.heard_by(self.hearers)
        self._speaks()
        if self.tones is not None and step > 0:
            digit = self.tones.hear(packet.payload, codec, step == 1)
            if digit is not None:
                self._tell(self, "digit", digit)
        for out in self.hearers:
            out.relay(packet.payload, step, packet.sequence, packet.timestamp, now, packet.marker)

    def _speaks(self) -> None:
        if not self.started:
            self.started = True
            self._tell(self, "audio", "")

    def _event(self, packet: Packet, now: int) -> None:
        step = self._order(packet, now)
        digit = self._digits.hear(packet.timestamp, packet.payload)
        if digit is not None:
            self._tell(self, "digit", digit)
        self._speaks()  # a far side may send digits and no audio at all
        if step > 0:
            for out in self.hearers:
                out.relay_other(
                    packet.payload, "event", packet.sequence, packet.timestamp, now, packet.marker
                )

    def _noise(self, packet: Packet, now: int) -> None:
        step = self._order(packet, now)
        self._dtx = True
        if step > 0:
            self._next_ts = (packet.timestamp + FRAME) & TIMESTAMPS
            for out in self.hearers:
                out.relay_other(packet.payload, "noise", packet.sequence, packet.timestamp, now, False)

    # --- how it goes -------------------------------------------------------------------------------

    def is_dead(self, now: int) -> bool:
        """True each time that a leg which should send has not for as long as is allowed (telephony.md 21)."""
        stream = self.stream
        if stream is None or not stream.sends or not self.out.open:
            self._quiet_since = now
            return False
        if now - max(self._last_at, self._quiet_since) < (DEAD_WITH_NOISE_NS if self._dtx else DEAD_NS):
            return False
        self._quiet_since = now
        return True

    @property
    def far_ssrc(self) -> int:
        return self._ssrc

    @property
    def highest(self) -> int:
        """The extended highest sequence of RFC 3550 §6.4.1."""
        return (self.first_seq + self.came + self.missed - 1) & TIMESTAMPS

    def report(self) -> LegReport:
        """What came of it."""
        return quality.report(self.number, self.came, self.out.sent, self.missed, self.jitter, self.foreign)
