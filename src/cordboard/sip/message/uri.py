"""URIs: what may be written, and where one leads."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import sipmessage

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.message.address import Address
from cordboard.sip.message.headers import split_address

LONGEST = 2048
SCHEMES = ("sip", "sips", "tel")
_WRITABLE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-~]+"
)  # printable ASCII without space, quote, < and >


def writable(uri: str, where: str) -> str:
    """The URI itself when it may stand in a start line or in angle brackets. Raises ``BadInput``."""
    if _WRITABLE.fullmatch(uri) is None:
        raise BadInput(
            where, f"{uri[:60]!r} is no URI", "a scheme, a colon and visible ASCII without <, > and quotes"
        )
    return uri


def scheme_of(uri: str) -> str:
    """The scheme in lower case; empty when there is none."""
    scheme, colon, _ = uri.partition(":")
    return scheme.lower() if colon else ""


@lru_cache(maxsize=4096)
def parse(uri: str) -> sipmessage.URI:
    """The URI's parts. Raises ``ValueError``. URI headers (``?a=b``) are cut off: they mean nothing to us."""
    if len(uri) > LONGEST:
        raise ValueError("the URI is too long")
    scheme, colon, rest = uri.partition(":")
    at = rest.find("@")
    question = rest.find("?", at + 1)  # a question mark is allowed in the user part (§25.1)
    if question >= 0:
        rest = rest[:question]
    opened = rest.find("[", at + 1)
    if opened >= 0:
        # An IPv6 address may end in an IPv4 one, which sipmessage does not know, after three colons by the
        # letter of RFC 3261's grammar (RFC 5118 §4.9 and §4.10).
        closed = rest.find("]", opened)
        host = IPv6Address(rest[opened + 1 : closed].replace(":::", "::"))
        rest = f"{rest[: opened + 1]}{host}{rest[closed:]}"
    return sipmessage.URI.parse(f"{scheme.lower()}{colon}{rest}")


def user_of(uri: str) -> str:
    """The user part, unescaped once; the number of a tel URI; empty when there is none or it cannot be
    read."""
    try:
        return parse(uri).user or ""
    except ValueError:
        return ""


def is_loose(route: str) -> bool:
    """Whether a route's URI has ``lr`` (§12.2.1.1)."""
    return re.search(r";lr(?:[;=>?]|$)", route, re.IGNORECASE) is not None


def leads_to(uri: str) -> Address | None:
    """Where a request to this SIP URI goes when its host is an IP address; None for names and other
    schemes."""
    try:
        found = parse(uri)
        host = found.host.strip("[]")
        ip_address(host)
    except ValueError:
        return None
    if found.scheme == "tel":
        return None
    parameters = {key.lower(): value for key, value in found.parameters.items()}
    transport = (parameters.get("transport") or ("tls" if found.scheme == "sips" else "udp")).lower()
    port = found.port or (5061 if transport == "tls" else 5060)
    return Address(transport, host, port) if port <= 65535 else None


def uri_in(value: str) -> str:
    """The URI of a name-addr or addr-spec. Raises ``ValueError``."""
    return split_address(value)[1]
