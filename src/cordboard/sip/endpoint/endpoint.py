"""The SIP stack put together: one inbox, one timer, every transaction and session of a process."""

from collections.abc import Callable, Sequence

from cordboard.kernel.clock import Clock, Tokens
from cordboard.sip.dialog.words import SessionEvent
from cordboard.sip.endpoint.words import Address, IncomingSession, Outgoing, Session, Verdict


class Endpoint:
    """SIP user agent, both sides, over all its listeners. Lives on the running event loop.

    ``listen``: ``udp:HOST:PORT`` or ``tcp:HOST:PORT`` (IPv6 in brackets; port 0 = any).
    ``screen(source, method)``: judges a request outside a dialog before it is read.
    ``on_invite(session)``: a new INVITE that passed all checks; 100 has been sent. Set ``session.owner`` there.
    ``may_send_in_dialog(session, address)``: whether this address, which is not the dialog's own peer, may send
    in-dialog requests (telephony.md 8) and may be sent them (its Contact points there; reliability.md S15).
    ``options()``: status for OPTIONS from a taken source (200, or 503 while draining).
    ``on_security(event, source)``: a fixed word for something that should not happen, as ``in-dialog-source``.
    ``advertise``: the host peers are told in Via and Contact; empty: the local address towards each peer.
    """

    def __init__(
        self,
        listen: Sequence[str],
        *,
        clock: Clock,
        tokens: Tokens,
        screen: Callable[[Address, str], Verdict],
        on_invite: Callable[[IncomingSession], None],
        may_send_in_dialog: Callable[[Session, Address], bool] = lambda session, source: False,
        options: Callable[[], int] = lambda: 200,
        on_security: Callable[[str, Address], None] = lambda event, source: None,
        advertise: str = "",
        user_agent: str = "cordboard",
    ) -> None:
        raise NotImplementedError

    async def start(self) -> tuple[Address, ...]:
        """Bind every listener; what was bound, in order. Raises ``Unavailable`` naming the one that cannot be."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop at once: sockets and timer. Live sessions are not ended (release them before)."""
        raise NotImplementedError

    def invite(self, outgoing: Outgoing, owner: Callable[[SessionEvent], None]) -> Session:
        """Send an INVITE. Events come to ``owner`` after this has returned, never inside; exactly one of
        Refused, Ended is the last. ``target.host`` is an IP address. A URI, name or header that cannot be
        written raises BadInput; a target that cannot be reached gives Refused(503, local=True)."""
        raise NotImplementedError

    def local_for(self, target: Address) -> Address:
        """Our own address as ``target`` sees it (for the SDP)."""
        raise NotImplementedError
