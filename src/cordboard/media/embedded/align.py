"""Where a recorded frame belongs in time (telephony.md 24).

A track's samples are counted from the recording's start on the local monotonic clock, which all its tracks
share. A far clock that drifts is followed by inserting or dropping in silence; a new SSRC is placed anew;
what a far side did not send (DTX) is silence; what was lost is silence too, and noted as a gap. Which of them
it was is told by sequence numbers, and by the marker bit with which a talk begins (RFC 3551 §4.1).
"""

from collections.abc import Mapping, Sequence

from cordboard.media.embedded.g711 import PCMA, SILENCE, is_silent, translation
from cordboard.media.embedded.rtp import (
    FRAME,
    HEADER,
    MARKER,
    NOISE_TYPE,
    PLAIN_SIZE,
    SEQUENCES,
    STATIC_TYPES,
    TIMESTAMPS,
    VERSION,
    read,
    sequence_step,
    timestamp_step,
)

RATE = 8000
HOLD = RATE // 4
"""How long (samples) a frame may be late: the jitter buffer."""

_TICK = 8e-6  # samples in a nanosecond
_DRIFTED = 80  # 10 ms: put right in the next silence, so that two tracks stay within 20 ms
_LOST_TRACK = 480  # 60 ms: put right at once
_ANEW = RATE  # a timestamp that jumps so far against the clock has begun anew
_WINDOW = 3
_MOST_GAPS = 1000
_MISSED = 2 * RATE  # nothing for so long at the beginning or the end: something is missing there
_DEAD = 29 * RATE  # of a leg that is recorded alone: a second less than the 30 s of telephony.md 21
_unpack = HEADER.unpack_from

Frame = tuple[float, int, int, int, bytes, str]
"""Arrival (samples since the start), sequence, timestamp, SSRC, payload, law."""


