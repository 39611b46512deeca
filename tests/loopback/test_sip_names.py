"""Where a SIP URI's host leads (RFC 3263 §4), asked of a real nameserver."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cordboard.kernel.mistakes import Unavailable
from cordboard.net import dns
from cordboard.net import locating as module
from cordboard.net.locating import Endpoint, Located, Locator
from cordboard.net.resolver import NotFound
from tests.dns_messages import address, naptr, srv
from tests.loopback.name_server import NameServer, name_server, resolver

ABLE = ("udp", "tcp", "tls")
NAME = "carrier.example"
UDP, TCP, TLS = f"_sip._udp.{NAME}", f"_sip._tcp.{NAME}", f"_sips._tcp.{NAME}"


def play(story: Callable[[NameServer, Locator], Awaitable[Any]], **hosts: tuple[str, ...]) -> Any:
    async def whole() -> Any:
        async with name_server() as server:
            return await story(server, Locator(resolver(server, **hosts)))

    return asyncio.run(whole())


def located(
    server: Callable[[NameServer], None],
    name: str = NAME,
    port: int | None = None,
    transport: str | None = None,
    able: tuple[str, ...] = ABLE,
    six: bool = False,
    **hosts: tuple[str, ...],
) -> Located:
    async def story(names: NameServer, locator: Locator) -> Located:
        server(names)
        return await locator.locate(name, port, transport, able, six)

    found = play(story, **hosts)
    assert isinstance(found, Located)
    return found


def two_hosts(names: NameServer) -> None:
    names.put(
        (UDP, dns.SRV, 60, srv(10, 1, 5060, "a.example")), (UDP, dns.SRV, 60, srv(20, 1, 5070, "b.example"))
    )
    names.put(address("a.example", "192.0.2.1", 30), address("a.example", "192.0.2.2", 40))
    names.put(address("b.example", "192.0.2.3", 50))


def test_rfc3263_srv_says_hosts_ports_and_priorities() -> None:
    assert located(two_hosts) == Located(
        (
            Endpoint(10, 1, "udp", 5060, ("192.0.2.1", "192.0.2.2")),
            Endpoint(20, 1, "udp", 5070, ("192.0.2.3",)),
        ),
        30,
    )


def test_rfc3263_naptr_chooses_the_transport_among_those_we_speak() -> None:
    def zone(names: NameServer) -> None:
        names.put(
            (NAME, dns.NAPTR, 60, naptr(10, 0, "s", "SIP+D2S", "_sip._sctp.x.example")),
            (NAME, dns.NAPTR, 60, naptr(50, 0, "s", "SIPS+D2T", "_sips._tcp.x.example")),
            (NAME, dns.NAPTR, 60, naptr(90, 0, "s", "SIP+D2T", "_sip._tcp.x.example")),
        )
        names.put(("_sips._tcp.x.example", dns.SRV, 60, srv(0, 0, 5061, "a.example")))
        names.put(("_sip._tcp.x.example", dns.SRV, 60, srv(0, 0, 5060, "a.example")))
        names.put(address("a.example", "192.0.2.1"))

    assert located(zone).endpoints == (Endpoint(0, 0, "tls", 5061, ("192.0.2.1",)),)
    assert located(zone, able=("udp", "tcp")).endpoints == (Endpoint(0, 0, "tcp", 5060, ("192.0.2.1",)),)


def test_rfc3263_a_named_transport_asks_no_naptr() -> None:
    async def story(names: NameServer, locator: Locator) -> None:
        names.put((TCP, dns.SRV, 60, srv(0, 0, 5062, "a.example")), address("a.example", "192.0.2.1"))
        found = await locator.locate(NAME, None, "tcp", ABLE)
        assert found.endpoints == (Endpoint(0, 0, "tcp", 5062, ("192.0.2.1",)),)
        assert not any(kind == dns.NAPTR for _, kind in names.asked)

    play(story)


def test_rfc3263_a_named_port_asks_for_addresses_only() -> None:
    async def story(names: NameServer, locator: Locator) -> None:
        two_hosts(names)
        names.put(address(NAME, "192.0.2.9"))
        found = await locator.locate(NAME, 5080, None, ABLE)
        assert found.endpoints == (Endpoint(0, 1, "udp", 5080, ("192.0.2.9",)),)
        assert names.asked == [(NAME, dns.A)]

    play(story)


@pytest.mark.parametrize(("transport", "port"), [(None, 5060), ("tcp", 5060), ("tls", 5061)])
def test_rfc3263_without_srv_the_names_own_addresses_and_the_usual_port(
    transport: str | None, port: int
) -> None:
    def zone(names: NameServer) -> None:
        names.put(address(NAME, "192.0.2.9", 77))

    assert located(zone, transport=transport) == Located(
        (Endpoint(0, 1, transport or "udp", port, ("192.0.2.9",)),), 77
    )


def test_addresses_of_the_additional_section_are_not_asked_for() -> None:
    async def story(names: NameServer, locator: Locator) -> None:
        two_hosts(names)
        names.beside = [address("a.example", "192.0.2.1", 30), address("a.example", "2001:db8::1", 30)]
        found = await locator.locate(NAME, None, "udp", ABLE, six=True)
        assert found.endpoints[0].addresses == ("192.0.2.1", "2001:db8::1")
        assert names.count("a.example", dns.A) == 0 and names.count("b.example", dns.A) == 1

    play(story)


def test_a_service_that_is_decidedly_not_there() -> None:
    def zone(names: NameServer) -> None:
        names.put((UDP, dns.SRV, 60, srv(0, 0, 0, ".")), address(NAME, "192.0.2.9"))

    with pytest.raises(NotFound):
        located(zone, transport="udp")


@pytest.mark.parametrize("name", ["nobody.example", "a..b", "ü.example", "x" * 70 + ".example"])
def test_a_name_that_does_not_exist(name: str) -> None:
    with pytest.raises(NotFound):
        located(lambda names: None, name)


def test_names_of_this_machine_ask_nobody() -> None:
    async def story(names: NameServer, locator: Locator) -> None:
        assert (await locator.locate("sbc", None, None, ABLE)).endpoints[0].addresses == ("10.0.0.5",)
        assert (await locator.locate("localhost", None, None, ABLE)).endpoints[0].addresses == ("127.0.0.1",)
        assert names.asked == []

    play(story, sbc=("10.0.0.5",))


def test_answers_are_kept_for_their_ttl() -> None:
    async def story(names: NameServer, locator: Locator) -> None:
        two_hosts(names)
        for _ in range(3):
            await locator.locate(NAME, None, None, ABLE)
        assert len(names.asked) == len(set(names.asked))

    play(story)


def test_f9_while_nobody_answers_the_last_good_set_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_TTL", 0)
    monkeypatch.setattr(module, "MOST_TTL", 0)
    monkeypatch.setattr(module, "NEGATIVE_TTL", 0)

    async def story(names: NameServer, locator: Locator) -> None:
        two_hosts(names)
        first = await locator.locate(NAME, None, "udp", ABLE)
        for names.dead, names.code in ((True, 0), (False, 2)):
            again = await locator.locate(NAME, None, "udp", ABLE)
            assert again.endpoints == first.endpoints
        monkeypatch.setattr(module, "STALE_SECONDS", -1.0)
        with pytest.raises(Unavailable):
            await locator.locate(NAME, None, "udp", ABLE)

    play(story)


def test_f9_one_target_that_cannot_be_looked_up_leaves_the_others() -> None:
    async def story(names: NameServer, locator: Locator) -> Located:
        two_hosts(names)
        own = names.datagram_received

        def deaf(data: bytes, addr: tuple[str, int]) -> None:
            if b"\x01b\x07example" not in data:
                own(data, addr)

        names.datagram_received = deaf  # type: ignore[method-assign]
        found = await locator.locate(NAME, None, "udp", ABLE)
        assert isinstance(found, Located)
        return found

    found = play(story)
    assert [one.addresses for one in found.endpoints] == [("192.0.2.1", "192.0.2.2")]
    assert not found.whole


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 10)

    async def story(names: NameServer, locator: Locator) -> None:
        for number in range(30):
            with pytest.raises(NotFound):
                await locator.locate(f"h{number}.example", 5060, None, ABLE)
        assert len(locator._kept) == 10

    play(story)
