"""What both sides of an INVITE session share: its dialog, the requests in it, and its end."""

from cordboard.sip.dialog.challenge import answered_within
from cordboard.sip.dialog.core import SessionCore, nobody
from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.extensions import SUPPORTED
from cordboard.sip.dialog.offers import Offers
from cordboard.sip.dialog.reasons import read_reasons, reason_lines
from cordboard.sip.dialog.stack import ALLOW, Stack
from cordboard.sip.dialog.timer import SessionTimer
from cordboard.sip.dialog.words import (
    Confirmed,
    Ended,
    Informed,
    Reason,
    SessionEvent,
)
from cordboard.sip.message.address import Hop
from cordboard.sip.message.bodies import ACCEPTED
from cordboard.sip.message.challenges import CHALLENGED
from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.transaction.server import Server

EXPIRED = Reason("SIP", 408, "Session timer expired")


class LiveSession(SessionCore):
    """What comes in a dialog of either side, and how it ends."""

    __slots__ = ("_bye", "_bye_when_acked", "_offers", "_why")

    def __init__(self, stack: Stack, call_id: str, local_tag: str, peer: Hop) -> None:
        super().__init__(stack, call_id, local_tag, peer)
        self._bye: Outbound | None = None
        self._why = ""
        self._bye_when_acked: list[str] | None = None
        self._offers = Offers(self)

    # --- what an owner asks -------------------------------------------------------------------------

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """See ``endpoint.words.Session``."""
        raise NotImplementedError

    def offer(self, body: bytes) -> None:
        """See ``endpoint.words.Session``."""
        self._offers.offer(body)

    def answer_offer(self, body: bytes) -> None:
        """See ``endpoint.words.Session``."""
        self._offers.answer(body)

    def refuse_offer(self, code: int = 488, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """See ``endpoint.words.Session``."""
        self._offers.refuse(code, headers)

    # --- what the stack brings ------------------------------------------------------------------------

    def receive(self, server: Server) -> None:
        """A request in the dialog, neither ACK nor CANCEL, from a source that may send it."""
        request = server.request
        dialog = self.dialog_with(request.from_tag)
        if dialog is None or (request.method != "BYE" and (self._bye is not None or self.over)):
            self.respond(server, 481)
            return
        if request.cseq <= dialog.remote_cseq:
            self.respond(server, 500, lines=[self.retry_after()])  # out of order (§12.2.2)
            return
        dialog.remote_cseq = request.cseq
        match request.method:
            case "BYE":
                self.respond(server, 200)
                self._offers.abandon()
                self.bye_received(read_reasons(request))
            case "INVITE" | "UPDATE":
                self._offers.receive(server, dialog)
            case "INFO":
                self.respond(server, 200)
                self.tell(Informed(request.content_type, request.body))
            case "OPTIONS":
                self.respond(server, 200, lines=[ALLOW, SUPPORTED, ACCEPTED])
            case "PRACK":
                self.pracked(server, dialog)
            case "REFER":
                self.respond(server, 603)
            case _:
                self.respond(server, 405, lines=[ALLOW])

    def pracked(self, server: Server, dialog: Dialog) -> None:
        """A PRACK; nothing of the calling side can be meant (RFC 3262 §3)."""
        self.respond(server, 481)

    def cancelled(self, server: Server, reasons: tuple[Reason, ...]) -> None:
        """A CANCEL for this INVITE, already answered 200."""
        self._offers.cancelled(server)

    def acknowledged(self, request: Request) -> None:
        """An ACK in the dialog."""
        waiting = self.waiting
        if waiting is None or request.cseq != waiting.server.request.cseq:
            return
        self.waiting = None
        if self._bye_when_acked is not None:
            self.hang_up(self._bye_when_acked, self._why)
        elif waiting.initial or (waiting.offered and request.sdp):
            self.tell(Confirmed(request.sdp if waiting.offered else b""))
        self._offers.proceed()

    def answered(self, sent: Outbound, response: Response) -> None:
        """A response to a request of ours."""
        if response.code in CHALLENGED and self._sent_again(sent, response):
            return
        if sent is self._bye:
            if response.code >= 200:
                self.finish(Ended(False, read_reasons(response), self._why))
        elif sent.method in ("INVITE", "UPDATE"):
            self._offers.answered(sent, response)

    def _sent_again(self, sent: Outbound, response: Response) -> bool:
        """Whether a challenge to a request in the dialog was answered by another one, which takes its
        place."""
        dialog = self.dialog_of(sent)
        if self.credentials is None or dialog is None or self.over:
            return False
        again = answered_within(self.stack, self.credentials, dialog, self.peer, sent, response)
        if again is None:
            return False
        if sent is self._bye:
            self._bye = again[0]
        elif sent.method != "PRACK" and not self._offers.replaced(sent, again[0]):
            return False
        self.stack.request(self, *again)
        return True

    def unanswered(self, sent: Outbound, code: int) -> None:
        """A request of ours got no answer (408) or could not be sent (503)."""
        if sent is self._bye:
            self.finish(Ended(False, (), self._why))
        elif sent.method in ("INVITE", "UPDATE"):
            self._offers.unanswered(sent, code)

    def deadline(self) -> float | None:
        """When to be woken."""
        soonest = self._offers.again_at
        if self.waiting is not None:
            due = min(self.waiting.resend_at, self.waiting.give_up_at)
            soonest = due if soonest is None else min(soonest, due)
        if self.timer is not None:
            due = self.timer.deadline
            soonest = due if soonest is None else min(soonest, due)
        return soonest

    def tick(self, now: float) -> None:
        """The deadline has come."""
        waiting = self.waiting
        if waiting is not None:
            if now >= waiting.give_up_at:
                self.waiting = None
                if not self.over and self._bye is None:
                    lines = self._bye_when_acked or reason_lines((Reason("SIP", 408, "ACK timeout"),))
                    self.hang_up(lines, self._why or "our 200 was never acknowledged")
            elif now >= waiting.resend_at:
                waiting.interval = min(2 * waiting.interval, self.stack.timers.t2)
                waiting.resend_at = now + waiting.interval
                self.stack.respond(waiting.server, 200, waiting.data)
        self._offers.tick(now)
        if self.timer is not None and now >= self.timer.deadline:
            self._look_at_timer(self.timer, now)

    def _look_at_timer(self, timer: SessionTimer, now: float) -> None:
        match timer.look(now):
            case "refresh":
                self._offers.refresh()
            case "expired":
                self.timer = None
                self.hang_up_when_allowed(
                    reason_lines((EXPIRED,)), "nothing refreshed the session in its time"
                )

    # --- shared steps -----------------------------------------------------------------------------------

    def dialog_with(self, remote_tag: str) -> Dialog | None:
        """The dialog with this far tag."""
        dialog = self.dialog
        return dialog if dialog is not None and dialog.remote_tag == remote_tag else None

    def dialog_of(self, sent: Outbound) -> Dialog | None:
        """The dialog that a request of ours went in."""
        dialog = self.dialog
        return dialog if dialog is not None and dialog.remote == sent.to else None

    def bye_received(self, reasons: tuple[Reason, ...]) -> None:
        """The far side's BYE was answered."""
        if self._bye is not None:
            self.finish(Ended(False, reasons, self._why))  # the two BYEs crossed: ours came first for us
        else:
            self.finish(Ended(True, reasons, "BYE"))

    def hang_up(self, lines: list[str], why: str) -> None:
        """Send the BYE; the session is over when it is answered, or when nobody does."""
        if self.dialog is None or self._bye is not None or self.over:
            return
        self.up = False
        self.timer = None
        self._why = why
        self._offers.abandon()
        self._bye, hop = self.dialog.request(self.stack, self, "BYE", lines)
        self.stack.request(self, self._bye, hop)

    def hang_up_when_allowed(self, lines: list[str], why: str) -> None:
        """The called side may not send BYE before the ACK to its 2xx, or 64·T1 without one (§15)."""
        if self.waiting is not None and self.waiting.initial:
            self._bye_when_acked, self._why = lines, why
            self._offers.abandon()
        else:
            self.hang_up(lines, why)

    def finish(self, event: SessionEvent) -> None:
        """The last event."""
        if self.over:
            return
        self.over = True
        self.up = False
        self.waiting = self.timer = None
        self._offers.abandon()
        self.stack.forget(self)
        owner, self.owner = self.owner, nobody  # our transactions hold us for a while, and nobody else
        owner(event)
