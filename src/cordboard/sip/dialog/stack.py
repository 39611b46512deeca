"""What a session asks of the stack it lives in. The endpoint is one; tests may be another."""

from typing import Protocol

from cordboard.kernel.clock import Tokens
from cordboard.sip.message.address import Hop
from cordboard.sip.message.challenges import Keyring
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import MAGIC, Outbound
from cordboard.sip.transaction.machine import Timers
from cordboard.sip.transaction.server import Server

ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"


class Member(Protocol):
    """What the stack sees of a session: something with a deadline that can be woken."""

    armed: float
    lingers: bool

    def deadline(self) -> float | None: ...

    def tick(self, now: float) -> None: ...


class Asker(Protocol):
    """Whoever sent a request and waits for what becomes of it."""

    def answered(self, sent: Outbound, response: Response) -> None: ...

    def unanswered(self, sent: Outbound, code: int) -> None: ...


class Stack(Protocol):
    tokens: Tokens
    keys: Keyring
    timers: Timers
    user_agent: str

    def now(self) -> float: ...

    def arm(self, member: Member) -> None:
        """Its deadline may be sooner than it was."""
        ...

    def forget(self, member: Member) -> None:
        """It is over: requests in its dialog meet 481 from now on. Its transactions live on."""
        ...

    def sent_by(self, hop: Hop) -> str:
        """Transport and own address for a Via: ``UDP 10.0.0.1:5060``."""
        ...

    def contact(self, hop: Hop) -> str:
        """Own Contact value towards this hop."""
        ...

    def next_hop(self, member: Member, uri: str, peer: Hop) -> Hop:
        """Where a request in a dialog goes: where the URI leads when the peer may point there, else to
        ``peer``, the dialog's own connection (reliability.md S15)."""
        ...

    def request(self, asker: Asker, request: Outbound, hop: Hop) -> None:
        """Send it in a client transaction. Answers come to the asker's ``answered``, silence and failure to
        ``unanswered``, never before this has returned."""
        ...

    def send(self, member: Member, request: Outbound, hop: Hop) -> None:
        """Send it once, with no transaction (the ACK to a 2xx)."""
        ...

    def respond(self, server: Server, code: int, data: bytes) -> None: ...

    def stop_waiting(self, request: Outbound) -> None:
        """Let the transaction of a cancelled INVITE end without a final answer."""
        ...


def new_branch(stack: Stack) -> str:
    return MAGIC + stack.tokens.hex(8)


def between(stack: Stack, low: float, high: float) -> float:
    """A random number of seconds."""
    return low + (high - low) * int(stack.tokens.hex(2), 16) / 0xFFFF
