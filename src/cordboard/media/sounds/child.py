"""The child that decodes one audio file: a frame with the file comes in, a frame with samples goes out.

Run as ``python -m cordboard.media.sounds.child``. It loads what it needs, locks itself in, waits for its
file, answers and ends: nothing that a file does to it outlives the file.
"""

import io
import sys

import numpy as np
import soundfile
import soxr

from cordboard.media.sounds import frames, pcm, wav
from cordboard.media.sounds.confine import MEGABYTE, lock
from cordboard.media.sounds.prepared import LONGEST, RATE

# What a file begins with decides, and only these: libsndfile knows two dozen formats more.
_KNOWN = ((0, b"RIFF"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"FORM"), (0, b".snd"))
_BLOCK = 32768
_MOST_CHANNELS = 8
_CPU_SECONDS, _ROOM = 5, 256 * MEGABYTE


def decode(content: bytes) -> pcm.Floats:
    """8 kHz, one channel. Raises ``wav.Broken`` with the reason."""
    try:
        wave = wav.read(content)
    except wav.Foreign:
        return _by_libsndfile(content)
    resampled: pcm.Floats = soxr.resample(pcm.mono(wave).astype(np.float32), wave.rate, RATE)
    return resampled


def _by_libsndfile(content: bytes) -> pcm.Floats:
    mpeg = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0
    if not mpeg and not any(content[at : at + len(magic)] == magic for at, magic in _KNOWN):
        raise wav.Broken("it is no audio file of a known kind")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            return _samples(file)
    except soundfile.LibsndfileError:
        raise wav.Broken("it cannot be decoded") from None


def _samples(file: soundfile.SoundFile) -> pcm.Floats:
    if not 4000 <= file.samplerate <= 192_000 or not 1 <= file.channels <= _MOST_CHANNELS:
        raise wav.Broken(f"it has {file.channels} channels at {file.samplerate} Hz")
    if file.frames > LONGEST * file.samplerate:
        raise wav.Broken(f"it plays longer than {LONGEST} seconds")
    stream = soxr.ResampleStream(file.samplerate, RATE, 1, dtype="float32")
    parts, frames_read = [], 0
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        frames_read += len(block)
        if frames_read > LONGEST * file.samplerate:
            raise wav.Broken(f"it plays longer than {LONGEST} seconds")
        parts.append(stream.resample_chunk(block.mean(axis=1), last=False))
    parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts) * np.float32(32767.0)


def answer(content: bytes) -> bytes:
    """The frame that goes back."""
    try:
        samples = pcm.to_bytes(decode(content))[: frames.LONGEST_BODY]
    except wav.Broken as broken:
        return frames.pack({"problem": str(broken)})
    return frames.pack({} if samples else {"problem": "it holds no samples"}, samples)


def _load_everything() -> None:
    """Modules and tables that are loaded when first used, used once: later no file can be opened."""
    for kind, subtype in (
        ("WAV", "PCM_24"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
    ):
        sample = io.BytesIO()
        soundfile.write(sample, np.zeros((1600, 2), np.int16), 16000, format=kind, subtype=subtype)
        answer(sample.getvalue())
    answer(b"nothing")


def main() -> None:
    """Serve one file from standard input to standard output."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _load_everything()
    lock(cpu_seconds=_CPU_SECONDS, room=_ROOM, files=0)
    head = source.read(frames.HEAD.size)
    if len(head) < frames.HEAD.size:
        return  # not needed any more
    note, body = frames.sizes(head, frames.LONGEST_FILE)
    source.read(note)
    sink.write(answer(source.read(body)))
    sink.flush()


if __name__ == "__main__":
    main()
