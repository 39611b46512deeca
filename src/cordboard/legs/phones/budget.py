"""How often a password may be guessed (reliability.md S6, telephony.md 12). Pure.

Counted per source and user, never per source alone: behind one address of a carrier's NAT there are many
people. A failure is only counted on a nonce that we gave to this source, so that nobody can lock a phone out
by sending in its name.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from cordboard.kernel.hosts import literal

FAILURES = 5
WINDOW_SECONDS = 60.0
FIRST_BAN_SECONDS = 60.0
LONGEST_BAN_SECONDS = 86_400.0
MOST_PAIRS = 20_000


@dataclass(slots=True)
class _Pair:
    """``bans``: how many there were; each is twice as long as the one before."""

    began: float
    failures: int = 0
    bans: int = 0
    banned_until: float = float("-inf")


class Budget:
    """``now`` in seconds on a clock that never jumps. Bounded by ``most`` pairs; a ban outlives what is
    forgotten for room."""

    def __init__(self, most: int = MOST_PAIRS) -> None:
        self._most = most
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._banned: dict[tuple[str, str], _Pair] = {}

    def __len__(self) -> int:
        return len(self._pairs) + len(self._banned)

    def is_banned(self, host: str, user: str, now: float) -> bool:
        """Whether an answer of this user from this source is not even looked at."""
        pair = self._banned.get(_key(host, user))
        return pair is not None and now < pair.banned_until

    def failed(self, host: str, user: str, now: float) -> bool:
        """A wrong answer to a challenge of ours; whether that was one too many."""
        key = _key(host, user)
        pair = self._banned.get(key) or self._pairs.get(key)
        if pair is None:
            _make_room(self._pairs, self._most, now)
            pair = self._pairs[key] = _Pair(now)
        if now - pair.began > WINDOW_SECONDS:
            pair.began, pair.failures = now, 0
        pair.failures += 1
        if pair.failures < FAILURES:
            return False
        length = min(FIRST_BAN_SECONDS * 2.0 ** min(pair.bans, 20), LONGEST_BAN_SECONDS)
        pair.bans += 1
        pair.failures, pair.banned_until = 0, now + length
        self._pairs.pop(key, None)
        if key not in self._banned:
            _make_room(self._banned, self._most, now)
            self._banned[key] = pair
        return True

    def succeeded(self, host: str, user: str) -> None:
        """A right answer: the slips before it are forgotten."""
        key = _key(host, user)
        self._pairs.pop(key, None)
        self._banned.pop(key, None)


def _make_room(pairs: dict[tuple[str, str], _Pair], most: int, now: float) -> None:
    """Forget what says nothing any more, when there are too many; the eldest where all of them do."""
    if len(pairs) < most:
        return
    spent = [
        key
        for key, pair in pairs.items()
        if now - max(pair.began, pair.banned_until) > (LONGEST_BAN_SECONDS if pair.bans else WINDOW_SECONDS)
    ]
    for key in spent:
        del pairs[key]
    if len(pairs) >= most:
        for key in list(pairs)[: max(1, most // 10)]:
            del pairs[key]


def _key(host: str, user: str) -> tuple[str, str]:
    return source_of(host), user[:64]


def source_of(host: str) -> str:
    """The source that an address stands for: itself, for IPv6 its /64, which one customer has."""
    if ":" not in host:
        return host
    address = literal(host.partition("%")[0])
    if address is None:
        return host
    if address.version == 4:
        return str(address)
    return str(ip_network((int(address) >> 64 << 64, 64)))
