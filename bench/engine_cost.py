"""CPU of the engine's own work for one call, without sockets: switchboard, legs, SIP and journal together.

The carrier is a script that answers with ready texts, the customer answers after a moment, media is
pretended, time is virtual; so what is measured is Python of ours, the same at every run. ``--profile`` prints
where it goes. Beside it: what the store's writer then needs to take those calls over into the database.
``--paced`` lets the calls come in real time, a hundred a second, on the engine's own kind of loop: between
them the caches go cold, as they do in service.

usage: engine_cost.py [--calls 400] [--rounds 5] [--paced] [--profile] [--lines 60]
"""

import argparse
import asyncio
import cProfile
import gc
import pstats
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from peers import CORDBOARD

from cordboard.config.read import parse, read
from cordboard.customer.got import Got
from cordboard.kernel.clock import Clock
from cordboard.legs.legs import Legs
from cordboard.legs.words import Hooks
from cordboard.media.control import LocalAudio
from cordboard.runtime.doors import Doors
from cordboard.runtime.figures import Figures
from cordboard.runtime.flow_table import FlowTable
from cordboard.runtime.kinds import account_of, flows_of
from cordboard.runtime.loop import run
from cordboard.runtime.switchboard import Switchboard
from cordboard.runtime.tasks import Tasks
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.message.address import Address
from cordboard.sip.transport.words import Receive
from cordboard.store.store import Store
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, VirtualLoop

