"""An INVITE that opens a session: what its owner is told of it, and the session it gets."""

from cordboard.sip.dialog.called import CalledSession
from cordboard.sip.endpoint.core import Core
from cordboard.sip.endpoint.words import Invitation
from cordboard.sip.message.address import Address, Hop
from cordboard.sip.message.headers import split_address
from cordboard.sip.message.message import Request
from cordboard.sip.transaction.server import InviteServer


class IncomingCall(CalledSession):
    """A called session with what its owner needs to know of the INVITE."""

    __slots__ = ("_invitation",)

    def __init__(self, core: Core, server: InviteServer, tag: str, peer: Hop, invitation: Invitation) -> None:
        super().__init__(core, server, tag, peer)
        self._invitation = invitation

    @property
    def invitation(self) -> Invitation:
        return self._invitation


def invitation_of(request: Request, local: Address, user: str) -> Invitation:
    """What the owner of an incoming session needs. Raises ``ValueError`` for a From or To that cannot be
    read."""
    name, from_uri, _ = split_address(request.header("from"))
    return Invitation(
        source=request.source,
        local=local,
        request_uri=request.uri,
        from_uri=from_uri,
        from_name=name,
        to_uri=split_address(request.header("to"))[1],
        call_id=request.call_id,
        body=request.sdp,
        headers=request.headers(),
        user=user,
    )
