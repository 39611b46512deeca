"""The SIP stack put together: one inbox, one timer, every transaction and session of a process."""

import asyncio
import resource
from collections.abc import Callable, Sequence
from functools import partial

from cordboard.kernel.clock import Clock, Tokens
from cordboard.sip.dialog.calling import CallingSession
from cordboard.sip.dialog.extensions import wishes
from cordboard.sip.dialog.stack import ALLOW, new_branch
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.core import Core
from cordboard.sip.endpoint.inbox import Inbox
from cordboard.sip.endpoint.requests import Question
from cordboard.sip.endpoint.words import (
    Address,
    Admit,
    Asking,
    IncomingSession,
    Outgoing,
    Passed,
    Readmit,
    Reply,
    Seen,
    Session,
    Verdict,
)
from cordboard.sip.message.address import Hop
from cordboard.sip.message.headers import quote
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.uri import writable
from cordboard.sip.message.writer import added
from cordboard.sip.transaction.machine import Timers
from cordboard.sip.transport.opening import located, open_listening, read_listener, trust_nobody_else
from cordboard.sip.transport.secure import TrustIn
from cordboard.sip.transport.streams import StreamTransport
from cordboard.sip.transport.udp import UdpTransport
from cordboard.sip.transport.words import Factory, Listening, Transport


