"""Recordings as WAV files: 16 bit PCM, 8 kHz, so that every player opens them. For the recorder only."""

import fcntl
import os
from pathlib import Path
from struct import pack

import numpy as np

from cordboard.media.embedded.align import RATE
from cordboard.media.embedded.g711 import DECODED

HEADER_SIZE = 44
_WAYS = {law: np.array(samples, dtype="<i2") for law, samples in DECODED.items()}


def header(channels: int, size: int) -> bytes:
    """A RIFF header for ``size`` bytes of samples."""
    block = 2 * channels
    form = pack("<IHHIIHH", 16, 1, channels, RATE, RATE * block, block, 16)
    return b"RIFF" + pack("<I", 36 + size) + b"WAVEfmt " + form + b"data" + pack("<I", size)


def pcm(law: str, data: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """G.711 as samples."""
    return _WAYS[law][np.frombuffer(data, dtype=np.uint8)]


def interleaved(sides: list[tuple[str, bytes]]) -> bytes:
    """One channel per side, all of one length."""
    out = np.empty((len(sides[0][1]), len(sides)), dtype="<i2")
    for channel, (law, data) in enumerate(sides):
        out[:, channel] = pcm(law, data)
    return out.tobytes()


def mixed(sides: list[tuple[str, bytes]]) -> bytes:
    """All sides in one channel."""
    if len(sides) == 1:
        return pcm(*sides[0]).tobytes()
    total = pcm(*sides[0]).astype(np.int32)
    for law, data in sides[1:]:
        total += pcm(law, data)
    return np.clip(total, -32768, 32767).astype("<i2").tobytes()


class WavFile:
    """Grows as ``<path>.part``; ``finish`` makes it whole under its own name."""

    def __init__(self, path: Path, channels: int) -> None:
        self.path, self.channels, self.size = path, channels, 0
        self.part = part_of(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.part, "wb", buffering=0)  # noqa: SIM115 - open for as long as the call lasts
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until we end, however we do
            self._file.write(header(channels, 0))
        except OSError:
            self._file.close()
            raise

    @property
    def samples(self) -> int:
        """How many samples of each channel were written."""
        return self.size // (2 * self.channels)

    def disk(self) -> os.statvfs_result:
        """The disk that it is on."""
        return os.fstatvfs(self._file.fileno())

    def skip_to(self, samples: int) -> None:
        """Go on at this sample; what lies between is silence, and takes no room."""
        torn = self.size % (2 * self.channels)
        if torn:
            os.pwrite(self._file.fileno(), bytes(torn), HEADER_SIZE + self.size - torn)
        self.size = samples * 2 * self.channels

    def write(self, samples: bytes) -> None:
        """Raises OSError where the disk refuses; what was written before stays."""
        view = memoryview(samples)
        while view:
            count = os.pwrite(self._file.fileno(), view, HEADER_SIZE + self.size)
            self.size += count
            view = view[count:]

    def finish(self) -> int:
        """Right header, on disk, renamed. The size of the file. Raises OSError; may be tried again then."""
        size = _seal(self._file.fileno(), self.part, self.path, self.channels)
        self._file.close()
        return size


def part_of(path: Path) -> Path:
    """Where a recording grows."""
    return path.with_name(path.name + ".part")


class Nothing(OSError):
    """There is no recording; the text says what there is."""


def rescue(path: Path) -> tuple[int, int, str]:
    """Make whole what a recorder that died has left of ``path``: (size of the file, channels, state).

    Raises ``Nothing``, and OSError where the disk refuses it.
    """
    part = part_of(path)
    sealed = path.exists() and not part.exists()
    try:
        opened = open(path if sealed else part, "r+b")  # noqa: SIM115 - what follows raises another kind
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Nothing(error.strerror) from error
    with opened as file:
        start = file.read(HEADER_SIZE)
        if len(start) < HEADER_SIZE:
            raise Nothing("nothing was written")
        channels = int.from_bytes(start[22:24], "little")
        if start[:4] != b"RIFF" or channels not in (1, 2):  # the power may have failed before it was written
            raise Nothing("its beginning was not written")
        if sealed:
            return os.fstat(file.fileno()).st_size, channels, "whole"
        return _seal(file.fileno(), part, path, channels), channels, "partial"


def _seal(file: int, part: Path, path: Path, channels: int) -> int:
    samples = (os.fstat(file).st_size - HEADER_SIZE) // (2 * channels) * 2 * channels
    os.ftruncate(file, HEADER_SIZE + samples)
    os.pwrite(file, header(channels, samples), 0)
    os.fsync(file)
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too
    finally:
        os.close(folder)
    return HEADER_SIZE + samples
