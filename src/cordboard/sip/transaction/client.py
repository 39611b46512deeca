"""Client transactions: INVITE (§17.1.1 with RFC 6026 §7.2) and the others (§17.1.2)."""

from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.transaction.machine import Machine, State, Timers

DEFAULT = Timers()


class Client(Machine):
    """``request`` is what was sent. ``timed_out`` turns true when nobody answered (timers B and F)."""

    __slots__ = ("request", "timed_out")

    def __init__(self, request: Outbound, reliable: bool, now: float, state: State, timers: Timers) -> None:
        super().__init__(client_key(request.branch, request.method), state, reliable, timers)
        self.request = request
        self.timed_out = False
        self._out.append(request.data)
        self._end_at = now + timers.patience
        if not reliable:
            self._resend_at = now + timers.t1

    def receive(self, response: Response, now: float) -> bool:
        """Whether the response is news to the transaction's user."""
        raise NotImplementedError

    def _expired(self) -> None:
        self.timed_out = self.state in (State.CALLING, State.TRYING, State.PROCEEDING)


class InviteClient(Client):
    """Timers A, B, D and M. ``stop_waiting`` ends a cancelled one that never got a final answer."""

    __slots__ = ()

    def __init__(self, request: Outbound, reliable: bool, now: float, timers: Timers = DEFAULT) -> None:
        super().__init__(request, reliable, now, State.CALLING, timers)

    def receive(self, response: Response, now: float) -> bool:
        if self.state in (State.CALLING, State.PROCEEDING):
            if response.code < 200:
                self.state = State.PROCEEDING
                self._resend_at = self._end_at = None
            elif response.code < 300:
                self.state = State.ACCEPTED
                self._end_after(self.timers.patience, now)
            else:
                self.state = State.COMPLETED
                self._out.append(self.request.acknowledgement(response))
                self._end_after(0 if self.reliable else self.timers.patience, now)
            return True
        if self.state is State.ACCEPTED:
            return 200 <= response.code < 300
        if self.state is State.COMPLETED and response.code >= 300:
            self._out.append(self.request.acknowledgement(response))
        return False

    def stop_waiting(self, now: float) -> None:
        """Be over in another 64·T1, so that a very late 2xx still finds somebody to end it (§9.1)."""
        if self.state in (State.CALLING, State.PROCEEDING):
            self._end_after(self.timers.patience, now)

    def _resend(self, now: float) -> None:
        self._out.append(self.request.data)
        self._interval *= 2  # timer A is not bounded by T2 (§17.1.1.2)
        self._resend_at = now + self._interval


class OtherClient(Client):
    """Timers E, F and K."""

    __slots__ = ()

    def __init__(self, request: Outbound, reliable: bool, now: float, timers: Timers = DEFAULT) -> None:
        super().__init__(request, reliable, now, State.TRYING, timers)

    def receive(self, response: Response, now: float) -> bool:
        if self.state not in (State.TRYING, State.PROCEEDING):
            return False
        if response.code < 200:
            self.state = State.PROCEEDING
        else:
            self.state = State.COMPLETED
            self._end_after(0 if self.reliable else self.timers.t4, now)
        return True

    def _resend(self, now: float) -> None:
        self._out.append(self.request.data)
        if self.state is State.PROCEEDING:
            self._interval = self.timers.t2
        else:
            self._interval = min(2 * self._interval, self.timers.t2)
        self._resend_at = now + self._interval


def client_key(branch: str, method: str) -> str:
    """What a response is matched by: the branch of its top Via and the method of its CSeq (§17.1.3)."""
    return f"{branch} {method}"
