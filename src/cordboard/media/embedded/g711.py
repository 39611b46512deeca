"""G.711 as tables of 256: decoding, A-law to µ-law and back, how loud a byte is (ITU-T G.711)."""

PCMA, PCMU = "PCMA", "PCMU"
SILENCE = {PCMA: b"\xd5", PCMU: b"\xff"}


def _decode_a(byte: int) -> int:
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 0x0F
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if byte & 0x80 else -size


def _decode_u(byte: int) -> int:
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 0x84 << (byte >> 4 & 7)) - 0x84
    return -size if byte & 0x80 else size


def _nearest(sample: int, values: list[int], positive: range, negative: range) -> int:
    """The byte of the other law that lies nearest, on the same side of zero."""
    return min(positive if sample >= 0 else negative, key=lambda byte: abs(values[byte] - sample))


DECODED = {PCMA: [_decode_a(byte) for byte in range(256)], PCMU: [_decode_u(byte) for byte in range(256)]}
"""Per law: the signed 16 bit sample of each byte."""

_HALVES = range(128, 256), range(128)  # in both laws the high bit says "not negative"

A_TO_U = bytes(_nearest(DECODED[PCMA][byte], DECODED[PCMU], *_HALVES) for byte in range(256))
U_TO_A = bytes(
    _nearest(DECODED[PCMU][byte] if byte != 0x7F else -1, DECODED[PCMA], *_HALVES) for byte in range(256)
)

LOUDNESS = {law: bytes(abs(sample) >> 8 for sample in DECODED[law]) for law in DECODED}
"""Per law: the size of each byte's sample, in steps of 256 (full scale 127)."""


def translation(from_law: str, to_law: str) -> bytes | None:
    """The table for ``bytes.translate``; None where nothing is to be done."""
    if from_law == to_law:
        return None
    return A_TO_U if from_law == PCMA else U_TO_A


def is_silent(payload: bytes, law: str) -> bool:
    """True where no sample is louder than about -36 dB of full scale: speech pauses are, words are not."""
    return not payload or max(payload.translate(LOUDNESS[law])) < 2
