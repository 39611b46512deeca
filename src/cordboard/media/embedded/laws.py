"""PCM to G.711, whole sounds at once. For the engine; packet processes get finished bytes."""

import numpy as np

from cordboard.media.embedded.g711 import DECODED, PCMA, PCMU


def _table(law: str) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """The nearest byte for each of the 65,536 samples, counted from -32768."""
    decoded = np.array(DECODED[law], dtype=np.int32)
    order = np.argsort(decoded, kind="stable")
    levels = decoded[order]
    borders = (levels[1:] + levels[:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-32768, 32768))].astype(np.uint8)


_TABLES = {law: _table(law) for law in (PCMA, PCMU)}


def encode(pcm: bytes, law: str) -> bytes:
    """Signed 16 bit little endian samples as G.711; an odd byte at the end is left out."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.int32)
    return _TABLES[law][samples + 32768].tobytes()
