"""Options of sockets that are the same whatever is sent through them."""

import socket

_DEAD_MS = 20_000
"""After so long without an acknowledgement a connection is given up: with the default it takes 15 minutes."""
_IDLE_SECONDS, _PROBE_SECONDS, _PROBES = 60, 15, 3


def bound(kind: socket.SocketKind, host: str, port: int) -> socket.socket:
    """A socket that is bound. An IPv6 one takes no IPv4: both are listed where both are wanted, so that a
    peer has one address only. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, kind)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
    except BaseException:
        opened.close()
        raise
    return opened


def mark(opened: socket.socket, dscp: int) -> None:
    """Mark what it sends (RFC 2474). A mark that the system does not allow is left out."""
    if not dscp:
        return
    try:
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
    except OSError:
        pass


def watch_over(opened: socket.socket) -> None:
    """Notice a connection whose far end has gone without a word."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_MS)
    except OSError:
        pass
