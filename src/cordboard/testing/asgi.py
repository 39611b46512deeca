"""The way to an ASGI application in this process: no server, no port."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from cordboard.customer import got as words
from cordboard.runtime.clock import SystemClock
from cordboard.testing.applications import Answer, LoopThread, bounded, raised


class Asgi:
    """An ASGI callable (version 3), on a loop of its own; its lifespan begins with the first request.

    What an application does after its response is complete goes on until it is done or the door is closed.
    ``get`` raises ``RuntimeError`` where the lifespan fails to start: nothing could be tested.
    """

    def __init__(self, app: Callable[..., Any], loop: LoopThread) -> None:
        self._app, self._thread, self._clock = app, loop, SystemClock()
        self._running: set[asyncio.Task[None]] = set()
        self._lifespan: _Lifespan | None = None

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """See ``Door``."""
        return self._thread.run(self._get(url, headers, seconds))

    def close(self) -> None:
        """See ``Door``."""
        if self._lifespan is not None:
            self._thread.run(self._end(self._lifespan))
            self._lifespan = None

    async def _get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        if self._lifespan is None:
            self._lifespan = _Lifespan(self._app)
            await self._lifespan.begin()
        began = self._clock.monotonic()
        exchange = _Exchange(_scope(url, headers, self._lifespan.state))
        task = asyncio.get_running_loop().create_task(exchange.play(self._app))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(seconds):
                await exchange.complete.wait()
        except TimeoutError:
            task.cancel()
            return Answer(0, seconds=seconds, error=words.no_answer(seconds))
        said = exchange.answer()
        return bounded(Answer(said.status, said.media_type, said.body, self._clock.monotonic() - began))

    async def _end(self, lifespan: "_Lifespan") -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await lifespan.end()


class _Exchange:
    """One request. ``complete``: the response is, or will never be."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._scope = scope
        self._said: list[dict[str, Any]] = []
        self._failure: BaseException | None = None
        self._asked = False
        self.complete = asyncio.Event()

    async def play(self, app: Callable[..., Any]) -> None:
        """Let the application handle it."""
        try:
            await app(self._scope, self._receive, self._send)
        except Exception as failure:
            self._failure = failure
            raised(failure)
        finally:
            self.complete.set()

    def answer(self) -> Answer:
        """What it said; of an application that raised before it said anything, what a server would."""
        start = next((each for each in self._said if each["type"] == "http.response.start"), None)
        if start is None:
            told = self._failure or RuntimeError("the application ended without a response")
            return Answer(500, "text/plain", f"{type(told).__name__}: {told}".encode())
        fields = {bytes(name).decode("latin-1").lower(): value for name, value in start.get("headers", ())}
        body = b"".join(each.get("body", b"") for each in self._said if each["type"] == "http.response.body")
        return Answer(start["status"], bytes(fields.get("content-type", b"")).decode("latin-1"), body)

    async def _receive(self) -> dict[str, Any]:
        if self._asked:
            await self.complete.wait()
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        self._said.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.complete.set()


class _Lifespan:
    """The application's own beginning and end. ``state``: what it leaves for its requests."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._started, self._stopped = asyncio.Event(), asyncio.Event()
        self._objection = ""
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Raises ``RuntimeError`` for one that fails to start."""
        self._task = asyncio.get_running_loop().create_task(self._live())
        self._to_app.put_nowait({"type": "lifespan.startup"})
        await self._started.wait()
        if self._objection:
            raise RuntimeError(f"the application did not start: {self._objection}")

    async def end(self) -> None:
        """Let it tidy up."""
        self._to_app.put_nowait({"type": "lifespan.shutdown"})
        await self._stopped.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.state}
        try:
            await self._app(scope, self._to_app.get, self._hear)
        except Exception as failure:
            # An application without a lifespan raises, which is its way to say so (ASGI 3, lifespan); one
            # that has begun may not.
            if self._started.is_set():
                raised(failure)
        finally:
            self._started.set()
            self._stopped.set()

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.failed":
            self._objection = message.get("message") or "its lifespan failed"
        (self._started if message["type"].startswith("lifespan.startup") else self._stopped).set()


def _scope(url: str, headers: Mapping[str, str], state: Mapping[str, Any]) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": parts.scheme,
        "path": unquote(parts.path) or "/",
        "raw_path": parts.path.encode() or b"/",
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)),
        "state": dict(state),
    }
