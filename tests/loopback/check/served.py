"""Applications on a loopback port, and the check of them by command."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from typer.testing import CliRunner, Result

from cordboard.cli.app import app

ONE, TWO = "+919812300001", "+919812300002"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def served(handler: Handler, **options: Any) -> Iterator[tuple[str, list[web.Request]]]:
    """The base URL of an application that answers every path so, and the requests that came."""
    came: list[web.Request] = []
    loop = asyncio.new_event_loop()
    began: list[str] = []
    ready = threading.Event()

    async def noted(request: web.Request) -> web.StreamResponse:
        came.append(request)
        return await handler(request)

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", noted)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, **options).start()
        scheme = "https" if options.get("ssl_context") else "http"
        began.append(f"{scheme}://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        return runner

    def whole() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=whole)
    thread.start()
    assert ready.wait(10)
    try:
        yield began[0], came
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def dialling(*numbers: str, **parameters: Any) -> Handler:
    """An application that always answers so."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"destination": {"numbers": list(numbers)}, **parameters})

    return answer


def check(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments])


def report(*arguments: str) -> dict[str, Any]:
    result = check(*arguments, "--json")
    assert result.exit_code in (0, 1), result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def case(told: dict[str, Any], ident: str) -> dict[str, Any]:
    found: dict[str, Any] = next(case for case in told["cases"] if case["id"] == ident)
    return found
