"""From ``udp:127.0.0.1:5060`` to a transport."""

import socket
from dataclasses import replace
from ipaddress import ip_address

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.message.address import Address
from cordboard.sip.transport.secure import TrustIn
from cordboard.sip.transport.streams import StreamTransport
from cordboard.sip.transport.udp import UdpTransport
from cordboard.sip.transport.words import Listening, Receive, Transport, Trust

KINDS = ("udp", "tcp", "tls", "ws", "wss")


def read_listener(text: str) -> Listening:
    """``udp:HOST:PORT``, or another of KINDS; IPv6 hosts in brackets. Raises ``BadInput``."""
    kind, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in KINDS:
        raise BadInput(
            "listen", f"{text!r}", f"{', '.join(f'{one}:HOST:PORT' for one in KINDS)} are listened on"
        )
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
        raise BadInput(
            "listen", f"{text!r}", "it is kind, host and a port from 0 to 65535, as udp:127.0.0.1:5060"
        )
    return Listening(kind, host.strip("[]"), int(port))


def located(listening: Listening) -> Listening:
    """With an address in the place of a host's name. Raises ``BadInput`` for a name without one."""
    try:
        ip_address(listening.host)
    except ValueError:
        pass
    else:
        return listening
    try:
        found = socket.getaddrinfo(listening.host, None)
    except OSError:
        raise BadInput("listen", f"{listening}", "its host has no address here") from None
    first = min(found, key=lambda one: one[0] != socket.AF_INET)
    return replace(listening, host=str(first[4][0]))


def trust_nobody_else(peer: Address) -> Trust:
    """A peer that nobody speaks for must prove its address."""
    return Trust((peer.host,))


def open_listening(
    listening: Listening, receive: Receive, trust_in: TrustIn = trust_nobody_else
) -> StreamTransport | UdpTransport:
    """A transport on real sockets. Raises ``BadInput`` for a certificate that cannot be used."""
    if listening.kind == "udp":
        return UdpTransport(listening, receive)
    return StreamTransport(listening, receive, trust_in)


def open_transport(kind: str, host: str, port: int, receive: Receive) -> Transport:
    """The same without anything special: a ``words.Factory``."""
    return open_listening(located(Listening(kind, host, port)), receive)
