"""Ports that nobody has, for programs that are told theirs before they start."""

import socket


def free_port() -> int:
    """A port that is free for UDP and TCP on 127.0.0.1, even, with the next one free too (RTP, RTCP)."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            if port % 2 == 0 and _free(socket.SOCK_DGRAM, port + 1) and _free(socket.SOCK_STREAM, port):
                return port


def _free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
