"""Where the Contact of a 3xx may lead (reliability.md S5, S15)."""

import pytest

from cordboard.config.settings import Trunk
from cordboard.legs.redirects import followed
from cordboard.legs.trunks import Trunks
from cordboard.sip.endpoint.words import Address

NUMBER = "+919876543210"
TRUNK = Trunk(
    "carrier", "sip:sbc.example:5080", ("192.0.2.0/24",), hosts=("sip:192.0.2.11:5060",), redirects="follow"
)
SECURE = Trunk("carrier", "sip:192.0.2.10;transport=tls", ("192.0.2.0/24",), redirects="follow")


def lead(contact: str, trunk: Trunk = TRUNK, countries: tuple[str, ...] = ()) -> str:
    """``user@address authority``; empty where it is not followed."""
    trunks = Trunks((trunk,), ())
    if trunk is TRUNK:
        trunks.resolve("carrier", Address("udp", "192.0.2.20", 5080))
    route = trunks.named("carrier")
    assert route is not None
    found = followed(contact, route.hosts.all[0], route, NUMBER, "IN", countries)
    return "" if found is None else f"{found.user}@{found.host} {found.host.authority}"


@pytest.mark.parametrize(
    ("contact", "where"),
    [
        ("sip:+919876543210@192.0.2.12", "+919876543210@udp:192.0.2.12:5060 192.0.2.12:5060"),
        ("sip:+919876543210@192.0.2.12:5090", "+919876543210@udp:192.0.2.12:5090 192.0.2.12:5090"),
        ("sip:09876543210@192.0.2.12", "09876543210@udp:192.0.2.12:5060 192.0.2.12:5060"),
        ("sip:9812345678;npdi@192.0.2.12", "9812345678@udp:192.0.2.12:5060 192.0.2.12:5060"),
        ("sip:+919876543210@192.0.2.12;transport=tcp", "+919876543210@tcp:192.0.2.12:5060 192.0.2.12:5060"),
        ("sip:+919876543210@SBC.example", "+919876543210@udp:192.0.2.20:5080 sbc.example:5080"),
        ("sip:+919876543210@SBC.example:5090", "+919876543210@udp:192.0.2.20:5090 SBC.example:5090"),
    ],
)
def test_s15_own_hosts_and_sources_by_address_or_by_the_configurations_name(contact: str, where: str) -> None:
    assert lead(contact) == where


@pytest.mark.parametrize(
    "contact",
    [
        "sip:+919876543210@203.0.113.5",
        "sip:+919876543210@127.0.0.1",
        "sip:+919876543210@other.example",
        "sip:+919876543210@sbc.example.evil.example",
        "sip:+919876543210@192.0.2.12:22",
        "sip:+919876543210@192.0.2.12:99999",
        "sip:+919876543210@[::ffff:203.0.113.5]",
        "sips:+919876543210@192.0.2.12",
        "tel:+919876543210",
        "sip:192.0.2.12",
        "sip:asha@192.0.2.12",
        "sip:+8821612345678@192.0.2.12",
        "sip:112@192.0.2.12",
        "sip:+91987%0d%0aRoute@192.0.2.12",
        "nonsense",
    ],
)
def test_s15_s5_nothing_else(contact: str) -> None:
    assert lead(contact) == ""


def test_s5_the_countries_of_dialing_hold_here_too() -> None:
    assert lead("sip:+12025550123@192.0.2.12") != ""
    assert lead("sip:+12025550123@192.0.2.12", countries=("IN",)) == ""


def test_a_secure_trunk_is_not_left_for_an_open_one() -> None:
    assert lead("sip:+919876543210@192.0.2.12;transport=udp", SECURE) == ""
    assert lead("sip:+919876543210@192.0.2.12", SECURE).startswith("+919876543210@tls:192.0.2.12:5061 ")
