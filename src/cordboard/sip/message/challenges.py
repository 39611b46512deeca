"""The client's side of digest authentication (RFC 7616, 8760, RFC 3261 §22): challenges read, credentials
given to those they belong to, nonces used again. Pure: time and randomness are handed in.

Credentials belong to one realm: the one that is configured, else the one that their registrar named, else
the first that this host named. A challenge for any other realm is somebody else's, relayed to us, and gets
nothing (reliability.md S9)."""

from dataclasses import dataclass, field

from cordboard.kernel.clock import Tokens
from cordboard.sip.message.digest import STRENGTH, Credentials, ha1, known, read_schemes, response_of
from cordboard.sip.message.headers import quote
from cordboard.sip.message.message import Message

CHALLENGED = (401, 407)
_REMEMBERED_SECONDS = 300.0
_MOST_REMEMBERED = 1000
_MOST_ROUNDS = 4


class Unanswerable(Exception):
    """A challenge that gets no answer; its text says why."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One that we can answer. Texts are as they stood between their quotes; ``written`` is the algorithm's,
    empty where none was named. Without ``qop`` it is of RFC 2069."""

    proxy: bool
    realm: str
    nonce: str
    algorithm: str
    written: str
    qop: bool
    opaque: str | None
    stale: bool

    @property
    def place(self) -> tuple[bool, str]:
        """Who asks: a request may have to satisfy several (RFC 3261 §22.3)."""
        return self.proxy, self.realm


@dataclass(slots=True)
class Answering:
    """A challenge that is being answered. ``count`` is nc of the last answer."""

    challenge: Challenge
    cnonce: str
    at: float
    count: int = 0

    def line(self, credentials: Credentials, method: str, uri: str) -> str:
        """The next header line."""
        self.count += 1
        asked = self.challenge
        counted = f"{self.count:08x}"
        secret = ha1(asked.algorithm, credentials.username, asked.realm, credentials.password)
        qop, cnonce = ("auth", self.cnonce) if asked.qop else ("", "")
        response = response_of(asked.algorithm, secret, method, uri, asked.nonce, qop, cnonce, counted)
        parts = [
            f"username={quote(credentials.username)}",
            f'realm="{asked.realm}"',
            f'nonce="{asked.nonce}"',
            f'uri="{uri}"',
            f'response="{response}"',
        ]
        if asked.written:
            parts.append(f"algorithm={asked.written}")
        if asked.qop:
            parts += [f'cnonce="{cnonce}"', "qop=auth", f"nc={counted}"]
        if asked.opaque is not None:
            parts.append(f'opaque="{asked.opaque}"')
        return f"{'Proxy-' if asked.proxy else ''}Authorization: Digest {', '.join(parts)}"


@dataclass(slots=True)
class Attempt:
    """One request, however often it is sent. ``host``: where it goes; ``lines``: its credentials, as header
    lines."""

    credentials: Credentials
    host: str
    method: str
    uri: str
    lines: list[str] = field(default_factory=list, repr=False)
    answering: dict[tuple[bool, str], Answering] = field(default_factory=dict, repr=False)
    answered: dict[tuple[bool, str], int] = field(default_factory=dict)
    rounds: int = 0


def read_challenges(message: Message) -> tuple[list[Challenge], list[str]]:
    """Those of a 401 or 407 that can be answered, the strongest first, and why others cannot be."""
    found: list[Challenge] = []
    problems: list[str] = []
    for proxy, key in ((False, "www-authenticate"), (True, "proxy-authenticate")):
        for scheme, given in read_schemes(message.index.get(key, [])):
            challenge = _read(proxy, given) if scheme == "digest" else "the challenge is not Digest"
            if isinstance(challenge, str):
                problems.append(challenge)
            else:
                found.append(challenge)
    found.sort(key=lambda one: STRENGTH.index(one.algorithm.removesuffix("-sess")))
    return found, problems


def _read(proxy: bool, given: dict[str, str]) -> Challenge | str:
    written, nonce, opaque = given.get("algorithm", ""), given.get("nonce", ""), given.get("opaque")
    algorithm = known(written)
    if not nonce or "realm" not in given or not (nonce + (opaque or "")).isascii():
        return "the challenge has no realm and nonce that can be read"
    if not algorithm:
        return f"the challenge asks for the algorithm {written[:20]}, which we do not know"
    asked = given.get("qop")
    offered = [] if asked is None else [word.strip().lower() for word in asked.split(",")]
    if asked is None and algorithm != "MD5":
        return f"the challenge asks for {algorithm} without qop"
    if asked is not None and "auth" not in offered:
        return "the challenge asks for qop auth-int only, which we do not speak"
    stale = given.get("stale", "").lower() == "true"
    return Challenge(proxy, given["realm"], nonce, algorithm, written, asked is not None, opaque, stale)


