"""The house for an engine's tests: its configuration, and how all of it is opened and closed again."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from cordboard.cli.serving import House
from cordboard.config.read import read
from cordboard.runtime.kinds import flows_of
from cordboard.runtime.loop import settle
from tests.loopback.engine_kit import DOWN, FAR, HELLO, LATE, MAIN, OTHER, Application, Home


def tables(place: Path, port: int, ports: str) -> dict[str, Any]:
    """The simulator as its trunk, another that is down, and flows whose every exit asks again."""

    def ask(path: str, then: dict[str, str]) -> dict[str, object]:
        primary = f"http://127.0.0.1:{port}{path}"
        exits = {
            name: then.get(name, "bye") for name in ("after_conversation", "nobody_answers", "not_dialed")
        }
        return {"type": "connect", "primary_url": primary, **exits}

    onward = {"after_conversation": "after", "nobody_answers": "nobody", "not_dialed": "undialed"}
    connect = ask("/connect", onward) | {"fallback_url": f"http://127.0.0.1:{port}/fallback"}
    late_connect = ask("/connect", {}) | {"fallback_url": f"http://127.0.0.1:{port}/fallback"}
    applets = {
        "connect": connect,
        **{name: ask(f"/{name}", {}) for name in onward.values()},
        "bye": {"type": "hangup"},
    }
    hello = {"type": "greeting", "text": "Hello. This number is only an answer.", "next": "bye"}
    bye = {"type": "hangup"}
    return {
        "sip": {"listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]},
        "media": {"ports": ports, "processes": 1},
        "http": {"listen": "127.0.0.1:0", "public_url": "http://127.0.0.1:1"},
        "store": {"url": f"sqlite:///{place / 'cordboard.db'}", "recordings": str(place / "recordings")},
        "egress": {"allow": ["127.0.0.0/8"], "fetch_timeout_seconds": 2.0},
        "trunks": [
            {"name": "phones", "uri": "simulator", "sources": ["127.0.0.1/32"]},
            {"name": "down", "uri": "sip:127.0.0.1:1;transport=tcp"},
        ],
        "exophones": [
            {"number": MAIN, "flow": 1, "trunk": "phones", "circle": "KA"},
            {"number": LATE, "flow": 2, "trunk": "phones", "circle": "KA"},
            {"number": HELLO, "flow": 3, "trunk": "phones", "circle": "KA"},
            {"number": OTHER, "flow": 1, "trunk": "phones", "circle": "KA"},
            {"number": FAR, "flow": 1, "trunk": "phones", "circle": "DL"},
            {"number": DOWN, "flow": 1, "trunk": "down", "circle": "KA"},
        ],
        "flows": [
            {"id": 1, "name": "at once", "start": "connect", "applets": applets},
            {
                "id": 2,
                "name": "late",
                "start": "connect",
                "answer": "late",
                "applets": {"connect": late_connect, "bye": bye},
            },
            {"id": 3, "name": "hello", "start": "hello", "applets": {"hello": hello, "bye": bye}},
        ],
    }


Change = Callable[[dict[str, Any]], None]


@asynccontextmanager
async def _opened(place: Path, ports: str, change: Change, runner: asyncio.Runner) -> AsyncIterator[Home]:
    application = Application()
    site = web.Application()
    site.router.add_route("*", "/{path:.*}", application.handle)
    web_runner = web.AppRunner(site, access_log=None)
    await web_runner.setup()
    await web.TCPSite(web_runner, "127.0.0.1", 0).start()
    application.port = web_runner.addresses[0][1]
    configured = tables(place, application.port, ports)
    change(configured)
    settings = read(configured, {}, "test.toml")
    flows, _ = flows_of(settings)
    house = House(settings, flows)
    try:
        await house.open()
        yield Home(house, application, runner)
    finally:
        await house.close()
        await web_runner.cleanup()


@contextmanager
def home_at(place: Path, ports: str, change: Change = lambda tables: None) -> Iterator[Home]:
    """Open everything, close everything. ``ports``: media's; ``change`` edits the configuration."""
    with _undisturbed(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        opening = _opened(place, ports, change, runner)
        home = runner.run(_entered(opening))
        settle()
        try:
            yield home
        finally:
            runner.run(_left(opening))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """As in ``serve``: a whole collection stops this process, and with it every phone, for 300 ms."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _entered(opening: Any) -> Home:
    home: Home = await opening.__aenter__()
    return home


async def _left(opening: Any) -> None:
    await opening.__aexit__(None, None, None)
