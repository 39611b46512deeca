"""The sending half of the stack, and what both halves share: sockets, transactions, sessions, the timer."""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.hosts import bracketed
from cordboard.sip.dialog.calling import CallingSession
from cordboard.sip.dialog.session import LiveSession
from cordboard.sip.dialog.stack import Asker, Member, new_branch
from cordboard.sip.endpoint.alarm import Alarm, Sleeper
from cordboard.sip.endpoint.large import LARGEST, Refusing, moved, trimmed
from cordboard.sip.endpoint.requests import Question
from cordboard.sip.endpoint.words import Passed, Seen, Session
from cordboard.sip.message.address import Address, Hop
from cordboard.sip.message.challenges import Keyring
from cordboard.sip.message.masking import has_key, may_hold_secrets
from cordboard.sip.message.message import Message, Request, Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.uri import leads_to
from cordboard.sip.transaction.client import Client, InviteClient, OtherClient
from cordboard.sip.transaction.machine import Machine, State, Timers
from cordboard.sip.transaction.server import InviteServer, Server
from cordboard.sip.transaction.table import Table
from cordboard.sip.transport.words import Listening, Transport

ASKERS = (LiveSession, Question)
"""Who waits for answers to requests."""

log = structlog.get_logger()

_BRANCH = re.compile(rb"\r\nVia:[^\r]*;branch=([^;\r]+)")
_LOWEST_PORT = 1024  # no in-dialog request goes to a service port because a Contact says so


