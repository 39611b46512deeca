"""A whole engine on loopback: its configuration, a customer's application, callers and phones, all real."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from cordboard.cli.serving import House
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.engine import Engine
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.ears import tone_in
from cordboard.simulator.phone import Phone
from cordboard.store.records import CallRow, FetchRow, LegRow, RecordingRow
from tests.waiting import until

T = TypeVar("T")
MAIN, LATE, HELLO = "+918047115777", "+918047115778", "+918047115779"
OTHER, FAR, DOWN = "+918047115780", "+911147115781", "+918047115782"
"""ExoPhones: one flow answers at once, one late, one only greets; another of the same circle, one of another
circle, one whose trunk is down."""

Answer = dict[str, object] | web.StreamResponse
Says = Answer | Callable[[web.Request], Awaitable[Answer]]
CLOSE_HZ = 6.0


def to(*numbers: str, **fields: object) -> dict[str, object]:
    """An answer that names these numbers."""
    return {"destination": {"numbers": list(numbers)}, **fields}


def text(body: str, status: int = 200, media_type: str = "application/json", **headers: str) -> Says:
    """An answer in these very words."""

    async def say(request: web.Request) -> Answer:
        return web.Response(text=body, status=status, content_type=media_type, headers=headers)

    return say


def late(seconds: float, answer: Answer) -> Says:
    """An answer that lets wait."""

    async def say(request: web.Request) -> Answer:
        await asyncio.sleep(seconds)
        return answer

    return say


def sound(wav: bytes, status: int = 200) -> Says:
    """An audio file."""

    async def say(request: web.Request) -> Answer:
        return web.Response(body=wav, status=status, content_type="audio/wav")

    return say


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that came to the application. ``at``: seconds on the loop's clock."""

    at: float
    path: str
    query: dict[str, str]
    raw: str
    headers: dict[str, str]


def last_ten(number: str) -> str:
    """Numbers are told apart by their last ten digits, in whatever form they come."""
    return number[-10:]


