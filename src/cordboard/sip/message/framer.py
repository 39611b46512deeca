"""Cutting a byte stream into messages (§18.3). One byte at a time gives the same as one chunk."""

import re

from cordboard.sip.message.headers import number
from cordboard.sip.message.reader import LARGEST_BODY, LARGEST_HEADER

_LENGTH = re.compile(
    rb"^(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_TYPE = re.compile(rb"^(?:content-type|c)[ \t]*:", re.IGNORECASE | re.MULTILINE)


class Framer:
    """Feed it what comes; it gives whole messages.

    After ``broken`` turns true nothing more can be found on the stream: answer what was given and close it.
    """

    __slots__ = ("_buffer", "_last", "_searched", "_wanted", "broken")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._wanted = 0  # length of the whole message, once the headers are in
        self._last = False
        self.broken = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes."""
        if self.broken:
            return []
        buffer = self._buffer
        buffer += data
        found: list[bytes] = []
        while buffer and not self.broken:
            if not self._wanted and not self._headers():
                break
            if len(buffer) < self._wanted:
                break
            found.append(bytes(buffer[: self._wanted]))
            del buffer[: self._wanted]
            self._wanted = self._searched = 0
            self.broken = self._last
        return found

    @property
    def waiting(self) -> bool:
        """Whether part of a message is in."""
        return bool(self._buffer)

    def _headers(self) -> bool:
        """Find the end of the headers and the length of the message. False: more bytes are needed."""
        buffer = self._buffer
        if not self._searched:
            skip = 0
            while skip < len(buffer) and buffer[skip] in b"\r\n":
                skip += 1  # keep-alives and line ends between messages (§7.5, RFC 5626)
            del buffer[:skip]
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0 or end > LARGEST_HEADER:
            self._searched = len(buffer)
            self.broken = end > LARGEST_HEADER or len(buffer) > LARGEST_HEADER + 3
            return False
        self._wanted = end + 4
        stated = {found.group(1) for found in _LENGTH.finditer(bytes(buffer[: end + 2]))}
        if not stated:
            # §18.3 demands one on a stream. Without it there is no body, unless its type says that there is
            # one.
            self._last = _TYPE.search(buffer, 0, end + 2) is not None
            return True
        length = stated.pop()
        size = number(length.decode("latin-1"))
        if stated or size is None or size > LARGEST_BODY:
            # The end of this message cannot be known: its headers are given out to be refused, then all is
            # over.
            self._last = True
            return True
        self._wanted += size
        return True
