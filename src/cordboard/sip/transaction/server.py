"""Server transactions: INVITE (§17.2.1 with RFC 6026 §7.1) and the others (§17.2.2)."""

from cordboard.sip.message.message import Request
from cordboard.sip.message.outbound import MAGIC
from cordboard.sip.transaction.machine import Machine, State, Timers

DEFAULT = Timers()


class Server(Machine):
    """``request`` is what came. A repeat of it gets the last response again."""

    __slots__ = ("_last", "request")

    def __init__(self, request: Request, reliable: bool, state: State, timers: Timers) -> None:
        super().__init__(server_key(request), state, reliable, timers)
        self.request = request
        self._last = b""

    def repeated(self, now: float) -> None:
        """The request came again."""
        if self._last and self.state in (State.PROCEEDING, State.COMPLETED):
            self._out.append(self._last)

    def respond(self, code: int, data: bytes, now: float) -> None:
        raise NotImplementedError


class InviteServer(Server):
    """Timers G, H, I and L. ``unacknowledged`` turns true when timer H fired."""

    __slots__ = ("unacknowledged",)

    def __init__(self, request: Request, reliable: bool, timers: Timers = DEFAULT) -> None:
        super().__init__(request, reliable, State.PROCEEDING, timers)
        self.unacknowledged = False

    def respond(self, code: int, data: bytes, now: float) -> None:
        """Send a response. 2xx may be sent again by the transaction's user, who waits for its ACK
        (§13.3.1.4)."""
        if self.state is State.PROCEEDING:
            self._out.append(data)
            self._last = data
            if 200 <= code < 300:
                self.state = State.ACCEPTED
                self._last = b""  # a 2xx is repeated by its user, who keeps it
                self._end_after(self.timers.patience, now)
            elif code >= 300:
                self.state = State.COMPLETED
                self._end_at = now + self.timers.patience
                if not self.reliable:
                    self._resend_at = now + self.timers.t1
        elif self.state is State.ACCEPTED and 200 <= code < 300:
            self._out.append(data)

    def acknowledged(self, now: float) -> bool:
        """An ACK with this transaction's branch. True: it is for a 2xx and belongs to the user (RFC 6026
        §7.1)."""
        if self.state is State.COMPLETED:
            self.state = State.CONFIRMED
            self._end_after(0 if self.reliable else self.timers.t4, now)
        return self.state is State.ACCEPTED

    def _expired(self) -> None:
        self.unacknowledged = self.state is State.COMPLETED

    def _resend(self, now: float) -> None:
        self._out.append(self._last)
        self._interval = min(2 * self._interval, self.timers.t2)
        self._resend_at = now + self._interval


class OtherServer(Server):
    """Timer J."""

    __slots__ = ()

    def __init__(self, request: Request, reliable: bool, timers: Timers = DEFAULT) -> None:
        super().__init__(request, reliable, State.TRYING, timers)

    def respond(self, code: int, data: bytes, now: float) -> None:
        if self.state not in (State.TRYING, State.PROCEEDING):
            return
        self._last = data
        self._out.append(data)
        if code < 200:
            self.state = State.PROCEEDING
        else:
            self.state = State.COMPLETED
            self._end_after(0 if self.reliable else self.timers.patience, now)


def server_key(request: Request, method: str = "") -> str:
    """What a request is matched by (§17.2.3). ``method``: ``INVITE`` to find what an ACK or CANCEL belongs
    to.

    Without the magic cookie (RFC 2543) it is Request-URI, From tag, Call-ID, CSeq number and the top Via,
    without the parameters that hops write into it; the To tag is left out, so that the ACK finds its INVITE.
    """
    method = method or request.method
    via = request.via
    if via.branch[:7].lower() == MAGIC.lower() and len(via.branch) > 7:
        return f"{via.branch.lower()} {via.sent_by} {method}"
    names = f"{request.uri} {request.from_tag} {request.call_id} {request.cseq}"
    return f"{names} {via.sent_by} {via.branch} {method}"
