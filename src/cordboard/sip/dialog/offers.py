"""New offers in an answered session: re-INVITE (§14) and UPDATE (RFC 3311), from both sides, and their
glare."""

from cordboard.sip.dialog.core import SessionCore
from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.reasons import reason_lines
from cordboard.sip.dialog.stack import ALLOW, between
from cordboard.sip.dialog.words import Ended, OfferAnswered, Offered, OfferRefused, Reason
from cordboard.sip.message.address import Hop
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.transaction.server import InviteServer, Server

FATAL = {408: "a request in the dialog was never answered", 481: "the far side no longer knows the dialog"}


class Offers:
    """``again_at``: when our re-INVITE that met 491 is tried again. One offer of ours at a time; a newer one
    replaces one that still waits."""

    __slots__ = ("_acks", "_mine", "_sent_body", "_session", "_theirs", "_wanted", "again_at")

    def __init__(self, session: SessionCore) -> None:
        self._session = session
        self._mine: Outbound | None = None  # our re-INVITE on its way
        self._sent_body = b""
        self._wanted: bytes | None = None  # our next offer, while it may not be sent
        self._theirs: Server | None = None  # the far side's request, while the owner has not answered it
        self._acks: dict[
            str, tuple[Outbound, Hop]
        ] = {}  # ACKs to 2xx by the branch of our re-INVITE, to be sent again
        self.again_at: float | None = None

    # --- ours -------------------------------------------------------------------------------------------

    def offer(self, body: bytes) -> None:
        if self._session.over or self._session.released:
            return
        self._wanted = body
        self.proceed()

    def proceed(self) -> None:
        """Send the waiting offer when nothing stands in its way (§14.1)."""
        session = self._session
        blocked = self._mine or self._theirs or session.waiting or self.again_at is not None
        if self._wanted is None or blocked or not session.up or session.dialog is None:
            return
        self._sent_body, self._wanted = self._wanted, None
        self._mine, hop = session.dialog.request(session.stack, session, "INVITE", [ALLOW], self._sent_body)
        session.stack.request(session, self._mine, hop)

    def replaced(self, sent: Outbound, again: Outbound) -> bool:
        """Whether our offer on its way is this one; then the other takes its place."""
        if sent is not self._mine:
            return False
        self._mine = again
        return True

    def answered(self, sent: Outbound, response: Response) -> None:
        """A response to a re-INVITE of ours, perhaps an old one."""
        session = self._session
        if 200 <= response.code < 300:
            self._acknowledge(sent, response)
        if sent is not self._mine or response.code < 200:
            return
        self._mine = None
        if response.code < 300:
            session.tell(OfferAnswered(response.sdp))
        elif response.code == 491:
            self._try_again()
            return
        elif response.code in FATAL:
            self._lost(response.code)
            return
        else:
            session.tell(OfferRefused(response.code))
        self.proceed()

    def unanswered(self, sent: Outbound, code: int) -> None:
        if sent is not self._mine:
            return
        self._mine = None
        if code in FATAL:
            self._lost(code)
        else:
            self._session.tell(OfferRefused(code))

    def _acknowledge(self, sent: Outbound, response: Response) -> None:
        session = self._session
        dialog = session.dialog
        if dialog is None:
            return
        ack = self._acks.get(sent.branch)
        if ack is None:
            dialog.refresh(response)
            ack = dialog.request(session.stack, session, "ACK", cseq=sent.cseq)
            self._acks = {sent.branch: ack}
        session.stack.send(session, *ack)

    def _try_again(self) -> None:
        """491: wait 2.1–4 s when the Call-ID is ours, 0–2 s when it is theirs (§14.1)."""
        session = self._session
        if self._wanted is None:
            self._wanted = self._sent_body
        low, high = (2.1, 4.0) if session.owns_call_id else (0.0, 2.0)
        self.again_at = session.stack.now() + between(session.stack, low, high)
        session.stack.arm(session)

    def _lost(self, code: int) -> None:
        """481 or 408 to a request in the dialog ends it (§12.2.1.2); after a silence a BYE is still tried."""
        session = self._session
        if code == 408:
            session.hang_up(reason_lines((Reason("SIP", 408),)), FATAL[408])
        elif not session.released:
            session.finish(Ended(False, (), FATAL[code]))

    # --- theirs -----------------------------------------------------------------------------------------

    def receive(self, server: Server, dialog: Dialog) -> None:
        """A re-INVITE or UPDATE, in order. Its source and type were checked."""
        session = self._session
        invite = isinstance(server, InviteServer)
        body = server.request.sdp
        if not invite and not body:
            dialog.refresh(server.request)
            session.respond(server, 200, lines=[f"Contact: {session.stack.contact(server.hop)}", ALLOW])
        elif self._mine is not None or (session.waiting is not None and session.waiting.offered):
            session.respond(server, 491)  # our offer is open (§14.2, RFC 3311 §5.2)
        elif self._theirs is not None or session.early:
            # Their last one is not answered yet; an early caller's offer is open until our 200.
            session.respond(server, 491 if session.owns_call_id else 500, lines=[session.retry_after()])
        else:
            dialog.refresh(server.request)
            session.seen_alive()
            self._theirs = server
            session.tell(Offered(body))
            if self._theirs is server and (session.over or session.released):
                self.refuse(488)

    def answer(self, body: bytes) -> None:
        server, self._theirs = self._theirs, None
        if server is None:
            return
        session = self._session
        session.accept_with(server, body, offered=not server.request.sdp, initial=False)
        self.proceed()

    def refuse(self, code: int) -> None:
        server, self._theirs = self._theirs, None
        if server is None:
            return
        self._session.respond(server, code)
        self.proceed()

    def cancelled(self, server: Server) -> None:
        """A CANCEL for their re-INVITE; the dialog goes on as it was."""
        if server is self._theirs:
            self.refuse(487)

    # --- both -------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        if self.again_at is not None and now >= self.again_at:
            self.again_at = None
            self.proceed()

    def abandon(self) -> None:
        """The session ends: what waits is dropped, what they asked is refused."""
        self._wanted = self.again_at = None
        self._mine = None
        if self._theirs is not None:
            self.refuse(487)
