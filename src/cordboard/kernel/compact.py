"""JSON without blanks, in ASCII, for what we write to ourselves: the journal, orders between processes.

The library's own ``dumps`` and ``loads`` make their C part anew for each text, and look for its encoding; for
short texts that is more than half of what they cost. Here it is made once, where the interpreter has it.
"""

from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder, JSONEncoder, encoder
from typing import Any


def _encoder() -> Callable[[Any], bytes]:
    plain = JSONEncoder(separators=(",", ":"), check_circular=False)
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return lambda value: plain.encode(value).encode()
    quote = encoder.encode_basestring_ascii  # type: ignore[attr-defined, unused-ignore]
    parts = make(None, plain.default, quote, None, ":", ",", False, False, True)
    return lambda value: "".join(parts(value, 0)).encode()


encode = _encoder()
"""A value as JSON. Raises TypeError for what JSON has not."""

_read = JSONDecoder().raw_decode


def decode(text: bytes | bytearray) -> Any:
    """What ``encode`` was given. Raises ValueError for what it cannot have written."""
    words = text.decode()
    value, end = _read(words)
    if end != len(words):
        raise JSONDecodeError("more than a value", words, end)
    return value