class Core:
    """What sessions know as ``dialog.stack.Stack``."""

    def __init__(
        self,
        clock: Clock,
        tokens: Tokens,
        user_agent: str,
        advertise: str,
        listenings: Sequence[Listening],
        timers: Timers,
        may_send_in_dialog: Callable[[Session, Address], bool],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        """``later`` runs a function soon, never at once."""
        self.tokens = tokens
        self.keys = Keyring(tokens)
        self.user_agent = user_agent
        self.timers = timers
        self.transports: list[Transport] = []
        self.table = Table()
        self.sessions: dict[str, LiveSession] = {}
        self.arrived: dict[tuple[str, str, int], Server] = {}  # open INVITEs, to see merged ones (§8.2.2.2)
        self.tap: Callable[[Passed], None] | None = None
        """Sees every message that goes or comes, while somebody looks."""
        self.data = b""
        """The message that is being received, as it came."""
        self.may_send_in_dialog = may_send_in_dialog
        self.alarm = Alarm(clock.monotonic, self._ring)
        self.now = clock.monotonic
        # Every tag of ours begins with this, so that the dialogs' messages are told from noise unread.
        self.mark = f"cb{tokens.hex(4)}-"
        self._advertise = advertise
        self._listenings = tuple(listenings)
        self._refusing = Refusing()
        self._fitting: dict[tuple[str, bool, str], tuple[int, ...]] = {}
        self._later = later
        self._locals: dict[Hop, tuple[str, str]] = {}

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on this loop and ask it for the time itself: the clock only passes that on, dozens of times a
        call."""
        self.now = self.alarm.now = loop.time
        self.alarm.start(loop)

    # --- the form in which sessions know it -------------------------------------------------------------

    def arm(self, member: Member) -> None:
        self.alarm.arm(member)

    def forget(self, member: Member) -> None:
        if isinstance(member, LiveSession):
            self.sessions.pop(member.local_tag, None)

    def sent_by(self, hop: Hop) -> str:
        return self._own(hop)[0]

    def contact(self, hop: Hop) -> str:
        return self._own(hop)[1]

    def next_hop(self, member: Member, uri: str, peer: Hop) -> Hop:
        assert isinstance(member, LiveSession)
        if member.pinned:
            return peer
        near = peer.peer
        if near.transport in ("ws", "wss"):
            return peer  # a browser is reached by its own connection only (RFC 7118 §5)
        found = leads_to(uri)
        if found is not None and found.transport == "udp" and "transport=" not in uri.lower():
            secure = near.transport == "tls" and ":5060" not in uri and found.port == 5060
            found = Address(near.transport, found.host, 5061 if secure else found.port)
        if found is None or found == near:
            return peer
        if found.host == near.host:
            transport = self.transports[peer.listener]
            kept = transport.reliable and transport.reaches(near)
            if kept or found.port < _LOWEST_PORT:
                return peer
        elif not self.may_send_in_dialog(member, found):
            return peer
        listener = self.listener_for(found, peer.listener)
        return peer if listener is None else Hop(listener, found)

    def request(self, asker: Asker, request: Outbound, hop: Hop) -> None:
        if len(request.data) > LARGEST and isinstance(asker, CallingSession) and asker.early:
            request, hop = self._way_of_large(asker, request, hop)
        reliable = self.transports[hop.listener].reliable
        machine = InviteClient if request.method == "INVITE" else OtherClient
        client = machine(request, reliable, self.now(), self.timers)
        client.hop, client.owner = hop, asker
        self.table.add_client(client)
        self.flush(client)

    def send(self, member: Member, request: Outbound, hop: Hop) -> None:
        self.transmit(hop, request.data)
        assert isinstance(member, LiveSession)
        if member.curious:
            line, data = request.method, request.data
            secret = request.attempt is not None or has_key(request.body)
            member.note(Seen(True, line, f"{request.cseq} {line}", hop.peer, len(data), data, secret))

    def respond(self, server: Server, code: int, data: bytes) -> None:
        server.respond(code, data, self.now())
        self.flush(server)

    def stop_waiting(self, request: Outbound) -> None:
        client = self.table.client(request.branch, request.method)
        if isinstance(client, InviteClient):
            client.stop_waiting(self.now())
            self.alarm.arm(client)

    def _way_of_large(self, session: CallingSession, invite: Outbound, hop: Hop) -> tuple[Outbound, Hop]:
        """Another transport, or less of it, for an INVITE that no datagram should carry (telephony.md 11)."""
        if hop.peer.transport != "udp" or invite.method != "INVITE":
            return invite, hop
        target = Address("tcp", hop.peer.host, hop.peer.port)
        listener = self.listener_for(target)
        refuses = self._refusing.holds(target, self.now())
        if listener is not None and not session.keeps_transport and not refuses:
            by_tcp = Hop(listener, target)
            invite = moved(invite, self.sent_by(by_tcp), self.contact(by_tcp), new_branch(self))
            session.moves(invite, by_tcp, hop)
            return invite, by_tcp
        if self._refusing.first(hop.peer):
            log.warning(
                "an INVITE is larger than a datagram should be; its SDP is trimmed",
                peer=f"{hop.peer.host}:{hop.peer.port}",
                size=len(invite.data),
            )
        invite = trimmed(invite)
        session.moves(invite, hop, None)
        return invite, hop

    def _goes_back(self, client: Client) -> bool:
        """Whether an INVITE that could not be sent by TCP goes by UDP at once."""
        session = client.owner
        if not isinstance(session, CallingSession) or session.released or not session.early:
            return False
        back = session.way_back
        if back is None or client.request.method != "INVITE":
            return False
        self._refusing.add(client.hop.peer, self.now())
        invite = moved(client.request, self.sent_by(back), self.contact(back), new_branch(self))
        session.moves(invite, back, None)
        self.request(session, invite, back)
        return True

    # --- carrying -----------------------------------------------------------------------------------------

    def listener_for(self, target: Address, first: int = 0, name: str = "") -> int | None:
        """The listener to send to this target from: of its transport and address family, with this name where
        one is given. ``first`` when it fits, else one with a connection to the target, else the first."""
        key = (target.transport, ":" in target.host, name)
        fitting = self._fitting.get(key)
        if fitting is None:
            fitting = self._fitting[key] = self._that_fit(*key)
        if len(fitting) < 2 or first in fitting:
            return first if first in fitting else fitting[0] if fitting else None
        transports = self.transports
        near = (n for n in fitting if transports[n].reliable and transports[n].reaches(target))
        return next(near, fitting[0])

    def _that_fit(self, kind: str, six: bool, name: str) -> tuple[int, ...]:
        return tuple(
            number
            for number, one in enumerate(self._listenings)
            if one.kind == kind and (":" in one.host) == six and (not name or name in (one.name, str(one)))
        )

    def lost(self, listener: int, peer: Address, asked: bool) -> None:
        """A connection is gone: requests that nobody has answered yet went with it (§17.1.4). One that rings
        stays: its answer may come by a new connection (§18.2.2)."""
        if asked:
            for client in self.table.clients_to(Hop(listener, peer)):
                self._later(partial(self._unsendable, client))

    def refused(self, data: bytes) -> None:
        """A datagram of ours that nobody took (§18.4)."""
        found = _BRANCH.search(data)
        if found is not None and data[:4] != b"SIP/":
            method = data[: data.find(b" ")].decode("latin-1")
            client = self.table.client(found[1].decode("latin-1"), method)
            if client is not None:
                self._later(partial(self._unsendable, client))

    def transmit(self, hop: Hop, data: bytes, failed: Callable[[], None] | None = None) -> None:
        """The one way out for every message. ``failed``: as ``Transport.send`` takes it."""
        if self.tap is not None:
            self.tap(Passed(True, hop, data))
        self.transports[hop.listener].send(data, hop.peer, failed)

    def flush(self, machine: Machine) -> None:
        """Send what a machine wants sent, and see to its next deadline or its end."""
        out = machine.poll(self.now())
        if out:
            self._put(machine, out)
        if machine.over:
            self._done(machine)
        else:
            self.alarm.arm(machine)

    def reply_hop(self, listener: int, request: Request) -> Hop:
        """Where answers to a request go (§18.2.2, RFC 3581): back to its source, at the Via's port when the
        sender did not ask for symmetry. Never to a host that the message names (reliability.md S15)."""
        source = request.source
        if request.via.rport or self.transports[listener].reliable:
            return Hop(listener, source)
        return Hop(listener, Address(source.transport, source.host, request.via.port or 5060))

    def seen(self, session: object, message: Message, source: Address) -> None:
        """Tell a session's watcher of a message that came for it."""
        if isinstance(session, LiveSession) and session.curious:
            line = message.method
            if isinstance(message, Response):
                line = f"{message.code} {message.phrase}"
            cseq = f"{message.cseq} {message.method}"
            secret = may_hold_secrets(message)
            session.note(Seen(False, line, cseq, source, message.size, self.data, secret))

    def _put(self, machine: Machine, out: list[bytes]) -> None:
        hop = machine.hop
        transport = self.transports[hop.listener]
        failed = None
        if isinstance(machine, Client):
            failed = partial(self._later, partial(self._unsendable, machine))
        elif isinstance(machine, Server) and transport.reliable and not transport.reaches(hop.peer):
            # The connection it came by is gone: a new one to the port of its Via (§18.2.2).
            via = machine.request.via
            hop = Hop(hop.listener, Address(hop.peer.transport, hop.peer.host, via.port or 5060))
        for data in out:
            self.transmit(hop, data, failed)
        session = machine.owner
        if isinstance(session, LiveSession) and session.curious:
            for data in out:
                session.note(_sent(machine, data, hop.peer))

    def _unsendable(self, client: Client) -> None:
        if client.over or client.state not in (State.CALLING, State.TRYING):
            return
        client.abort()
        self.table.remove(client)
        if not self._goes_back(client) and isinstance(client.owner, ASKERS):
            client.owner.unanswered(client.request, 503)

    def _done(self, machine: Machine) -> None:
        self.table.remove(machine)
        if isinstance(machine, InviteServer):
            machine.owner = None  # which holds the machine: nothing waits for the collector of circles
            request = machine.request
            key = (request.call_id, request.from_tag, request.cseq)
            if self.arrived.get(key) is machine:
                del self.arrived[key]
        elif isinstance(machine, Client) and machine.timed_out and isinstance(machine.owner, ASKERS):
            machine.owner.unanswered(machine.request, 408)

    def _ring(self, sleeper: Sleeper, now: float) -> None:
        if isinstance(sleeper, Machine):
            self.flush(sleeper)
        elif isinstance(sleeper, LiveSession):
            sleeper.tick(now)

    def own_host(self, hop: Hop) -> str:
        """Our host as peers are told, IPv6 in brackets."""
        told = self._listenings[hop.listener].advertise or self._advertise
        host = told.strip("[]") or self.transports[hop.listener].local(hop.peer).host
        return bracketed(host)

    def _own(self, hop: Hop) -> tuple[str, str]:
        """Via's sent-by and our Contact towards a hop, remembered."""
        known = self._locals.get(hop)
        if known is None:
            if len(self._locals) > 10_000:
                self._locals.clear()
            transport = self.transports[hop.listener]
            own = transport.local(hop.peer)
            host = self.own_host(hop)
            # In a URI, WebSocket is "ws" whether or not it is encrypted (RFC 7118 §5.2).
            word = "ws" if own.transport == "wss" else own.transport
            suffix = "" if word == "udp" else f";transport={word}"
            # RFC 5923: what the far side has for us may come by this connection.
            alias = ";alias" if own.transport == "tls" else ""
            known = self._locals[hop] = (
                f"{own.transport.upper()} {host}:{own.port}{alias}",
                f"<sip:cordboard@{host}:{own.port}{suffix}>",
            )
        return known


def _sent(machine: Machine, data: bytes, peer: Address) -> Seen:
    """What a watcher is told of a message that went out."""
    start = data[: data.find(b"\r\n")].decode("utf-8", "replace")
    keyed = not data.endswith(b"\r\n\r\n") and has_key(data)
    if isinstance(machine, Server):
        request: Request | Outbound = machine.request
        line, secret = start[8:], keyed or start[8:11] in ("401", "407")
        return Seen(True, line, f"{request.cseq} {request.method}", peer, len(data), data, secret)
    assert isinstance(machine, Client)
    method = start.partition(" ")[0]  # an INVITE transaction also sends the ACK to a refusal
    secret = keyed or machine.request.attempt is not None
    return Seen(True, method, f"{machine.request.cseq} {method}", peer, len(data), data, secret)
