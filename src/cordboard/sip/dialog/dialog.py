"""Dialog state (§12): identifiers, sequence numbers, route set, remote target; and the requests made from
it."""

from cordboard.sip.dialog.stack import Member, Stack, new_branch
from cordboard.sip.message.address import Hop
from cordboard.sip.message.challenges import Attempt
from cordboard.sip.message.headers import split_address
from cordboard.sip.message.message import Message, Request, Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.uri import is_loose, scheme_of
from cordboard.sip.message.writer import SDP, with_tag

MOST_ROUTES = 20


class Dialog:
    """``local`` and ``remote`` are From and To values with tags, as our requests carry them.

    ``peer`` is the dialog's own connection; ``remote_cseq`` is -1 until the far side has sent a request.
    ``heard_rseq``: of the last reliable provisional answer, 0 before one came. ``settled``: the first offer
    has its answer, in messages that cannot get lost, so that another may follow though it is early.
    ``allow``: the far side's Allow headers.
    """

    __slots__ = (
        "_hop",
        "allow",
        "call_id",
        "heard_rseq",
        "local",
        "local_cseq",
        "peer",
        "remote",
        "remote_cseq",
        "remote_tag",
        "routes",
        "settled",
        "target",
    )

    def __init__(self, call_id: str, local: str, remote: str, remote_tag: str, peer: Hop) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_tag = remote_tag
        self.peer = peer
        self.target = ""
        self.routes: tuple[str, ...] = ()
        self.local_cseq = 1
        self.remote_cseq = -1
        self.heard_rseq = 0
        self.settled = False
        self.allow: list[str] | None = None
        self._hop: Hop | None = None

    @classmethod
    def called(cls, request: Request, local_tag: str, peer: Hop) -> "Dialog":
        """The called side's, from the INVITE (§12.1.1)."""
        local = with_tag(request.header("to"), local_tag)
        dialog = cls(request.call_id, local, request.header("from"), request.from_tag, peer)
        dialog.routes = tuple(request.listed("record-route")[:MOST_ROUTES])
        dialog.target = _target(request) or _uri_of(request.header("from"))
        dialog.remote_cseq = request.cseq
        dialog.allow = request.index.get("allow")
        return dialog

    @classmethod
    def calling(cls, invite: Outbound, response: Response, peer: Hop) -> "Dialog":
        """The calling side's, from a response (§12.1.2)."""
        dialog = cls(invite.call_id, invite.from_, response.header("to"), response.to_tag, peer)
        dialog.local_cseq = invite.cseq
        dialog.answered(invite, response)
        return dialog

    def answered(self, invite: Outbound, response: Response) -> None:
        """A response to the INVITE: a 2xx sets the route set anew (§13.2.2.4)."""
        self.routes = tuple(reversed(response.listed("record-route")[-MOST_ROUTES:]))
        self.target = _target(response) or self.target or invite.uri
        self.allow = response.index.get("allow") or self.allow
        self._hop = None

    def moved(self, peer: Hop) -> None:
        """The far side's connection is another one now."""
        self.peer, self._hop = peer, None

    def refresh(self, message: Message) -> None:
        """A target refresh: re-INVITE or UPDATE, or their 2xx (§12.2)."""
        target = _target(message)
        if target and target != self.target:
            self.target = target
            self._hop = None

    @property
    def hop(self) -> Hop | None:
        """Where its last request went; None before there was one, or when the target has changed since."""
        return self._hop

    def allows(self, method: str) -> bool:
        """Whether the far side said that it takes this method; False where it said nothing."""
        lines = self.allow or ()
        return any(method == named.strip().upper() for line in lines for named in line.split(","))

    def request(
        self,
        stack: Stack,
        member: Member,
        method: str,
        lines: list[str] | None = None,
        body: bytes = b"",
        cseq: int | None = None,
        attempt: Attempt | None = None,
    ) -> tuple[Outbound, Hop]:
        """A request in this dialog (§12.2.1.1) and where it goes. ``cseq`` only for ACK. ``attempt``:
        credentials, which go to their own host only."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self.target, self.routes
        if routes and not is_loose(routes[0]):
            # A strict router takes its own URI from the start line; the target goes to the end of the list.
            uri, routes = _uri_of(routes[0]), (*routes[1:], f"<{self.target}>")
        if self._hop is None:
            first = _uri_of(self.routes[0]) if self.routes else self.target
            self._hop = stack.next_hop(member, first, self.peer)
        hop = self._hop
        head = [f"User-Agent: {stack.user_agent}"]
        if method in ("INVITE", "UPDATE"):
            head.append(f"Contact: {stack.contact(hop)}")
        request = Outbound(
            method,
            uri,
            via=stack.sent_by(hop),
            branch=new_branch(stack),
            from_=self.local,
            to=self.remote,
            call_id=self.call_id,
            cseq=cseq,
            routes=routes,
            lines=head + lines if lines else head,
            body=body,
            content_type=SDP,
            attempt=attempt if attempt is not None and attempt.host == hop.peer.host else None,
        )
        return request, hop


def _target(message: Message) -> str:
    """The Contact's URI, its headers cut off, when requests can be sent to it; empty otherwise."""
    uri = message.contact()
    if scheme_of(uri) not in ("sip", "sips") or any(sign in uri for sign in ' <>"\t'):
        return ""
    user, at, host = uri.rpartition("@")
    return f"{user}{at}{host.partition('?')[0]}"


def _uri_of(route: str) -> str:
    try:
        return split_address(route)[1]
    except ValueError:
        return route
