"""``cordboard serve``: the engine and its API in one process, until it is told to end."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog
import uvicorn

from cordboard.api.app import make_app
from cordboard.cli.files import BAD_USAGE, FAILED, complain, load
from cordboard.cli.logs import log_to_stderr
from cordboard.config.settings import Settings
from cordboard.flow.document import Flow
from cordboard.kernel.hosts import bracketed
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.engine import Engine
from cordboard.runtime.loop import run, settle
from cordboard.simulator.simulator import Simulator


class WebServer(uvicorn.Server):
    """uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


class House:
    """Engine, API and, where a trunk asks for them, the scripted phones: what ``serve`` and ``demo`` run."""

    def __init__(self, settings: Settings, flows: Mapping[int, Flow]) -> None:
        self.settings, self._flows = settings, flows
        self.simulator: Simulator | None = None
        self.engine: Engine | None = None
        self.http = ("", 0)
        self._web: WebServer | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> Engine:
        """Open all of it. Raises ``Unavailable`` with one sentence; then nothing is left open."""
        try:
            return await self._open()
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> Engine:
        phones = None
        if any(trunk.simulated for trunk in self.settings.trunks):
            self.simulator = Simulator(SystemClock(), SystemTokens())
            phones = await self.simulator.start()
        engine = Engine(self.settings, self._flows, phones)
        listening = _listen(*self.settings.http.address())
        self.engine = engine
        await engine.start()
        secure = self.settings.http.certificate
        self._web = WebServer(
            uvicorn.Config(
                make_app(engine),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ssl_certfile=secure or None,
                ssl_keyfile=self.settings.http.private_key or None,
            )
        )
        self._serving = asyncio.get_running_loop().create_task(self._web.serve(sockets=[listening]))
        self.http = listening.getsockname()[:2]
        return engine

    async def close(self) -> None:
        """Close the API first, so that nobody sees an engine without its doors."""
        if self.engine is not None:
            self.engine.watch.close()  # a trace is an answer without an end: the API would wait for it
        if self._web is not None and self._serving is not None:
            self._web.should_exit = True
            await asyncio.wait([self._serving])
        if self.engine is not None:
            await self.engine.close()
        if self.simulator is not None:
            await self.simulator.close()
        self.engine = self.simulator = self._web = None

    def ready_line(self) -> str:
        """``ready sip=udp:…,tcp:… http=…``, ports as bound."""
        assert self.engine is not None, "after open"
        sip = ",".join(f"{at.transport}:{bracketed(at.host)}:{at.port}" for at in self.engine.bound)
        return f"ready sip={sip} http={bracketed(self.http[0])}:{self.http[1]}"


def serve(path: Path, drain_seconds: float) -> int:
    """Run until SIGTERM or SIGINT: the first drains, the second hangs up."""
    log_to_stderr()
    try:
        settings, flows, warnings = load(path)
    except BadInput as mistake:
        complain(mistake)
        return BAD_USAGE
    for warning in warnings:
        complain(f"warning: {warning}")
    try:
        return run(_serve(settings, flows, drain_seconds, path))
    except BadInput as mistake:
        complain(f"{path}: {mistake}")
        return BAD_USAGE
    except Unavailable as problem:
        complain(problem)
        return FAILED


async def _serve(settings: Settings, flows: Mapping[int, Flow], drain_seconds: float, path: Path) -> int:
    house = House(settings, flows)
    told: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.put_nowait, number)
    engine = await house.open()
    loop.add_signal_handler(signal.SIGHUP, _read_anew, engine, path)
    settle()
    print(house.ready_line(), file=sys.stderr, flush=True)
    try:
        await told.get()
        draining = loop.create_task(engine.drain(drain_seconds))
        hurry = loop.create_task(told.get())
        await asyncio.wait((draining, hurry), return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurry):
            task.cancel()
    finally:
        await house.close()
    return 0


def _read_anew(engine: Engine, path: Path) -> None:
    """What SIGHUP asks for: the certificates, and the flows of the file."""
    engine.reload_certificates()
    try:
        settings, flows, _ = load(path)
    except BadInput as mistake:
        log = structlog.get_logger("serve")
        log.error("the flows of the file cannot be used; the old ones stay", reason=str(mistake))
        return
    engine.flows.take_file(flows, settings)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # who reads the ready line may ask at once; the server begins a moment later
    except OSError as error:
        listening.close()
        raise Unavailable(
            f"http.listen {bracketed(host)}:{port}: {error.strerror}; another address or port is needed"
        ) from None
    return listening
