"""A session's requests that were challenged (RFC 3261 §22): sent once more with our credentials, where they
belong (reliability.md S9). Only sessions that we began have credentials, and only their first peer gets
them: never another host that a Contact or a Record-Route names."""

from cordboard.sip.dialog.dialog import Dialog
from cordboard.sip.dialog.stack import Stack, new_branch
from cordboard.sip.message.address import Hop
from cordboard.sip.message.challenges import Unanswerable
from cordboard.sip.message.digest import Credentials
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound


def answered_invite(stack: Stack, invite: Outbound, response: Response) -> Outbound | str:
    """The INVITE that answers this challenge, or why there is none; empty when we have no credentials."""
    attempt = invite.attempt
    if attempt is None:
        return ""
    try:
        stack.keys.answer(attempt, response, stack.now())
    except Unanswerable as problem:
        return str(problem)
    return invite.again(new_branch(stack), invite.cseq + 1, invite.lines)


def answered_within(
    stack: Stack, credentials: Credentials, dialog: Dialog, first: Hop, sent: Outbound, response: Response
) -> tuple[Outbound, Hop] | None:
    """The request in a dialog that answers this challenge, and where it goes. ``first``: where the dialog's
    INVITE went."""
    hop = dialog.hop
    if hop is None or hop.peer.host != first.peer.host:
        return None
    now = stack.now()
    attempt = sent.attempt or stack.keys.begin(
        credentials, hop.peer.host, sent.method, sent.uri, now, ready=False
    )
    try:
        stack.keys.answer(attempt, response, now)
    except Unanswerable:
        return None
    dialog.local_cseq += 1
    return sent.again(new_branch(stack), dialog.local_cseq, sent.lines, attempt), hop
