"""G.711 for the simulated phones. Written apart from media's on purpose: no mistake can hide in both."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cordboard.simulator.tones import Pcm

TYPES = {"PCMU": 0, "PCMA": 8}
SILENCE = {"PCMU": 0xFF, "PCMA": 0xD5}


@lru_cache(maxsize=2)
def _values(codec: str) -> npt.NDArray[np.int16]:
    """What each of the 256 code words stands for (ITU-T G.711, tables 1a and 2a, to 16 bit)."""
    code = np.arange(256)
    if codec == "PCMU":
        word = ~code & 0xFF
        size = ((((word & 15) << 3) + 132) << (word >> 4 & 7)) - 132
        return np.where(word & 128, -size, size).astype(np.int16)
    word = code ^ 0x55
    exponent, mantissa = word >> 4 & 7, (word & 15) << 4
    size = np.where(exponent == 0, mantissa + 8, (mantissa + 264) << np.maximum(exponent - 1, 0))
    return np.where(word & 128, size, -size).astype(np.int16)


@lru_cache(maxsize=2)
def _codes(codec: str) -> npt.NDArray[np.uint8]:
    """The nearest code word of every 16 bit sample, by its value as unsigned."""
    values = _values(codec).astype(np.int32)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    samples = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32)
    above = np.clip(np.searchsorted(ranked, samples), 1, 255)
    nearer = above - (samples - ranked[above - 1] < ranked[above] - samples)
    return order[nearer].astype(np.uint8)


def encode(pcm: Pcm, codec: str) -> bytes:
    """Samples to ``PCMU`` or ``PCMA``."""
    return _codes(codec)[pcm.view(np.uint16)].tobytes()


def decode(payload: bytes, codec: str) -> Pcm:
    """``PCMU`` or ``PCMA`` to samples."""
    return _values(codec)[np.frombuffer(payload, np.uint8)]
