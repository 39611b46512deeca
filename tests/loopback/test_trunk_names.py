"""The names of trunks' hosts, kept fresh while the engine runs (reliability.md F9)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cordboard.config.settings import Settings, Sip, Trunk
from cordboard.legs.trunks import Trunks
from cordboard.net import dns
from cordboard.net import locating as kept
from cordboard.net.locating import Locator
from cordboard.runtime import trunk_names as module
from cordboard.runtime.tasks import Tasks
from cordboard.runtime.trunk_names import TrunkNames
from tests.dns_messages import address, srv
from tests.loopback.name_server import NameServer, name_server, resolver

UDP = "_sip._udp.carrier.example"


class House:
    """A trunk that names its hosts, and who looks them up."""

    def __init__(self, server: NameServer, trunk: Trunk) -> None:
        self.server = server
        self.problems: list[BaseException] = []
        self.tasks = Tasks(self.problems.append)
        settings = Settings(sip=Sip(listen=("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")), trunks=(trunk,))
        self.trunks = Trunks(settings.trunks, ())
        self.names = TrunkNames(settings, self.trunks, Locator(resolver(server)), self.tasks)

    @property
    def hosts(self) -> list[str]:
        """What its calls would try, in order."""
        route = self.trunks.named("carrier")
        assert route is not None
        return [f"{host} {host.authority}" for host in route.hosts.order(0.0, lambda most: 0)]

    async def until(self, hosts: list[str]) -> None:
        """Wait until they are these."""
        await eventually(lambda: self.hosts == hosts)


async def eventually(happens: Callable[[], bool]) -> None:
    """Wait until it does."""
    for _ in range(500):
        if happens():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happens")


def play(
    story: Callable[[House], Awaitable[None]], trunk: Trunk, prepare: Callable[[NameServer], None]
) -> None:
    async def whole() -> None:
        async with name_server() as server:
            prepare(server)
            house = House(server, trunk)
            await house.names.start()
            await story(house)
            await house.tasks.stop()
            assert house.problems == []

    asyncio.run(whole())


def two(server: NameServer) -> None:
    server.put(
        (UDP, dns.SRV, 0, srv(20, 1, 5070, "b.example")), (UDP, dns.SRV, 0, srv(10, 1, 5060, "a.example"))
    )
    server.put(address("a.example", "192.0.2.1", 0))
    server.put(address("b.example", "192.0.2.2", 0))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers live for no time at all."""
    for name in ("LEAST_TTL", "MOST_TTL", "NEGATIVE_TTL"):
        monkeypatch.setattr(kept, name, 0)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.02)


TRUNK = Trunk("carrier", "sip:carrier.example")


def test_rfc3263_a_trunk_without_a_port_is_looked_up_by_srv_and_keeps_its_name_in_uris() -> None:
    async def story(house: House) -> None:
        assert house.hosts == ["udp:192.0.2.1:5060 carrier.example", "udp:192.0.2.2:5070 carrier.example"]

    play(story, TRUNK, two)


def test_a_trunk_with_a_port_is_looked_up_by_address() -> None:
    async def story(house: House) -> None:
        assert house.hosts == ["tcp:192.0.2.7:5080 sbc.example:5080"]

    trunk = Trunk("carrier", "sip:sbc.example:5080;transport=tcp")
    play(story, trunk, lambda server: server.put(address("sbc.example", "192.0.2.7")))


def test_hosts_come_and_go_with_their_records(quick: None) -> None:
    async def story(house: House) -> None:
        house.server.put((UDP, dns.SRV, 0, srv(10, 1, 5060, "b.example")))
        await house.until(["udp:192.0.2.2:5060 carrier.example"])
        two(house.server)
        await house.until(["udp:192.0.2.1:5060 carrier.example", "udp:192.0.2.2:5070 carrier.example"])

    play(story, TRUNK, two)


@pytest.mark.parametrize("fault", ["dead", "refused", "gone"])
def test_f9_a_trunk_keeps_its_last_good_hosts_whatever_dns_does(
    quick: None, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(kept, "STALE_SECONDS", -1.0)  # longer than the cache would help

    async def story(house: House) -> None:
        before, asked = house.hosts, len(house.server.asked)
        house.server.dead, house.server.code = fault == "dead", 2 if fault == "refused" else 0
        if fault == "gone":
            house.server.zone.clear()
        await eventually(lambda: len(house.server.asked) >= asked + 6)
        assert house.hosts == before and len(before) == 2

    play(story, TRUNK, two)


def test_f9_a_name_that_hangs_holds_up_neither_the_start_nor_other_trunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.05)

    async def story(house: House) -> None:
        assert house.hosts == []
        house.server.dead = False
        await house.until(["udp:192.0.2.1:5060 carrier.example", "udp:192.0.2.2:5070 carrier.example"])

    def silent(server: NameServer) -> None:
        two(server)
        server.dead = True

    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.02)
    play(story, TRUNK, silent)


def test_hosts_of_the_list_have_names_of_their_own() -> None:
    trunk = Trunk("carrier", "sip:192.0.2.9", hosts=("sip:sbc.example:5080;priority=1",))

    async def story(house: House) -> None:
        assert house.hosts == ["udp:192.0.2.9:5060 192.0.2.9:5060", "udp:192.0.2.7:5080 sbc.example:5080"]

    play(story, trunk, lambda server: server.put(address("sbc.example", "192.0.2.7")))
