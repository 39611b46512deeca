"""``cordboard demo``: one real call over loopback, told while it happens, and checked step by step."""

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from rich.console import Console

from cordboard.cli import demo_checks as checks
from cordboard.cli.files import FAILED, complain
from cordboard.cli.logs import log_to_stderr
from cordboard.cli.serving import House
from cordboard.config.read import read
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.runtime.clock import SystemClock, SystemTokens, pause
from cordboard.runtime.kinds import flows_of
from cordboard.runtime.loop import run
from cordboard.simulator.caller import ScriptedCaller, Step

CALLER, EXOPHONE, BUSY, ASHA = "+919876500001", "+918047115777", "+919812300002", "+919812300042"
TALK_SECONDS = 6.0

ANSWER: dict[str, object] = {
    "destination": {"numbers": [BUSY, ASHA]},
    "record": True,
    "recording_channels": "dual",
    "max_ringing_duration": 20,
    "start_call_playback": {
        "playback_to": "both",
        "type": "text",
        "value": "Connecting you. This call is recorded.",
    },
}


@dataclass(slots=True)
class Story:
    """What happened, for the listener and for the checks."""

    console: Console
    asked: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)

    def say(self, text: str, style: str = "") -> None:
        """One line, at once."""
        self.console.print(text, style=style, highlight=False, soft_wrap=True)


def demo(keep: Path | None, wants_json: bool) -> int:
    """Exit 0 only if every step happened."""
    log_to_stderr(40)
    console = Console(stderr=wants_json, file=sys.stderr if wants_json else sys.stdout)
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            results = run(_demo(keep.absolute(), Story(console)))
        else:
            place = Path(tempfile.mkdtemp(prefix="cordboard-demo-"))
            results = run(_demo(place, Story(console)))
    except (BadInput, Unavailable) as problem:
        complain(problem)
        return FAILED
    missing = [check for check in results if not check.ok]
    if wants_json:
        print(
            json.dumps(
                {"ok": not missing, "checks": [{"step": c.step, "ok": c.ok, "seen": c.seen} for c in results]}
            )
        )
    return FAILED if missing else 0


async def _demo(place: Path, story: Story) -> list[checks.Check]:
    story.say("cordboard demo: one real call over loopback – SIP, RTP, HTTP, a recording\n", "bold")
    application, port = await _application(story)
    settings = read(_tables(place, port), {}, "the demo's configuration")
    flows, _ = flows_of(settings)
    house = House(settings, flows)
    try:
        engine = await house.open()
        story.say(f"engine     {house.ready_line()}")
        story.say(f"your URL   http://127.0.0.1:{port}/connect\n")
        caller = ScriptedCaller(
            engine.bound[0],
            EXOPHONE,
            CALLER,
            clock=SystemClock(),
            tokens=SystemTokens(),
            on_step=lambda step: _tell(story, step),
        )
        await _ring(caller, house)
        call = story.asked[0]["CallSid"] if story.asked else ""
        await _wait_until(lambda: _decided(house, call), 8.0)
        await _wait_until(_enough(story), 5.0)
        results = await checks.all_checks(house, caller, story.asked, story.events, call, BUSY, ASHA)
        await _print_ladder(house, call, story)
    finally:
        await house.close()
        await application.cleanup()
    _print_checks(story, results)
    recordings = sorted((place / "recordings").rglob("*.wav"))
    story.say("")
    for recording in recordings:
        story.say(f"recording  {recording}   (caller left, callee right)")
    story.say(f"database   {place / 'cordboard.db'}")
    bad = [check for check in results if not check.ok]
    if bad:
        story.say(
            f"\n{len(bad)} of {len(results)} steps did not happen: {', '.join(c.step for c in bad)}",
            "bold red",
        )
    else:
        story.say(f"\nall {len(results)} steps happened", "bold green")
    return results


