"""What the offers of a session may use of it: its state, its answers, its voice to the owner."""

from collections.abc import Callable
from math import inf

from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.stack import ALLOW, Stack, between
from cordboard.sip.dialog.timer import SessionTimer, granted
from cordboard.sip.dialog.words import Confirmed, Seen, SessionEvent
from cordboard.sip.message.address import Hop
from cordboard.sip.message.digest import Credentials
from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.writer import reply
from cordboard.sip.transaction.server import InviteServer, Server

_KEPT = 4
"""Messages kept for a watcher that has not come yet."""


class Waiting:
    """A 2xx of ours that waits for its ACK; repeated by us, not by the transaction (§13.3.1.4)."""

    __slots__ = ("data", "give_up_at", "initial", "interval", "offered", "resend_at", "server")

    def __init__(self, server: Server, data: bytes, offered: bool, initial: bool, stack: Stack) -> None:
        """``offered``: the 2xx carries an offer, so its ACK brings the answer."""
        now = stack.now()
        self.server, self.data, self.offered, self.initial = server, data, offered, initial
        self.interval = stack.timers.t1
        self.resend_at = now + self.interval
        self.give_up_at = now + stack.timers.patience


def nobody(event: SessionEvent) -> None:
    """The owner of a session that nobody has taken, and of one that is over."""


class SessionCore:
    """Base of both sides. ``up``: answered and not yet being ended. ``over``: the last event was told.
    ``peer``: the dialog's own connection. ``pinned``: its requests go to ``peer`` whatever a Contact says,
    for a phone is reached by its flow alone (RFC 5626). ``owns_call_id``: whether we made the Call-ID
    (§14.1). ``credentials`` answer challenges to our requests; a called session never has any (reliability.md
    S9). ``session_seconds``: the session timer we would ask for, 0 for none; ``timer``: the one that runs.
    ``described``: our SDP as the far side last took it."""

    __slots__ = (
        "__weakref__",
        "_call_id",
        "_unwatched",
        "_watch",
        "armed",
        "credentials",
        "described",
        "dialog",
        "local_tag",
        "over",
        "owner",
        "peer",
        "pinned",
        "released",
        "session_seconds",
        "stack",
        "timer",
        "up",
        "waiting",
    )

    owns_call_id = False
    lingers = False

    def __init__(self, stack: Stack, call_id: str, local_tag: str, peer: Hop) -> None:
        self.owner: Callable[[SessionEvent], None] = nobody
        self.credentials: Credentials | None = None
        self.session_seconds = 0
        self._watch: Callable[[Seen], None] | None = None
        self._unwatched: list[Seen] = []
        self.stack = stack
        self.local_tag = local_tag
        self.peer = peer
        self.pinned = False
        self.armed = inf
        self.dialog: Dialog | None = None
        self.up = False
        self.over = False
        self.released = False
        self.waiting: Waiting | None = None
        self.timer: SessionTimer | None = None
        self.described = b""
        self._call_id = call_id

    @property
    def call_id(self) -> str:
        return self._call_id

    @property
    def watch(self) -> Callable[[Seen], None] | None:
        """Who is told of every message. The first ones, sent or come before it was set, are told then."""
        return self._watch

    @watch.setter
    def watch(self, watch: Callable[[Seen], None] | None) -> None:
        self._watch = watch
        if watch is not None:
            missed, self._unwatched = self._unwatched, []
            for seen in missed:
                watch(seen)

    @property
    def curious(self) -> bool:
        """Whether ``note`` does anything."""
        return self._watch is not None or len(self._unwatched) < _KEPT

    def note(self, seen: Seen) -> None:
        """A message of this session was sent or came."""
        if self._watch is not None:
            self._watch(seen)
        elif len(self._unwatched) < _KEPT:
            self._unwatched.append(seen)

    @property
    def early(self) -> bool:
        """Whether the INVITE has no final answer yet."""
        raise NotImplementedError

    def answered(self, sent: Outbound, response: Response) -> None:
        """A response to a request of ours."""
        raise NotImplementedError

    def unanswered(self, sent: Outbound, code: int) -> None:
        """A request of ours got no answer (408) or could not be sent (503)."""
        raise NotImplementedError

    def moved(self, peer: Hop) -> None:
        """The far side proved that it is now there (a phone behind NAT, telephony.md 8)."""
        self.peer = peer
        if self.dialog is not None:
            self.dialog.moved(peer)

    @property
    def offers_first(self) -> bool:
        """Whether the first offer of the session is ours to make."""
        raise NotImplementedError

    def offering_dialog(self) -> Dialog | None:
        """The dialog in which an offer of ours may go out now; None while none may."""
        return self.dialog if self.up else None

    @property
    def may_offer(self) -> bool:
        """See ``endpoint.words.Session``."""
        return self.offering_dialog() is not None

    def deadline(self) -> float | None:
        """When to be woken."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """The deadline has come."""
        raise NotImplementedError

    def hang_up(self, lines: list[str], why: str) -> None:
        """Send the BYE; the session is over when it is answered, or when nobody does."""
        raise NotImplementedError

    def finish(self, event: SessionEvent) -> None:
        """The last event."""
        raise NotImplementedError

    def respond(
        self, server: Server, code: int, phrase: str = "", lines: list[str] | None = None, body: bytes = b""
    ) -> bytes:
        """Answer a request; what was sent."""
        data = reply(server.request, code, phrase, tag=self.local_tag, lines=lines, body=body)
        self.stack.respond(server, code, data)
        return data

    def accept_with(
        self, server: Server, body: bytes, *, offered: bool, initial: bool, routes: list[str] | None = None
    ) -> None:
        """Send a 200 with SDP; for an INVITE it is repeated until its ACK comes."""
        lines = [f"Contact: {self.stack.contact(server.hop)}", ALLOW, f"Server: {self.stack.user_agent}"]
        lines += self.refreshed_by(server.request)
        data = self.respond(server, 200, lines=routes + lines if routes else lines, body=body)
        if isinstance(server, InviteServer):
            self.waiting = Waiting(server, data, offered, initial, self.stack)
            self.stack.arm(self)

    def refreshed_by(self, request: Request) -> list[str]:
        """A re-INVITE or UPDATE, or the first INVITE, gets its 2xx: the session's timer begins anew. What the
        2xx says of it (RFC 4028 §9)."""
        if self.early:
            return []
        lines, self.timer = granted(request, self.session_seconds, self.timer, self.stack.now())
        if self.timer is not None:
            self.stack.arm(self)
        return lines

    def timer_from(self, response: Response) -> None:
        """A 2xx to a request of ours that refreshed the session."""
        assert self.timer is not None
        self.timer = self.timer.answered(response, self.stack.now())
        if self.timer is not None:
            self.stack.arm(self)

    def retry_after(self) -> str:
        """The random 0–10 s of §14.2."""
        return f"Retry-After: {round(between(self.stack, 0, 10))}"

    def tell(self, event: SessionEvent) -> None:
        """An event that is not the last; nothing once the owner has released the session."""
        if not self.over and not self.released:
            self.owner(event)

    def seen_alive(self) -> None:
        """A new request in the dialog came before the ACK to our 2xx: the far side has that 2xx, its ACK is
        late or lost (RFC 5407 §3.1.5)."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None and waiting.initial:
            self.tell(Confirmed())
