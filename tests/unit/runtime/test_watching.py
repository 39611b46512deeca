"""Who looks at SIP messages as they pass: filters, bounds, and what nobody pays for."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from cordboard.runtime.watching import (
    MOST_A_SECOND,
    MOST_LISTENERS,
    MOST_WAITING,
    Traced,
    Wanted,
    Watch,
)
from cordboard.sip.endpoint.words import Address, Hop, Passed
from cordboard.sip.transport.collector import Collector
from cordboard.testing.hep_reader import read_packet
from cordboard.testing.virtual_time import VirtualClock, run
from tests.unit.sip.messages import request, response

US = Address("udp", "198.51.100.1", 5060)
PEER = Address("udp", "192.0.2.10", 5080)
HOP = Hop(0, PEER)
FROM, TO = '"A" <sip:+919812300001@h>;tag=1', "<sip:08047115777@h>"
INVITE = request("INVITE", from_=FROM, to=TO, call_id="one")


class Tapped:
    """An endpoint of straw."""

    def __init__(self) -> None:
        self.tap: Callable[[Passed], None] | None = None

    def watch(self, tap: Callable[[Passed], None] | None) -> None:
        self.tap = tap

    def local_of(self, hop: Hop) -> Address:
        return US

    def passes(self, data: bytes, outward: bool = False, ignored: str = "") -> None:
        """A message comes or goes."""
        if self.tap is not None:
            passed = Passed(outward, HOP, data)
            self.tap(passed)
            passed.ignored = ignored


class Sent(list[bytes]):
    """A collector that keeps what it is sent."""

    lost = 0
    send = list.append

    def close(self) -> None:
        self.append(b"closed")


def story(script: Callable[[Tapped, Watch], Coroutine[Any, Any, None]]) -> None:
    """Play with an endpoint that is watched."""

    async def whole() -> None:
        tapped = Tapped()
        watch = Watch(tapped, VirtualClock(), lambda host: "carrier" if host == PEER.host else "", 2001)
        await script(tapped, watch)

    run(whole())


def heard(
    tapped: Tapped, watch: Watch, wanted: Wanted, *messages: bytes
) -> Coroutine[Any, Any, list[Traced]]:
    """What a listener hears of these."""

    async def listening() -> list[Traced]:
        listener = watch.listen(wanted)
        assert listener is not None
        for data in messages:
            tapped.passes(data)
        found = await listener.next(1.0)
        watch.leave(listener)
        return found

    return listening()


def test_nobody_looks_and_nothing_is_tapped() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        assert tapped.tap is None and not watch.active
        listener = watch.listen(Wanted())
        assert listener is not None and tapped.tap is not None and watch.active
        watch.leave(listener)
        watch.leave(listener)
        assert tapped.tap is None and not watch.active

    story(script)


def test_a_message_is_told_with_its_call_trunk_and_what_came_of_it() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        listener = watch.listen(Wanted())
        assert listener is not None
        tapped.passes(INVITE)
        watch.belongs("ab12", INVITE)  # what it belongs to is known after it came
        tapped.passes(request("OPTIONS", call_id="two"), ignored="unknown source")
        one, two = await listener.next(1.0)
        assert (one.line, one.cseq, one.call, one.call_id) == (
            "INVITE sip:bob@10.0.0.2 SIP/2.0",
            "1 INVITE",
            "ab12",
            "one",
        )
        assert (one.caller, one.called, one.trunk) == ("+919812300001", "08047115777", "carrier")
        assert (one.peer, one.local, one.size, one.outward) == (PEER, US, len(INVITE), False)
        assert one.message == INVITE.decode()
        assert (two.call, two.ignored) == ("", "unknown source")

    story(script)


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        (Wanted(), True),
        (Wanted(call="one"), True),
        (Wanted(call="ab12"), True),
        (Wanted(call="ab1"), False),
        (Wanted(number="+919812300001"), True),
        (Wanted(number="09812300001"), True),
        (Wanted(number="8047115777"), True),
        (Wanted(number="+918047115777"), True),
        (Wanted(number="+918047115778"), False),
        (Wanted(number="123"), False),
        (Wanted(number="0"), False),
        (Wanted(trunk="carrier"), True),
        (Wanted(trunk="other"), False),
        (Wanted(peer="192.0.2.10"), True),
        (Wanted(peer="192.0.2.10:5080"), True),
        (Wanted(peer="192.0.2.10:5060"), False),
        (Wanted(method="invite"), True),
        (Wanted(method="BYE"), False),
        (Wanted("ab12", "9812300001", "carrier", "192.0.2.10", "INVITE"), True),
    ],
)
def test_a_filter(wanted: Wanted, takes: bool) -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        watch.belongs("ab12", INVITE)
        assert len(await heard(tapped, watch, wanted, INVITE)) == takes

    story(script)


def test_an_answer_is_of_its_requests_method() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        found = await heard(tapped, watch, Wanted(method="BYE"), response(200, method="BYE"), response(200))
        assert [one.line for one in found] == ["SIP/2.0 200 Whatever"]

    story(script)


@pytest.mark.parametrize(
    "data", [b"\0\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0", b"i: \r\nf: <\r\n", b"\n"]
)
def test_noise_is_told_as_well(data: bytes) -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        (one,) = await heard(tapped, watch, Wanted(), data)
        assert one.size == len(data) and one.call == ""

    story(script)


def test_a_slow_listener_loses_the_newest_and_is_told_how_many() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        slow = watch.listen(Wanted())
        assert slow is not None
        for _ in range(MOST_WAITING + 7):
            tapped.passes(INVITE)
        assert len(await slow.next(1.0)) == MOST_WAITING
        assert slow.dropped == 7

    story(script)


def test_a_flood_is_not_read_beyond_its_share_of_a_second() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        listener = watch.listen(Wanted(method="BYE"))
        assert listener is not None
        for _ in range(MOST_A_SECOND + 30):
            tapped.passes(INVITE)
        await asyncio.sleep(0.1)
        assert (len(listener.waiting), listener.dropped) == (0, 30)
        await asyncio.sleep(1.0)
        tapped.passes(request("BYE"))
        assert len(await listener.next(1.0)) == 1

    story(script)


def test_there_are_only_so_many_listeners_and_closing_sends_them_away() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        listeners = [watch.listen(Wanted()) for _ in range(MOST_LISTENERS)]
        assert None not in listeners and watch.listen(Wanted()) is None
        watch.close()
        for listener in listeners:
            assert listener is not None and listener.closed and await listener.next(60.0) == []
        assert tapped.tap is None
        assert watch.listen(Wanted()) is not None

    story(script)


def test_a_collector_gets_every_message_in_both_directions() -> None:
    async def script(tapped: Tapped, watch: Watch) -> None:
        sent = Sent()
        watch.export(cast(Collector, sent))
        tapped.passes(INVITE)
        watch.belongs("ab12", INVITE)
        tapped.passes(response(200), outward=True)
        tapped.passes(b"noise")
        await asyncio.sleep(0.1)
        came, went, noise = (read_packet(data) for data in sent)
        assert (came.source, came.target) == ((PEER.host, PEER.port), (US.host, US.port))
        assert (went.source, went.target) == ((US.host, US.port), (PEER.host, PEER.port))
        assert (came.correlation, went.correlation, noise.correlation) == ("ab12", "call1", "")
        assert (came.payload, came.agent) == (INVITE, 2001)
        watch.export(None)
        assert sent[-1] == b"closed" and tapped.tap is None

    story(script)
