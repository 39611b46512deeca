"""The called side of a session (UAS): provisional and final answers, CANCEL, ACK (§9.2, §13.3)."""

from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.reasons import reason_lines
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import ALLOW, Stack
from cordboard.sip.dialog.words import Cancelled, Ended, Reason
from cordboard.sip.message.address import Hop
from cordboard.sip.message.writer import added
from cordboard.sip.transaction.server import InviteServer, Server

REMIND = 60.0
"""A provisional answer is repeated this often, so that no proxy gives up on the INVITE (§13.3.1.1)."""


class CalledSession(LiveSession):
    """From the INVITE's arrival to the last event."""

    owns_call_id = False

    def __init__(self, stack: Stack, server: InviteServer, local_tag: str, peer: Hop) -> None:
        request = server.request
        super().__init__(stack, request.call_id, local_tag, peer)
        self._server = server
        self._final = 0
        self._finish_at: float | None = None
        self._remind_at: float | None = None
        self._last: tuple[int, bytes] = (0, b"")
        self.dialog = Dialog.called(request, local_tag, peer)

    @property
    def early(self) -> bool:
        return self._final == 0

    def progress(self, code: int, body: bytes = b"", phrase: str = "") -> None:
        """See ``endpoint.words.IncomingSession``."""
        if self._final:
            return
        lines = [*self._routes(), f"Contact: {self.stack.contact(self._server.hop)}", ALLOW]
        data = self.respond(self._server, code, phrase, lines, body)
        self._last = code, data
        self._remind_at = self.stack.now() + REMIND
        self.stack.arm(self)

    def accept(self, body: bytes) -> None:
        """See ``endpoint.words.IncomingSession``."""
        if self._final:
            return
        self._final, self._remind_at = 200, None
        self.up = True
        offered = not self._server.request.sdp
        self.accept_with(self._server, body, offered=offered, initial=True, routes=self._routes())

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
        self._final, self._remind_at = code, None
        self.respond(self._server, code, phrase, [*lines, f"Server: {self.stack.user_agent}"])

    def _routes(self) -> list[str]:
        """Record-Route goes back as it came (§12.1.1)."""
        routes = self._server.request.index.get("record-route")
        return [f"Record-Route: {route}" for route in routes] if routes else []

    def deadline(self) -> float | None:
        soonest = super().deadline()
        for due in (self._remind_at, self._finish_at):
            if due is not None:
                soonest = due if soonest is None else min(soonest, due)
        return soonest

    def tick(self, now: float) -> None:
        if self._finish_at is not None and now >= self._finish_at:
            self._finish_at = None
            self.finish(Ended(False, (), "refused"))
            return
        if self._remind_at is not None and now >= self._remind_at:
            self._remind_at = now + REMIND
            self.stack.respond(self._server, *self._last)
        super().tick(now)
