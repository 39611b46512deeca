"""WAV files for tests."""

from pathlib import Path
from struct import pack

import numpy as np


def wav(channels: int, samples: int, said: int | None = None) -> bytes:
    """A file of a tone; ``said``: how many bytes its header says there are."""
    tone = (8000 * np.sin(np.arange(samples) * 0.3)).astype("<i2")
    audio = np.repeat(tone[:, None], channels, axis=1).tobytes()
    size = len(audio) if said is None else said
    form = pack("<IHHIIHH", 16, 1, channels, 8000, 16000 * channels, 2 * channels, 16)
    return b"RIFF" + pack("<I", 36 + size) + b"WAVEfmt " + form + b"data" + pack("<I", size) + audio


def write(folder: Path, name: str, content: bytes) -> Path:
    """A file in the folder, or in a day's folder of it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
