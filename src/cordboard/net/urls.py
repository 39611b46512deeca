"""A strict reader of the URLs that we call. Pure.

Whatever two readers could understand differently is refused, not mended: userinfo, backslashes, encoded or
full-width hosts, the many spellings of an IPv4 address (reliability.md S1).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from cordboard.kernel.hosts import bracketed
from cordboard.kernel.mistakes import BadInput

LONGEST = 8000  # RFC 9110 §4.1 asks for 8,000 octets at least; many servers stop there

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)")
_UNSEEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufeff]"
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """``host``: a lower-case name, or an address without brackets (``literal``). ``target``: path and query,
    byte for byte as given. ``text``: the whole, to be sent; without a fragment."""

    scheme: str
    host: str
    port: int
    target: str
    text: str
    literal: bool


def read(text: str, where: str = "url") -> Url:
    """The parts of an absolute http(s) URL. Raises ``BadInput`` with one sentence."""
    if len(text) > LONGEST:
        raise BadInput(where, f"the URL has {len(text)} characters", f"at most {LONGEST}")
    if _UNSEEN.search(text):
        raise BadInput(where, "the URL holds a space or a control character", "encode it as %20 and so on")
    if "\\" in text:
        raise BadInput(where, "the URL holds a backslash", "write / or %5C")
    found = _PARTS.fullmatch(text)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in _PORTS:
        raise BadInput(where, "this is no http or https URL", "write http://host/path or https://host/path")
    authority, target = found[2], _ascii(found[3])
    if "@" in authority:
        raise BadInput(where, "the URL holds a user name or password before its host", "leave it out")
    host, port_text, literal = _host(authority, where)
    port = _PORTS[scheme]
    if port_text:
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65536):
            raise BadInput(where, f"{port_text[:20]!r} is no port", "1 to 65535")
        port = int(port_text)
    if not target.startswith("/"):
        target = "/" + target  # RFC 9112 §3.2.1: an empty path is sent as /
    shown = bracketed(host)
    if port != _PORTS[scheme]:
        shown = f"{shown}:{port}"
    return Url(scheme, host, port, target, f"{scheme}://{shown}{target}", literal)


def _ascii(target: str) -> str:
    """Characters beyond ASCII as UTF-8 in percent form (RFC 3987 §3.1); everything else untouched."""
    if target.isascii():
        return target
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in target)


@lru_cache(maxsize=1024)  # a customer has few hosts and each of their URLs is read for every call
def _host(authority: str, where: str) -> tuple[str, str, bool]:
    """Host, port as text, and whether the host is an address."""
    if authority.startswith("["):
        inner, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadInput(
                where, "the host's brackets are not closed", "write [2001:db8::1] or [2001:db8::1]:8080"
            )
        try:
            address = IPv6Address(inner)
        except AddressValueError:
            raise BadInput(where, "the host in brackets is no IPv6 address", "write [2001:db8::1]") from None
        if "%" in inner:
            raise BadInput(where, "the host names an interface of this machine", "leave the zone out")
        return address.compressed, rest[1:], True
    host, _, port = authority.partition(":")
    if not host:
        raise BadInput(where, "the URL has no host", "write http://host/path")
    if not host.isascii():
        raise BadInput(where, "the host has characters beyond ASCII", "write its xn-- form")
    labels = host.removesuffix(".").split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return _dotted(host, where), port, True
    if len(host) > 254 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadInput(where, "the host is no name", "letters, digits, hyphens and dots")
    return host.lower(), port, False


def _dotted(host: str, where: str) -> str:
    """A host whose last label is a number is an IPv4 address (as browsers read it) and has one spelling."""
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise BadInput(
            where, "the host is an odd spelling of an address", "four numbers, as 192.0.2.1"
        ) from None
