"""What the engine and its children say to each other: a JSON object and bytes, lengths first.

Pure. The engine believes no length that a child names beyond ``LONGEST_BODY``: a child may be in a
stranger's hands.
"""

import json
import struct
from typing import Any

from cordboard.media.sounds.prepared import LONGEST, RATE

HEAD = struct.Struct("!II")
LONGEST_NOTE = 16 * 1024
LONGEST_BODY = 2 * RATE * LONGEST
LONGEST_FILE = 10 * 1024 * 1024


def pack(note: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps(note).encode()
    return HEAD.pack(len(text), len(body)) + text + body


def sizes(head: bytes, longest: int = LONGEST_BODY) -> tuple[int, int]:
    """Lengths of note and body. Raises ``ValueError`` where they are more than may be."""
    note, body = HEAD.unpack(head)
    if note > LONGEST_NOTE or body > longest:
        raise ValueError("a frame is too long")
    return note, body


def note(text: bytes) -> dict[str, Any]:
    """The JSON object of a frame. Raises ``ValueError``."""
    read = json.loads(text)
    if not isinstance(read, dict):
        raise ValueError("a frame's note is no object")
    return read
