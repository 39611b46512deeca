"""The way to a HEP collector: datagrams that nobody waits for."""

import socket


class Collector:
    """``host`` is an IP address. A packet that cannot be sent at once is lost, and counted in ``lost``."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._target = (host, port)
        self.lost = 0

    def send(self, packet: bytes) -> None:
        """Send one packet, or lose it."""
        try:
            self._socket.sendto(packet, self._target)
        except OSError:
            self.lost += 1

    def close(self) -> None:
        self._socket.close()