@dataclass(slots=True)
class Application:
    """A customer's application: what was asked, and what it answers to each caller, path by path.

    Without a word for a path: nobody to dial.
    """

    port: int = 0
    answers: dict[tuple[str, str], list[Says]] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)

    def says(self, caller: str, path: str, *answers: Says) -> None:
        """Answers in turn; the last one stays. Caller ``""``: whoever calls."""
        self.answers[last_ten(caller), path] = list(answers)

    def of(self, caller: str) -> list[Ask]:
        """What was asked about this caller's calls."""
        return [ask for ask in self.asked if last_ten(ask.query.get("CallFrom", "")) == last_ten(caller)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        query = dict(request.query)
        caller = last_ten(query.get("CallFrom", ""))
        now = asyncio.get_running_loop().time()
        raw = request.rel_url.raw_query_string
        self.asked.append(Ask(now, request.path, query, raw, dict(request.headers)))
        left = self.answers.get((caller, request.path)) or self.answers.get(("", request.path))
        if left is None:
            return web.json_response({"destination": {}})
        says = left.pop(0) if len(left) > 1 else left[0]
        said = await says(request) if callable(says) else says
        return said if isinstance(said, web.StreamResponse) else web.json_response(said)


@dataclass(slots=True)
class Play:
    """One call, seen from every side. The rows are there once it is over."""

    home: "Home"
    number: str
    caller: ScriptedCaller
    sid: str = ""
    row: CallRow = field(default_factory=lambda: CallRow(""))
    legs: tuple[LegRow, ...] = ()
    fetches: tuple[FetchRow, ...] = ()
    recordings: tuple[RecordingRow, ...] = ()
    timeline: list[dict[str, Any]] = field(default_factory=list)
    phones: dict[str, Phone] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries that came to a path."""
        return [ask.query for ask in self.home.application.of(self.number) if ask.path == path]

    def phone(self, number: str) -> Phone | None:
        """The scripted phone of this number, once it was rung."""
        assert self.home.house.simulator is not None
        try:
            return self.home.house.simulator.of(number)
        except KeyError:
            return None

    def told(self, what: str) -> list[dict[str, Any]]:
        """The timeline's entries with this text."""
        return [entry for entry in self.timeline if entry["what"] == what]

    def notes(self) -> dict[str, str]:
        """Deviations by their code."""
        return {e["data"]["code"]: e["data"]["text"] for e in self.told("a remark")}

    def exits(self) -> list[str]:
        """The exits taken, applet by applet."""
        return [entry["data"]["exit"] for entry in self.told("leave the applet")]

    def leg(self, number: str) -> LegRow:
        """The latest leg to this number."""
        return [leg for leg in self.legs if leg.number == number][-1]

    async def talks_to(self, number: str) -> Phone:
        """Wait until this phone hears the caller's own tone."""
        found: list[Phone] = []

        async def hears() -> bool:
            phone = self.phone(number)
            if phone is None:
                return False
            found[:] = [phone]
            return has_tone(phone.heard[-1200:], self.caller.hertz)

        await until(hears)
        return found[0]


Meanwhile = Callable[[Play], Awaitable[None]]


@dataclass(slots=True)
class Home:
    """An engine that is up, its customer's application, and the loop that both run in."""

    house: House
    application: Application
    runner: asyncio.Runner
    callers: int = 0
    numbers: int = 0

    @property
    def engine(self) -> Engine:
        """The engine."""
        assert self.house.engine is not None
        return self.house.engine

    def url(self, path: str) -> str:
        """A URL of the customer's application."""
        return f"http://127.0.0.1:{self.application.port}{path}"

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
        """Do it in the loop of this home."""

        async def bounded() -> T:
            async with asyncio.timeout(seconds):
                return await work

        return self.runner.run(bounded())

    def phones(self, *behaviours: str) -> tuple[str, ...]:
        """Numbers that nobody else rings; the last two digits choose what each phone does."""
        made = []
        for behaviour in behaviours:
            self.numbers += 1
            made.append(f"+9198{self.numbers:06d}{behaviour}")
        return tuple(made)

    async def play(
        self,
        *answers: Says,
        exophone: str = MAIN,
        fallback: tuple[Says, ...] = (),
        meanwhile: Meanwhile | None = None,
        talk: tuple[str, float] | None = None,
        longest: float = 30.0,
        events: int = 0,
        keys: tuple[str, ...] = (),
        **options: Any,
    ) -> Play:
        """Make one call to its end. ``answers``: the Primary's, in turn. ``talk``: the caller hangs up so
        many seconds after this phone first heard it. ``meanwhile``: what else happens. ``events``: wait for
        so many dial events. ``keys``: the caller presses them by itself. ``options``: the caller's."""
        self.callers += 1
        number = f"+91976500{self.callers:04d}"
        for path, said in (("/connect", answers), ("/fallback", fallback)):
            if said:
                self.application.says(number, path, *said)
        play = Play(self, number, self.ready_caller(number, exophone, **options))
        async with asyncio.TaskGroup() as group:
            ringing = group.create_task(play.caller.ring(keys, longest=longest))
            others = [group.create_task(_then_hang_up(play, *talk))] if talk else []
            if meanwhile is not None:
                others.append(group.create_task(_awaited(meanwhile(play))))
            await ringing
        if events:
            await until(lambda: _true(len(play.asked("/event")) >= events))
        await self._write_down(play)
        return play

    def ready_caller(
        self, number: str, exophone: str = MAIN, transport: str = "udp", **options: Any
    ) -> ScriptedCaller:
        """Somebody who is ready to ring."""
        target = next(at for at in self.engine.bound if at.transport == transport)
        return ScriptedCaller(target, exophone, number, clock=SystemClock(), tokens=SystemTokens(), **options)

    async def _write_down(self, play: Play) -> None:
        store = self.engine.store

        async def over() -> bool:
            rows = [row for row in await store.calls.newest(200) if row.caller == play.number]
            play.sid = rows[0].sid if rows else ""
            recordings = await store.recordings.of_call(play.sid)
            decided = all(recording.state != "recording" for recording in recordings)
            return bool(rows) and rows[0].ended_at is not None and decided

        await until(over)
        await asyncio.sleep(0.3)  # the last BYE's answer, the audio's reports
        await store.settled()
        row = await store.calls.get(play.sid)
        assert row is not None
        play.row, play.legs = row, await store.legs.of_call(play.sid)
        play.fetches = await store.fetches.of_call(play.sid)
        play.recordings = await store.recordings.of_call(play.sid)
        status, body = await self.get(f"/api/calls/{play.sid}/timeline")
        assert status == 200
        play.timeline = json.loads(body)
        for leg in play.legs:
            if leg.leg and (phone := play.phone(leg.number)) is not None:
                play.phones[leg.number] = phone

    async def get(self, path: str) -> tuple[int, bytes]:
        """An authenticated GET of the API: status and body."""
        return await self._ask("GET", path)

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """An authenticated POST of a form: status and body."""
        return await self._ask("POST", path, form)

    async def put(self, path: str, body: bytes) -> tuple[int, bytes]:
        """An authenticated PUT of JSON: status and body."""
        return await self._ask("PUT", path, body)

    async def _ask(
        self, method: str, path: str, form: dict[str, str] | bytes | None = None
    ) -> tuple[int, bytes]:
        account = self.house.settings.account
        login = b64encode(f"{account.api_key}:{account.api_token}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        url = f"http://{self.house.http[0]}:{self.house.http[1]}{path}"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, url, data=form) as answer,
        ):
            return answer.status, await answer.read()

    async def plain_call(self) -> None:
        """The engine lives: a call is answered, connected, recorded and written as it should be."""
        (asha,) = self.phones("08")
        play = await self.play(to(asha, record=True), talk=(asha, 0.3))
        assert play.caller.answered and play.row.call_type == "completed"
        assert [recording.state for recording in play.recordings] == ["whole"]


async def _then_hang_up(play: Play, number: str, seconds: float) -> None:
    await play.talks_to(number)
    await asyncio.sleep(seconds)
    play.caller.hang_up()


async def _awaited(what: Awaitable[None]) -> None:
    await what


async def _true(value: bool) -> bool:
    return value


def has_tone(samples: Any, hertz: float, share: float = 0.5) -> bool:
    """Is this tone the most of what these samples hold?"""
    if len(samples) < 400:
        return False
    found, held = tone_in(samples)
    return abs(found - hertz) < CLOSE_HZ and held > share