class Endpoint:
    """SIP user agent, both sides, over all its listeners. Lives on the running event loop.

    ``listen``: ``udp:HOST:PORT``, also ``tcp:``, ``tls:``, ``ws:``, ``wss:`` (IPv6 in brackets; port 0 =
    any), or a ``Listening`` that says more.
    ``clock``: its ``monotonic`` must run with the event loop's time.
    ``screen(source, method)``: judges a request outside a dialog before it is read.
    ``on_invite(session)``: a new INVITE that passed all checks; 100 has been sent. Set ``session.owner``
    there.
    ``may_send_in_dialog(session, address)``: whether this address, which is not the dialog's own peer, may
    send in-dialog requests (telephony.md 8) and be sent them when a Contact or Record-Route points there
    (reliability.md S15).
    ``options()``: status for OPTIONS from a taken source (200, or 503 while draining).
    ``on_security(event, source)``: a fixed word for something that should not happen (``in-dialog-source``).
    ``admit(request, hop)``: judges a request that ``screen`` wants challenged; ``readmit(session, request)``
    one in a dialog that comes from an address that may not send it.
    ``full()``: whether any new call would be refused: then most are, without being read.
    ``on_strain(begins)``: new calls begin to be refused because there are more than there is time for, or no
    longer are.
    ``advertise``: the host peers are told in Via and Contact; empty: the local address towards each peer.
    ``trust(address)``: whom a TLS peer at this address must prove to be; unless it says so, the address.
    ``on_flow_lost(address)``: a connection on which something was sent is gone.
    ``transports``: makes what listens; real sockets unless a test hands in its own.

    The last event of every session is exactly one of Refused, Cancelled and Ended, and never comes from
    inside a call of the owner; after ``release`` it is the only one that still comes (Ended with ``remote``
    False and a ``why``, where the owner ended it).
    """

    def __init__(
        self,
        listen: Sequence[str | Listening],
        *,
        clock: Clock,
        tokens: Tokens,
        screen: Callable[[Address, str], Verdict],
        on_invite: Callable[[IncomingSession], None],
        may_send_in_dialog: Callable[[Session, Address], bool] = lambda session, source: False,
        options: Callable[[], int] = lambda: 200,
        on_security: Callable[[str, Address], None] = lambda event, source: None,
        admit: Admit = lambda request, hop: None,
        readmit: Readmit = lambda session, request: None,
        full: Callable[[], bool] = lambda: False,
        on_strain: Callable[[bool], None] = lambda strained: None,
        advertise: str = "",
        user_agent: str = "cordboard",
        timers: Timers | None = None,
        trust: TrustIn = trust_nobody_else,
        on_flow_lost: Callable[[Address], None] = lambda address: None,
        transports: Factory | None = None,
    ) -> None:
        """Raises ``BadInput`` for a listener that cannot be read or whose certificate cannot be used."""
        listenings = [read_listener(one) if isinstance(one, str) else one for one in listen]
        self._listenings = listenings if transports else [located(one) for one in listenings]
        self._trust, self._on_flow_lost = trust, on_flow_lost
        self._loop: asyncio.AbstractEventLoop | None = None
        self._core = Core(
            clock,
            tokens,
            user_agent,
            advertise,
            self._listenings,
            timers or Timers(),
            may_send_in_dialog,
            self._later,
        )
        self._inbox = Inbox(self._core, screen, on_invite, options, on_security, admit, readmit, full)
        self._on_strain = on_strain
        self._strained = False
        self._sockets: list[UdpTransport] = []
        self._core.alarm.late = self._late
        self._transports = [
            self._open(number, one, transports) for number, one in enumerate(self._listenings)
        ]

    def _open(self, number: int, listening: Listening, factory: Factory | None) -> Transport:
        receive = partial(self._inbox.receive, number)
        if factory is None:
            return open_listening(listening, receive, self._trust)
        return factory(listening.kind, listening.host, listening.port, receive)

    async def start(self) -> tuple[Address, ...]:
        """Bind every listener; what was bound, in order. Raises ``Unavailable`` for one that cannot be."""
        self._loop = asyncio.get_running_loop()
        self._core.follow(self._loop)
        bound: list[Address] = []
        try:
            for number, transport in enumerate(self._transports):
                transport.on_lost = partial(self._lost, number)
                transport.on_refused = self._core.refused
                self._core.transports.append(transport)
                bound.append(await transport.start())
        except BaseException:
            await self.close()
            raise
        self._sockets = [one for one in self._transports if isinstance(one, UdpTransport)]
        return tuple(bound)

    def _late(self, now: float, seconds: float) -> None:
        """A ring of the timer: it tells whether there is more to do than time."""
        throttle = self._inbox.gate.throttle
        used = resource.getrusage(resource.RUSAGE_THREAD)
        waiting = sum(one.waiting() for one in self._sockets)
        throttle.sample(now, seconds, waiting, used.ru_utime + used.ru_stime)
        if throttle.limited is not self._strained:
            self._strained = throttle.limited
            self._on_strain(self._strained)

    def _lost(self, listener: int, peer: Address, asked: bool) -> None:
        self._core.lost(listener, peer, asked)
        self._on_flow_lost(peer)

    def reload_certificates(self) -> None:
        """Take every certificate anew from its files. Raises ``BadInput``; that one stays as it was."""
        for transport in self._transports:
            if isinstance(transport, StreamTransport):
                transport.reload()

    async def close(self) -> None:
        """Stop at once: sockets and timer. Live sessions are not ended (release them before)."""
        self._core.alarm.stop()
        for transport in self._core.transports:
            await transport.close()
        self._core.table.clear()
        self._core.sessions.clear()
        self._core.arrived.clear()

    def invite(
        self,
        outgoing: Outgoing,
        owner: Callable[[SessionEvent], None],
        watch: Callable[[Seen], None] | None = None,
    ) -> Session:
        """Send an INVITE; ``watch`` sees it go. Events come to ``owner`` after this has returned, never
        inside; exactly one of Refused and Ended is the last. ``target.host`` is an IP address. A URI, name
        or header that cannot be written raises BadInput; a target that cannot be reached gives Refused(503,
        local=True)."""
        core = self._core
        flow = outgoing.flow
        listener = (
            core.listener_for(outgoing.target, name=outgoing.listener) if flow is None else flow.listener
        )
        hop = flow or Hop(listener or 0, outgoing.target)
        tag = core.mark + core.tokens.hex(16)
        name = f"{quote(outgoing.from_name)} " if outgoing.from_name else ""
        credentials = outgoing.credentials
        invite = Outbound(
            "INVITE",
            writable(outgoing.request_uri, "Request-URI"),
            via=core.sent_by(hop),
            branch=new_branch(core),
            from_=f"{name}<{writable(outgoing.from_uri, 'From')}>;tag={tag}",
            to=f"<{writable(outgoing.to_uri, 'To')}>",
            call_id=core.tokens.hex(16),
            cseq=1,
            lines=[
                f"Contact: {core.contact(hop)}",
                ALLOW,
                f"User-Agent: {core.user_agent}",
                *wishes(outgoing.reliable, outgoing.session_seconds),
                *added(outgoing.headers),
            ],
            routes=outgoing.routes,
            body=outgoing.body,
            attempt=None
            if credentials is None
            else core.keys.begin(
                credentials, outgoing.target.host, "INVITE", outgoing.request_uri, core.now()
            ),
        )
        session = CallingSession(core, invite, tag, hop, owner, outgoing.reliable, outgoing.session_seconds)
        session.credentials = credentials
        session.watch = watch
        session.pinned = flow is not None
        session.keeps_transport = outgoing.pinned or flow is not None
        core.sessions[tag] = session
        if listener is None:
            self._later(partial(session.unanswered, invite, 503))
        else:
            session.start()
        return session

    def ask(self, asking: Asking, answered: Callable[[Reply], None]) -> None:
        """Send a request outside any dialog, not INVITE. Its final answer, or a ``local`` Reply when there is
        none, comes to ``answered`` once, after this has returned. ``target.host`` is an IP address. What
        cannot be written raises BadInput."""
        core = self._core
        flow = asking.flow
        listener = core.listener_for(asking.target, name=asking.listener) if flow is None else flow.listener
        question = Question(core, asking, flow or Hop(listener or 0, asking.target), answered)
        if listener is None:
            self._later(partial(question.failed, 503))
        else:
            question.ask()

    def host_for(self, target: Address, listener: str = "") -> str:
        """Our host as our Via and Contact name it towards ``target``, IPv6 in brackets."""
        return self._core.own_host(Hop(self._core.listener_for(target, name=listener) or 0, target))

    def reaches(self, hop: Hop) -> bool:
        """Whether something can be sent over this flow without connecting first."""
        transports = self._core.transports
        return hop.listener < len(transports) and transports[hop.listener].reaches(hop.peer)

    def watch(self, tap: Callable[[Passed], None] | None) -> None:
        """From now on ``tap`` sees every message that goes or comes, on every listener; None: nobody does. It
        must return at once."""
        self._core.tap = tap

    def local_of(self, hop: Hop) -> Address:
        """Our own end of a hop."""
        return self._core.transports[hop.listener].local(hop.peer)

    @property
    def turned_away(self) -> tuple[int, int]:
        """How many INVITEs were refused without being read, and how many messages of unknown sources passed
        over because there were too many."""
        return self._inbox.gate.refused, self._inbox.gate.ignored

    @property
    def load(self) -> tuple[int, int]:
        """How many transactions and sessions are alive."""
        return len(self._core.table), len(self._core.sessions)

    def _later(self, run: Callable[[], None]) -> None:
        if self._loop is not None:
            self._loop.call_soon(run)