async def _ring(caller: ScriptedCaller, house: House) -> None:
    """The caller hangs up some seconds after the callee's tone is to be heard."""

    async def leave() -> None:
        simulator = house.simulator
        assert simulator is not None, "the demo's trunk is the simulator"
        await _wait_until(lambda: _talking(house), 30.0)
        await pause(TALK_SECONDS)
        caller.hang_up()

    leaving = asyncio.get_running_loop().create_task(leave())
    try:
        await caller.ring(longest=60.0)
    finally:
        leaving.cancel()


async def _talking(house: House) -> bool:
    """Somebody is bridged: a recording has begun."""
    assert house.engine is not None
    for call in await house.engine.store.calls.newest(1):
        return bool(await house.engine.store.recordings.of_call(call.sid))
    return False


async def _decided(house: House, call: str) -> bool:
    assert house.engine is not None
    recording = await house.engine.store.recordings.newest_of_call(call)
    row = await house.engine.store.calls.get(call)
    return (
        recording is not None
        and recording.state != "recording"
        and row is not None
        and row.ended_at is not None
    )


def _enough(story: Story) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return len(story.events) >= 4

    return enough


async def _wait_until(true: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Return when it is true, or after so long: the checks say what is missing."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not await true():
                await pause(0.1)


# --- the customer's application ------------------------------------------------------------------------


async def _application(story: Story) -> tuple[web.AppRunner, int]:
    """A Connect application as a customer would write it, on a port of its own."""

    async def connect(request: web.Request) -> web.Response:
        story.asked.append(dict(request.query))
        story.say(f"  → GET /connect?{request.rel_url.raw_query_string}", "cyan")
        answer = {**ANSWER, "dial_passthru_event_url": f"http://{request.host}/event"}
        story.say(f"  ← {json.dumps(answer)}", "cyan")
        return web.json_response(answer)

    async def event(request: web.Request) -> web.Response:
        story.events.append(dict(request.query))
        query = request.query
        story.say(
            f"  → GET /event  {query.get('EventType')} {query.get('Status')} {query.get('DialWhomNumber')}",
            "dim",
        )
        return web.Response()

    application = web.Application()
    application.add_routes([web.get("/connect", connect), web.get("/event", event)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return runner, port


def _tables(place: Path, port: int) -> dict[str, object]:
    http = _free_port()
    return {
        "sip": {"listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]},
        "media": {"ports": "36000-36999", "processes": 1},
        "http": {"listen": f"127.0.0.1:{http}", "public_url": f"http://127.0.0.1:{http}"},
        "store": {"url": f"sqlite:///{place / 'cordboard.db'}", "recordings": str(place / "recordings")},
        "egress": {"allow": ["127.0.0.0/8"]},
        "trunks": [{"name": "phones", "uri": "simulator", "sources": ["127.0.0.1/32"]}],
        "exophones": [{"number": EXOPHONE, "flow": 1, "trunk": "phones", "circle": "KA"}],
        "flows": [
            {
                "id": 1,
                "name": "demo",
                "start": "connect",
                "applets": {
                    "connect": {
                        "type": "connect",
                        "primary_url": f"http://127.0.0.1:{port}/connect",
                        "after_conversation": "bye",
                        "nobody_answers": "bye",
                    },
                    "bye": {"type": "hangup"},
                },
            }
        ],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- what is printed -----------------------------------------------------------------------------------


def _tell(story: Story, step: Step) -> None:
    story.say(f"{step.at:6.2f}  caller: {step.what}")


async def _print_ladder(house: House, call: str, story: Story) -> None:
    """The call as the engine saw it, from its own timeline."""
    assert house.engine is not None
    story.say("\nthe call, by its timeline (caller left, callees right):\n", "bold")
    for line in checks.ladder(await house.engine.store.timelines.of_call(call)):
        story.say(line)


def _print_checks(story: Story, results: list[checks.Check]) -> None:
    story.say("")
    for check in results:
        mark, style = ("✓", "green") if check.ok else ("✗", "bold red")
        story.say(f"  {mark} {check.step}" + (f"  ({check.seen})" if check.seen else ""), style)
