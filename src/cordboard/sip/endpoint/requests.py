"""Requests outside any dialog that are not INVITE: REGISTER and OPTIONS, with their challenges answered."""

from collections.abc import Callable

from cordboard.sip.dialog.stack import ALLOW, Stack, new_branch
from cordboard.sip.endpoint.words import Asking, Reply
from cordboard.sip.message.address import Hop
from cordboard.sip.message.challenges import CHALLENGED, Unanswerable
from cordboard.sip.message.message import Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.uri import writable
from cordboard.sip.message.writer import added, header

_PHRASES = {408: "Request Timeout", 503: "Service Unavailable"}


class Question:
    """One request, until its final answer is told; a challenge in between costs another round."""

    __slots__ = ("_answered", "_contact", "_hop", "_sent", "_stack")

    def __init__(self, stack: Stack, asking: Asking, hop: Hop, answered: Callable[[Reply], None]) -> None:
        """Raises ``BadInput`` for what cannot be written."""
        self._stack, self._hop, self._answered = stack, hop, answered
        self._contact = _contact(stack, asking, hop)
        self._sent = _request(stack, asking, hop, self._contact)

    def ask(self) -> None:
        """Send it."""
        self._stack.request(self, self._sent, self._hop)

    def answered(self, sent: Outbound, response: Response) -> None:
        """For the stack: a response came."""
        if sent is not self._sent or response.code < 200:
            return
        why = ""
        attempt, now = sent.attempt, self._stack.now()
        if attempt is not None and response.code in CHALLENGED:
            try:
                self._stack.keys.answer(attempt, response, now)
                self._sent = sent.again(new_branch(self._stack), sent.cseq + 1, sent.lines)
                self.ask()
                return
            except Unanswerable as problem:
                why = f": {problem}"
        elif attempt is not None and response.code < 300:
            self._stack.keys.learn(attempt, response, now)
        phrase, headers = response.phrase + why, response.headers()
        self._answered(Reply(response.code, phrase, headers, False, sent.cseq, self._contact.strip("<>")))

    def unanswered(self, sent: Outbound, code: int) -> None:
        """For the stack: nobody answered (408), or it could not be sent (503)."""
        if sent is self._sent:
            self.failed(code)

    def failed(self, code: int) -> None:
        """Tell that there is no answer."""
        self._answered(Reply(code, _PHRASES[code], local=True, cseq=self._sent.cseq))


def _contact(stack: Stack, asking: Asking, hop: Hop) -> str:
    """The value of Contact; empty for none."""
    if asking.contact:
        return "" if asking.contact == "-" else asking.contact
    own = stack.contact(hop)
    if not asking.contact_user:
        return own
    scheme, _, rest = own[1:-1].partition(":")
    uri = f"{scheme}:{asking.contact_user}@{rest.partition('@')[2]}"
    return f"<{writable(uri, 'Contact')}>"


def _request(stack: Stack, asking: Asking, hop: Hop, contact: str) -> Outbound:
    uri = writable(asking.request_uri, "Request-URI")
    lines = [f"User-Agent: {stack.user_agent}", ALLOW]
    if contact:
        lines.append(header("Contact", contact))
    credentials = asking.credentials
    return Outbound(
        asking.method,
        uri,
        via=stack.sent_by(hop),
        branch=new_branch(stack),
        from_=f"<{writable(asking.from_uri, 'From')}>;tag={stack.tokens.hex(8)}",
        to=f"<{writable(asking.to_uri, 'To')}>",
        call_id=asking.call_id or stack.tokens.hex(16),
        cseq=asking.cseq,
        routes=asking.routes,
        lines=lines + added(asking.headers),
        body=asking.body,
        attempt=None
        if credentials is None
        else stack.keys.begin(credentials, hop.peer.host, asking.method, uri, stack.now()),
    )