class Track:
    """One side of a recording, as G.711 bytes of one law.

    ``came``: frames that were handed in. ``expected``: those that the far side sent, by their numbers.
    ``repeated``: that came twice. ``written``: those that have their place in the sound. ``first``: position
    of the first, -1 for none.
    """

    def __init__(self, began: int) -> None:
        self.law = PCMA
        self.came = 0
        self.expected = self.written = self.repeated = 0
        self.first = -1
        self._other = False  # what came last had no place in the sound (a digit, comfort noise)
        self._began = began
        self._ready = bytearray()
        self._start = 0  # position of the first byte in _ready
        self._base = 0.0  # position of a frame is _base + _unrolled
        self._unrolled = 0
        self._ssrc = self._sequence = self._timestamp = -1
        self._arrival, self._latest, self._begins = 0.0, 0, True
        self._lowest: list[float] = []
        self._wanted = 0.0
        self._end = 0
        self._talk_begins = False  # the first frame that came is the first of a talk
        self._quiet = False  # the far side leaves silence out: nothing is no loss
        self._holes: list[tuple[int, int]] = []

    def take(self, times: Sequence[int], datagrams: Sequence[bytes], laws: Mapping[int, str]) -> None:
        """A batch in the order of arrival. ``laws``: payload types of audio beside the static ones."""
        if self._take_plain(times, datagrams, laws):
            return
        run: list[Frame] = []
        for at, data in zip(times, datagrams, strict=True):
            frame = self._read((at - self._began) * _TICK, data, laws)
            if frame is None:
                self._place(run)
                run = []
                self._pass_over(data)
                continue
            if self._is_anew(frame):
                self._place(run)
                run = []
                self._ssrc, self._sequence, self._timestamp = frame[3], frame[1] - 1, frame[2]
                self._unrolled, self._lowest, self._wanted = 0, [], 0.0
                self._begins = True
            self._arrival = frame[0]
            self._latest = frame[2]
            run.append(frame)
        self._place(run)

    def _take_plain(self, times: Sequence[int], datagrams: Sequence[bytes], laws: Mapping[int, str]) -> bool:
        """A batch without surprises, as nearly all are, in one go. False where it is none: nothing was done
        then."""
        if self._begins or self._timestamp < 0 or not datagrams:
            return False
        head = int.from_bytes(datagrams[0][:2])
        kind, sequence, timestamp, ssrc = head & 0x7F, self._sequence, self._timestamp, self._ssrc
        if head & 0xFF80 != VERSION or (laws.get(kind) or STATIC_TYPES.get(kind)) != self.law:
            return False
        for data in datagrams:
            sequence, timestamp = (sequence + 1) & SEQUENCES, (timestamp + FRAME) & TIMESTAMPS
            if len(data) != PLAIN_SIZE or _unpack(data) != (head, sequence, timestamp, ssrc):
                return False
        began, first, last = self._began, times[0], times[-1]
        if abs(FRAME - ((first - began) * _TICK - self._arrival)) > _ANEW or last - first > _ANEW / _TICK:
            return False
        count, spot = len(datagrams), self._unrolled + FRAME
        spots = range(spot, spot + count * FRAME, FRAME)
        self._follow(min((at - began) * _TICK - place for at, place in zip(times, spots, strict=True)))
        self._arrival, self._latest, self.came = (last - began) * _TICK, timestamp, self.came + count
        self._other = False
        at = round(self._base + spot)
        if self._wanted or at - self._end > FRAME // 2:
            for data, place in zip(datagrams, spots, strict=True):
                _, number, stamp, _ = _unpack(data)
                self._put((0.0, number, stamp, ssrc, data[12:], self.law), place)
            return True
        self._sequence, self._timestamp, self._unrolled = sequence, timestamp, spots[-1]
        late = self._too_late(at, at + count * FRAME)
        self.expected, self.written = self.expected + count, self.written + count - round(late / FRAME)
        self._end = max(self._end, at + count * FRAME)
        self._write(at, b"".join([data[12:] for data in datagrams]))
        return True

    def pull(self, until: int) -> bytes:
        """Everything before this position that was not pulled yet; silence where nothing came."""
        size = until - self._start
        if size <= 0:
            return b""
        if len(self._ready) < size:
            self._ready += SILENCE[self.law] * (size - len(self._ready))
        out = bytes(self._ready[:size])
        del self._ready[:size]
        self._start = until
        return out

    @property
    def end(self) -> int:
        """Position behind the last frame."""
        return self._end

    def gaps(self, total: int, alone: bool = False) -> list[tuple[float, float]]:
        """(start, length) in seconds of audio that should have come. ``alone``: nobody else is recorded. Who
        leaves a message and then sends nothing has said everything: no packet follows that could tell silence
        from loss, and the end of the message soon comes. A way that was dead before it is a gap all the same.
        """
        holes = list(self._holes)
        if not (self._quiet or self._talk_begins) and self.first > _MISSED:
            holes.insert(0, (0, self.first))  # it began late
        most = _DEAD if alone and self.first >= 0 else _MISSED
        if not self._quiet and total - self._end > most:
            holes.append((self._end, total))  # it stopped, or never began
        return [(round(start / RATE, 3), round((end - start) / RATE, 3)) for start, end in holes[:_MOST_GAPS]]

    # --- one batch ---------------------------------------------------------------------------------

    def _read(self, arrival: float, data: bytes, laws: Mapping[int, str]) -> Frame | None:
        if len(data) > 12 and data[0] == 0x80:
            head, sequence, timestamp, ssrc = HEADER.unpack_from(data)
            kind, payload = head & 0x7F, data[12:]
        else:
            packet = read(data)
            if packet is None or not packet.payload:
                return None
            _, kind, sequence, timestamp, ssrc, payload = packet
        law = laws.get(kind) or STATIC_TYPES.get(kind)
        if law is None:
            return None
        if not self.came:
            self.law = law
            self._talk_begins = bool(data[1] & MARKER)
        elif law != self.law:
            payload = payload.translate(translation(law, self.law))
        self.came += 1
        return arrival, sequence, timestamp, ssrc, payload, self.law

    def _pass_over(self, data: bytes) -> None:
        """A packet of the same stream that is no audio: its number is not that of a lost frame."""
        packet = read(data)
        if packet is not None and packet.ssrc == self._ssrc and not self._begins:
            if sequence_step(packet.sequence, self._sequence) == 1:
                self._sequence = packet.sequence
                passed = timestamp_step(packet.timestamp, self._latest)
                self._quiet = self._quiet or (passed > 3 * FRAME and not self._other)
            self._quiet = self._quiet or packet.payload_type == NOISE_TYPE
            self._other = True

    def _is_anew(self, frame: Frame) -> bool:
        if frame[3] != self._ssrc or self._timestamp < 0:
            return True
        strayed = timestamp_step(frame[2], self._latest) - (frame[0] - self._arrival)
        return abs(strayed) > _ANEW

    def _place(self, run: list[Frame]) -> None:
        if not run:
            return
        spots, lowest, unrolled, newest = [], float("inf"), self._unrolled, self._timestamp
        for frame in run:
            spot = unrolled + timestamp_step(frame[2], newest)
            spots.append(spot)
            lowest = min(lowest, frame[0] - spot)
        if self._begins:
            self._base = lowest
        else:
            self._follow(lowest)
        for frame, spot in zip(run, spots, strict=True):
            self._put(frame, spot)

    def _follow(self, lowest: float) -> None:
        """Compare with the clock. Being early is certain at once; being late may be a crowded network, so the
        best of several batches counts."""
        self._lowest = [*self._lowest, lowest][-_WINDOW:]
        strayed = min(self._lowest) - self._base
        if strayed > 0 and len(self._lowest) < _WINDOW:
            strayed = 0.0
        if abs(strayed) > _LOST_TRACK:
            self._base += strayed
            self._wanted, self._lowest = 0.0, []
        else:
            self._wanted = strayed if abs(strayed) > _DRIFTED else 0.0

    def _put(self, frame: Frame, spot: int) -> None:
        _, sequence, timestamp, _, payload, law = frame
        step = sequence_step(sequence, self._sequence)
        if self._wanted and step == 1 and is_silent(payload, law):
            self._base += self._wanted
            self._wanted, self._lowest = 0.0, []
        at = round(self._base + spot)
        if step > 0:
            missing = max(at - self._end, 0) if not self._begins else 0
            self.expected += 1 + min(step - 1, round(missing / FRAME))
            late = self._too_late(at, at + len(payload))
            self.written += late <= len(payload) // 2
            if missing > FRAME // 2:
                self._hole(step, at, timestamp, len(payload))
            self._begins = self._other = False
            if self.first < 0:
                self.first = at
            self._sequence, self._timestamp, self._unrolled = sequence, timestamp, spot
        elif self._is_missing(at, at + len(payload)):
            if at >= self._start:  # else it is too late: its place was written as silence
                self._fill(at, at + len(payload))
                self.written += 1
        else:
            self.repeated += 1
        self._end = max(self._end, at + len(payload))
        self._write(at, payload)

    def _too_late(self, at: int, end: int) -> int:
        """How many of these samples belong where silence was written already: a gap, though they came."""
        begin, end = max(at, 0), min(end, self._start)  # what was said before the start is none
        if begin >= end:
            return 0
        if self._holes and begin <= self._holes[-1][1] < end:
            self._holes[-1] = self._holes[-1][0], end
        elif len(self._holes) < _MOST_GAPS and not self._is_missing(begin, end):
            self._holes.append((begin, end))
        return end - begin

    def _hole(self, step: int, at: int, timestamp: int, size: int) -> None:
        lost = (step - 1) * size
        passed = timestamp_step(timestamp, self._timestamp) - lost  # no more: the way got longer
        left_out = passed > 3 * FRAME and at - self._end - lost > 2 * FRAME and not self._other
        self._quiet = self._quiet or left_out
        if lost and len(self._holes) < _MOST_GAPS:
            self._holes.append((self._end, self._end + lost if left_out else at))

    def _is_missing(self, start: int, end: int) -> bool:
        return any(start < last and end > first for first, last in self._holes[-8:])

    def _fill(self, start: int, end: int) -> None:
        """A late frame: what it brings is no gap any more."""
        for index in range(len(self._holes) - 1, max(len(self._holes) - 8, -1), -1):
            first, last = self._holes[index]
            if start < last and end > first:
                rest = [(first, start), (end, last)]
                self._holes[index : index + 1] = [(a, b) for a, b in rest if b - a > FRAME // 2]
                return

    def _write(self, at: int, payload: bytes) -> None:
        offset = at - self._start
        if offset < 0:
            payload, offset = payload[-offset:], 0
        if not payload:
            return
        missing = offset - len(self._ready)
        if missing > 0:
            self._ready += SILENCE[self.law] * missing
        self._ready[offset : offset + len(payload)] = payload
