"""The server's side of digest authentication (RFC 7616, 8760): challenges, and the check of what is answered.

Pure: time, secret and randomness are handed in. A nonce is not kept: it holds its time and is signed over
the source, so that a flood of requests without an answer costs no memory (reliability.md S6)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cordboard.sip.message.digest import known, read_schemes, response_of
from cordboard.sip.message.headers import quote

OFFERED = ("SHA-256", "MD5")
"""The algorithms we challenge with, the preferred one first (RFC 8760 §2.4)."""

LIFE_SECONDS = 30.0
_WINDOW = 64
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Authorization:
    """An Authorization or Proxy-Authorization value as it came. ``algorithm`` as the RFCs write it.
    ``count``: nc as a number, ``counted`` as its eight digits."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    cnonce: str
    count: int
    counted: str


class Outcome(Enum):
    """What became of an answer to our challenge."""

    NONE = "none"  # none was sent for our realm, or it cannot be read: challenge
    FOREIGN = "foreign"  # for a nonce that we did not issue to this source: challenge, count nothing
    STALE = "stale"  # right, but its nonce is old or its count was used: challenge with stale=true
    WRONG = "wrong"  # for a nonce of ours, and wrong: a failure that counts (telephony.md 12)
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Checked:
    """``username``: who was named; empty for ``NONE``."""

    outcome: Outcome
    username: str = ""


def read_authorization(values: list[str], realm: str) -> Authorization | None:
    """The first Digest answer for this realm that can be read. Only qop=auth is taken: our challenges ask
    for it, and without it nothing tells a replay from a request (RFC 7616 §5.12)."""
    for scheme, given in read_schemes(values):
        if scheme != "digest" or given.get("realm") != realm:
            continue
        algorithm = known(given.get("algorithm", ""))
        counted = given.get("nc", "").lower()
        if not algorithm or given.get("qop", "").lower() != "auth" or not _is_hex(counted, 8):
            continue
        names = ("username", "nonce", "uri", "response", "cnonce")
        if all(given.get(name) for name in names):
            username, nonce, uri, response, cnonce = (given[name] for name in names)
            return Authorization(
                username, realm, nonce, uri, response, algorithm, cnonce, int(counted, 16), counted
            )
    return None


def verify(method: str, secret: str, given: Authorization) -> bool:
    """Whether the response is the one of ``secret`` (``digest.ha1`` by the algorithm without ``-sess``).
    Takes the same time whatever it is."""
    expected = response_of(
        given.algorithm, secret, method, given.uri, given.nonce, "auth", given.cnonce, given.counted
    )
    return hmac.compare_digest(expected.encode(), given.response.lower().encode("utf-8", "replace"))


class Guard:
    """Challenges for one realm, and the check of the answers. ``secret``: at least 16 random bytes, new in
    each run. ``source`` is whatever a nonce is bound to, an address as a rule; ``now`` any clock in seconds
    that never jumps. At most ``most`` nonces that were answered are remembered, for their life."""

    def __init__(self, realm: str, secret: bytes, *, life: float = LIFE_SECONDS, most: int = 50_000) -> None:
        self.realm = realm
        self.life = life
        self._secret = secret
        self._most = most
        self._used: dict[str, tuple[int, int]] = {}  # nonce → highest count, and which of the 64 below came

    def nonce(self, source: str, now: float, salt: str) -> str:
        """A new nonce. ``salt``: at least 8 random hexadecimal digits."""
        stamp = f"{int(now * 1000):012x}"
        return f"{stamp}{salt}{self._signature(stamp, salt, source)}"

    def challenges(self, source: str, now: float, salt: str, *, stale: bool = False) -> list[str]:
        """The values of the WWW-Authenticate (or Proxy-Authenticate) headers, one for each algorithm."""
        nonce = self.nonce(source, now, salt)
        tail = ", stale=true" if stale else ""
        return [
            f'Digest realm={quote(self.realm)}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{tail}'
            for algorithm in OFFERED
        ]

    def check(
        self,
        values: list[str],
        method: str,
        source: str,
        now: float,
        secret_of: Callable[[str, str], str],
    ) -> Checked:
        """Judge the Authorization values of a request. ``secret_of(username, algorithm)`` gives the HA1 by
        this algorithm (one of ``OFFERED``); for a user that does not exist it should give one that nobody
        knows, so that both take the same time."""
        given = read_authorization(values, self.realm)
        if given is None or given.algorithm not in OFFERED:
            return Checked(Outcome.NONE)
        issued = self._issued(given.nonce, source)
        if issued is None:
            return Checked(Outcome.FOREIGN, given.username)
        if not verify(method, secret_of(given.username, given.algorithm), given):
            return Checked(Outcome.WRONG, given.username)
        if not -1 <= now - issued <= self.life or not self._take(given.nonce, given.count, now):
            return Checked(Outcome.STALE, given.username)
        return Checked(Outcome.GOOD, given.username)

    # --- nonces ---------------------------------------------------------------------------------------------

    def _signature(self, stamp: str, salt: str, source: str) -> str:
        return hmac.digest(self._secret, f"{stamp}:{salt}:{self.realm}:{source}".encode(), "sha256").hex()[
            :32
        ]

    def _issued(self, nonce: str, source: str) -> float | None:
        """When we issued it to this source; None when we did not."""
        if not 52 <= len(nonce) <= 128 or not set(nonce) <= _HEX:
            return None
        stamp, salt, signature = nonce[:12], nonce[12:-32], nonce[-32:]
        if not hmac.compare_digest(signature, self._signature(stamp, salt, source)):
            return None
        return int(stamp, 16) / 1000

    def _take(self, nonce: str, count: int, now: float) -> bool:
        """Whether this count of the nonce is used for the first time. Counts may come out of order by less
        than 64: UDP reorders (§3.4, "nc")."""
        if count == 0:
            return False
        known_nonce = nonce in self._used
        highest, seen = self._used.get(nonce, (0, 0))
        if count > highest:
            seen = ((seen << (count - highest)) | 1) if count - highest < _WINDOW else 1
            highest = count
        elif highest - count >= _WINDOW or seen >> (highest - count) & 1:
            return False
        else:
            seen |= 1 << (highest - count)
        if not known_nonce:
            self._forget_old(now)
            if len(self._used) >= self._most:
                return False  # refused as stale rather than forgotten: a replay must not get in
        self._used[nonce] = highest, seen & ((1 << _WINDOW) - 1)
        return True

    def _forget_old(self, now: float) -> None:
        """Drop nonces past their life: they are stale by their time. Those that were used first stand
        first."""
        while self._used:
            oldest = next(iter(self._used))
            # A nonce that was answered late in its life stands behind younger ones: it goes a little later.
            if now - int(oldest[:12], 16) / 1000 <= self.life + 1:
                return
            del self._used[oldest]


def _is_hex(text: str, size: int) -> bool:
    return len(text) == size and set(text) <= _HEX
