"""Addresses as a configuration writes them. Each reader raises ValueError with what is allowed."""

import ipaddress
import re
from dataclasses import dataclass

TRUNK_URI = "sip:host[:port][;transport=udp, tcp or tls], sips:host[:port], or simulator"
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?", re.I)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a trunk's calls are sent. `host`: a name or an address, IPv6 without brackets. `pinned`: the
    transport was written, so it is kept whatever a request's size (telephony.md 11)."""

    host: str
    port: int
    transport: str
    pinned: bool = False


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
    """`sip:host[:port][;transport=udp|tcp|tls]`; the port is 5060 where none is named, 5061 for TLS (RFC 3261
    §19.1.2). `sips:` is TLS, whether or not `transport=tcp` is written (§26.2.2)."""
    match = re.fullmatch(
        r"(sips?):(\[[^\]]*\]|[^:;@?]+)(?::([0-9]+))?(?:;transport=(udp|tcp|tls))?", text, re.IGNORECASE
    )
    if match is None or (match[1].lower() == "sips" and (match[4] or "").lower() == "udp"):
        raise ValueError(TRUNK_URI)
    transport = "tls" if match[1].lower() == "sips" else (match[4] or "udp").lower()
    number = port(match[3], 1) if match[3] else 5061 if transport == "tls" else 5060
    return Target(host(match[2]), number, transport, pinned=match[4] is not None)


@dataclass(frozen=True, slots=True)
class Place:
    """One of a trunk's URIs. `port_named`: whether it says one; where it says none, a name is looked up by
    NAPTR and SRV (RFC 3263 §4). `priority`: lower is tried first; `weight`: among equals."""

    target: Target
    port_named: bool
    priority: int = 0
    weight: int = 1


_SHARE = re.compile(r";(priority|weight)=([0-9]{1,5})(?=;|$)", re.I)


def trunk_place(text: str) -> Place:
    """A trunk's URI with `;priority=` and `;weight=` (0 to 65535 each), wherever they stand."""
    shares = {match[1].lower(): int(match[2]) for match in _SHARE.finditer(text)}
    bare = _SHARE.sub("", text)
    target = trunk_target(bare)
    rest = bare.partition("]")[2] if "[" in bare else bare.partition(":")[2]
    if max(shares.values(), default=0) > 65535 or len(_SHARE.findall(text)) != len(shares):
        raise ValueError("priority and weight from 0 to 65535, each once")
    return Place(
        target,
        re.search(r":[0-9]+(;|$)", rest) is not None,
        shares.get("priority", 0),
        shares.get("weight", 1),
    )
