"""The receiving half of the stack: every message that comes, from whatever socket, goes through here."""

import re
from collections.abc import Callable

import structlog

from cordboard.sip.dialog.extensions import SUPPORTED
from cordboard.sip.dialog.reasons import read_reasons
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import ALLOW
from cordboard.sip.endpoint.answers import deny, refuse, turn_away
from cordboard.sip.endpoint.checks import IN_DIALOG_ONLY, object_to
from cordboard.sip.endpoint.core import ASKERS, Core
from cordboard.sip.endpoint.gate import Gate
from cordboard.sip.endpoint.incoming import IncomingCall, invitation_of
from cordboard.sip.endpoint.words import (
    Admit,
    IncomingSession,
    Passed,
    Readmit,
    Verdict,
)
from cordboard.sip.message import stun
from cordboard.sip.message.address import Address, Hop
from cordboard.sip.message.bodies import ACCEPTED
from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.reader import Malformed, read
from cordboard.sip.message.writer import reply
from cordboard.sip.transaction.server import InviteServer, OtherServer, server_key

log = structlog.get_logger()

_BRANCH = re.compile(rb"branch=(z9hG4bK[0-9a-f]{16})")
_METHOD = re.compile(rb"\ncseq[ \t]*:[ \t]*\d+[ \t]+([A-Z]+)", re.IGNORECASE)


