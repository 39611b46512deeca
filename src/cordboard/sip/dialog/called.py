"""The called side of a session (UAS): provisional and final answers, PRACK, CANCEL, ACK (§9.2, §13.3, RFC
3262)."""

from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.extensions import requires, speaks
from cordboard.sip.dialog.reasons import reason_lines
from cordboard.sip.dialog.reliable import Provisionals
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import ALLOW, Stack
from cordboard.sip.dialog.words import Cancelled, Ended, OfferAnswered, Reason
from cordboard.sip.message.address import Hop
from cordboard.sip.message.writer import added
from cordboard.sip.transaction.server import InviteServer, Server

REMIND = 60.0
"""A provisional answer is repeated this often, so that no proxy gives up on the INVITE (§13.3.1.1)."""


class CalledSession(LiveSession):
    """From the INVITE's arrival to the last event."""

    __slots__ = (
        "_final",
        "_finish_at",
        "_held",
        "_last",
        "_provisionals",
        "_remind_at",
        "_server",
        "reliable",
    )

    def __init__(self, stack: Stack, server: InviteServer, local_tag: str, peer: Hop) -> None:
        request = server.request
        super().__init__(stack, request.call_id, local_tag, peer)
        self.reliable = "no"
        self._server = server
        self._final = 0
        self._finish_at: float | None = None
        self._remind_at: float | None = None
        self._last: tuple[int, bytes] = (0, b"")
        self._provisionals: Provisionals | None = None  # the reliable ones
        self._held: bytes | None = None  # the SDP of a 200 that waits for a PRACK
        self.dialog = Dialog.called(request, local_tag, peer)

    @property
    def early(self) -> bool:
        return self._final == 0

    @property
    def offers_first(self) -> bool:
        return not self._server.request.sdp

    @property
    def may_offer_early(self) -> bool:
        """See ``endpoint.words.IncomingSession``."""
        return self.reliable != "no" and speaks(self._server.request, "100rel")

    def offering_dialog(self) -> Dialog | None:
        """Before the answer: when the first offer has its answer and the far side takes an UPDATE."""
        dialog = self.dialog
        if self._final or dialog is None:
            return super().offering_dialog()
        return dialog if dialog.settled and dialog.allows("UPDATE") else None

    def progress(self, code: int, body: bytes = b"", phrase: str = "") -> None:
        """See ``endpoint.words.IncomingSession``."""
        if self._final or self._held is not None:
            return
        assert self.dialog is not None
        if self.dialog.settled:
            body = b""  # no second description in an answer to the INVITE (§13.2.1)
        if self.reliable != "no" and self._to_be_acknowledged(body):
            if self._provisionals is None:
                self._provisionals = Provisionals(self.stack, self._send, self._resend)
            self._provisionals.send(code, phrase, body)
            self.described = body or self.described
            self._last = code, b""
        else:
            self._last = code, self._send(code, phrase, [], body)
        self._remind_at = self.stack.now() + REMIND
        self.stack.arm(self)

    def _to_be_acknowledged(self, body: bytes) -> bool:
        """What the far side requires, and what has SDP where it only allows it (RFC 3262 §3)."""
        request = self._server.request
        return speaks(request, "100rel") if body else requires(request, "100rel")

    def _send(self, code: int, phrase: str, lines: list[str], body: bytes) -> bytes:
        head = [*self._routes(), f"Contact: {self.stack.contact(self._server.hop)}", ALLOW, *lines]
        return self.respond(self._server, code, phrase, head, body)

    def _resend(self, code: int, data: bytes) -> None:
        self.stack.respond(self._server, code, data)

    def pracked(self, server: Server, dialog: Dialog) -> None:
        request = server.request
        provisionals = self._provisionals
        known = provisionals.acknowledged(request, self._server.request.cseq) if provisionals else None
        if provisionals is None or known is None:
            self.respond(server, 481)
            return
        answered = self.offers_first and known.described and bool(request.sdp)
        dialog.settled = dialog.settled or answered or (known.described and not self.offers_first)
        if request.sdp and not answered:
            self._offers.receive(server, dialog)  # a second offer, already (RFC 3262 §5)
        else:
            self.respond(server, 200)
        if answered:
            self.tell(OfferAnswered(request.sdp))
        provisionals.proceed()
        if self._held is not None and not provisionals.holds_back:
            body, self._held = self._held, None
            self.accept(body)
        else:
            self._offers.proceed()

    def accept(self, body: bytes) -> None:
        """See ``endpoint.words.IncomingSession``."""
        if self._final or self._held is not None:
            return
        assert self.dialog is not None
        self._remind_at = None
        if self._provisionals is not None:
            if self._provisionals.holds_back:
                self._held = body
                return
            self._provisionals.stop()
        self._final, self.up = 200, True
        settled = self.dialog.settled
        self.described = self.described if settled else body
        self.accept_with(
            self._server,
            b"" if settled else body,
            offered=not settled and self.offers_first,
            initial=True,
            routes=self._routes(),
        )

    def release(
        self,
        *reasons: Reason,
        code: int = 480,
        phrase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if self.released or self.over:
            return
        self.released = True
        if self._final:
            self.hang_up_when_allowed(reason_lines(reasons), "released")
            return
        self._refuse(code, phrase, reason_lines(reasons) + added(headers))
        self._finish_at = self.stack.now()  # the last event never comes from inside this call
        self.stack.arm(self)

    def cancelled(self, server: Server, reasons: tuple[Reason, ...]) -> None:
        """A CANCEL for this transaction, already answered 200 (§9.2)."""
        if server is not self._server:
            super().cancelled(server, reasons)
        elif not self._final:
            self._refuse(487, "", [])
            self.finish(Cancelled(reasons))

    def bye_received(self, reasons: tuple[Reason, ...]) -> None:
        """A caller may also end an early dialog by BYE (§15)."""
        if self._final:
            super().bye_received(reasons)
            return
        self._refuse(487, "", [])
        self.finish(Cancelled(reasons))

    def _refuse(self, code: int, phrase: str, lines: list[str]) -> None:
        self._final, self._remind_at, self._held = code, None, None
        if self._provisionals is not None:
            self._provisionals.stop()
        self.respond(self._server, code, phrase, [*lines, f"Server: {self.stack.user_agent}"])

    def _routes(self) -> list[str]:
        """Record-Route goes back as it came (§12.1.1)."""
        routes = self._server.request.index.get("record-route")
        return [f"Record-Route: {route}" for route in routes] if routes else []

    def deadline(self) -> float | None:
        soonest = super().deadline()
        reliable = None if self._provisionals is None else self._provisionals.deadline()
        for due in (self._remind_at, self._finish_at, reliable):
            if due is not None:
                soonest = due if soonest is None else min(soonest, due)
        return soonest

    def tick(self, now: float) -> None:
        if self._finish_at is not None and now >= self._finish_at:
            self._finish_at = None
            self.finish(Ended(False, (), "refused"))
            return
        if self._provisionals is not None and not self._provisionals.tick(now):
            self._refuse(504, "", [])
            self.finish(Ended(False, (), "our provisional answer was never acknowledged"))
            return
        if self._remind_at is not None and now >= self._remind_at:
            self._remind_at = now + REMIND
            code, data = self._last
            if data:
                self.stack.respond(self._server, code, data)
            else:
                self.progress(code)
        super().tick(now)