CARRIER = Address("udp", "127.0.0.1", 5080)
CALLER = Address("udp", "127.0.0.1", 5061)
ANSWER = b'{"destination":{"numbers":["+919812345678"]},"music_on_hold":{"type":"operator_tone"}}'
SDP = (
    "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 46000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
FROM = "From: <sip:+919876500001@127.0.0.1:5061>;tag=c{n}\r\n"


class Media:
    """Ports and nothing behind them."""

    def __init__(self) -> None:
        self._port = 20000

    def open_leg(self, call: str, leg: int) -> LocalAudio:
        self._port = 20000 + (self._port + 2) % 10000
        return LocalAudio("127.0.0.1", self._port)

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: None


class Application:
    """A customer that needs five milliseconds."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None, seconds: float) -> Got:
        await asyncio.sleep(0.005)
        return Got(200, "application/json", ANSWER, elapsed=0.005)


class Sounds:
    """No sound is asked for."""


class Network:
    """The engine's one socket, and the carrier behind it: both the caller and the callee."""

    kind, reliable = "udp", False

    def __init__(self) -> None:
        self.receive: Receive = lambda data, source: None
        self.ended = 0

    def open(self, kind: str, host: str, port: int, receive: Receive) -> "Network":
        self.receive = receive
        return self

    async def start(self) -> Address:
        return Address("udp", "127.0.0.1", 5070)

    async def close(self) -> None:
        pass

    def reaches(self, peer: Address) -> bool:
        return True

    def local(self, peer: Address) -> Address:
        return Address("udp", "127.0.0.1", 5070)

    def call(self, number: int) -> None:
        """The caller's INVITE."""
        body = SDP.encode()
        self._put(CALLER, (
            "INVITE sip:+918047115777@127.0.0.1:5070 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-{number}-0\r\n"
            + FROM.format(n=number)
            + "To: <sip:+918047115777@127.0.0.1:5070>\r\n"
            f"Call-ID: {number}-1@127.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:bench@127.0.0.1:5061>\r\n"
            f"Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{SDP}"
        ))  # fmt: skip

    def send(self, data: bytes, peer: Address, failed: object = None) -> None:
        text = data.decode()
        head, _, _ = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        named = {line.partition(":")[0]: line for line in lines}
        if peer.port == CARRIER.port:
            self._callee(start, named)
        else:
            self._caller(start, named)

    def _callee(self, start: str, named: dict[str, str]) -> None:
        if start.startswith("INVITE"):
            self._reply("180 Ringing", named, ";tag=b", "")
            self._reply("200 OK", named, ";tag=b", SDP)
        elif start.startswith("BYE"):
            self._reply("200 OK", named, "", "")

    def _reply(self, status: str, named: dict[str, str], tag: str, body: str) -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._put(CARRIER, (
            f"SIP/2.0 {status}\r\n{named['Via']}\r\n{named['From']}\r\n{named['To']}{tag}\r\n"
            f"{named['Call-ID']}\r\n{named['CSeq']}\r\nContact: <sip:127.0.0.1:5080;transport=UDP>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        ))  # fmt: skip

    def _caller(self, start: str, named: dict[str, str]) -> None:
        if not start.startswith("SIP/2.0 200"):
            return
        if "INVITE" in named["CSeq"]:
            self._say("ACK", 1, named)
            asyncio.get_running_loop().call_later(1.0, self._say, "BYE", 2, named)
        else:
            self.ended += 1

    def _say(self, method: str, cseq: int, named: dict[str, str]) -> None:
        branch = f"{named['From'].partition('tag=')[2]}-{method}"
        self._put(CALLER, (
            f"{method} sip:cordboard@127.0.0.1:5070 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-{branch}\r\n"
            f"{named['From']}\r\n{named['To']}\r\n{named['Call-ID']}\r\nCSeq: {cseq} {method}\r\n"
            "Contact: <sip:bench@127.0.0.1:5061>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ))  # fmt: skip

    def _put(self, source: Address, text: str) -> None:
        asyncio.get_running_loop().call_later(0.001, self.receive, text.encode(), source)


class House:
    """What ``runtime.engine`` puts together, with those doors."""

    def __init__(self, folder: Path) -> None:
        settings = read(parse(CORDBOARD.format(folder=folder).encode(), "bench"), {}, "bench")
        flows, _ = flows_of(settings)
        clock: Clock = VirtualClock()
        tokens = SeededTokens()
        self.store = Store(settings.store.url, clock)
        self.network = Network()
        self.legs = Legs(settings, Hooks(
            event=lambda call, event: self.board.on_event(call, event),
            stream=lambda call, leg, stream: self.board.on_stream(call, leg, stream),
            arrival=lambda arrival: self.board.arrived(arrival),
            seen=lambda call, leg, seen: self.board.on_seen(call, leg, seen),
        ))  # fmt: skip
        self.endpoint = Endpoint(
            settings.sip.listen,
            clock=clock,
            tokens=tokens,
            **self.legs.for_endpoint(),
            transports=self.network.open,
        )
        self.legs.use(self.endpoint)
        media: Any = Media()
        sounds: Any = Sounds()
        doors = Doors(
            asyncio.get_running_loop(),
            clock,
            tokens,
            self.legs,
            media,
            Application(),
            sounds,
            self.store.append,
            self.store.note,
            Tasks(_fail),
        )
        given = {phone.number: phone.flow for phone in settings.exophones}
        self.board = Switchboard(
            settings,
            FlowTable(account_of(settings), flows, settings.flows, given),
            doors,
            Figures(),
            adopt=self.legs.adopt,
            turn_away=self.legs.turn_away,
        )


def _fail(error: BaseException) -> None:
    raise error


async def play(house: House, first: int, calls: int, rate: int, paced: bool) -> None:
    """So many calls, a hundred a second, each to its very end."""
    loop, ended = asyncio.get_running_loop(), house.network.ended
    for number in range(calls):
        loop.call_later(number / rate, house.network.call, first + number)
    await asyncio.sleep(calls / rate + (3 if paced else 60))
    assert house.network.ended - ended == calls, (house.network.ended - ended, calls)
    assert house.board.live == 0


async def measure(chosen: argparse.Namespace) -> None:
    """Rounds of calls, then the writer."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as place:
        house = House(Path(place))
        await house.endpoint.start()
        store = house.store
        store._open()  # without its thread: the writer is measured by itself
        gc.set_threshold(50_000, 20, 50)
        await play(house, 0, 100, chosen.rate, chosen.paced)
        profile, costs = cProfile.Profile(), []
        begun = store.journal.position
        for round_ in range(chosen.rounds):
            if chosen.profile:
                profile.enable()
            began = time.thread_time()
            await play(house, 1000 + round_ * chosen.calls, chosen.calls, chosen.rate, chosen.paced)
            costs.append((time.thread_time() - began) * 1000 / chosen.calls)
            profile.disable()
        calls = chosen.calls * chosen.rounds
        print(f"loop:    {statistics.median(costs):.3f} ms/call ({min(costs):.3f}-{max(costs):.3f})")
        store.journal.flush()
        print(f"journal: {(store.journal.position - begun) / calls:.0f} bytes/call")
        began = time.thread_time()
        store._writer._drain()
        spent = (time.thread_time() - began) * 1000 / (calls + 100)
        print(f"writer:  {spent:.3f} ms/call (in batches of 1 MiB)")
        store.journal.close()
        if chosen.profile:
            stats = pstats.Stats(profile)
            stats.sort_stats("cumulative").print_stats("cordboard|json|dataclasses", chosen.lines)
            stats.sort_stats("tottime").print_stats(chosen.lines)


def main() -> None:
    """Read the options and run."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--calls", type=int, default=400)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--paced", action="store_true")
    options.add_argument("--rate", type=int, default=100)
    options.add_argument("--profile", action="store_true")
    options.add_argument("--lines", type=int, default=60)
    chosen = options.parse_args()
    if chosen.paced:
        run(measure(chosen))
        return
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(measure(chosen))


if __name__ == "__main__":
    main()
