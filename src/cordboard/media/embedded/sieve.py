"""A filter for the kernel: packets from anywhere but where a leg's audio may come from are thrown away before
this process hears of them (classic BPF, which needs no privilege; see socket(7), SO_ATTACH_FILTER).

It is put on a socket that strangers have found, and looks at the source address, and at the port where that
is known. On a UDP socket the program sees the packet from its UDP header on, and the IP header at a base of
its own. Pure: bytes in, bytes out.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from struct import Struct

Place = tuple[IPv4Network | IPv6Network, int]
"""A network, and the only port there that counts (0: any)."""

MOST = 64
"""Places in one program: it stays far below the kernel's 4096 instructions."""

_instruction = Struct("=HBBI").pack
_LOAD_WORD, _LOAD_HALF, _AND, _IF_EQUAL, _RETURN = 0x20, 0x28, 0x54, 0x15, 0x06
_IP_HEADER = 0xFFF00000  # SKF_NET_OFF
_SOURCE_PORT = 0
_SOURCE = {4: (12,), 6: (8, 12, 16, 20)}
_TAKE = _instruction(_RETURN, 0, 0, 0xFFFF)
_DROP = _instruction(_RETURN, 0, 0, 0)


def place(host: str, port: int = 0) -> Place:
    """One address, or one address and port."""
    return ip_network(host), port


def program(places: Sequence[Place], version: int) -> bytes:
    """The instructions that let in these places and no others, for sockets of IP ``version`` 4 or 6. Empty
    where they are more than a program holds."""
    mine = [(network, port) for network, port in places if network.version == version]
    if len(mine) > MOST:
        return b""
    return b"".join(_check(network, port, version) for network, port in mine) + _DROP


def _check(network: IPv4Network | IPv6Network, port: int, version: int) -> bytes:
    """Take the packet if it is from there, else fall through."""
    wanted = network.network_address.packed
    masks = network.netmask.packed
    tests: list[tuple[int, int, int, int]] = []  # load, from where, mask, value
    for index, offset in enumerate(_SOURCE[version]):
        mask = int.from_bytes(masks[4 * index : 4 * index + 4])
        if mask:
            value = int.from_bytes(wanted[4 * index : 4 * index + 4])
            tests.append((_LOAD_WORD, _IP_HEADER + offset, mask, value))
    if port:
        tests.append((_LOAD_HALF, _SOURCE_PORT, 0xFFFFFFFF, port))
    steps: list[bytes] = []
    left = 3 * len(tests)
    for load, offset, mask, value in tests:
        left -= 3
        steps.append(_instruction(load, 0, 0, offset))
        steps.append(_instruction(_AND, 0, 0, mask))
        steps.append(_instruction(_IF_EQUAL, 0, left + 1, value))  # no: over the rest and the taking
    return b"".join(steps) + _TAKE
