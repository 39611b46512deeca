"""Who may call us, whom we may ring (telephony.md 12, 16)."""

import pytest

from cordboard.config.settings import ExoPhone, Trunk
from cordboard.legs.trunks import Trunks
from cordboard.sip.endpoint.words import Address, Verdict

FIRST = Trunk("first", "sip:192.0.2.10", ("192.0.2.0/28", "2001:db8::/64"))
SECOND = Trunk("second", "sip:sbc.example:5070;transport=tcp", ("192.0.2.0/24",))
PHONES = (ExoPhone("+911", 1, "first"), ExoPhone("+912", 1, "second"))


def test_interface_the_first_trunk_that_matches_takes_the_call() -> None:
    trunks = Trunks((FIRST, SECOND), PHONES)
    found = [
        trunks.by_source(host) for host in ("192.0.2.5", "192.0.2.99", "2001:db8::7", "::ffff:192.0.2.5")
    ]
    assert [route.trunk.name if route else "" for route in found] == ["first", "second", "first", "first"]


@pytest.mark.parametrize("host", ["198.51.100.1", "2001:db9::1", "", "not-an-address", "127.0.0.1"])
def test_telephony_12_strangers_are_dropped(host: str) -> None:
    assert Trunks((FIRST, SECOND), PHONES).screen(Address("udp", host, 5060)) is Verdict.DROP


def test_a_flood_of_sources_does_not_grow_us() -> None:
    trunks = Trunks((FIRST,), PHONES)
    for number in range(10_000):
        trunks.by_source(f"10.0.{number // 256}.{number % 256}")
    assert len(trunks._judged) <= 4096
    assert trunks.by_source("192.0.2.5") is not None


def test_telephony_16_an_exophone_is_able_while_its_trunk_has_an_address_and_room() -> None:
    trunks = Trunks((FIRST, SECOND), PHONES)
    assert trunks.able(0.0) == ("+911",)
    assert [trunk.name for trunk, _, _ in trunks.unresolved()] == ["second"]
    trunks.resolve("second", Address("tcp", "192.0.2.20", 5070))
    assert trunks.able(0.0) == ("+911", "+912")


def test_a_trunk_at_its_limit_cannot_dial() -> None:
    limited = Trunk("first", "sip:192.0.2.10", max_calls=1)
    trunks = Trunks((limited,), PHONES)
    route = trunks.of_exophone("+911")
    assert route is not None and trunks.able(0.0) == ("+911",)
    route.live = 1
    assert trunks.able(0.0) == ()


def test_the_simulator_is_a_trunk_once_it_is_up() -> None:
    played = Trunk("first", "simulator")
    assert Trunks((played,), PHONES).able(0.0) == ()
    assert Trunks((played,), PHONES, Address("udp", "127.0.0.1", 40000)).able(0.0) == ("+911",)


def test_telephony_8_a_trunks_own_addresses_are_its_sources_and_its_target() -> None:
    route = Trunks((FIRST, SECOND), PHONES).of_exophone("+911")
    assert route is not None
    assert [route.holds(host) for host in ("192.0.2.10", "192.0.2.1", "192.0.2.99")] == [True, True, False]


def test_uris_name_a_trunk_as_the_configuration_does() -> None:
    trunks = Trunks((FIRST, SECOND), PHONES)
    trunks.resolve("second", Address("tcp", "192.0.2.20", 5070))
    first, second = trunks.of_exophone("+911"), trunks.of_exophone("+912")
    assert first is not None and first.hosts.all[0].authority == "192.0.2.10:5060"
    assert second is not None and second.hosts.all[0].authority == "sbc.example:5070"