class Inbox:
    """See ``Endpoint`` for what is handed in."""

    def __init__(
        self,
        core: Core,
        screen: Callable[[Address, str], Verdict],
        on_invite: Callable[[IncomingSession], None],
        options: Callable[[], int],
        on_security: Callable[[str, Address], None],
        admit: Admit,
        readmit: Readmit,
        full: Callable[[], bool],
    ) -> None:
        self._core = core
        # Not the mark of our dialogs: what answers a refusal without memory belongs to none.
        self.gate = Gate(f"cr{core.tokens.hex(4)}-", full)
        self._admit = admit
        self._readmit = readmit
        self._screen = screen
        self._on_invite = on_invite
        self._options = options
        self._on_security = on_security
        self._mark = core.mark.encode()
        self._watched: Passed | None = None

    def receive(self, listener: int, data: bytes, source: Address) -> None:
        """One message. Nothing that comes may stop the endpoint: whatever it makes stumble is logged."""
        try:
            if data[:1] in (b"\r", b"\n"):
                data = data.lstrip(b"\r\n")  # §7.5, keep-alives
            core = self._core
            core.data = data
            if core.tap is not None and data:
                self._watched = Passed(False, Hop(listener, source), data)
                core.tap(self._watched)
            if data[:4] == b"SIP/":
                self._response(data, source)
            elif data and stun.is_stun(data):
                self._binding(listener, data, source)
            elif data:
                self._request(listener, data, source)
        except Exception:
            log.exception("a SIP message could not be handled", source=f"{source.host}:{source.port}")

    # --- responses ------------------------------------------------------------------------------------------

    def _response(self, data: bytes, source: Address) -> None:
        core = self._core
        if self._screen(source, "") is not Verdict.TAKE and not self._expected(data):
            self._ignored("answers nothing that was asked")
            return
        try:
            response = read(data)
        except Malformed as problem:
            self._ignored(f"cannot be read: {problem}")
            return
        assert isinstance(response, Response)
        client = core.table.client(response.via.branch, response.method)
        if client is None:
            self._ignored("answers nothing that was asked")
            return
        core.seen(client.owner, response, source)
        news = client.receive(response, core.now())
        core.flush(client)
        if news and isinstance(client.owner, ASKERS):
            client.owner.answered(client.request, response)

    def _expected(self, data: bytes) -> bool:
        """Whether a response that no trunk sends can be for us, without reading it."""
        branch, method = _BRANCH.search(data), _METHOD.search(data)
        if branch is None or method is None:
            return False
        return self._core.table.client(branch[1].decode(), method[1].decode()) is not None

    # --- requests -------------------------------------------------------------------------------------------

    def _request(self, listener: int, data: bytes, source: Address) -> None:
        core = self._core
        fingerprint = hash((data, source))
        server = core.table.repeat(fingerprint)
        if server is not None:
            server.repeated(core.now())
            core.seen(server.owner, server.request, source)
            core.flush(server)
            return
        method = data[: data.find(b" ")][:32].decode("latin-1")
        verdict = self._screen(source, method)
        taken = verdict is Verdict.TAKE
        if not taken and not self._lets(verdict, data, source):
            return
        if method == "ACK":
            if self.gate.wasted(data):
                return
        elif method == "INVITE" and self._mark not in data and self.gate.shuts(fingerprint, core.now()):
            tag = f"{self.gate.tag}{fingerprint & 0xFFFFFFFFFFFF:x}"
            if not turn_away(core, listener, data, source, tag):
                self._ignored("no room for it, and nothing to answer to")
            return
        try:
            request = read(data)
        except Malformed as problem:
            if taken and problem.request is not None:
                problem.request.source = source
                refuse(core, listener, problem.request, problem.status, why=problem.why)
            else:
                self._ignored(f"cannot be read: {problem}")
            return
        assert isinstance(request, Request)
        request.source = source
        if taken and core.transports[listener].reliable and ";alias" in request.via.text:
            self._reuse(listener, request)
        if request.method == "ACK":
            self._ack(request)
        elif request.method == "CANCEL":
            self._cancel(listener, request)
        else:
            server = core.table.server(server_key(request))
            if server is not None:
                if server.request.source == source:
                    server.repeated(core.now())
                    core.seen(server.owner, request, source)
                    core.flush(server)
            elif request.to_tag:
                self._within(listener, request, fingerprint, taken)
            elif taken:
                self._outside(listener, request, fingerprint)
            elif verdict is not Verdict.DROP:
                self._stranger(listener, request, fingerprint)

    def _binding(self, listener: int, data: bytes, source: Address) -> None:
        """A keep-alive of a peer that we know; strangers get nothing (RFC 5626 §3.5.2)."""
        core = self._core
        if source.transport != "udp" or self._screen(source, "STUN") is not Verdict.TAKE:
            self._ignored("unknown source")
            return
        answer = stun.answer(data, source.host, source.port)
        if answer is not None:
            core.transports[listener].send(answer, source)

    def _lets(self, verdict: Verdict, data: bytes, source: Address) -> bool:
        """May this of an unknown source be read? Judged by what costs next to nothing (S13)."""
        marked = self._mark in data
        if verdict is Verdict.DROP and not marked:
            self._ignored("unknown source")
            return False
        if self.gate.lets(source.host, self._core.now(), marked, verdict is Verdict.PROVE):
            return True
        self._ignored("too much from unknown sources")
        return False

    def _reuse(self, listener: int, request: Request) -> None:
        """A trunk's peer lets us use its connection for what we have for its listening address (RFC 5923).
        The address is the packet's: nobody can name another's."""
        source = request.source
        port = request.via.port or (5061 if source.transport == "tls" else 5060)
        self._core.transports[listener].alias(source, Address(source.transport, source.host, port))

    def _ack(self, request: Request) -> None:
        core = self._core
        server = core.table.server(server_key(request, "INVITE"))
        if isinstance(server, InviteServer) and server.request.source.host == request.source.host:
            owner = server.owner  # which the machine lets go of when it is over
            core.seen(owner, request, request.source)
            accepted = server.acknowledged(core.now())
            core.flush(server)
            if accepted and isinstance(owner, LiveSession):
                owner.acknowledged(request)
            return
        session = self._session_of(request)
        if session is not None and self._may(session, request.source):
            core.seen(session, request, request.source)
            session.acknowledged(request)

    def _cancel(self, listener: int, request: Request) -> None:
        """§9.2; nothing but branch and source can vouch for a CANCEL (§22.1, reliability.md S8)."""
        core = self._core
        server = core.table.server(server_key(request, "INVITE"))
        session = server.owner if server is not None else None
        known = server is not None and server.request.call_id == request.call_id
        if (
            server is None
            or not known
            or server.request.source != request.source
            or not isinstance(session, LiveSession)
        ):
            refuse(core, listener, request, 481)
            return
        core.seen(session, request, request.source)
        refuse(core, listener, request, 200, tag=session.local_tag)
        session.cancelled(server, read_reasons(request))

    def _within(self, listener: int, request: Request, fingerprint: int, taken: bool) -> None:
        core = self._core
        session = self._session_of(request)
        if session is None:
            if taken:
                refuse(core, listener, request, 481)
            return
        if not self._may(session, request.source) and not self._moved(listener, request, session):
            return
        objection = object_to(request)
        if objection is None and core.table.full:
            objection = 503, []
        core.seen(session, request, request.source)
        if objection is not None:
            refuse(core, listener, request, *objection)
            return
        reliable = core.transports[listener].reliable
        machine = InviteServer if request.method == "INVITE" else OtherServer
        server = machine(request, reliable, core.timers)
        server.hop, server.owner = core.reply_hop(listener, request), session
        core.table.add_server(server, fingerprint)
        session.receive(server)

    def _moved(self, listener: int, request: Request, session: LiveSession) -> bool:
        """Whether this is the far side of the dialog at another place, with the proof of it (telephony.md 8).
        Else it has its answer."""
        hop = Hop(listener, request.source)
        admission = self._readmit(session, request)
        if admission is not None and not admission.code:
            session.moved(hop)
            return True
        self._on_security("in-dialog-source", request.source)
        if admission is None:
            refuse(self._core, listener, request, 481)
        else:
            deny(self._core, listener, request, admission)
        return False

    def _stranger(self, listener: int, request: Request, fingerprint: int) -> None:
        """A request that its source alone does not let in."""
        core = self._core
        admission = self._admit(request, Hop(listener, request.source))
        if admission is None:
            self._ignored("not wanted")
        elif not admission.code:
            self._outside(listener, request, fingerprint, admission.user)
        elif admission.kept and not core.table.full:
            server = OtherServer(request, core.transports[listener].reliable, core.timers)
            server.hop = core.reply_hop(listener, request)
            core.table.add_server(server, fingerprint)
            tag = core.tokens.hex(8)
            core.respond(
                server,
                admission.code,
                reply(
                    request, admission.code, tag=tag, lines=[*admission.lines, f"Server: {core.user_agent}"]
                ),
            )
        else:
            deny(core, listener, request, admission)

    def _outside(self, listener: int, request: Request, fingerprint: int, user: str = "") -> None:
        core = self._core
        if request.method == "OPTIONS":
            objection = object_to(request)
            if objection is not None:
                refuse(core, listener, request, *objection)
            else:
                refuse(core, listener, request, self._options(), [ALLOW, SUPPORTED, ACCEPTED])
            return
        if request.method in IN_DIALOG_ONLY:
            refuse(core, listener, request, 481)
            return
        objection = object_to(request)
        key = (request.call_id, request.from_tag, request.cseq)
        if objection is None and key in core.arrived:
            objection = 482, []  # the same INVITE by another way (§8.2.2.2)
        if objection is None and core.table.full:
            objection = 503, []
        if objection is not None:
            refuse(core, listener, request, *objection)
            return
        self._invite(listener, request, fingerprint, key, user)

    def _invite(
        self, listener: int, request: Request, fingerprint: int, key: tuple[str, str, int], user: str
    ) -> None:
        core = self._core
        transport = core.transports[listener]
        try:
            invitation = invitation_of(request, transport.local(request.source), user)
        except ValueError as problem:
            refuse(core, listener, request, 400, why=str(problem))
            return
        server = InviteServer(request, transport.reliable, core.timers)
        server.hop = core.reply_hop(listener, request)
        tag = core.mark + core.tokens.hex(16)
        session = IncomingCall(core, server, tag, Hop(listener, request.source), invitation)
        session.pinned = bool(user)
        server.owner = session
        core.table.add_server(server, fingerprint)
        core.sessions[tag] = session
        core.arrived[key] = server
        core.seen(session, request, request.source)
        core.respond(server, 100, reply(request, 100))
        self._on_invite(session)

    def _ignored(self, why: str) -> None:
        """Nothing comes of the message that is being received; whoever looks is told why."""
        if self._core.tap is not None and self._watched is not None:
            self._watched.ignored = why

    # --- shared ---------------------------------------------------------------------------------------------

    def _session_of(self, request: Request) -> LiveSession | None:
        session = self._core.sessions.get(request.to_tag)
        return session if session is not None and session.call_id == request.call_id else None

    def _may(self, session: LiveSession, source: Address) -> bool:
        """telephony.md 8."""
        return source == session.peer.peer or self._core.may_send_in_dialog(session, source)
