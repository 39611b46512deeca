"""DNS messages: a question written, an answer read (RFC 1035 §4). Pure."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

A, CNAME, SOA, AAAA, SRV, NAPTR, OPT = 1, 5, 6, 28, 33, 35, 41
NO_ERROR, NAME_ERROR = 0, 3
UDP_SIZE = 1232  # what passes without fragments (DNS flag day 2020)

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")
_MOST_RECORDS = 64
_MOST_ADDRESSES = 16
_MOST_SERVICES = 32
_LONGEST_CHAIN = 8


class Malformed(Exception):
    """A message that is no answer to our question, or breaks the rules of the format."""


@dataclass(frozen=True, slots=True)
class Service:
    """An SRV record (RFC 2782). ``target``: lower-case, without the last dot; empty: the service is decidedly
    not there."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """A NAPTR record (RFC 3403 §4). ``flags`` and ``service`` in lower case; the regular expression is left
    out: none is used with SIP (RFC 3263 §4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What was asked for, in the order of the answer: ``addresses`` (at most 16), ``services`` or
    ``pointers`` (at most 32). ``ttl``: seconds, the least on the way to them (of a negative answer: the
    SOA's, RFC 2308 §5). ``truncated``: ask again over TCP. ``beside``: (name, address, TTL) of the additional
    section, for targets of ``services`` only."""

    code: int
    truncated: bool
    addresses: tuple[str, ...]
    ttl: int
    services: tuple[Service, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    beside: tuple[tuple[str, str, int], ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing of what was asked for."""
        return not (self.addresses or self.services or self.pointers)


def encode_name(name: str) -> bytes:
    """A name as labels. Raises ``Malformed`` for one that DNS cannot carry."""
    labels = name.rstrip(".").encode("ascii", "strict").split(b".")
    if not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise Malformed("the name does not fit")
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def question(ident: int, name: str, kind: int) -> bytes:
    """A recursive question with an EDNS record that allows answers of 1,232 bytes (RFC 6891)."""
    header = _HEADER.pack(ident, 0x0100, 1, 0, 0, 1)
    extra = b"\0" + _FIXED.pack(OPT, UDP_SIZE, 0, 0)
    return header + encode_name(name) + struct.pack("!HH", kind, 1) + extra


def answer(message: bytes, ident: int, name: str, kind: int) -> Reply:
    """What a message answers to exactly this question. Raises ``Malformed`` for anything else."""
    try:
        return _answer(message, ident, name, kind)
    except (struct.error, IndexError) as broken:
        raise Malformed("the message ends too early") from broken


def _answer(message: bytes, ident: int, name: str, kind: int) -> Reply:
    its_ident, flags, questions, answers, authorities, extras = _HEADER.unpack_from(message)
    if its_ident != ident or not flags & 0x8000 or questions != 1:
        raise Malformed("another message")
    asked, at = _name(message, 12)
    wanted = name.rstrip(".").lower()
    if asked != wanted or struct.unpack_from("!HH", message, at) != (kind, 1):
        raise Malformed("another question")
    code, truncated = flags & 0xF, bool(flags & 0x0200)
    if truncated:
        return Reply(code, True, (), 0)
    if answers > _MOST_RECORDS:
        raise Malformed(f"{answers} records")
    records, at = _records(message, at + 4, answers)
    found, ttl = _follow(records, wanted, kind)
    if not found:
        rest, _ = _records(message, at, min(authorities, _MOST_RECORDS))
        return Reply(code, False, (), min((_soa_ttl(r) for r in rest if r.kind == SOA), default=0))
    if kind == SRV:
        services = tuple(_service(message, record) for record in found[:_MOST_SERVICES])
        beside = _beside(message, at, authorities, extras, {service.target for service in services})
        return Reply(code, False, (), ttl, services, beside=beside)
    if kind == NAPTR:
        pointers = tuple(_pointer(message, record) for record in found[:_MOST_SERVICES])
        return Reply(code, False, (), ttl, pointers=pointers)
    return Reply(code, False, tuple(_address(r.data, kind) for r in found[:_MOST_ADDRESSES]), ttl)


@dataclass(frozen=True, slots=True)
class _Record:
    name: str
    kind: int
    ttl: int
    data: bytes
    at: int  # where the data begins: names in it may point back into the message
    target: str  # of a CNAME


def _records(message: bytes, at: int, count: int) -> tuple[list[_Record], int]:
    records = []
    for _ in range(count):
        owner, at = _name(message, at)
        kind, class_, ttl, size = _FIXED.unpack_from(message, at)
        at += _FIXED.size
        data = message[at : at + size]
        if len(data) < size:
            raise Malformed("a record ends too early")
        target = _name(message, at)[0] if kind == CNAME and class_ == 1 else ""
        if class_ == 1:
            # RFC 2181 §8: a TTL with its top bit set is zero.
            records.append(_Record(owner, kind, 0 if ttl & 0x80000000 else ttl, data, at, target))
        at += size
    return records, at


def _follow(records: list[_Record], name: str, kind: int) -> tuple[list[_Record], int]:
    """The records at the end of the name's aliases, and the least TTL on the way."""
    ttl = 1 << 31
    for _ in range(_LONGEST_CHAIN):
        found = [r for r in records if r.name == name and r.kind == kind]
        if found:
            return found, min(ttl, *(r.ttl for r in found))
        alias = next((r for r in records if r.name == name and r.kind == CNAME), None)
        if alias is None:
            return [], 0
        name, ttl = alias.target, min(ttl, alias.ttl)
    return [], 0


def _service(message: bytes, record: _Record) -> Service:
    priority, weight, port = struct.unpack_from("!3H", record.data)
    target, end = _name(message, record.at + 6)
    if end > record.at + len(record.data):
        raise Malformed("a record is shorter than its name")
    return Service(priority, weight, port, target)


def _pointer(message: bytes, record: _Record) -> Pointer:
    order, preference = struct.unpack_from("!2H", record.data)
    at, texts = 4, []
    for _ in range(3):
        size = record.data[at]
        text = record.data[at + 1 : at + 1 + size]
        if len(text) < size:
            raise Malformed("a text ends too early")
        texts.append(text.decode("latin-1").lower())
        at += 1 + size
    if at >= len(record.data):
        raise Malformed("a record ends too early")
    replacement, end = _name(message, record.at + at)
    if end > record.at + len(record.data):
        raise Malformed("a record is shorter than its name")
    return Pointer(order, preference, texts[0], texts[1], replacement)


def _beside(
    message: bytes, at: int, authorities: int, extras: int, names: set[str]
) -> tuple[tuple[str, str, int], ...]:
    """Addresses of these names in the additional section; what cannot be read there is done without."""
    try:
        _, at = _records(message, at, min(authorities, _MOST_RECORDS))
        rest, _ = _records(message, at, min(extras, _MOST_RECORDS))
        return tuple(
            (r.name, _address(r.data, r.kind), r.ttl) for r in rest if r.kind in (A, AAAA) and r.name in names
        )
    except (Malformed, struct.error, IndexError):
        return ()


def _address(data: bytes, kind: int) -> str:
    if len(data) != (4 if kind == A else 16):
        raise Malformed("an address has the wrong size")
    return str(IPv4Address(data) if kind == A else IPv6Address(data))


def _soa_ttl(record: _Record) -> int:
    minimum: int = struct.unpack("!I", record.data[-4:])[0]
    return min(record.ttl, minimum)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name and where the next field begins. Pointers only go back, so this ends (RFC 1035 §4.1.4)."""
    labels: list[str] = []
    after, lowest, total = -1, at, 0
    while True:
        size = message[at]
        if size >= 0xC0:
            target = (size & 0x3F) << 8 | message[at + 1]
            after = at + 2 if after < 0 else after
            if target >= lowest:
                raise Malformed("a pointer does not go back")
            at = lowest = target
            continue
        if size >= 0x40:
            raise Malformed("an unknown kind of label")
        at += 1
        if size == 0:
            return ".".join(labels).lower(), at if after < 0 else after
        total += size + 1
        if total > 254:
            raise Malformed("a name is too long")
        label = message[at : at + size]
        if len(label) < size:
            raise Malformed("a name ends too early")
        # A dot inside a label must not read as two labels.
        labels.append(label.decode("latin-1").replace(".", "\\."))
        at += size
