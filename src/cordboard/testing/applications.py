"""The way to a customer's application: by HTTP, or in this process without any port.

An application in this process is a WSGI or ASGI callable (Flask, Django, FastAPI, Starlette …), or a plain
function from the request's parameters to ``(status, media type, body)`` or an ``Answer``.
"""

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from cordboard import __version__
from cordboard.customer import got as words
from cordboard.customer.client import BODY_LIMIT, Customer
from cordboard.net.guard import Policy
from cordboard.net.resolver import Resolver
from cordboard.runtime.clock import SystemClock, SystemTokens

T = TypeVar("T")

_log = logging.getLogger("cordboard.testing")

EVERYWHERE = Policy.of(("0.0.0.0/0", "::/0"), ())
"""A developer tests an application of theirs: any address will do."""


AT_ONCE = 0.1
"""What a plain function takes that says nothing of time, in virtual seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an application sent. ``status`` 0: nothing, and ``error`` says why. ``seconds``: how long it took;
    from a plain function, how long it pretends to take (None: ``AT_ONCE``)."""

    status: int = 200
    media_type: str = "application/json"
    body: bytes = b""
    seconds: float | None = None
    error: str = ""


class Asked(dict[str, str]):
    """The parameters of one request as a plain function gets them; of a repeated name the last counts.

    ``url``: complete. ``path``: of the URL, decoded. ``headers``: as sent.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        super().__init__(parse_qsl(parts.query, keep_blank_values=True))
        self.url, self.path, self.headers = url, unquote(parts.path) or "/", dict(headers)


Answering = Callable[[Asked], "Answer | tuple[int, str, bytes | str]"]
"""A plain function as an application."""


class Door(Protocol):
    """A way to an application. ``get`` never raises; an answer after ``seconds`` is none (status 0)."""

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """One GET."""
        ...

    def close(self) -> None:
        """Nothing will be asked any more."""
        ...


def sent_headers(url: str) -> dict[str, str]:
    """What the engine's own client sends with every request to a Connect URL."""
    return {
        "Host": urlsplit(url).netloc,
        "Exotel-Version": "1.0",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"cordboard/{__version__}",
    }


class LoopThread:
    """An event loop in a thread of its own, so that tests may be synchronous or not. Begun when needed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="applications", daemon=True)
            self._thread.start()
        return self._loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self) -> None:
        """End the thread."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


class Http:
    """By HTTP, through the engine's own client: one GET, nothing followed, nothing repeated."""

    def __init__(self, loop: LoopThread, policy: Policy = EVERYWHERE, **client: Any) -> None:
        self._loop, self._policy, self._client = loop, policy, client
        self._customer: Customer | None = None

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """See ``Door``. ``headers`` are those that the client sends anyway."""
        return self._loop.run(self._get(url, seconds))

    def close(self) -> None:
        """See ``Door``."""
        if self._customer is not None:
            self._loop.run(self._customer.close())
            self._customer = None

    def audio(self, url: str, redirects: int, seconds: float) -> Answer:
        """An audio file, redirects followed so many times."""
        return self._loop.run(self._audio(url, redirects, seconds))

    async def _get(self, url: str, seconds: float) -> Answer:
        return _as_answer(await (await self._open()).get(url, seconds=seconds))

    async def _audio(self, url: str, redirects: int, seconds: float) -> Answer:
        return _as_answer(await (await self._open()).audio(url, redirects=redirects, seconds=seconds))

    async def _open(self) -> Customer:
        if self._customer is None:
            tokens = SystemTokens()
            resolver = Resolver.of_this_machine(tokens)
            self._customer = Customer(self._policy, resolver, SystemClock(), tokens, **self._client)
            await self._customer.start()
        return self._customer


class Plain:
    """A function from parameters to an answer, with time as it says."""

    def __init__(self, function: Answering) -> None:
        self._function = function

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """See ``Door``. A function that raises is an application that fails: 500."""
        try:
            said = self._function(Asked(url, headers))
        except Exception as failure:
            return raised(failure)
        if not isinstance(said, Answer):
            status, media_type, body = said
            said = Answer(status, media_type, body.encode() if isinstance(body, str) else body)
        if said.seconds is not None and said.seconds >= seconds:
            return Answer(0, seconds=seconds, error=words.no_answer(seconds))
        return bounded(replace(said, seconds=AT_ONCE if said.seconds is None else said.seconds))

    def close(self) -> None:
        """See ``Door``."""


class Wsgi:
    """A WSGI callable (PEP 3333), called in the test's own thread."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app, self._clock = app, SystemClock()

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """See ``Door``."""
        began = self._clock.monotonic()
        status, fields, body = self._call(url, headers)
        elapsed = self._clock.monotonic() - began
        if elapsed >= seconds:
            return Answer(0, seconds=seconds, error=words.no_answer(seconds))
        media_type = next((value for name, value in fields if name.lower() == "content-type"), "")
        return bounded(Answer(int(status.split(" ", 1)[0]), media_type, body, elapsed))

    def close(self) -> None:
        """See ``Door``."""

    def _call(self, url: str, headers: Mapping[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, fields: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
            begun.append((status, fields))
            return written.append

        written: list[bytes] = []
        try:
            parts = self._app(_environ(url, headers), start_response)
            try:
                written.extend(parts)
            finally:
                getattr(parts, "close", lambda: None)()
            status, fields = begun[-1]
        except Exception as failure:
            answer = raised(failure)
            return str(answer.status), [("Content-Type", answer.media_type)], answer.body
        return status, fields, b"".join(written)


def raised(failure: BaseException) -> Answer:
    """What a server makes of an application that raises; why is for whoever reads the log."""
    _log.error("the application raised", exc_info=failure)
    return Answer(500, "text/plain", f"{type(failure).__name__}: {failure}".encode())


def _as_answer(got: words.Got) -> Answer:
    return Answer(got.status, got.media_type, got.body, got.elapsed, got.error)


def bounded(answer: Answer) -> Answer:
    """No more of a body is read than the engine's client reads."""
    if len(answer.body) <= BODY_LIMIT:
        return answer
    return Answer(0, seconds=answer.seconds, error=words.too_large(BODY_LIMIT))


def _environ(url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1") or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
