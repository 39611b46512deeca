"""SIP in WebSocket messages, the server's side (RFC 7118, RFC 6455)."""

from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from cordboard.sip.message.reader import LARGEST_BODY, LARGEST_HEADER

_SUBPROTOCOL = "sip"
_LARGEST = LARGEST_HEADER + LARGEST_BODY
_TOO_BIG, _BAD = 1009, 1002


class WebChannel:
    """See ``channels.Channel``. The handshake and the frames that answer frames go to ``out``. One WebSocket
    message is one SIP message (RFC 7118 §5.3)."""

    def __init__(self) -> None:
        self._web = WSConnection(ConnectionType.SERVER)
        self._parts: list[bytes] = []
        self._size = 0
        self.out = b""
        self.pings = self.pongs = 0
        self.broken = False

    @property
    def waiting(self) -> bool:
        """An unfinished handshake counts: it may not take for ever."""
        return self._size > 0 or self._web.state is ConnectionState.CONNECTING

    def feed(self, data: bytes) -> list[bytes]:
        if self.broken:
            return []
        found: list[bytes] = []
        try:
            self._web.receive_data(data)
            for event in self._web.events():
                message = self._happened(event)
                if message:
                    found.append(message)
                if self.broken:
                    break
        except RemoteProtocolError as problem:
            hint = problem.event_hint
            if self._web.state is ConnectionState.CONNECTING:
                hint = RejectConnection(status_code=400)
            self._say(hint if hint is not None else CloseConnection(_BAD))
            self.broken = True
        return found

    def _happened(self, event: Event) -> bytes:
        """A whole SIP message, or nothing yet."""
        if isinstance(event, Message):
            return self._part(event)
        if isinstance(event, Ping):
            self._say(event.response())
        elif isinstance(event, Pong):
            self.pongs += 1
        elif isinstance(event, Request):
            if _SUBPROTOCOL in event.subprotocols:
                self._say(AcceptConnection(subprotocol=_SUBPROTOCOL))
            else:
                self._say(RejectConnection(status_code=400))
                self.broken = True
        elif isinstance(event, CloseConnection):
            self._say(event.response())
            self.broken = True
        return b""

    def _part(self, event: "Message[Any]") -> bytes:
        data = event.data
        part = data.encode() if isinstance(data, str) else bytes(data)
        self._size += len(part)
        if self._size > _LARGEST:
            self._say(CloseConnection(_TOO_BIG))
            self.broken = True
            return b""
        self._parts.append(part)
        if not event.message_finished:
            return b""
        whole = b"".join(self._parts)
        self._parts, self._size = [], 0
        if not whole.strip(b"\r\n"):
            self.pings += 1  # some clients send CRLF, as on a stream
            return b""
        return whole

    def _say(self, event: Event) -> None:
        try:
            self.out += self._web.send(event)
        except LocalProtocolError:
            self.broken = True  # it is closing already

    def wrap(self, message: bytes) -> bytes:
        try:
            text = message.decode()
        except UnicodeDecodeError:
            return self._frame(BytesMessage(message))
        return self._frame(TextMessage(text))

    def ping(self) -> bytes:
        return self._frame(Ping())

    def pong(self) -> bytes:
        return self.wrap(b"\r\n")

    def _frame(self, event: Event) -> bytes:
        try:
            return self._web.send(event)
        except LocalProtocolError:
            return b""  # closed, or not open yet
