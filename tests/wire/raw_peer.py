"""A far side by hand: it does nothing by itself, so that every message of a rule can be sent, held back, sent
twice or out of order. It speaks through a Wire, with its delay, loss and reordering."""

import asyncio
from collections.abc import Callable
from itertools import count

from cordboard.sip.endpoint.words import Address, Outgoing, Session
from cordboard.sip.message.digest import Credentials
from cordboard.sip.message.message import Message, Request, Response
from cordboard.sip.message.reader import read
from cordboard.testing.wire import Wire
from tests.wire.parties import ANSWER, OFFER, Party

HOST = "10.0.0.2"


class RawPeer:
    """``got``: every message that came, in order. ``on``: called for each as it comes."""

    def __init__(self, wire: Wire, host: str = HOST) -> None:
        self.wire = wire
        self.address = Address("udp", host, 5060)
        self.got: list[Message] = []
        self.on: Callable[[Message], None] = lambda message: None
        self._socket = wire.transport("udp", host, 5060, self._receive)
        self._branches = count(1)
        self.cseq = 100

    async def __aenter__(self) -> "RawPeer":
        await self._socket.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._socket.close()

    def _receive(self, data: bytes, source: Address) -> None:
        message = read(data)
        if isinstance(message, Request):
            message.source = source
        self.got.append(message)
        self.on(message)

    def now(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    # --- what came --------------------------------------------------------------------------------------

    def requests(self, method: str) -> list[Request]:
        """The requests of this method, repeats included."""
        return [one for one in self.got if isinstance(one, Request) and one.method == method]

    def request(self, method: str) -> Request:
        """The latest of them."""
        return self.requests(method)[-1]

    def responses(self, method: str, code: int = 0) -> list[Response]:
        """The responses to a method of ours."""
        found = [one for one in self.got if isinstance(one, Response) and one.method == method]
        return [one for one in found if code in (0, one.code)]

    def response(self, method: str, code: int = 0) -> Response:
        """The latest of them."""
        return self.responses(method, code)[-1]

    @property
    def invite(self) -> Request:
        """The first INVITE."""
        return self.requests("INVITE")[0]

    def distinct(self, method: str) -> list[Request]:
        """The requests of this method, each once."""
        return list({one.via.branch: one for one in reversed(self.requests(method))}.values())[::-1]

    def lines(self) -> list[str]:
        """What came, each by its method or status."""
        return [f"{one.code} {one.method}" if isinstance(one, Response) else one.method for one in self.got]

    def steps(self) -> list[str]:
        """The same without repeated requests."""
        seen: set[tuple[str, str]] = set()
        found = []
        for one, line in zip(self.got, self.lines(), strict=True):
            key = (one.via.branch, line)
            if isinstance(one, Response) or key not in seen:
                found.append(line)
            seen.add(key)
        return found

    # --- what it says -----------------------------------------------------------------------------------

    def say(self, data: bytes, target: Address) -> None:
        """Put it on the wire."""
        self.wire.carry(data, self.address, target)

    def reply(
        self,
        request: Request,
        code: int,
        *lines: str,
        tag: str = "raw",
        body: bytes = b"",
        phrase: str = "Any",
    ) -> bytes:
        """Answer a request; what was sent."""
        to = request.header("to")
        if tag and not request.to_tag and code > 100:
            to += f";tag={tag}"
        head = [
            f"SIP/2.0 {code} {phrase}",
            f"Via: {request.header('via')}",
            f"From: {request.header('from')}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq} {request.method}",
        ]
        if not any(line.startswith("Contact:") for line in lines):
            head.append(f"Contact: <sip:{tag}@{self.address.host}:5060>")
        data = _whole(head, lines, body)
        self.say(data, request.source)
        return data

    def reliably(
        self, number: int, *lines: str, code: int = 183, tag: str = "raw", body: bytes = b""
    ) -> bytes:
        """A reliable provisional answer to the latest INVITE (RFC 3262)."""
        return self.reply(
            self.requests("INVITE")[-1],
            code,
            "Require: 100rel",
            f"RSeq: {number}",
            *lines,
            tag=tag,
            body=body,
        )

    def ask(
        self,
        method: str,
        *lines: str,
        tag: str = "raw",
        cseq: int = 0,
        body: bytes = b"",
        contact: bool = True,
    ) -> bytes:
        """A request in the dialog of the INVITE that came, from its called side."""
        invite = self.invite
        if not cseq:
            self.cseq += 1
            cseq = self.cseq
        head = self._head(method, invite.contact(), cseq)
        head += [
            f"From: {invite.header('to')};tag={tag}",
            f"To: {invite.header('from')}",
            f"Call-ID: {invite.call_id}",
        ]
        if contact:
            head.append(f"Contact: <sip:{tag}@{self.address.host}:5060>")
        data = _whole(head, lines, body)
        self.say(data, invite.source)
        return data

    def _head(self, method: str, uri: str, cseq: int) -> list[str]:
        via = f"Via: SIP/2.0/UDP {self.address.host}:5060;branch=z9hG4bKraw{next(self._branches)};rport"
        return [f"{method} {uri} SIP/2.0", via, "Max-Forwards: 70", f"CSeq: {cseq} {method}"]

    # --- as the calling side ------------------------------------------------------------------------------

    def call(
        self, target: Address, *lines: str, body: bytes = OFFER, user: str = "bob", call_id: str = "raw-call"
    ) -> bytes:
        """Send an INVITE."""
        self.cseq += 1
        self._target, self._call_id = target, call_id
        head = self._head("INVITE", f"sip:{user}@{target.host}:{target.port}", self.cseq)
        head += [
            f"From: <sip:raw@{self.address.host}>;tag=caller",
            f"To: <sip:{user}@{target.host}>",
            f"Call-ID: {call_id}",
            f"Contact: <sip:raw@{self.address.host}:5060>",
        ]
        self.invite_cseq = self.cseq
        data = _whole(head, lines, body)
        self.say(data, target)
        return data

    def within(
        self, method: str, *lines: str, body: bytes = b"", cseq: int = 0, contact: bool = True
    ) -> bytes:
        """A request in the dialog of the INVITE that was sent, from its calling side. ACK takes the INVITE's
        number."""
        if method == "ACK":
            cseq = cseq or self.invite_cseq
        elif not cseq:
            self.cseq += 1
            cseq = self.cseq
        if method == "INVITE":
            self.invite_cseq = cseq
        answer = next(one for one in self.responses("INVITE") if one.to_tag)
        head = self._head(method, answer.contact() or f"sip:bob@{self._target.host}", cseq)
        head += [
            f"From: <sip:raw@{self.address.host}>;tag=caller",
            f"To: {answer.header('to')}",
            f"Call-ID: {self._call_id}",
        ]
        if contact:
            head.append(f"Contact: <sip:raw@{self.address.host}:5060>")
        data = _whole(head, lines, body)
        self.say(data, self._target)
        return data

    def prack(self, response: Response | None = None, *, rack: str = "", body: bytes = b"") -> bytes:
        """Acknowledge a reliable provisional answer, the latest unless another is named."""
        if response is None:
            response = [one for one in self.responses("INVITE") if one.header("rseq")][-1]
        rack = rack or f"{response.header('rseq')} {response.cseq} INVITE"
        return self.within("PRACK", f"RAck: {rack}", body=body, contact=False)


def _whole(head: list[str], lines: tuple[str, ...], body: bytes) -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*head, *lines, *kind, f"Content-Length: {len(body)}", "", ""]).encode() + body


def rung_by(
    party: Party,
    *,
    reliable: str = "no",
    seconds: int = 0,
    body: bytes = OFFER,
    host: str = HOST,
    credentials: Credentials | None = None,
) -> Session:
    """``party`` calls the raw peer."""
    box: list[Session] = []
    outgoing = Outgoing(
        Address("udp", host, 5060),
        f"sip:bob@{host}",
        f"sip:alice@{party.address.host}",
        f"sip:bob@{host}",
        body,
        reliable=reliable,
        session_seconds=seconds,
        credentials=credentials,
    )
    session = party.endpoint.invite(outgoing, lambda event: party._told(box[0], event))
    box.append(session)
    return session


__all__ = ["ANSWER", "HOST", "OFFER", "RawPeer", "rung_by"]
