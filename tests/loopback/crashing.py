"""An engine in its own process that ends at a named point of writing, and what the next start makes of it."""

import asyncio
import contextlib
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from cordboard.cli.configuring import init
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.faults import STATUS, VARIABLE
from cordboard.simulator.caller import ScriptedCaller
from tests.free_ports import free_port
from tests.loopback.engine_kit import MAIN
from tests.loopback.engine_process import Served
from tests.waiting import until

POINTS = {
    "opened": (1,),
    "append": (1, 9, 30),
    "appended": (2, 11, 31),
    "forcing": (2, 20),
    "forced": (3, 21),
    "batched": (1, 3),
    "uncommitted": (1, 3),
    "committed": (1, 3),
    "begin-before": (2,),
    "begin-after": (2,),
    "step-before": (4, 13),
    "step-after": (1, 5, 9, 14),
    "calls-before": (2, 4),
    "calls-after": (2, 4),
    "outbox-before": (1, 2, 3),
    "outbox-after": (1, 2, 4),
    "recordings-before": (1, 2),
    "recordings-after": (1, 2),
    "send-before": (1, 3),
    "send-after": (1, 3),
}
"""Where the engine ends, and at which of its times there."""
FLOW = """
[[flows]]
id = 11754
name = "crash"
start = "connect"

[flows.applets.connect]
type = "connect"

[flows.applets.connect.parameters]
destination = {{ numbers = ["+919812300008"] }}
record = true
recording_channels = "dual"
dial_passthru_event_url = "http://127.0.0.1:{port}/event"
"""
Rows = Callable[[str], list[tuple[object, ...]]]


@dataclass(slots=True)
class Found:
    """``taken``: calls that have a record. ``lost``: those that ended with the engine. ``events``: that the
    outbox holds. ``twice``: deliveries that came again."""

    ended: bool = False
    taken: int = 0
    lost: int = 0
    events: int = 0
    twice: int = 0


