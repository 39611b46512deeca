"""Hosts as texts: what is an address, and how one is written where a port may follow."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is; None for a name. ``::ffff:a.b.c.d``, as a dual-stack socket names an IPv4
    peer, is that IPv4 address."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def bracketed(host: str) -> str:
    """A host without brackets as URIs and ``host:port`` write it: IPv6 in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host
