"""Addresses as a configuration writes them. Each reader raises ValueError with what is allowed."""

import ipaddress
import re
from dataclasses import dataclass

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?", re.I)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a trunk's calls are sent. `host`: a name or an address, IPv6 without brackets."""

    host: str
    port: int
    transport: str


def host(text: str) -> str:
    """A host name or address; IPv6 in brackets, which are taken off."""
    if text.startswith("[") and text.endswith("]"):
        return str(ipaddress.IPv6Address(text[1:-1]))
    if re.fullmatch(r"[0-9.]+", text):
        return str(ipaddress.IPv4Address(text))
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("a host name, an IPv4 address, or an IPv6 address in brackets")
    return text


def port(text: str, least: int = 0) -> int:
    """A port number."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not least <= int(text) <= 65535:
        raise ValueError(f"a port from {least} to 65535")
    return int(text)


def host_port(text: str) -> tuple[str, int]:
    """`host:port`."""
    name, colon, number = text.rpartition(":")
    if not colon:
        raise ValueError("host:port")
    return host(name), port(number)


def port_range(text: str) -> tuple[int, int]:
    """`low-high`, at least one pair of ports (RTP and RTCP)."""
    low, dash, high = text.partition("-")
    if not dash:
        raise ValueError("low-high, as in 30000-34999")
    first, last = port(low.strip(), 1024), port(high.strip(), 1024)
    if last - first < 1:
        raise ValueError("low-high, at least two ports, the lower one first")
    return first, last


def network(text: str) -> str:
    """A network or a single address, written in full: `127.0.0.1` becomes `127.0.0.1/32`."""
    return str(ipaddress.ip_network(text))


def trunk_target(text: str) -> Target:
    """`sip:host[:port][;transport=udp|tcp]`; the port is 5060 where none is named (RFC 3261 §19.1.2)."""
    allowed = "sip:host[:port][;transport=udp or tcp], or simulator"
    match = re.fullmatch(r"sip:(\[[^\]]*\]|[^:;@?]+)(?::([0-9]+))?(?:;transport=(udp|tcp))?", text, re.I)
    if match is None:
        raise ValueError(allowed)
    number = port(match[2], 1) if match[2] else 5060
    return Target(host(match[1]), number, (match[3] or "udp").lower())
