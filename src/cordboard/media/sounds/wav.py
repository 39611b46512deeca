"""A strict reader of WAV files (RIFF, Microsoft's multimedia specification). Pure.

Nothing in a header is believed that the bytes do not bear out. ``Broken`` files are not shown to any other
decoder: what is wrong in a header is wrong on purpose more often than not.
"""

import struct
from dataclasses import dataclass

from cordboard.media.sounds.prepared import LONGEST

PCM, A_LAW, U_LAW, EXTENSIBLE = 1, 6, 7, 0xFFFE
_OTHERS = frozenset((2, 3, 17, 49, 85))  # ADPCM, float, IMA ADPCM, GSM 6.10, MP3: for libsndfile
_GUID = bytes.fromhex("000000001000800000aa00389b71")  # the end of every GUID that stands for a format code
_MOST_CHUNKS = 256
_LEAST_RATE, _MOST_RATE = 4000, 192_000


class Broken(Exception):
    """The file breaks the format's rules or our limits. The text says which."""


class Foreign(Exception):
    """Not a WAV file, or one with a coding that is not ours to read."""


@dataclass(frozen=True, slots=True)
class Wave:
    """``coding``: ``PCM`` (8 bit unsigned, 16 bit signed little endian), ``A_LAW`` or ``U_LAW``.
    ``data``: whole frames, interleaved."""

    coding: int
    rate: int
    channels: int
    bits: int
    data: bytes

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.data) / (self.rate * self.channels * self.bits // 8)


def pcm_file(samples: bytes, rate: int) -> bytes:
    """Raw samples (signed 16 bit little endian, mono) as a WAV file."""
    form = struct.pack("<IHHIIHH", 16, PCM, 1, rate, 2 * rate, 2, 16)
    data = b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 20 + len(form) - 4 + len(data)) + b"WAVEfmt " + form + data


def read(content: bytes) -> Wave:
    """Raises ``Broken`` or ``Foreign``."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise Foreign
    format_, at = None, 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(content):
            break
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8
        if at + size > len(content):
            raise Broken("a part of it says that it is longer than the file")
        if name == b"fmt ":
            if format_ is not None:
                raise Broken("it describes its format twice")
            format_ = _format(content[at : at + size])
        elif name == b"data":
            if format_ is None:
                raise Broken("its samples come before their format")
            return _wave(format_, content[at : at + size])
        at += size + (size & 1)  # chunks begin at even places
    raise Broken("it holds no samples")


def _format(chunk: bytes) -> tuple[int, int, int, int]:
    """Coding, rate, channels, bits."""
    if not 16 <= len(chunk) <= 64:
        raise Broken("its format has a wrong size")
    coding, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", chunk)
    if coding == EXTENSIBLE:
        if len(chunk) < 40 or chunk[26:40] != _GUID:
            raise Broken("its format is not known")
        coding = int.from_bytes(chunk[24:26], "little")
    if coding in _OTHERS or (coding == PCM and bits in (24, 32)):
        raise Foreign
    if (coding, bits) not in ((PCM, 8), (PCM, 16), (A_LAW, 8), (U_LAW, 8)):
        raise Broken(f"its format is not known (code {coding}, {bits} bit)")
    if channels not in (1, 2):
        raise Broken(f"it has {channels} channels; 1 or 2 are allowed")
    if not _LEAST_RATE <= rate <= _MOST_RATE:
        raise Broken(f"its rate is {rate} Hz; {_LEAST_RATE} to {_MOST_RATE} are allowed")
    if align != channels * bits // 8:
        raise Broken("its frames have a wrong size")
    return coding, rate, channels, bits


def _wave(format_: tuple[int, int, int, int], data: bytes) -> Wave:
    coding, rate, channels, bits = format_
    frame = channels * bits // 8
    wave = Wave(coding, rate, channels, bits, data[: len(data) - len(data) % frame])
    if not wave.data:
        raise Broken("it holds no samples")
    if wave.seconds > LONGEST:
        raise Broken(f"it plays longer than {LONGEST} seconds")
    return wave
