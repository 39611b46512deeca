"""The process that makes MP3 files: a line with two paths comes in, a line with what came of it goes out.

``python -m cordboard.recordings.mp3``. It runs with the least of priorities, since calls come first, and ends
with its standard input. What it makes has its name only when it is whole and on the disk.
"""

import json
import os
import sys
from hashlib import sha256
from pathlib import Path

import soundfile

NICE = 10
_BLOCK = 8000 * 30


def make(wav: Path, mp3: Path) -> tuple[int, str]:
    """Write ``mp3``; its size and SHA-256. Raises OSError and soundfile.LibsndfileError."""
    part = mp3.with_name(f"{mp3.name}.{os.getpid()}.part")
    try:
        with soundfile.SoundFile(wav) as source:
            form = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
            with soundfile.SoundFile(part, "w", source.samplerate, source.channels, **form) as sink:
                # as floats: libsndfile 1.2 garbles two channels of integers that come in several pieces
                for block in source.blocks(_BLOCK, dtype="float32"):
                    sink.write(block)
        with open(part, "rb") as file:
            content = file.read()
            os.fsync(file.fileno())
        part.rename(mp3)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return len(content), sha256(content).hexdigest()


def answer(line: bytes) -> dict[str, object]:
    """What is said to one order."""
    order = json.loads(line)
    try:
        size, digest = make(Path(order["wav"]), Path(order["mp3"]))
    except (OSError, soundfile.LibsndfileError) as error:
        return {"problem": str(error)}
    return {"size": size, "sha256": digest}


def main() -> None:
    """Until standard input ends."""
    os.nice(NICE)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(line)).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
