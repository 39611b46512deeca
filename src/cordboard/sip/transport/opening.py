"""From ``udp:127.0.0.1:5060`` to a transport."""

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.transport.tcp import TcpTransport
from cordboard.sip.transport.udp import UdpTransport
from cordboard.sip.transport.words import Receive, Transport


def read_listener(text: str) -> tuple[str, str, int]:
    """Kind, host and port of ``udp:HOST:PORT``; IPv6 hosts in brackets. Raises ``BadInput``."""
    kind, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in ("udp", "tcp"):
        raise BadInput("listen", f"{text!r}", "udp:HOST:PORT and tcp:HOST:PORT are listened on")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
        raise BadInput(
            "listen", f"{text!r}", "it is kind, host and a port from 0 to 65535, as udp:127.0.0.1:5060"
        )
    return kind, host.strip("[]"), int(port)


def open_transport(kind: str, host: str, port: int, receive: Receive) -> Transport:
    """A transport on real sockets."""
    return UdpTransport(host, port, receive) if kind == "udp" else TcpTransport(host, port, receive)
