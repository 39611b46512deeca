"""The kernel's filter for flooded ports, run by a small machine of our own (telephony.md 28)."""

from ipaddress import ip_address, ip_network
from struct import iter_unpack

from hypothesis import given
from hypothesis import strategies as st

from cordboard.media.embedded.latch import Door
from cordboard.media.embedded.sieve import MOST, place, program


def takes(code: bytes, host: str, port: int) -> bool:
    """What the kernel would do with a datagram from there."""
    address = ip_address(host)
    network = bytes(12 if address.version == 4 else 8) + address.packed
    udp = port.to_bytes(2) + bytes(6)
    steps: list[tuple[int, int, int, int]] = [*iter_unpack("=HBBI", code)]
    register, at = 0, 0
    while True:
        kind, yes, no, value = steps[at]
        at += 1
        if kind == 0x20:
            start = value - 0xFFF00000
            register = int.from_bytes(network[start : start + 4])
        elif kind == 0x28:
            register = int.from_bytes(udp[value : value + 2])
        elif kind == 0x54:
            register &= value
        elif kind == 0x15:
            at += yes if register == value else no
        else:
            assert kind == 0x06
            return bool(value)


def test_only_the_named_places_are_let_in() -> None:
    code = program([place("192.0.2.1", 4000), (ip_network("198.51.100.0/25"), 0), place("2001:db8::1")], 4)
    assert takes(code, "192.0.2.1", 4000)
    assert not takes(code, "192.0.2.1", 4001)
    assert takes(code, "198.51.100.127", 9)
    assert not takes(code, "198.51.100.128", 9)
    assert not takes(code, "203.0.113.1", 4000)
    code = program([place("192.0.2.1"), place("2001:db8::1", 7), (ip_network("2001:db8:1::/48"), 0)], 6)
    assert takes(code, "2001:db8::1", 7)
    assert not takes(code, "2001:db8::1", 8)
    assert takes(code, "2001:db8:1:ffff::9", 8)
    assert not takes(code, "2001:db8:2::9", 8)


def test_without_places_nothing_is_let_in_and_too_many_make_no_program() -> None:
    assert not takes(program([], 4), "192.0.2.1", 1)
    assert program([place("192.0.2.1")] * (MOST + 1), 4) == b""
    assert len(program([place("2001:db8::1", 7)] * MOST, 6)) // 8 < 4096


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(29, 32), st.integers(0, 2)), max_size=6),
    st.integers(0, 7),
    st.integers(1, 2),
)
def test_the_program_says_what_the_networks_say(
    nets: list[tuple[int, int, int]], host: int, port: int
) -> None:
    places = [(ip_network((f"10.0.0.{low}", bits), strict=False), only) for low, bits, only in nets]
    wanted = any(ip_address(f"10.0.0.{host}") in net and only in (0, port) for net, only in places)
    assert takes(program(places, 4), f"10.0.0.{host}", port) == wanted


def test_telephony_17_a_door_names_the_places_that_it_would_let_in() -> None:
    here = ("192.0.2.1", 4000)
    assert Door("sdp", here, ("198.51.100.0/24",), 0).places(ports=True) == [place(*here)]
    assert Door("sdp", here, (), 0).places(ports=False) == [place(here[0])]
    acl = Door("acl", here, ("198.51.100.0/24",), 0).places(ports=True)
    assert acl == [place(here[0]), (ip_network("198.51.100.0/24"), 0)]
    assert Door("latch", here, (), 0).places(ports=True) is None, "from anywhere: it is not known yet"
    phone = Door("latch", here, ("203.0.113.5",), 0).places(ports=True)
    assert phone == [place(here[0]), place("203.0.113.5")]
