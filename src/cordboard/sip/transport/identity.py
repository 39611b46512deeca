"""Whom a certificate speaks for (RFC 5922 §7). Pure."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any


def objection(certificate: Mapping[str, Any], names: Iterable[str]) -> str:
    """Why this certificate is for none of these names; empty when it is for one. ``certificate`` as
    ``SSLObject.getpeercert`` gives it, already checked against who may sign.

    Its SIP URIs count; where it has none, its DNS names; where it has no alternative names at all, its common
    name (§7.1). An address is matched by an address, or by a name written as one. A wildcard stands for one
    label at the left: §7.2 would not have it, but carriers' certificates do, and nobody else can get one.
    """
    wanted = tuple(name.rstrip(".").lower() for name in names)
    held = _identities(certificate)
    if any(_matches(one, name) for one in held for name in wanted):
        return ""
    shown = ", ".join(held[:5]) or "nobody"
    return f"its certificate is for {shown}, not for {' or '.join(wanted)}"


def _identities(certificate: Mapping[str, Any]) -> list[str]:
    alternatives = [(kind, str(value).lower()) for kind, value in certificate.get("subjectAltName", ())]
    uris = [
        value[4:].partition(";")[0] for kind, value in alternatives if kind == "URI" and value[:4] == "sip:"
    ]
    uris = [value for value in uris if value and "@" not in value]  # one with a user is a person's
    addresses = [value for kind, value in alternatives if kind == "IP Address"]
    if uris:
        return [*uris, *addresses]
    named = [value for kind, value in alternatives if kind == "DNS"]
    if named or addresses:
        return [*named, *addresses]
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    return [str(value).lower() for key, value in subject if key == "commonName"]


def _matches(held: str, wanted: str) -> bool:
    try:
        return ip_address(wanted) == ip_address(held.strip("[]"))
    except ValueError:
        pass
    held = held.rstrip(".")
    if held[:2] == "*.":
        return held.count(".") >= 2 and wanted.partition(".")[2] == held[2:]
    return held == wanted
