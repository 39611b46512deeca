"""Digest authentication (RFC 7616, 8760): what a client answers and a server checks. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password for a trunk. ``realm``: the only one they belong to; empty: whatever the challenging
    host names. Who may challenge at all is judged by where the request was sent, not by what the answer says
    (reliability.md S9)."""

    username: str
    password: str = field(repr=False)
    realm: str = ""
