"""What a key may hold. A check takes a value as TOML gives it and returns it in the form of the settings.

It raises ValueError with what is allowed, or `NotBuilt` for what a later version will take.
"""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from cordboard.config import address
from cordboard.config.regions import REGIONS

LISTEN = '"udp:host:port", "tcp:", "tls:", "ws:" or "wss:"'
Check = Callable[[object], object]


class NotBuilt(ValueError):
    """Part of the plan, but not of this version. Its text says what is allowed instead."""


def text(allowed: str, pattern: str) -> Check:
    """A text of this form."""
    compiled = re.compile(pattern)

    def check(value: object) -> object:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError(allowed)
        return value

    return check


def anything(value: object) -> object:
    """Any text without control characters."""
    if not isinstance(value, str) or any(ord(sign) < 32 for sign in value):
        raise ValueError("a text")
    return value


def filled(value: object) -> object:
    """A text that is not empty."""
    if anything(value) == "":
        raise ValueError("a text that is not empty")
    return value


def flag(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole(least: int, most: int) -> Check:
    """A whole number within these bounds."""

    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return check


def interval(lowest: int, least: int, most: int) -> Check:
    """A whole number within these bounds, or one from ``lowest`` to 0, which have a meaning of their own."""
    apart = "0" if lowest == 0 else f"{lowest} to 0"
    bounds = whole(lowest, most)

    def check(value: object) -> object:
        try:
            found = bounds(value)
        except ValueError:
            found = least - 1
        if isinstance(found, int) and 0 < found < least:
            raise ValueError(f"{apart}, or a whole number from {least} to {most}")
        return found

    return check


def seconds(least: float, most: float) -> Check:
    """A number of seconds within these bounds."""

    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"a number of seconds from {least:g} to {most:g}")
        return float(value)

    return check


def rate(most: float) -> Check:
    """So many a second; 0: no limit."""

    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise ValueError(f"so many a second, from 0 (no limit) to {most:g}")
        return float(value)

    return check


def choice(*words: str, later: tuple[str, ...] = ()) -> Check:
    """One of these words. `later`: words that are known, but not built yet."""
    allowed = " or ".join(f'"{word}"' for word in words)

    def check(value: object) -> object:
        if isinstance(value, str) and value in later:
            raise NotBuilt(allowed)
        if value not in words:
            raise ValueError(allowed)
        return value

    return check


def several(check: Check, what: str) -> Check:
    """A list whose every entry passes."""

    def check_all(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError(f"a list: {what}")
        return tuple(check(item) for item in value)

    return check_all


def region(value: object) -> object:
    if not isinstance(value, str) or value not in REGIONS:
        raise ValueError('an ISO 3166 code of two capital letters, such as "IN"')
    return value


def timezone(value: object) -> object:
    try:
        ZoneInfo(str(filled(value)))
    except (ValueError, OSError, KeyError):
        raise ValueError('an IANA name such as "Asia/Kolkata"') from None
    return value


def _by(read: Callable[[str], object], allowed: str) -> Check:
    def check(value: object) -> object:
        try:
            read(str(filled(value)))
        except ValueError:
            raise ValueError(allowed) from None
        return value

    return check


def network(value: object) -> object:
    try:
        return address.network(str(filled(value)))
    except ValueError:
        raise ValueError('networks such as "10.1.0.0/16", single addresses, no host bits set') from None


def listener(value: object) -> object:
    allowed = f"{LISTEN}, an IPv6 host in brackets"
    transport, _, rest = str(filled(value)).partition(":")
    if transport not in ("udp", "tcp", "tls", "ws", "wss"):
        raise ValueError(allowed)
    try:
        address.host_port(rest)
    except ValueError:
        raise ValueError(allowed) from None
    return value


def collector(value: object) -> object:
    """Where copies of messages go, or empty."""
    allowed = '"udp:host:port", an IPv6 host in brackets, or ""'
    transport, _, rest = str(anything(value)).partition(":")
    if value and transport != "udp":
        raise ValueError(allowed)
    return _by(address.host_port, allowed)(rest) and value if value else value


def database(value: object) -> object:
    url = str(filled(value))
    allowed = "sqlite:///file or postgresql://user:password@host/database"
    if re.fullmatch(r"postgres(ql)?://[^/?#]*/[^/?#]+(\?[^#]*)?", url):
        return value
    if not re.fullmatch(r"sqlite:///[^?#]+", url) or url.endswith((":memory:", "/")):
        raise ValueError(allowed)
    return value


def folder_or_bucket(value: object) -> object:
    text = str(filled(value))
    if text.startswith("s3:") and not re.fullmatch(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", text
    ):
        raise ValueError("a folder, or s3://bucket/prefix")
    return value


def endpoint(value: object) -> object:
    """An origin without a path, or empty."""
    if value == "":
        return value
    if not isinstance(value, str) or not re.fullmatch(r"https?://[A-Za-z0-9._\[\]:-]+/?", value):
        raise ValueError('http:// or https:// and a host, or ""')
    return value.rstrip("/")


def public_url(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[A-Za-z0-9._\[\]:-]+(/[^\s?#]*)?", value):
        raise ValueError("http:// or https://, a host, and a path where a proxy adds one")
    return value.rstrip("/")


def template(value: object) -> object:
    """A web address with fields to be filled in, or empty."""
    if value == "":
        return value
    if not isinstance(value, str) or not re.fullmatch(r"https?://[A-Za-z0-9._\[\]:-]+([/?][^\s#]*)?", value):
        raise ValueError("http:// or https://, a host, a path and a query with {text} and {voice}")
    return value


def public_address(value: object) -> object:
    """An address to be told to peers, or empty."""
    if value == "":
        return value
    return _by(address.host, 'a host name or an address, or ""')(value)


host_port = _by(address.host_port, "host:port")
host = _by(address.host, "a host name or an address")
ports = _by(address.port_range, "low-high from 1024 to 65535, at least two ports, the lower one first")
number = text("a number in E.164 form, such as +918047115777", r"\+[1-9][0-9]{6,14}")


def trunk_uri(value: object) -> object:
    uri = str(filled(value))
    return uri if uri == "simulator" else _by(address.trunk_target, address.TRUNK_URI)(uri)


SIP_URI = "sip:host[:port][;transport=udp, tcp or tls] or sips:host[:port]"


def sip_uri(value: object) -> object:
    """A registrar, or a proxy."""
    return _by(address.trunk_target, SIP_URI)(str(filled(value)))


def sip_uri_or_none(value: object) -> object:
    return value if value == "" else sip_uri(value)


def trunk_host(value: object) -> object:
    """One more host of a trunk."""
    allowed = "sip:host[:port][;transport=udp, tcp or tls][;priority=0 to 65535][;weight=0 to 65535]"
    return _by(address.trunk_place, allowed)(str(filled(value)))
