"""Cutting a byte stream into messages (§18.3). One byte at a time gives the same as one chunk."""

import re

from cordboard.sip.message.headers import number
from cordboard.sip.message.reader import LARGEST_BODY, LARGEST_HEADER

_TYPE = re.compile(rb"\n(?:content-type|c)[ \t]*+:")
_NAMES = (b"\ncontent-length", b"\nl")
_COLON = re.compile(rb"[ \t]*+:")
_MOST_LOOKS = 20
"""More lines or folds than this are nobody's Content-Length."""


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
        if not self._searched and buffer[0] in b"\r\n":
            # Keep-alives and line ends between messages (§7.5, RFC 5626).
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        end = buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0 or end > LARGEST_HEADER:
            self._searched = len(buffer)
            self.broken = end > LARGEST_HEADER or len(buffer) > LARGEST_HEADER + 3
            return False
        self._wanted = end + 4
        head = bytes(buffer[: end + 2]).lower()
        stated = _lengths(head)
        if not stated:
            # §18.3 demands one on a stream. Without it there is no body, unless its type says that there is
            # one.
            self._last = _TYPE.search(head) is not None
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


def _lengths(head: bytes) -> set[bytes]:
    """The values of Content-Length in these header lines, which are in lower case and end with a line end."""
    found: set[bytes] = set()
    looks = 0
    for name in _NAMES:
        at = head.find(name)
        while at >= 0:
            looks += 1
            colon = _COLON.match(head, at + len(name))
            if colon is not None:
                end = head.find(b"\n", colon.end())
                while head[end + 1 : end + 2] in (b" ", b"\t") and looks <= _MOST_LOOKS:
                    looks += 1
                    end = head.find(b"\n", end + 1)
                found.add(head[colon.end() : end].strip())
            if looks > _MOST_LOOKS:
                return {b"too", b"many"}
            at = head.find(name, at + len(name))
    return found
