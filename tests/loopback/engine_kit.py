"""A whole engine on loopback for one test: its configuration, a customer's application, callers and phones."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from cordboard.cli.serving import House
from cordboard.config.read import read
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.kinds import flows_of
from cordboard.simulator.caller import ScriptedCaller
from cordboard.store.records import CallRow, RecordingRow

CALLER, EXOPHONE = "+919876500001", "+918047115777"
Answer = dict[str, object] | web.StreamResponse


def to(*numbers: str, **fields: object) -> dict[str, object]:
    """An answer that names these numbers."""
    return {"destination": {"numbers": list(numbers)}, **fields}


@dataclass(slots=True)
class Application:
    """A customer's application: what was asked, and what it answers. An answer may be a coroutine's."""

    port: int = 0
    answers: dict[str, Callable[[web.Request], Awaitable[Answer]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def says(self, path: str, *answers: Answer | Callable[[web.Request], Awaitable[Answer]]) -> None:
        """Answers in turn; the last one stays."""
        left = list(answers)

        async def answer(request: web.Request) -> Answer:
            now = left.pop(0) if len(left) > 1 else left[0]
            return await now(request) if callable(now) else now

        self.answers[path] = answer

    def asked_at(self, path: str) -> list[dict[str, str]]:
        """The queries that came to a path."""
        return [query for at, query in self.asked if at == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        self.asked.append((request.path, dict(request.query)))
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=200)
        said = await answer(request)
        return said if isinstance(said, web.StreamResponse) else web.json_response(said)


@dataclass(slots=True)
class Stage:
    """Everything of one test."""

    house: House
    application: Application
    callers: list[ScriptedCaller] = field(default_factory=list)

    def url(self, path: str) -> str:
        """A URL of the customer's application."""
        return f"http://127.0.0.1:{self.application.port}{path}"

    def caller(self, **options: Any) -> ScriptedCaller:
        """A caller that is ready to ring the ExoPhone."""
        assert self.house.engine is not None
        made = ScriptedCaller(
            self.house.engine.bound[0], EXOPHONE, CALLER, clock=SystemClock(), tokens=SystemTokens(), **options
        )
        self.callers.append(made)
        return made

    async def call(self) -> CallRow:
        """The only call so far, when it is over and written."""
        assert self.house.engine is not None
        store = self.house.engine.store

        async def ended() -> bool:
            calls = await store.calls.newest(1)
            return bool(calls) and calls[0].ended_at is not None

        await until(ended)
        return (await store.calls.newest(1))[0]

    async def recording(self) -> RecordingRow:
        """The newest call's recording, when it is decided."""
        assert self.house.engine is not None
        store = self.house.engine.store
        call = await self.call()

        async def decided() -> bool:
            found = await store.recordings.newest_of_call(call.sid)
            return found is not None and found.state != "recording"

        await until(decided)
        found = await store.recordings.newest_of_call(call.sid)
        assert found is not None
        return found

    async def lines(self) -> list[dict[str, Any]]:
        """The newest call's journal."""
        assert self.house.engine is not None
        store = self.house.engine.store
        await store.settled()
        call = (await store.calls.newest(1))[0]
        return [json.loads(line) for line in await store.timelines.of_call(call.sid)]

    async def get(self, path: str) -> tuple[int, bytes]:
        """An authenticated GET of the API: status and body."""
        account = self.house.settings.account
        login = aiohttp.BasicAuth(account.api_key, account.api_token)
        url = f"http://{self.house.http[0]}:{self.house.http[1]}{path}"
        async with aiohttp.ClientSession(auth=login) as session, session.get(url) as answer:
            return answer.status, await answer.read()


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until it is true; fail when it does not come true."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.05)


def tables(place: Path, port: int, flow: dict[str, object] | None = None) -> dict[str, Any]:
    """A configuration with the simulator as its trunk and one Connect flow."""
    connect: dict[str, object] = {
        "type": "connect",
        "primary_url": f"http://127.0.0.1:{port}/connect",
        "fallback_url": f"http://127.0.0.1:{port}/fallback",
        "after_conversation": "bye",
        "nobody_answers": "bye",
        "not_dialed": "bye",
    }
    return {
        "sip": {"listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]},
        "media": {"ports": "37000-37999", "processes": 1},
        "http": {"listen": "127.0.0.1:0", "public_url": "http://127.0.0.1:1"},
        "store": {"url": f"sqlite:///{place / 'cordboard.db'}", "recordings": str(place / "recordings")},
        "egress": {"allow": ["127.0.0.0/8"]},
        "trunks": [{"name": "phones", "uri": "simulator", "sources": ["127.0.0.1/32"]}],
        "exophones": [{"number": EXOPHONE, "flow": 1, "trunk": "phones", "circle": "KA"}],
        "flows": [
            {
                "id": 1,
                "name": "test",
                "start": "connect",
                **(flow or {}),
                "applets": {"connect": connect, "bye": {"type": "hangup"}, **((flow or {}).get("applets") or {})},  # type: ignore[dict-item]
            }
        ],
    }


@asynccontextmanager
async def stage(
    place: Path,
    flow: dict[str, object] | None = None,
    change: Callable[[dict[str, Any]], None] = lambda tables: None,
) -> AsyncIterator[Stage]:
    """Open everything, close everything. ``flow``: keys of the flow's table; ``change`` edits the whole."""
    application = Application()
    site = web.Application()
    site.router.add_route("*", "/{path:.*}", application.handle)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    application.port = runner.addresses[0][1]
    configured = tables(place, application.port, flow)
    change(configured)
    settings = read(configured, {}, "test.toml")
    flows, _ = flows_of(settings)
    house = House(settings, flows)
    try:
        await house.open()
        yield Stage(house, application)
    finally:
        await house.close()
        await runner.cleanup()


def played(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, bounded."""

    async def bounded() -> None:
        async with asyncio.timeout(90):
            await test()

    asyncio.run(bounded())
