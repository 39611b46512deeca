"""An engine whose trunk is a foreign peer, its customer's application, and what is asked about its calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from aiohttp import web

from cordboard.cli.serving import House
from cordboard.config.read import read
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.kinds import flows_of
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.companding import encode
from cordboard.simulator.ears import Heard, describe_heard
from cordboard.simulator.phone import Phone
from cordboard.simulator.tones import sine
from cordboard.sip.endpoint.words import Address
from cordboard.store.records import CallRow, LegRow
from tests.media_ports import media_ports
from tests.waiting import until

CALLER, EXOPHONE = "+919876500001", "+918047115777"
Samples = npt.NDArray[np.int16]


def to(*numbers: str, **fields: object) -> dict[str, object]:
    """An answer that names these numbers."""
    return {"destination": {"numbers": list(numbers)}, **fields}


@dataclass(slots=True)
class Customer:
    """A customer's application: ``answer`` for every question, and the questions. ``texts``: the paths that
    are answered in plain text, by these words."""

    answer: dict[str, object] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any GET."""
        self.asked.append(dict(request.query))
        self.paths.append(request.path)
        if request.path in self.texts:
            return web.Response(text=self.texts[request.path], content_type="text/plain")
        return web.json_response(self.answer)


@dataclass(slots=True)
class Stage:
    """Everything of one test."""

    house: House
    customer: Customer
    caller_at: str = "127.0.0.1"
    """Where simulated callers call from: the peer's own address, or that of a trunk without its settings."""

    def at(self, transport: str = "udp") -> Address:
        """Where it takes calls."""
        assert self.house.engine is not None
        return next(bound for bound in self.house.engine.bound if bound.transport == transport)

    def caller(self, **options: Any) -> ScriptedCaller:
        """A simulated caller that is ready to ring the ExoPhone."""
        clock, tokens = SystemClock(), SystemTokens()
        words = {"clock": clock, "tokens": tokens, "bind": self.caller_at, **options}
        return ScriptedCaller(self.at(), EXOPHONE, CALLER, **words)

    def phone(self, number: str) -> Phone:
        """The simulated phone that was rung."""
        assert self.house.simulator is not None
        return self.house.simulator.of(number)

    async def calls(self) -> list[CallRow]:
        """Every call so far, newest first."""
        assert self.house.engine is not None
        await self.house.engine.store.settled()
        return list(await self.house.engine.store.calls.newest(100))

    async def call(self) -> CallRow:
        """The newest call, when it is over and written."""

        async def over() -> bool:
            rows = await self.calls()
            return bool(rows) and rows[0].ended_at is not None

        await until(over)
        return (await self.calls())[0]

    async def legs(self) -> list[LegRow]:
        """The newest call's dialled legs, in order, when it is over."""
        call = await self.call()
        assert self.house.engine is not None
        found = await self.house.engine.store.legs.of_call(call.sid)
        return sorted((leg for leg in found if leg.leg), key=lambda leg: leg.leg)

    async def channels(self) -> tuple[Samples, Samples]:
        """The newest call's dual recording, when it is whole: the caller's samples and the callee's."""
        assert self.house.engine is not None
        store, call = self.house.engine.store, await self.call()

        async def decided() -> bool:
            row = await store.recordings.newest_of_call(call.sid)
            return row is not None and row.state != "recording"

        await until(decided)
        row = await store.recordings.newest_of_call(call.sid)
        assert row is not None and (row.state, row.channels) == ("whole", 2), row
        path = Path(self.house.settings.store.recordings) / row.file
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
        assert rate == 8000
        return samples[:, 0], samples[:, 1]


@asynccontextmanager
async def engine(
    place: Path,
    trunk: int = 0,
    transport: str = "udp",
    answer: str = "at_once",
    *,
    keys: Mapping[str, object] | None = None,
    instead: Mapping[str, object] | None = None,
    more: Callable[[str], Mapping[str, object]] = lambda host: {},
) -> AsyncIterator[Stage]:
    """``trunk``: the port of the peer that is dialled on 127.0.0.1; 0: the scripted phones. Any program on
    127.0.0.1 may call. ``answer``: the flow's. ``keys``: more of the trunk's settings (simulated callers then
    come by another); ``instead``: sections in place of those here. ``more``: applets beside the
    Connect, given the customer's address; one called ``first`` begins."""
    customer = Customer()
    site = web.Application()
    site.router.add_get("/{path:.*}", customer.handle)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    uri = f"sip:127.0.0.1:{trunk};transport={transport}" if trunk else "simulator"
    host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    connect = {
        "type": "connect",
        "primary_url": f"{host}/connect",
        **dict.fromkeys(("after_conversation", "nobody_answers", "not_dialed"), "bye"),
    }
    applets = {"connect": connect, "bye": {"type": "hangup"}, **more(host)}
    start = "first" if "first" in applets else "connect"
    tables: dict[str, object] = {
        "sip": {"listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]},
        "media": {"ports": "{}-{}".format(*media_ports()), "processes": 1},
        "http": {"listen": "127.0.0.1:0"},
        "store": {"url": f"sqlite:///{place / 'cordboard.db'}", "recordings": str(place / "recordings")},
        "egress": {"allow": ["127.0.0.0/8"]},
        "trunks": [
            {"name": "peer", "uri": uri, "sources": ["127.0.0.1/32"], **(keys or {})},
            {"name": "near", "uri": "sip:127.0.0.3:9", "sources": ["127.0.0.3/32"]},
        ],
        "exophones": [{"number": EXOPHONE, "flow": 1, "trunk": "peer"}],
        "flows": [{"id": 1, "name": "test", "start": start, "answer": answer, "applets": applets}],
        **(instead or {}),
    }
    settings = read(tables, {}, "test.toml")
    house = House(settings, flows_of(settings)[0])
    try:
        await house.open()
        yield Stage(house, customer, "127.0.0.3" if keys else "127.0.0.1")
    finally:
        await house.close()
        await runner.cleanup()


def played(test: Callable[[], Awaitable[None]], seconds: float = 60) -> None:
    """Run a test's coroutine, bounded."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await test()

    asyncio.run(bounded())


# --- sound ----------------------------------------------------------------------------------------------


def tone_file(place: Path, hertz: int) -> Path:
    """A second of a tone in A-law, for sipp's ``rtp_stream``."""
    path = place / f"{hertz}.al"
    path.write_bytes(encode(sine(hertz, 1.0), "PCMA"))
    return path


def parts_of(samples: Samples) -> list[Heard]:
    """What is heard in 8 kHz samples."""
    return describe_heard(samples.tobytes())


def in_words(parts: list[Heard], least: float = 0.3) -> list[str]:
    """The parts of at least so many seconds: ``music``, ``silence``, ``1230 Hz`` (to the nearest 5).
    Neighbours that are the same are one. Two notes at once are music: no peer here makes such a tone."""
    words: list[str] = []
    for part in parts:
        word = "music" if part.what == "tones" else part.what
        if part.what == "tone":
            word = f"{5 * round(part.hertz[0] / 5)} Hz"
        if part.end - part.start >= least and (not words or words[-1] != word):
            words.append(word)
    return words
