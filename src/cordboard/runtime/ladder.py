"""The SIP messages of one call as its journal keeps them: whole, without secrets, within a bound."""

from collections.abc import Callable

from cordboard.sip.endpoint.words import Seen
from cordboard.sip.message.masking import shown
from cordboard.store import lines

MOST_MESSAGES = 200
MOST_BYTES = 256 << 10
"""Of further messages only the first line is kept."""
MOST_LINES = 1000
"""Of further ones nothing is: a peer must not fill the disk with one call."""


class Ladder:
    """``note`` takes lines of the journal that nobody obeys."""

    __slots__ = ("_bytes", "_last", "_lines", "_messages", "_note", "_sid", "private")

    def __init__(self, note: Callable[[bytes], object], sid: str) -> None:
        self._note, self._sid = note, sid
        self._messages = self._bytes = self._lines = 0
        self._last: dict[int, bytes] = {}
        self.private = False
        """The caller withholds their number: it is masked in every message of their leg."""

    def seen(self, n: int, at: float, leg: int, seen: Seen) -> None:
        """A message of a leg. A repeat is told to be one, not kept again."""
        self._lines += 1
        if self._lines > MOST_LINES:
            if self._lines == MOST_LINES + 1:
                self._limit(n, at, "further messages are not listed")
            return
        peer = f"{seen.peer.transport}:{seen.peer.host}:{seen.peer.port}"
        key, message, data = 2 * leg + seen.outward, "", seen.data
        repeat = data != b"" and self._last.get(key) == data
        if data and not repeat:
            self._last[key] = data
            message = self._kept(n, at, leg, seen)
        self._note(
            lines.sip(
                self._sid,
                n,
                at,
                seen.outward,
                seen.line,
                leg,
                seen.cseq,
                peer,
                seen.size,
                message,
                repeat,
            )
        )

    def _kept(self, n: int, at: float, leg: int, seen: Seen) -> str:
        if self._messages >= MOST_MESSAGES or self._bytes >= MOST_BYTES:
            return ""
        message = shown(seen.data, seen.secret, self.private and leg == 0)
        self._messages += 1
        self._bytes += len(message)
        if self._messages == MOST_MESSAGES or self._bytes >= MOST_BYTES:
            self._limit(n, at, "further messages are kept without their text")
        return message

    def _limit(self, n: int, at: float, what: str) -> None:
        told = {"what": what, "why": "limit.messages", "messages": self._messages, "bytes": self._bytes}
        self._note(lines.entry("decision", self._sid, n, at, told))
