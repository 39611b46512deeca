"""One leg tried on the hosts of its trunk, one after the other (telephony.md 4, RFC 3263 §4.3), and on the
contacts of a 3xx (§8.1.3.4).

To the leg this is a session like any other: it sees one INVITE, and the last answer counts. What was
given up is cancelled; should it answer all the same, the stack acknowledges and ends that call. Every try
has a Call-ID of its own: hosts with one switch behind them would take the second for the first one that
came round (482, §8.2.2.2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import BY_Q850, TIMED_OUT
from cordboard.legs.hosts import Change, Host, Try
from cordboard.legs.trunks import Route
from cordboard.sip.dialog.words import Accepted, Ended, Progressed, Reason, Refused, SessionEvent
from cordboard.sip.endpoint.words import Address, Outgoing, Seen, Session
from cordboard.sip.message.uri import user_of

MOST_TRIES = 8
MOST_REDIRECTS = 3
_REDIRECTIONS = (300, 301, 302)  # 305 is a proxy's business, 380 another service
_TRYING = 100


@dataclass(frozen=True, slots=True)
class Tools:
    """What attempts need of the world. ``invite``: the endpoint's. ``outgoing(host, seconds)``: the INVITE to
    this host, with so many seconds left to ring. ``contact(uri, host)``: where a 3xx of this host may send
    us, None for a place that is not the trunk's. ``opened`` and ``closed``: of every session. ``later``
    returns what cancels it. ``changed``: a host went out or came back. ``strayed``: a 3xx led elsewhere."""

    invite: Callable[[Outgoing, Callable[[SessionEvent], None], Callable[[Seen], None] | None], Session]
    outgoing: Callable[[Host, float], Outgoing]
    contact: Callable[[str, Host], Try | None]
    opened: Callable[[Session], None]
    closed: Callable[[str], None]
    now: Callable[[], float]
    later: Callable[[float, Callable[[], None]], Callable[[], None]]
    changed: Callable[[Change], None]
    strayed: Callable[[Host], None]


class Attempts:
    """A ``Session`` over several. ``hosts``: in the order of trying, at least one. ``seconds``: how long it
    may ring in all. The first INVITE is sent at once; raises ``BadInput`` like ``Endpoint.invite``."""

    def __init__(
        self,
        route: Route,
        hosts: Sequence[Host],
        seconds: float,
        tools: Tools,
        owner: Callable[[SessionEvent], None],
        watch: Callable[[Seen], None] | None,
    ) -> None:
        self.owner, self._watch = owner, watch
        self._route, self._tools = route, tools
        self._ends = tools.now() + seconds
        self._left = [Try(host) for host in hosts[:MOST_TRIES]]
        self._been: set[tuple[Address, str]] = set()
        self._sent = self._redirects = 0
        self._given_up: dict[int, str] = {}  # Call-IDs of sessions whose end has not come yet
        self._heard = self._settled = False
        self._stop_timer: Callable[[], None] | None = None
        self._host = hosts[0]
        self._session: Session
        self._send(self._left.pop(0))

    # --- as a session ---------------------------------------------------------------------------------

    @property
    def watch(self) -> Callable[[Seen], None] | None:
        return self._watch

    @watch.setter
    def watch(self, watch: Callable[[Seen], None] | None) -> None:
        self._watch = self._session.watch = watch

    @property
    def call_id(self) -> str:
        return self._session.call_id

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._settle()
        self._session.release(*reasons, code=code, phrase=phrase, headers=headers)

    def offer(self, body: bytes) -> None:
        self._session.offer(body)

    @property
    def may_offer(self) -> bool:
        return self._session.may_offer

    def answer_offer(self, body: bytes) -> None:
        self._session.answer_offer(body)

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._session.refuse_offer(code, headers)

    # --- inside -----------------------------------------------------------------------------------------

    def _send(self, where: Try) -> None:
        tools = self._tools
        outgoing = tools.outgoing(where.host, max(1.0, self._ends - tools.now()))
        if where.user:
            transport = outgoing.request_uri.partition(";")
            uri = f"sip:{where.user}@{where.host.authority}{''.join(transport[1:])}"
            outgoing = replace(outgoing, request_uri=uri)
        self._been.add((where.host.address, user_of(outgoing.request_uri)))
        self._host, self._heard = where.host, False
        self._sent = number = self._sent + 1
        session = tools.invite(outgoing, lambda event: self._happened(number, event), self._watch)
        self._session = session
        tools.opened(session)
        seconds = self._route.trunk.next_host_after_seconds
        if seconds and self._left:
            self._stop_timer = tools.later(seconds, self._silent)

    def _happened(self, number: int, event: SessionEvent) -> None:
        if number != self._sent:
            if isinstance(event, Refused | Ended):
                self._tools.closed(self._given_up.pop(number, ""))
            return
        if self._settled:
            self.owner(event)
            return
        match event:
            case Progressed(code=code):
                self._heard = True
                self._cancel_timer()
                if code != _TRYING:
                    self._settle_on_it()  # it rings: from here on what this host says is what the leg gets
                self.owner(event)
            case Refused():
                self._refused(event)
            case Accepted() | Ended():
                self._settle_on_it()
                self.owner(event)
            case _:
                self.owner(event)

    def _refused(self, event: Refused) -> None:
        if self._redirected(event) or self._of_the_host(event):
            self._tools.closed(self._session.call_id)
            self._next(event)
        else:
            self._settle_on_it()
            self.owner(event)

    def _of_the_host(self, event: Refused) -> bool:
        """Is it the host that failed, and not the call? Then the next one is asked (RFC 3263 §4.3)."""
        hosts, at, now = self._route.hosts, self._host.address, self._tools.now()
        if event.local:
            why = "no reply to an INVITE" if event.code == 408 else "it could not be reached"
            self._tell(hosts.failed(at, now, why))
            return True
        if event.code != 503 or any(
            r.protocol.upper() == "Q.850" and r.cause in BY_Q850 for r in event.reasons
        ):
            return False
        if event.retry_after:
            why = f"it answered 503 with Retry-After: {event.retry_after}"
            self._tell(hosts.asked_to_wait(at, now, event.retry_after, why))
        return True

    def _redirected(self, event: Refused) -> bool:
        """Does a 3xx name places to go to? Only the trunk's own, at most three, none twice (S15)."""
        if event.code not in _REDIRECTIONS or self._route.trunk.redirects != "follow":
            return False
        self._answered()
        places = [self._tools.contact(uri, self._host) for uri in event.contacts]
        if None in places:
            self._tools.strayed(self._host)
        fresh: list[Try] = []
        for place in places:
            if place is None or place in fresh or (place.host.address, place.user) in self._been:
                continue
            if self._redirects < MOST_REDIRECTS:
                self._redirects += 1
                fresh.append(place)
        if fresh:
            self._left = fresh
        return bool(fresh)

    def _next(self, failure: Refused) -> None:
        """Go on with what is left; with nothing left the failure is the leg's."""
        self._cancel_timer()
        while self._left:
            try:
                self._send(self._left.pop(0))
                return
            except BadInput:
                continue
        self._settle()
        self.owner(failure)

    def _silent(self) -> None:
        """No reply at all for ``next_host_after_seconds``."""
        self._stop_timer = None
        if self._heard or self._settled or not self._left:
            return
        seconds = self._route.trunk.next_host_after_seconds
        why = f"no reply to an INVITE within {seconds:g} s"
        self._tell(self._route.hosts.failed(self._host.address, self._tools.now(), why))
        given_up = self._session
        self._given_up[self._sent] = given_up.call_id
        self._next(Refused(408, "Request Timeout", local=True))
        given_up.release(TIMED_OUT)

    def _settle_on_it(self) -> None:
        self._answered()
        self._settle()

    def _answered(self) -> None:
        self._tell(self._route.hosts.answered(self._host.address, self._tools.now()))

    def _settle(self) -> None:
        self._settled = True
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    def _tell(self, change: Change | None) -> None:
        if change is not None:
            self._tools.changed(change)