class Keyring:
    """What was learnt from challenges, for all requests of an endpoint. Bounded."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._realms: dict[tuple[Credentials, str], str] = {}  # by host; of the registrars; by "" the latest
        self._ready: dict[tuple[Credentials, str, bool, bool], Answering] = {}

    def realm_of(self, attempt: Attempt) -> str:
        """The realm that its credentials belong to; empty while none was named."""
        credentials, named = attempt.credentials, self._realms
        if credentials.realm:
            return credentials.realm
        if attempt.method == "REGISTER":
            return named.get((credentials, f"registrar {attempt.host}"), "")
        return named.get((credentials, "")) or named.get((credentials, attempt.host)) or ""

    def begin(
        self, credentials: Credentials, host: str, method: str, uri: str, now: float, *, ready: bool = True
    ) -> Attempt:
        """A request to this host. ``ready``: with an answer to the host's last challenge, if it is known and
        young, which saves a round trip. What a registrar asked for is used for REGISTER only: an INVITE may
        be passed on to the callee, with all that it carries."""
        attempt = Attempt(credentials, host, method, uri)
        if ready and self._ready:
            for proxy in (False, True):
                known_one = self._ready.get(_key(attempt, proxy))
                if known_one is not None and now - known_one.at <= _REMEMBERED_SECONDS:
                    attempt.answering[known_one.challenge.place] = known_one
            self._write(attempt)
        return attempt

    def answer(self, attempt: Attempt, response: Message, now: float) -> None:
        """Put answers to these challenges into the attempt's ``lines``. Raises ``Unanswerable``."""
        challenges, problems = read_challenges(response)
        realm = self.realm_of(attempt)
        if not realm and challenges:
            realm = challenges[0].realm
        ours: dict[tuple[bool, str], Challenge] = {}
        for challenge in challenges:
            if challenge.realm == realm:
                ours.setdefault(challenge.place, challenge)
        if not ours:
            raise Unanswerable(_why_not(challenges, problems, realm))
        attempt.rounds += 1
        for challenge in ours.values():
            self._check(attempt, challenge)
        for place, challenge in ours.items():
            attempt.answered[place] = attempt.answered.get(place, 0) + 1
            attempt.answering[place] = self._remember(attempt, challenge, now)
        if not attempt.credentials.realm:
            self._pin(attempt, realm)
        self._write(attempt)

    def renew(self, attempt: Attempt) -> None:
        """The request is sent once more for another reason: nothing is used twice (nc)."""
        self._write(attempt)

    def learn(self, attempt: Attempt, response: Message, now: float) -> None:
        """The request was taken: the server may have named the nonce to use next (RFC 7616 §3.5)."""
        for proxy, key in ((False, "authentication-info"), (True, "proxy-authentication-info")):
            values = response.index.get(key)
            if not values:
                continue
            for _, given in read_schemes([f"Digest {values[0]}"]):
                nonce = given.get("nextnonce", "")
                used = next((one for place, one in attempt.answering.items() if place[0] is proxy), None)
                if nonce and nonce.isascii() and used is not None and nonce != used.challenge.nonce:
                    old = used.challenge
                    self._remember(
                        attempt,
                        Challenge(
                            proxy, old.realm, nonce, old.algorithm, old.written, old.qop, old.opaque, False
                        ),
                        now,
                    )

    # --- inside ---------------------------------------------------------------------------------------------

    def _check(self, attempt: Attempt, challenge: Challenge) -> None:
        """Whether another answer makes sense: once for each who asks, once more when the nonce was stale."""
        place = challenge.place
        last, times = attempt.answering.get(place), attempt.answered.get(place, 0)
        same = last is not None and last.challenge.nonce == challenge.nonce
        if same or times > 1 or (times == 1 and not challenge.stale) or attempt.rounds > _MOST_ROUNDS:
            self._ready.pop(_key(attempt, challenge.proxy), None)
            raise Unanswerable(f"the credentials were refused for the realm {challenge.realm[:60]!r}")

    def _remember(self, attempt: Attempt, challenge: Challenge, now: float) -> Answering:
        key = _key(attempt, challenge.proxy)
        self._ready.pop(key, None)
        while len(self._ready) >= _MOST_REMEMBERED:
            del self._ready[next(iter(self._ready))]
        answering = self._ready[key] = Answering(challenge, self._tokens.hex(8), now)
        return answering

    def _pin(self, attempt: Attempt, realm: str) -> None:
        """From now on the credentials are for this realm only."""
        if len(self._realms) > _MOST_REMEMBERED:
            return
        if attempt.method == "REGISTER":
            self._realms[attempt.credentials, f"registrar {attempt.host}"] = realm
            self._realms[attempt.credentials, ""] = realm
        else:
            self._realms.setdefault((attempt.credentials, attempt.host), realm)

    def _write(self, attempt: Attempt) -> None:
        attempt.lines = [
            one.line(attempt.credentials, attempt.method, attempt.uri) for one in attempt.answering.values()
        ]


def _key(attempt: Attempt, proxy: bool) -> tuple[Credentials, str, bool, bool]:
    return attempt.credentials, attempt.host, proxy, attempt.method == "REGISTER"


def _why_not(challenges: list[Challenge], problems: list[str], realm: str) -> str:
    if challenges:
        foreign = challenges[0].realm[:60]
        return f"the challenge is for the realm {foreign!r}, the credentials are for {realm[:60]!r}"
    return problems[0] if problems else "it names no challenge"
