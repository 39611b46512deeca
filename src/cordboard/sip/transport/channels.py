"""How messages are cut from a connection's bytes and put onto it: plainly, or in WebSocket frames."""

from typing import Protocol

from cordboard.sip.message.framer import Framer


class Channel(Protocol):
    """``broken``: nothing more can be found; close. ``waiting``: part of a message is in. ``out``: bytes to
    be sent whoever the peer is. ``pings``: keep-alives that want an answer, ``pongs`` answers to ours; both
    are reset by whoever reads them."""

    out: bytes
    pings: int
    pongs: int

    @property
    def broken(self) -> bool: ...

    @property
    def waiting(self) -> bool: ...

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes."""
        ...

    def wrap(self, message: bytes) -> bytes:
        """A message as it goes onto the connection."""
        ...

    def ping(self) -> bytes: ...

    def pong(self) -> bytes: ...


class Plain:
    """SIP on a stream (§18.3). A double CRLF between messages is a keep-alive, a single one the answer to
    ours (RFC 5626 §3.5.1)."""

    __slots__ = ("_asked", "_ends", "_framer", "out", "pings", "pongs")

    def __init__(self) -> None:
        self._framer = Framer()
        self._ends = 0  # characters of line ends since the last message
        self._asked = False
        self.out = b""
        self.pings = self.pongs = 0

    @property
    def broken(self) -> bool:
        return self._framer.broken

    @property
    def waiting(self) -> bool:
        return self._framer.waiting

    def feed(self, data: bytes) -> list[bytes]:
        if data[:1] in (b"\r", b"\n") and not self._framer.waiting:
            self._line_ends(len(data) - len(data.lstrip(b"\r\n")))
        else:
            self._ends = 0
        return self._framer.feed(data)

    def _line_ends(self, count: int) -> None:
        self._ends += count
        if self._asked and self._ends >= 2:
            self._asked = False
            self._ends -= 2
            self.pongs += 1
        if self._ends >= 4:
            self.pings += self._ends // 4
            self._ends %= 4

    def wrap(self, message: bytes) -> bytes:
        return message

    def ping(self) -> bytes:
        self._asked = True
        return b"\r\n\r\n"

    def pong(self) -> bytes:
        return b"\r\n"
