"""Which algorithms a challenge offers to whom (RFC 8760). Pure.

Both, to whom we do not know. There are phones (those on old releases of libre among them) that give up at the
sight of an algorithm that they do not speak, whatever else is offered; they must not be shut out. So who
leaves a challenge with both unanswered is offered MD5 alone the next time, and who answered by MD5 keeps to
it.
"""

from enum import Enum

MOST = 10_000


class _Known(Enum):
    ASKED = "asked"  # with both, and no answer was seen
    SIMPLE = "simple"  # answered by MD5
    STRONG = "strong"


class Offers:
    """Remembered by source and the name that is claimed, whether there is such a user or not; bounded."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[tuple[str, str], _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def both(self, host: str, user: str) -> bool:
        """Offer both in this challenge?"""
        key = host, user[:64]
        known = self._known.get(key)
        if known is _Known.ASKED:
            del self._known[key]
            return False
        if known is None:
            self._set(key, _Known.ASKED)
        return known is not _Known.SIMPLE

    def answered(self, host: str, user: str, algorithm: str) -> None:
        """A right answer came."""
        self._set((host, user[:64]), _Known.SIMPLE if algorithm.startswith("MD5") else _Known.STRONG)

    def _set(self, key: tuple[str, str], known: _Known) -> None:
        if key not in self._known and len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[key] = known
