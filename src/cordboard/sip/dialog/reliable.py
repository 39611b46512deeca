"""Provisional answers that are acknowledged (RFC 3262), both sides: ours, one at a time, and the far side's,
in their order."""

from collections import deque
from collections.abc import Callable

from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.extensions import requires
from cordboard.sip.dialog.stack import Stack
from cordboard.sip.message.headers import number
from cordboard.sip.message.message import Request, Response

_MOST_WAITING = 8
_LARGEST_START = 0x3FFF_FFFF  # §3: the first RSeq leaves room to count up below 2^31


class Waiting:
    """One that waits for its PRACK. ``described``: it has SDP."""

    __slots__ = ("code", "data", "described", "give_up_at", "interval", "number", "resend_at")

    def __init__(self, code: int, number: int, data: bytes, described: bool, stack: Stack) -> None:
        now = stack.now()
        self.code, self.number, self.data, self.described = code, number, data, described
        self.interval = stack.timers.t1
        self.resend_at = now + self.interval
        self.give_up_at = now + stack.timers.patience


class Provisionals:
    """Ours, to one INVITE. ``send(code, phrase, lines, body)`` puts one on the wire and gives its bytes;
    ``resend(code, data)`` does so again."""

    __slots__ = ("_queue", "_resend", "_send", "_stack", "last", "settled", "waiting")

    def __init__(
        self,
        stack: Stack,
        send: Callable[[int, str, list[str], bytes], bytes],
        resend: Callable[[int, bytes], None],
    ) -> None:
        self._stack, self._send, self._resend = stack, send, resend
        self._queue: deque[tuple[int, str, bytes]] = deque(maxlen=_MOST_WAITING)
        self.last = int(stack.tokens.hex(4), 16) & _LARGEST_START or 1
        self.waiting: Waiting | None = None
        self.settled = False

    def send(self, code: int, phrase: str, body: bytes) -> None:
        """Send one, or keep it until the one before was acknowledged (§3)."""
        if self.waiting is not None:
            self._queue.append((code, phrase, body))
            return
        self.last += 1
        data = self._send(code, phrase, ["Require: 100rel", f"RSeq: {self.last}"], body)
        self.waiting = Waiting(code, self.last, data, bool(body), self._stack)

    def acknowledged(self, prack: Request, cseq: int) -> Waiting | None:
        """The one that a PRACK acknowledges; None when it is for none that waits (§3: 481)."""
        waiting = self.waiting
        parts = prack.header("rack").split()
        if waiting is None or len(parts) != 3 or parts[2] != "INVITE":
            return None
        if (number(parts[0]), number(parts[1])) != (waiting.number, cseq):
            return None
        self.waiting = None
        return waiting

    def proceed(self) -> None:
        """Send the next one that was kept."""
        if self._queue and self.waiting is None:
            self.send(*self._queue.popleft())

    def stop(self) -> None:
        """A final answer goes out: nothing is repeated any more, a PRACK may still come."""
        self._queue.clear()
        if self.waiting is not None:
            self.waiting.resend_at = self.waiting.give_up_at = float("inf")

    @property
    def holds_back(self) -> bool:
        """Whether a 2xx must wait: SDP of ours is not acknowledged yet (§3)."""
        return (self.waiting is not None and self.waiting.described) or any(
            body for _, _, body in self._queue
        )

    def deadline(self) -> float | None:
        waiting = self.waiting
        return None if waiting is None else min(waiting.resend_at, waiting.give_up_at)

    def tick(self, now: float) -> bool:
        """Repeat what is due. False: nobody acknowledged it in 64·T1."""
        waiting = self.waiting
        if waiting is None:
            return True
        if now >= waiting.give_up_at:
            self.waiting = None
            return False
        if now >= waiting.resend_at:
            waiting.interval *= 2  # like an INVITE's timer A: not bounded by T2 (§3)
            waiting.resend_at = now + waiting.interval
            self._resend(waiting.code, waiting.data)
        return True


def number_of(response: Response) -> int:
    """The RSeq of a provisional answer that wants to be acknowledged; 0 for any other."""
    if "rseq" not in response.index or not 100 < response.code < 200 or not requires(response, "100rel"):
        return 0
    return number(response.header("rseq")) or 0


def in_order(dialog: Dialog, heard: int) -> bool:
    """Whether this RSeq is the next one of its early dialog; then it is the last one heard (§4). Repeats and
    those that overtook another are neither told nor acknowledged: they come again."""
    if dialog.heard_rseq and heard != dialog.heard_rseq + 1:
        return False
    dialog.heard_rseq = heard
    return True
