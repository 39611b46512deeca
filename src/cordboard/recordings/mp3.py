"""The process that makes MP3 files: a line with two paths comes in, a line with what came of it goes out.

``python -m cordboard.recordings.mp3``. It runs with the least of priorities, since calls come first, and ends
with its standard input. What it makes has its name only when it is whole and on the disk.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import soundfile

NICE = 10
_BLOCK = 8000 * 30


class Unreadable(Exception):
    """The WAV file is not there, or is none: it will never be otherwise."""


def make(wav: Path, mp3: Path) -> tuple[int, str]:
    """Write ``mp3``; its size and SHA-256. Raises ``Unreadable``, OSError and soundfile.LibsndfileError."""
    part = mp3.with_name(f"{mp3.name}.{os.getpid()}.part")
    try:
        with _opened(wav) as source:
            form = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
            with soundfile.SoundFile(part, "w", source.samplerate, source.channels, **form) as sink:
                # as floats: libsndfile 1.2 garbles two channels of integers that come in several pieces
                for block in source.blocks(_BLOCK, dtype="float32"):
                    sink.write(block)
        with open(part, "rb") as file:
            content = file.read()
            os.fsync(file.fileno())
        part.rename(mp3)
        _force_names(mp3.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return len(content), sha256(content).hexdigest()


@contextmanager
def _opened(wav: Path) -> Iterator[soundfile.SoundFile]:
    try:
        with open(wav, "rb") as file:
            try:
                source = soundfile.SoundFile(file)
            except soundfile.LibsndfileError as error:
                raise Unreadable(str(error)) from error
            with source:
                yield source
    except FileNotFoundError as error:
        raise Unreadable("its WAV is not there") from error


def _force_names(folder: Path) -> None:
    """A row that names a file outlives a power failure; so must the name."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def answer(line: bytes) -> dict[str, object]:
    """What is said to one order. ``never``: another try would be in vain."""
    order = json.loads(line)
    try:
        size, digest = make(Path(order["wav"]), Path(order["mp3"]))
    except Unreadable as error:
        return {"problem": str(error), "never": True}
    except (OSError, soundfile.LibsndfileError, AssertionError) as error:  # the last: a disk took but a part
        return {"problem": str(error) or "the disk did not take all of it"}
    return {"size": size, "sha256": digest}


def main() -> None:
    """Until standard input ends."""
    os.nice(NICE)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(line)).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
