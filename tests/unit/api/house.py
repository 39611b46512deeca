"""An engine of straw with a real store, and a client that speaks ASGI to the app: no socket."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

from fastapi import FastAPI

from cordboard.api import reading
from cordboard.api.app import make_app
from cordboard.config.settings import Account, Dialing, ExoPhone, Http, Settings
from cordboard.config.settings import Store as StoreSettings
from cordboard.contract.facts import CallFacts
from cordboard.contract.outbound import Order
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.beginning import Hindrance
from cordboard.recordings.shelf import Shelf
from cordboard.runtime.disks import Disks
from cordboard.runtime.flow_desk import desk_of
from cordboard.runtime.watching import Watch
from cordboard.sip.endpoint.words import Address, Hop, Passed
from cordboard.store import lines
from cordboard.store.store import Store

NOW = 1_768_284_894.0  # 2026-01-13 11:44:54 in Kolkata
LOGIN = {"authorization": "Basic " + b64encode(b"key:token").decode()}


@dataclass
class FakeClock:
    """Stands still until it is moved."""

    now: float = NOW

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


@dataclass
class StrawEndpoint:
    """Lets an engine of straw be watched."""

    engine: "FakeEngine"

    def watch(self, tap: Callable[[Passed], None] | None) -> None:
        self.engine.tap = tap

    def local_of(self, hop: Hop) -> Address:
        return Address("udp", "198.51.100.1", 5060)


@dataclass
class FakeEngine:
    """What `ApiEngine` asks for."""

    settings: Settings
    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    draining: bool = False
    troubles: tuple[str, ...] = ()
    live: int = 0
    nudged: int = 0
    tap: Callable[[Passed], None] | None = None
    hindered: Hindrance | None = None
    broken: str = ""
    ordered: list[Order] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flows = desk_of(self.settings, self.store, self.clock, {})
        self.watching = Watch(StrawEndpoint(self), self.clock, lambda host: "carrier", 1)
        folders = {"recordings": Path(self.settings.store.recordings), "database": self.store.folder}
        self.watched_disks = Disks(folders, self.clock, self.live_calls)

    @property
    def watch(self) -> Watch:
        return self.watching

    @property
    def shelf(self) -> Shelf:
        return Shelf(Path(self.settings.store.recordings))

    @property
    def disks(self) -> Disks:
        return self.watched_disks

    def warnings(self) -> tuple[str, ...]:
        return ("a warning",) if self.troubles else ()

    def outbox_changed(self) -> None:
        self.nudged += 1

    def problems(self) -> tuple[str, ...]:
        return self.troubles

    def live_calls(self) -> int:
        return self.live

    def hindrance(self, number: str, exophone: str) -> Hindrance | None:
        return self.hindered

    def order(self, order: Order) -> CallFacts:
        if self.broken:
            raise Unavailable(self.broken)
        self.ordered.append(order)
        to = order.to or order.exophone
        return CallFacts("ab34", order.number, to, order.exophone, "outbound-dial", order.flow, NOW)

    def flow_ids(self) -> tuple[int, ...]:
        return (11754,)

    def trunks(self) -> list[dict[str, Any]]:
        return [{"name": "carrier", "hosts": []}]

    def phones(self) -> list[dict[str, Any]]:
        return [{"user": "asha", "number": "+919812300001", "registered": 0}]

    def metrics(self) -> bytes:
        return b"cordboard_calls_live 0.0\n"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class House:
    """The engine, its app, and the folder of its files."""

    engine: FakeEngine
    app: FastAPI
    folder: Path

    async def get(
        self,
        target: str,
        headers: dict[str, str] | None = None,
        *,
        method: str = "GET",
        client: str | None = "127.0.0.1",
        login: bool = True,
        body: bytes = b"",
    ) -> Answer:
        """One request, as uvicorn would hand it over."""
        path, _, query = target.partition("?")
        sent = (LOGIN if login else {}) | {"host": "testing"} | (headers or {})
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": None if client is None else (client, 40000),
            "server": ("127.0.0.1", 8080),
        }
        answer = Answer(0, {}, b"")
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            if (message := next(asked, None)) is None:
                await asyncio.Event().wait()  # the client stays until it is answered
            assert message is not None
            return message

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {
                    name.decode(): value.decode("latin-1") for name, value in message["headers"]
                }
            else:
                answer.body += message.get("body", b"")

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return answer

    async def post(self, target: str, body: bytes, content_type: str = "", **rest: Any) -> Answer:
        """A POST with a body."""
        headers = {"content-type": content_type} if content_type else None
        return await self.get(target, headers, method="POST", body=body, **rest)

    def write_call(self, sid: str = "ab12", **values: object) -> None:
        """A call that was answered, connected and ended, and the legs of it."""
        store = self.engine.store
        store.append(lines.begin(sid, NOW))
        call = {
            "caller": "+919876500001",
            "called": "+918047115777",
            "exophone": "+918047115777",
            "status": "completed",
            "answered_at": NOW + 1,
            "ended_at": NOW + 61,
            "updated_at": NOW + 61,
            "talk_seconds": 40,
            "leg2_status": "completed",
            "answered_by": "+919812300001",
        } | values
        store.append(lines.row("calls", sid, call))
        caller = {
            "status": "completed",
            "answered_at": NOW + 1,
            "ended_at": NOW + 61,
            "number": "+919876500001",
        }
        store.append(lines.row("legs", (sid, 0), caller))
        callee = {"status": "completed", "talk_seconds": 40, "number": "+919812300001"}
        store.append(lines.row("legs", (sid, 1), callee))

    def write_recording(
        self, sid: str, state: str, audio: bytes | None = None, call: str = "ab12", **more: object
    ) -> None:
        """A recording's row, and its files where there are some: the same in both forms."""
        name = f"{sid}.wav"
        values = {"call_sid": call, "file": name, "state": state, "began_at": NOW, "size": len(audio or b"")}
        if audio is not None:
            (self.folder / "recordings" / name).write_bytes(audio)
            (self.folder / "recordings" / f"{sid}.mp3").write_bytes(audio)
            values["mp3"] = f"{sid}.mp3"
        values |= more
        self.engine.store.append(lines.row("recordings", sid, values))


@asynccontextmanager
async def opened(folder: Path, metrics_token: str = "", batch_seconds: float = 0.01) -> AsyncIterator[House]:
    """A house for one test."""
    (folder / "recordings").mkdir()
    settings = Settings(
        account=Account(),
        dialing=Dialing(countries=("IN",)),
        exophones=(ExoPhone("+918047115777", 11754, "carrier"),),
        http=replace(Http(), metrics_token=metrics_token),
        store=StoreSettings(url=f"sqlite:///{folder}/calls.db", recordings=str(folder / "recordings")),
    )
    clock = FakeClock()
    store = Store(settings.store.url, clock, batch_seconds=batch_seconds)
    await store.open()
    try:
        engine = FakeEngine(settings, store, clock)
        with patch.object(reading, "_PATIENCE", 60.0):  # what was written is read, however busy the machine
            yield House(engine, make_app(engine), folder)
    finally:
        await store.close()


def play(
    folder: Path,
    story: Callable[[House], Awaitable[None]],
    metrics_token: str = "",
    batch_seconds: float = 0.01,
) -> None:
    """Run a test's story in a house of its own."""

    async def within() -> None:
        async with opened(folder, metrics_token, batch_seconds) as house:
            await story(house)

    asyncio.run(within())
