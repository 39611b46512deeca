"""A recording as the recorder has it: it takes frames, grows on the disk, goes on after the disk was full."""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.media.embedded.align import RATE, Track
from cordboard.media.embedded.frames import Message
from cordboard.media.embedded.silence import Listener
from cordboard.media.embedded.wav import HEADER_SIZE, WavFile, interleaved, mixed, pcm

PASSING = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS))
"""What a disk may refuse for a while; anything else is wrong for good."""

ROOM_TO_GO_ON = 1 << 20
"""Bytes that have to be free before a recording that stopped goes on."""

_MOST_STOPS = 200


@dataclass(slots=True, eq=False)
class Recording:
    """One file that grows. ``sender``: the packet process whose end makes it partial. ``tracks``: one for
    each leg; ``taken``: how many datagrams each was given. ``leave``: bytes that it leaves free on the disk.
    ``listener``: of a single leg, where the owner wants to know when it falls silent.

    While the disk takes nothing (``stopped``, in samples), time goes on: what was said then is silence in the
    file, which plays as long as the talk was.
    """

    file: int
    name: str
    call: str
    path: Path
    dual: bool
    began: int
    sender: object
    tracks: tuple[Track, ...]
    leave: int = 0
    listener: Listener | None = None
    wav: WavFile | None = None
    written: int = 0
    problem: str = ""
    taken: list[int] = field(default_factory=lambda: [0, 0])
    heard: list[int] = field(default_factory=list)
    stopped: int | None = None
    stops: list[list[float]] = field(default_factory=list)
    _before: list[int] = field(default_factory=lambda: [0, 0])
    _lost: list[float] = field(default_factory=lambda: [0.0, 0.0])

    @property
    def channels(self) -> int:
        return 2 if self.dual else 1

    def open(self) -> None:
        """Make the file. A full disk is tried again later; raises OSError for what is wrong for good."""
        try:
            self._make()
        except OSError as error:
            if error.errno not in PASSING:
                raise
            self._stop(0, error)

    def grow(self, until: int) -> bool:
        """Write everything before this position (samples since the start). True the one time that the leg
        has fallen silent."""
        if until <= self.written:
            return False
        sides = [(track.law, track.pull(until)) for track in self.tracks]
        begin, self.written = self.written, until
        kept = self._keep(begin, interleaved(sides) if self.dual else mixed(sides))
        for side, track in enumerate(self.tracks):
            self._lost[side] += (
                (track.written - self._before[side]) * (until - begin - kept) / (until - begin)
            )
            self._before[side] = track.written
        return self.listener is not None and self.listener.hear(pcm(*sides[0]))

    def position(self, at: int) -> int:
        return round((at - self.began) * RATE / 1_000_000_000)

    def finish(self, state: str) -> Message:
        """Make the file whole; the ``ended`` message for the engine. Raises OSError where the disk refuses it
        for a while; to be called again then."""
        frames = self._frames()
        if self.stopped is not None:
            self._note(self.stopped, None)
            self.stopped = None
        gaps = [
            [min(side, self.channels - 1), *gap]
            for side, track in enumerate(self.tracks)
            for gap in track.gaps(self.written, alone=len(self.tracks) == 1)
        ]
        failed = ["ended", self.file, "failed", 0.0, self.channels, 0, []]
        if self.wav is None:
            return [*failed, self.problem, frames, self.stops]
        try:
            size = self.wav.finish()
        except OSError as error:
            if error.errno in PASSING:
                raise
            return [*failed, self.problem or f"finishing failed: {error.strerror}", frames, self.stops]
        if self.stops or self.problem:
            state = "partial"
        seconds = round((size - HEADER_SIZE) / (2 * self.channels * RATE), 3)
        words = ["ended", self.file, state, seconds, self.channels, size, gaps, self.problem]
        return [*words, frames, self.stops]

    # --- the disk ------------------------------------------------------------------------------------

    def _keep(self, begin: int, samples: bytes) -> int:
        """How many samples of each channel the disk took."""
        try:
            if self.stopped is not None and not self._has_room(ROOM_TO_GO_ON):
                return 0
            if self.leave and not self._has_room(0):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self.wav is None:
                self._make()
            assert self.wav is not None
            if self.stopped is not None:
                self.wav.skip_to(begin)
            self.wav.write(samples)
        except OSError as error:
            self._stop(begin, error)
            return max(0, self.wav.samples - begin) if self.wav is not None else 0
        if self.stopped is not None:
            self._note(self.stopped, begin)
            self.stopped = None
        return len(samples) // (2 * self.channels)

    def _make(self) -> None:
        self.wav = WavFile(self.path, self.channels)

    def _has_room(self, more: int) -> bool:
        if self.wav is not None:
            disk = self.wav.disk()
        else:
            disk = os.statvfs(next(folder for folder in self.path.parents if folder.exists()))
        return disk.f_bavail * disk.f_frsize >= self.leave + more

    def _stop(self, begin: int, error: OSError) -> None:
        if self.stopped is None:
            self.stopped = max(begin, self.wav.samples) if self.wav is not None else begin
            self.problem = f"writing failed: {error.strerror}"

    def _note(self, start: int, end: int | None) -> None:
        """From a sample on, until another or the end, there is nothing."""
        if len(self.stops) < _MOST_STOPS:
            length = 0.0 if end is None else round((end - start) / RATE, 3)
            self.stops.append([round(start / RATE, 3), length])

    def _frames(self) -> list[list[int]]:
        """For each leg: expected, heard, written. What was sent here and never came was heard, too."""
        heard = self.heard or self.taken
        return [
            [track.expected, track.came - track.repeated + max(0, sent - taken), track.written - round(lost)]
            for track, sent, taken, lost in zip(self.tracks, heard, self.taken, self._lost, strict=False)
        ]
