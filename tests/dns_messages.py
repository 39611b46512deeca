"""DNS answers written by hand, for tests of those who read them (RFC 1035 §4)."""

import struct
from collections.abc import Sequence
from ipaddress import ip_address

from cordboard.net import dns

Record = tuple[str, int, int, bytes]
"""Owner, kind, TTL, data."""
Records = Sequence[Record]


def labels(name: str) -> bytes:
    """A name; ``.`` is the root."""
    parts = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def srv(priority: int, weight: int, port: int, target: str) -> bytes:
    """Data of an SRV record."""
    return struct.pack("!3H", priority, weight, port) + labels(target)


def naptr(order: int, preference: int, flags: str, service: str, replacement: str) -> bytes:
    """Data of a NAPTR record without a regular expression."""
    texts = b"".join(bytes((len(text),)) + text.encode() for text in (flags, service, ""))
    return struct.pack("!2H", order, preference) + texts + labels(replacement)


def address(name: str, text: str, ttl: int = 60) -> Record:
    """An A or AAAA record."""
    literal = ip_address(text)
    return name, dns.A if literal.version == 4 else dns.AAAA, ttl, literal.packed


def reply_to(
    query: bytes, answer: Records, *, authority: Records = (), additional: Records = (), code: int = 0
) -> bytes:
    """An answer to these bytes of a question."""
    at = 12
    while query[at]:
        at += 1 + query[at]
    question = query[12 : at + 5]
    ident = struct.unpack_from("!H", query)[0]
    head = struct.pack("!6H", ident, 0x8180 | code, 1, len(answer), len(authority), len(additional))
    return head + question + b"".join(map(_written, [*answer, *authority, *additional]))


def asked(query: bytes) -> tuple[str, int]:
    """Name and kind of a question."""
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(parts).lower(), struct.unpack_from("!H", query, at + 1)[0]


def _written(record: Record) -> bytes:
    owner, kind, ttl, data = record
    return labels(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data
