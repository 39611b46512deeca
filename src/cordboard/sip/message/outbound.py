"""A request as we wrote it, and the two that are made from it: the ACK to a refusal, and the CANCEL."""

from cordboard.sip.message.challenges import Attempt
from cordboard.sip.message.message import Response
from cordboard.sip.message.via import MAGIC as MAGIC
from cordboard.sip.message.writer import assemble


class Outbound:
    """A request on its way. ``to`` is the To value with its tag, ``routes`` the Route values, in order,
    ``lines`` those that were added to the usual ones; ``attempt`` holds its credentials, None for a request
    that answers no challenge."""

    __slots__ = (
        "attempt",
        "body",
        "branch",
        "call_id",
        "content_type",
        "cseq",
        "data",
        "from_",
        "lines",
        "method",
        "routes",
        "to",
        "uri",
        "via",
    )

    def __init__(
        self,
        method: str,
        uri: str,
        *,
        via: str,
        branch: str,
        from_: str,
        to: str,
        call_id: str,
        cseq: int,
        routes: tuple[str, ...] = (),
        lines: list[str] | None = None,
        body: bytes = b"",
        content_type: str = "application/sdp",
        attempt: Attempt | None = None,
    ) -> None:
        """``via`` is ``UDP 10.0.0.1:5060``; ``lines`` are added after the usual ones. Raises ``BadInput``."""
        self.method, self.uri, self.via, self.branch = method, uri, via, branch
        self.from_, self.to, self.call_id, self.cseq, self.routes = from_, to, call_id, cseq, routes
        self.lines, self.body, self.content_type, self.attempt = lines, body, content_type, attempt
        head = [
            f"Via: SIP/2.0/{via};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: {from_}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
        ]
        for route in routes:
            head.append(f"Route: {route}")
        if lines:
            head += lines
        if attempt is not None:
            head += attempt.lines
        self.data = assemble(f"{method} {uri} SIP/2.0", head, body, content_type)

    def acknowledgement(self, response: Response) -> bytes:
        """The ACK to a final response that is no 2xx (§17.1.1.3): same Via, To from the response."""
        return self._alike("ACK", response.header("to")).data

    def cancellation(self, lines: list[str]) -> "Outbound":
        """The CANCEL of this INVITE (§9.1)."""
        return self._alike("CANCEL", self.to, lines)

    def again(
        self, branch: str, cseq: int, lines: list[str] | None, attempt: Attempt | None = None
    ) -> "Outbound":
        """The same request as a new transaction with other added lines: after a challenge, or a refusal that
        says how it would be taken (§8.1.3.5). ``attempt``: its own, where none is given."""
        return Outbound(
            self.method,
            self.uri,
            via=self.via,
            branch=branch,
            from_=self.from_,
            to=self.to,
            call_id=self.call_id,
            cseq=cseq,
            routes=self.routes,
            lines=lines,
            body=self.body,
            content_type=self.content_type,
            attempt=attempt or self.attempt,
        )

    def _alike(self, method: str, to: str, lines: list[str] | None = None) -> "Outbound":
        return Outbound(
            method,
            self.uri,
            via=self.via,
            branch=self.branch,
            from_=self.from_,
            to=to,
            call_id=self.call_id,
            cseq=self.cseq,
            routes=self.routes,
            lines=lines,
        )
