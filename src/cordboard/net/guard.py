"""Which addresses may be connected to (reliability.md S1). Pure.

``ipaddress.is_global`` alone is a hole: on Python 3.11 it calls NAT64 and 6to4 forms of 127.0.0.1,
``::127.0.0.1``, ``fec0::1`` and multicast global. So an explicit table decides first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from cordboard.kernel.hosts import literal
from cordboard.kernel.mistakes import BadInput

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_DENIED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),  # RFC 1122 §3.2.1.3
    ("10.0.0.0/8", "a private network"),  # RFC 1918
    ("100.64.0.0/10", "a carrier's shared network"),  # RFC 6598; some clouds keep their metadata here
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "a cloud's own service"),  # public in form, reaches the host of a virtual machine
    ("169.254.0.0/16", "link-local"),  # RFC 3927; cloud metadata
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "a reserved network"),  # RFC 6890
    ("192.0.2.0/24", "a documentation network"),  # RFC 5737
    ("192.88.99.0/24", "a 6to4 relay"),  # RFC 7526
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "a benchmarking network"),  # RFC 2544
    ("198.51.100.0/24", "a documentation network"),
    ("203.0.113.0/24", "a documentation network"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "a reserved network"),
    ("::/96", "an IPv4-compatible address"),  # RFC 4291 §2.5.5.1; also :: and ::1
    ("::ffff:0:0:0/96", "an IPv4-translated address"),  # RFC 2765
    ("64:ff9b::/96", "a NAT64 address"),  # RFC 6052
    ("64:ff9b:1::/48", "a NAT64 address"),  # RFC 8215
    ("100::/64", "a discard-only network"),  # RFC 6666
    ("2001::/32", "a Teredo address"),  # RFC 4380
    ("2001::/23", "a reserved network"),  # RFC 2928
    ("2001:db8::/32", "a documentation network"),
    ("2002::/16", "a 6to4 address"),  # RFC 3056
    ("3ffe::/16", "a reserved network"),  # RFC 3701
    ("3fff::/20", "a documentation network"),  # RFC 9637
    ("fc00::/7", "a private network"),  # RFC 4193
    ("fe80::/10", "link-local"),
    ("fec0::/10", "a site-local network"),  # RFC 3879
    ("ff00::/8", "multicast"),
)
_TABLE = tuple((ip_network(network), reason) for network, reason in _DENIED)
_UNICAST = IPv6Network("2000::/3")
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1: an interface id that carries an IPv4 address


def network(text: str, where: str = "egress.allow") -> Network:
    """A network as it is written in a configuration: ``127.0.0.0/8``, ``10.1.2.3``, ``fd00::/8``."""
    try:
        return ip_network(text.strip())
    except ValueError:
        raise BadInput(
            where, f"{text!r} is no network", "write an address or a network, as 10.0.0.0/8"
        ) from None


@lru_cache(maxsize=4096)
def _read(text: str) -> Address | None:
    """An address in its one meaning: ``::ffff:a.b.c.d`` is IPv4, for the kernel as for us."""
    if "%" in text:
        return None  # a zone names an interface of this machine
    return literal(text)


@lru_cache(maxsize=4096)
def _reason_against(text: str) -> str:
    """Why this address is not a public one; empty if it is."""
    address = _read(text)
    if address is None:
        return "is no address"
    for denied, reason in _TABLE:
        if address.version == denied.version and address in denied:
            return f"is {reason}"
    if isinstance(address, IPv6Address):
        if address not in _UNICAST:
            return "is no public address"
        if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
            return "is a tunnel's address"
    return "" if address.is_global and not address.is_multicast else "is no public address"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be connected to: ``allow`` on any port; public addresses on ``ports``."""

    allow: tuple[Network, ...] = ()
    ports: tuple[int, ...] = (80, 443, 8080, 8443)

    @classmethod
    def of(cls, allow: Iterable[str], ports: Iterable[int]) -> "Policy":
        """The policy that ``[egress]`` of the configuration describes."""
        return cls(tuple(network(each) for each in allow), tuple(ports))

    def judge(self, address: str, port: int) -> str:
        """Empty: this address (a literal, never a name) may be connected to; else why not."""
        if not 0 < port < 65536:
            return f"port {port} does not exist"
        read = _read(address)
        if read is not None and any(read.version == one.version and read in one for one in self.allow):
            return ""
        if reason := _reason_against(address):
            return f"{address} {reason}"
        return "" if port in self.ports else f"port {port} may not be called"
