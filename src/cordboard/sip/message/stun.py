"""Answers to STUN Binding requests on a SIP socket: how a phone keeps its NAT open and sees whether it moved
(RFC 5626 §3.5.2, RFC 8489)."""

import struct
from ipaddress import ip_address

_HEAD = struct.Struct("!HHI12s")
_REQUEST, _SUCCESS = 0x0001, 0x0101
_COOKIE = 0x2112A442
_XOR_MAPPED_ADDRESS = 0x0020
_OPTIONAL = 0x8000
_LONGEST = 548


def is_stun(data: bytes) -> bool:
    """STUN begins with two zero bits, SIP with a letter."""
    return data[0] < 4 and len(data) >= _HEAD.size


def answer(data: bytes, host: str, port: int) -> bytes | None:
    """The answer to a Binding request that came from there; None for anything else, and for one that asks for
    more than its address."""
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if kind != _REQUEST or cookie != _COOKIE or len(data) != _HEAD.size + length or len(data) > _LONGEST:
        return None
    place = _HEAD.size
    while place + 4 <= len(data):
        attribute, size = struct.unpack_from("!HH", data, place)
        if attribute < _OPTIONAL:
            return None
        place += 4 + (size + 3) // 4 * 4
    if place != len(data):
        return None
    address = ip_address(host).packed
    mask = struct.pack("!I12s", _COOKIE, transaction)
    hidden = bytes(one ^ other for one, other in zip(address, mask, strict=False))
    value = struct.pack("!BBH", 0, 1 if len(address) == 4 else 2, port ^ _COOKIE >> 16) + hidden
    attributes = struct.pack("!HH", _XOR_MAPPED_ADDRESS, len(value)) + value
    return _HEAD.pack(_SUCCESS, len(attributes), _COOKIE, transaction) + attributes
