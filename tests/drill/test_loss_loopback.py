"""Hundreds of calls over real sockets that lose 5, 10 and 20 of a hundred datagrams of SIP,
each way (reliability.md F10). The thousands are played in virtual time (``test_loss``)."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from cordboard.sip.message.address import Address
from cordboard.sip.transport.udp import UdpTransport
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import LATE, Home, Play, to
from tests.waiting import until
from tests.wire.loss import failure_bound, quantile

CALLS, AT_ONCE = 300, 30
ENDED_SECONDS = 40.0  # Timer B or H, and a moment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("loss"), "26000-27999") as home:
        yield home


async def _talk_a_second(play: Play) -> None:
    async def answered() -> bool:
        return play.caller.answered or bool(play.caller.code)

    await until(answered, 45.0)
    await asyncio.sleep(1.0)
    play.caller.hang_up()


async def _one(home: Home, gate: asyncio.Semaphore) -> Play | None:
    """None: a call of which nothing ever reached us."""
    async with gate:
        (asha,) = home.phones("08")
        try:
            return await home.play(to(asha), exophone=LATE, meanwhile=_talk_a_second, longest=44.0)
        except TimeoutError:
            return None


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_f10_calls_over_sockets_that_lose_datagrams(
    home: Home, loss: float, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    dice, whole, counted = random.Random(round(loss * 100)), UdpTransport.send, Counter[str]()

    def send(
        self: UdpTransport, data: bytes, peer: Address, failed: Callable[[], None] | None = None
    ) -> None:
        counted["sent"] += 1
        if dice.random() < loss:
            counted["lost"] += 1
        else:
            whole(self, data, peer, failed)

    async def all_calls() -> list[Play | None]:
        gate = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(_one(home, gate) for _ in range(CALLS)))

    monkeypatch.setattr(UdpTransport, "send", send)
    rung = home.run(all_calls(), 1500)
    monkeypatch.undo()
    plays = [play for play in rung if play is not None]
    failed = CALLS - sum(play.row.call_type == "completed" for play in plays)

    allowed = quantile(CALLS, failure_bound(loss))
    tell(
        f"SIP loss {loss:.0%} each way on loopback: {CALLS} calls, {counted['lost']} of {counted['sent']} "
        f"datagrams lost, {failed} calls failed (the timers allow {allowed})"
    )
    assert failed <= allowed
    assert len({play.sid for play in plays}) == len(plays)
    for play in plays:
        assert len(play.asked("/connect")) <= 1, "a call was doubled"
        assert len([leg for leg in play.legs if leg.leg]) <= 1

    async def quiet() -> bool:
        return home.engine.live_calls() == 0 and home.engine.endpoint.load[1] == 0

    home.run(until(quiet, ENDED_SECONDS), ENDED_SECONDS + 5)