@dataclass(slots=True)
class Crash:
    """``rows`` looks into the database behind the engine's back."""

    folder: Path
    url: str
    rows: Rows
    got: list[tuple[str, str]] = field(default_factory=list)  # message id, query
    _answered: set[str] = field(default_factory=set)

    async def play(self, point: str, number: int) -> Found:
        """Calls until the engine ends at the point, a start, and a look at what is there. Fails where
        anything is lost, doubled or not sound."""
        runner, port = await self._application()
        served = self._served(port)
        try:
            answered, ended = await self._until_it_ends(served, f"{point}:{number}")
            served.environ.clear()
            await served.start()
            if not ended:
                answered |= await self._calls(served, 9, 1)
            await until(self._all_is_said, 40.0)
            served.signal(signal.SIGTERM)
            assert await served.ended() == 0, served.said
        finally:
            await served.stop()
            await runner.cleanup()
        found = self._check(answered)
        found.ended = ended
        return found

    async def _application(self) -> tuple[web.AppRunner, int]:
        async def event(request: web.Request) -> web.Response:
            self.got.append((request.headers["webhook-id"], request.rel_url.raw_query_string))
            return web.Response()

        site = web.Application()
        site.router.add_get("/event", event)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    def _served(self, port: int) -> Served:
        assert init(self.folder) == 0
        path = self.folder / "cordboard.toml"
        text = path.read_text().replace("sqlite:///cordboard.db", self.url)
        text = text.replace(":5060", ":0").replace('"127.0.0.1:8080"', '"127.0.0.1:0"')  # each start, any
        signed = 'signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]'  # then events have an id
        text = text.replace("[sip]", f"{signed}\n\n[sip]", 1)
        first = min(free_port(), 65000)
        text = text.replace("30000-34999", f'{first}-{first + 199}"\nprocesses = 1\n#')
        path.write_text(text[: text.index("[[flows]]")] + FLOW.format(port=port))
        return Served(self.folder)

    async def _until_it_ends(self, served: Served, fault: str) -> tuple[set[str], bool]:
        served.environ[VARIABLE] = fault
        try:
            await served.start()
        except AssertionError:
            assert served.process.returncode == STATUS, served.said
            return set(), True
        calling = asyncio.create_task(self._calls(served, 0, 5))
        ending = asyncio.create_task(served.process.wait())
        await asyncio.wait((calling, ending), return_when=asyncio.FIRST_COMPLETED)
        ended = ending.done()
        if ended:
            assert served.process.returncode == STATUS, served.said
        else:
            ending.cancel()
            served.signal(signal.SIGKILL)  # the point was not reached: any other will do
            await served.ended()
        answered: set[str] = set()
        calling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            answered = await calling
        return answered | self._answered, ended

    async def _calls(self, served: Served, first: int, rounds: int) -> set[str]:
        """Two callers at a time; the numbers of those that were answered."""
        for number in range(rounds):
            async with asyncio.TaskGroup() as group:
                for side in range(2):
                    group.create_task(self._call(served, f"+9198765{first + number:03d}{side:02d}"))
        return self._answered

    async def _call(self, served: Served, number: str) -> None:
        caller = ScriptedCaller(served.sip, MAIN, number, clock=SystemClock(), tokens=SystemTokens())
        try:
            await caller.ring(hang_up_after=0.7, longest=5.0)
        finally:
            if caller.answered:
                self._answered.add(number)

    async def _all_is_said(self) -> bool:
        (waiting,) = self.rows("SELECT count(*) FROM calls WHERE ended_at IS NULL")
        (due,) = self.rows("SELECT count(*) FROM outbox WHERE state = 'due'")
        (made,) = self.rows("SELECT count(*) FROM recordings WHERE state = 'recording'")
        return waiting == due == made == (0,)

    def _check(self, answered: set[str]) -> Found:
        calls = self.rows("SELECT sid, caller, outcome FROM calls")
        records = Counter(str(caller) for _, caller, _ in calls)
        assert set(records.values()) <= {1}, records
        assert answered <= set(records), "a call that was answered has no record"
        assert self.rows("SELECT * FROM rejects") == []
        sent = self.rows("SELECT id, call_sid, number, kind, url, state FROM outbox")
        assert {state for *_, state in sent} <= {"done"}
        for sid, _, _ in calls:
            mine = [(str(kind), str(url)) for _, call, _, kind, url, _ in sent if call == sid]
            for event in self._decided(str(sid)):
                assert event in mine, f"{event} was decided and is not in the outbox"
            kinds = Counter(kind for kind, _ in mine)
            assert kinds["Dial"] == kinds["Terminal"] <= 1, (sid, kinds)
        came = Counter(id for id, _ in self.got)
        assert set(came) == {str(row[0]) for row in sent}, "what the outbox holds came to the customer"
        self._check_order()
        self._check_feed()
        lost = sum(outcome == "lost" for *_, outcome in calls)
        return Found(False, len(calls), lost, len(sent), sum(came.values()) - len(came))

    def _check_order(self) -> None:
        """Of a call, Dial comes before Terminal."""
        seen: set[str] = set()
        for _, query in self.got:
            fields = {name: values[0] for name, values in parse_qs(query).items()}
            if fields["EventType"] == "Terminal":
                assert fields["CallSid"] in seen
            seen.add(fields["CallSid"])

    def _check_feed(self) -> None:
        rows = self.rows("SELECT call_sid, number, seq FROM events ORDER BY seq")
        assert len({seq for *_, seq in rows}) == len(rows)
        last: Counter[str] = Counter()
        for sid, number, _ in rows:
            assert number == last[str(sid)] + 1, f"the feed of {sid} goes from {last[str(sid)]} to {number}"
            last[str(sid)] += 1
        told = {
            str(sid) for (sid,) in self.rows("SELECT call_sid FROM events WHERE kind = 'recording.decided'")
        }
        kept = {str(sid) for (sid,) in self.rows("SELECT call_sid FROM recordings")}
        assert told == kept, "a recording was decided and the feed does not tell"

    def _decided(self, sid: str) -> Iterator[tuple[str, str]]:
        """The events that the journal says were to be sent."""
        chunks = self.rows(f"SELECT lines FROM timelines WHERE call_sid = '{sid}' ORDER BY position")
        numbers = []
        for chunk in chunks:
            assert isinstance(chunk[0], bytes)
            for line in chunk[0].split(b"\n"):
                record = json.loads(line)
                numbers.append(record["n"])
                for command in record.get("c", ()):
                    if command["is"] == "SendEvent":
                        yield command["kind"], command["url"]
        assert len(set(numbers)) == len(numbers), "a line is there twice"


def sqlite_rows(folder: Path) -> Rows:
    """Of the starter's database."""

    def rows(query: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(folder / "cordboard.db", timeout=10)) as connection:
            return list(connection.execute(query))

    return rows


def check_sqlite(folder: Path) -> None:
    """The file is sound."""
    rows = sqlite_rows(folder)
    assert rows("PRAGMA integrity_check") == [("ok",)] and rows("PRAGMA foreign_key_check") == []
