"""What the Contact headers of a REGISTER ask for (§10.2.1, RFC 5626 §4). Pure."""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from cordboard.kernel.mistakes import BadInput
from cordboard.sip.message.headers import number, preference, read_parameters, split_address
from cordboard.sip.message.message import Request
from cordboard.sip.message.uri import parse, scheme_of, writable

DEFAULT_SECONDS = 3600
"""Where none is named, or what is named cannot be read (§20.19)."""
MOST_CONTACTS = 10
"""In one REGISTER."""
_LONGEST_URI = 512
_INSTANCE = re.compile(r"<[A-Za-z0-9:._+-]{1,128}>")
_PORTS = {"tls": 5061, "wss": 443, "ws": 80}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One contact. ``seconds``: 0 takes it away. ``place``: host and port that its URI names."""

    uri: str
    place: tuple[str, int]
    seconds: int
    q: float = 1.0
    instance: str = ""
    reg_id: int = 0


def read_contacts(request: Request) -> tuple[tuple[Wanted, ...], bool]:
    """The contacts, and whether it is ``*`` that is asked for. Raises ``ValueError`` for what is to be
    refused with 400."""
    values = request.listed("contact")
    default = _seconds(request.header("expires"), DEFAULT_SECONDS)
    if "*" in values:
        if len(values) > 1 or default != 0 or not request.header("expires"):
            raise ValueError("* stands alone, with Expires: 0")  # §10.3, 6
        return (), True
    if len(values) > MOST_CONTACTS:
        raise ValueError(f"more than {MOST_CONTACTS} contacts")
    outbound = "outbound" in (tag.lower() for tag in request.listed("supported"))
    return tuple(_wanted(value, default, outbound) for value in values), False


def _wanted(value: str, default: int, outbound: bool) -> Wanted:
    _, uri, rest = split_address(value)
    user, at, host = uri.rpartition("@")
    uri = f"{user}{at}{host.partition('?')[0]}"  # URI headers would become headers of ours
    if scheme_of(uri) not in ("sip", "sips") or len(uri) > _LONGEST_URI:
        raise ValueError("a Contact is a SIP URI")
    try:
        writable(uri, "Contact")
    except BadInput as mistake:
        raise ValueError("a Contact cannot be read") from mistake
    parameters = read_parameters(rest)
    instance = parameters.get("+sip.instance", "")
    if not _INSTANCE.fullmatch(instance):
        instance = ""
    # Without outbound support the flow number means nothing (RFC 5626 §6).
    reg_id = number(parameters.get("reg-id", "")) if outbound and instance else None
    return Wanted(
        uri,
        place_of(uri),
        _seconds(parameters.get("expires", ""), default),
        preference(parameters),
        instance,
        reg_id or 0,
    )


def _seconds(text: str, default: int) -> int:
    found = number(text.strip())
    return default if found is None else found


def place_of(uri: str) -> tuple[str, int]:
    """Host (addresses in one form) and port that a URI names. Raises ``ValueError``."""
    found = parse(uri)
    transport = next((v for k, v in found.parameters.items() if k.lower() == "transport"), "") or ""
    host = found.host.strip("[]").lower()
    with suppress(ValueError):
        host = str(ip_address(host))
    port = found.port or _PORTS.get("tls" if found.scheme == "sips" else transport.lower(), 5060)
    return host, port


@lru_cache(maxsize=1024)
def _compared(uri: str) -> tuple[object, ...]:
    found = parse(uri)
    named = {key.lower(): (value or "").lower() for key, value in found.parameters.items()}
    said = tuple(named.get(key) for key in ("user", "ttl", "method", "maddr", "transport"))
    return found.scheme, found.user, found.host.lower(), found.port, said


def same_place(one: str, other: str) -> bool:
    """Whether two URIs are equal as §19.1.4 compares them, as far as a Contact goes."""
    return one == other or _compared(one) == _compared(other)
