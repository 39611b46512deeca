"""A far side that challenges: it checks with the server's half of our digest, whose sums stand against the
RFCs' own examples."""

from dataclasses import dataclass, field

from cordboard.sip.message.digest import Credentials, ha1
from cordboard.sip.message.guard import Guard, Outcome
from cordboard.sip.message.message import Message, Request
from tests.wire.raw_peer import RawPeer

CREDENTIALS = Credentials("4021", "correct horse")


@dataclass
class Challenger:
    """Asks the requests that come to ``peer`` for credentials. ``taken``: those that had the right ones, each
    once; ``outcomes``: what became of each request with credentials for ``realm``. ``proxy``: by 407."""

    peer: RawPeer
    realm: str = "carrier.example"
    password: str = CREDENTIALS.password
    proxy: bool = False
    life: float = 30.0
    methods: tuple[str, ...] = ("INVITE", "REGISTER", "OPTIONS", "BYE")
    taken: list[Request] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = Guard(self.realm, b"k" * 16, life=self.life)
        self._salt = 0
        self._seen: set[str] = set()

    def admits(self, message: Message) -> bool:
        """Whether the request may go on; it was challenged when not. Repeats are admitted to nothing."""
        if not isinstance(message, Request) or message.method not in self.methods:
            return False
        again = message.via.branch in self._seen
        self._seen.add(message.via.branch)
        name = "Proxy-Authenticate" if self.proxy else "WWW-Authenticate"
        values = message.index.get("proxy-authorization" if self.proxy else "authorization", [])
        now = self.peer.now()
        if again:
            return False
        checked = self.guard.check(values, message.method, "peer", now, self._secret)
        if values:
            self.outcomes.append(checked.outcome)
        if checked.outcome is Outcome.GOOD:
            self.taken.append(message)
            return True
        self._salt += 1
        stale = checked.outcome is Outcome.STALE
        challenges = self.guard.challenges("peer", now, f"{self._salt:016x}", stale=stale)
        self.peer.reply(
            message, 407 if self.proxy else 401, *(f"{name}: {one}" for one in challenges), tag="wall"
        )
        return False

    def on(self, message: Message) -> None:
        """For ``peer.on``: challenge, and nothing else."""
        self.admits(message)

    def _secret(self, user: str, algorithm: str) -> str:
        return ha1(algorithm, user, self.realm, self.password)


def credentials_in(message: Message) -> list[str]:
    """Every Authorization and Proxy-Authorization value."""
    return message.index.get("authorization", []) + message.index.get("proxy-authorization", [])
