"""Which of our addresses a peer sees."""

import socket
from ipaddress import ip_address

_MOST = 10_000


class LocalAddress:
    """The bound host, or for a wildcard the one the kernel would send from. Remembered per peer host."""

    def __init__(self, bound: str) -> None:
        self._bound = "" if ip_address(bound).is_unspecified else bound
        self._known: dict[str, str] = {}

    def towards(self, host: str) -> str:
        """Our address as ``host`` sees it; the loopback one when there is no way to it."""
        if self._bound:
            return self._bound
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[host] = _ask_kernel(host)
        return known


def _ask_kernel(host: str) -> str:
    """Connecting a UDP socket sends nothing; it only chooses the address to send from."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
