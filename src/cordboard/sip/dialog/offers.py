"""New offers in a session: re-INVITE (§14) and UPDATE (RFC 3311), from both sides, their glare, and the
refreshing of session timers (RFC 4028), which uses the same requests."""

from weakref import ref

from cordboard.sip.dialog.core import SessionCore
from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.reasons import reason_lines
from cordboard.sip.dialog.refusals import retry_after
from cordboard.sip.dialog.stack import ALLOW, between
from cordboard.sip.dialog.timer import min_se
from cordboard.sip.dialog.words import Ended, OfferAnswered, Offered, OfferRefused, Reason
from cordboard.sip.message.address import Hop
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.writer import added
from cordboard.sip.transaction.server import InviteServer, Server

FATAL = {408: "a request in the dialog was never answered", 481: "the far side no longer knows the dialog"}
_REFRESH = b""
"""Wanted in place of an offer: only tell the far side that the session is alive."""
_MOST_TRIES = 10
_SOON = 10
"""Seconds; a 500 that asks for no longer wait than this is glare (RFC 3311 §5.2)."""


class Offers:
    """``again_at``: when our request that met 491 is tried again. One request of ours at a time; a newer
    offer replaces one that still waits."""

    __slots__ = (
        "_acks",
        "_dialog",
        "_mine",
        "_refreshes",
        "_session_ref",
        "_theirs",
        "_tries",
        "_wanted",
        "again_at",
    )

    def __init__(self, session: SessionCore) -> None:
        self._session_ref = ref(session)  # which holds us: nothing waits for the collector of circles
        self._mine: Outbound | None = None  # our re-INVITE or UPDATE on its way
        self._dialog: Dialog | None = None  # and the dialog that it went in
        self._refreshes = False  # it only refreshes the session
        self._wanted: bytes | None = None  # our next offer, while it may not be sent
        self._theirs: Server | None = None  # the far side's request, while the owner has not answered it
        self._acks: dict[
            str, tuple[Outbound, Hop]
        ] = {}  # ACKs to 2xx by the branch of our re-INVITE, to be sent again
        self._tries = 0
        self.again_at: float | None = None

    @property
    def _session(self) -> SessionCore:
        session = self._session_ref()
        assert session is not None, "who asks is the session"
        return session

    # --- ours -------------------------------------------------------------------------------------------

    def offer(self, body: bytes) -> None:
        if self._session.over or self._session.released:
            return
        self._wanted = body
        self.proceed()

    def refresh(self) -> None:
        """Half of the session's interval has passed. Whatever else we want to send refreshes it too."""
        if self._wanted is None and self._mine is None:
            self._wanted = _REFRESH
            self.proceed()

    def proceed(self) -> None:
        """Send what waits when nothing stands in its way (§14.1)."""
        session = self._session
        blocked = self._mine or self._theirs or session.waiting or self.again_at is not None
        if self._wanted is None or blocked:
            return
        dialog = session.offering_dialog()
        if dialog is None:
            return
        body, self._wanted = self._wanted, None
        method = "INVITE" if session.up else "UPDATE"
        self._refreshes = not body
        if not body and dialog.allows("UPDATE"):
            method = "UPDATE"
        elif not body:
            body = session.described
        lines = [ALLOW] if session.timer is None else [ALLOW, *session.timer.lines()]
        self._mine, hop = dialog.request(session.stack, session, method, lines, body)
        self._dialog = dialog
        session.stack.request(session, self._mine, hop)

    def replaced(self, sent: Outbound, again: Outbound) -> bool:
        """Whether our offer on its way is this one; then the other takes its place."""
        if sent is not self._mine:
            return False
        self._mine = again
        return True

    def answered(self, sent: Outbound, response: Response) -> None:
        """A response to a re-INVITE or UPDATE of ours, perhaps an old one."""
        code = response.code
        if 200 <= code < 300 and sent.method == "INVITE":
            self._acknowledge(sent, response)
        if sent is not self._mine or code < 200:
            return
        self._mine = None
        if code < 300:
            self._taken(sent, response)
        elif code in FATAL:
            self._lost(sent, code)
            return
        elif self._again_in(code, response):
            self._try_again(sent, code, response)
            return
        else:
            self._refused(sent, code, response)
        self.proceed()

    def unanswered(self, sent: Outbound, code: int) -> None:
        if sent is not self._mine:
            return
        self._mine = None
        if code in FATAL:
            self._lost(sent, code)
        else:
            self._refused(sent, code)

    def _acknowledge(self, sent: Outbound, response: Response) -> None:
        session = self._session
        dialog = session.dialog
        if dialog is None:
            return
        ack = self._acks.get(sent.branch)
        if ack is None:
            dialog.refresh(response)
            ack = dialog.request(session.stack, session, "ACK", cseq=sent.cseq, attempt=sent.attempt)
            self._acks = {sent.branch: ack}
        session.stack.send(session, *ack)

    def _taken(self, sent: Outbound, response: Response) -> None:
        session = self._session
        self._tries = 0
        if sent.method == "UPDATE" and self._dialog is not None:
            self._dialog.refresh(response)
        if session.timer is not None:
            session.timer_from(response)
        if sent.body:
            session.described = sent.body
            session.tell(OfferAnswered(response.sdp))

    def _refused(self, sent: Outbound, code: int, response: Response | None = None) -> None:
        """It stays as it was. A refresh that failed is tried again, in a way the far side may like better."""
        session = self._session
        timer = session.timer
        again = _REFRESH if self._refreshes else sent.body
        if timer is not None and code == 422 and response is not None and self._tries < _MOST_TRIES:
            self._tries += 1
            timer.lengthen(min_se(response))
            self._wanted = again if self._wanted is None else self._wanted
        elif again:
            session.tell(OfferRefused(code))
        elif timer is not None and code in (405, 501) and sent.method == "UPDATE":
            assert self._dialog is not None
            self._dialog.allow = None
            self._wanted = self._wanted or _REFRESH
        elif timer is not None:
            timer.try_later(session.stack.now())
            session.stack.arm(session)

    def _again_in(self, code: int, response: Response) -> bool:
        """Whether it was glare: it will be taken in a moment (§14.1, RFC 3311 §5.2)."""
        if self._tries >= _MOST_TRIES:
            return False
        return code == 491 or (code == 500 and 0 < retry_after(response) <= _SOON)

    def _try_again(self, sent: Outbound, code: int, response: Response) -> None:
        """491: wait 2.1–4 s when the Call-ID is ours, 0–2 s when it is theirs (§14.1); 500: as it says."""
        session = self._session
        self._tries += 1
        if self._wanted is None:
            self._wanted = _REFRESH if self._refreshes else sent.body
        low, high = (2.1, 4.0) if session.owns_call_id else (0.0, 2.0)
        if code == 500:
            low = high = float(retry_after(response))
        self.again_at = session.stack.now() + between(session.stack, low, high)
        session.stack.arm(session)

    def _lost(self, sent: Outbound, code: int) -> None:
        """481 or 408 to a request in the dialog ends it (§12.2.1.2); after a silence a BYE is still tried.
        Before the answer it is the INVITE's business to end."""
        session = self._session
        if not session.up:
            if sent.body:
                session.tell(OfferRefused(code))
        elif code == 408:
            session.hang_up(reason_lines((Reason("SIP", 408),)), FATAL[408])
        elif not session.released:
            session.finish(Ended(False, (), FATAL[code]))

    # --- theirs -----------------------------------------------------------------------------------------

    def receive(self, server: Server, dialog: Dialog) -> None:
        """A re-INVITE or UPDATE, or a PRACK with an offer, in order. Its source and type were checked."""
        session = self._session
        invite = isinstance(server, InviteServer)
        body = server.request.sdp
        if not invite and not body:
            dialog.refresh(server.request)
            lines = [f"Contact: {session.stack.contact(server.hop)}", ALLOW]
            session.respond(server, 200, lines=lines + session.refreshed_by(server.request))
        elif self._offering or (session.waiting is not None and session.waiting.offered):
            session.respond(server, 491)  # our offer is open (§14.2, RFC 3311 §5.2)
        elif self._theirs is not None:
            session.respond(server, 500, lines=[session.retry_after()])  # their last one is not answered yet
        elif session.early and (invite or not dialog.settled):
            # The first offer is still open: ours (491), or theirs (500).
            ours = session.owns_call_id if invite else session.offers_first
            session.respond(server, 491 if ours else 500, lines=None if ours else [session.retry_after()])
        else:
            dialog.refresh(server.request)
            if invite:
                session.seen_alive()  # an UPDATE may come from who has not seen our 2xx yet
            self._theirs = server
            session.tell(Offered(body, dialog.remote_tag))
            if self._theirs is server and (session.over or session.released):
                self.refuse(488)

    @property
    def _offering(self) -> bool:
        return self._mine is not None and bool(self._mine.body)

    def answer(self, body: bytes) -> None:
        server, self._theirs = self._theirs, None
        if server is None:
            return
        session = self._session
        session.described = body
        session.accept_with(server, body, offered=not server.request.sdp, initial=False)
        self.proceed()

    def refuse(self, code: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        server, self._theirs = self._theirs, None
        if server is None:
            return
        self._session.respond(server, code, lines=added(headers))
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
