"""Flows that change while calls are in them, on a whole engine and on a ``serve`` of its own."""

import asyncio
import json
import signal
from base64 import b64encode
from pathlib import Path
from typing import Any

import aiohttp

from cordboard.runtime.replay import replay
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import MAIN, Home, Play, to
from tests.loopback.engine_process import Served
from tests.waiting import until

BYE = {"type": "hangup"}


def _connect(home: Home, path: str, then: str) -> dict[str, Any]:
    exits = dict.fromkeys(("after_conversation", "nobody_answers", "not_dialed"), then)
    return {"type": "connect", "primary_url": home.url(path), **exits}


def _document(home: Home, path: str) -> dict[str, Any]:
    """Connect, then a transfer to flow 8."""
    applets = {"connect": _connect(home, path, "on"), "on": {"type": "transfer", "flow": 8}}
    return {"id": 7, "start": "connect", "applets": applets}


def _after(home: Home, path: str) -> dict[str, Any]:
    ask = {"type": "passthru", "url": home.url(path), "ok": "bye", "other": "bye"}
    return {"id": 8, "start": "ask", "applets": {"ask": ask, "bye": BYE}}


async def _send(home: Home, method: str, path: str, body: object) -> int:
    account = home.house.settings.account
    login = b64encode(f"{account.api_key}:{account.api_token}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    url = f"http://{home.house.http[0]}:{home.house.http[1]}{path}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, data=json.dumps(body)) as answer,
    ):
        return answer.status


async def _paths(home: Home, play: Play) -> list[str]:
    return [ask.path for ask in home.application.asked if ask.query["CallSid"] == play.sid]


def test_a_call_goes_on_in_the_version_that_it_began_with(tmp_path: Path) -> None:
    with home_at(tmp_path, "35200-35299") as home:

        async def publish(old: str) -> None:
            assert await _send(home, "PUT", "/api/flows/8", _after(home, f"/after-{old}")) in (200, 201)
            assert await _send(home, "PUT", "/api/flows/7", _document(home, f"/connect-{old}")) in (200, 201)

        async def meanwhile(play: Play) -> None:
            await play.talks_to(asha)
            await publish("second")
            play.caller.hang_up()

        (asha,) = home.phones("08")
        for path in ("/connect-first", "/connect-second"):
            home.application.says("", path, to(asha))
        home.run(publish("first"))
        assert home.run(_send(home, "PUT", f"/api/exophones/{MAIN}", {"flow": 7})) == 200
        play = home.run(home.play(meanwhile=meanwhile))
        assert home.run(_paths(home, play)) == ["/connect-first", "/after-first"]
        lines = home.run(home.engine.store.timelines.of_call(play.sid))
        assert all(step.same for step in replay(lines))
        play = home.run(home.play(talk=(asha, 0.2)))
        assert home.run(_paths(home, play)) == ["/connect-second", "/after-second"]


FILE = """
[http]
listen = "127.0.0.1:0"
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
[media]
ports = "35300-35399"
processes = 1
[[trunks]]
name = "carrier"
uri = "simulator"
[[exophones]]
number = "+918047115777"
flow = FLOW
trunk = "carrier"
circle = "KA"
[[flows]]
id = FLOW
start = "bye"
[flows.applets.bye]
type = "TYPE"
"""


def test_sighup_reads_the_files_flows_anew_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "cordboard.toml"

    def write(flow: int, type: str = "hangup") -> None:
        file.write_text(FILE.replace("FLOW", str(flow)).replace("TYPE", type))

    async def test() -> None:
        served = Served(tmp_path)

        async def flow_is(wanted: int) -> bool:
            headers = {"Authorization": "Basic " + b64encode(b"key:token").decode()}
            url = f"http://127.0.0.1:{served.http}/api/exophones"
            async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
                (phone,) = await answer.json()
            return bool(phone["flow"] == wanted)

        async def said(words: str) -> bool:
            return words in served.said

        write(1)
        try:
            await served.start()
            assert await flow_is(1)
            write(2)
            served.signal(signal.SIGHUP)
            await until(lambda: flow_is(2))
            write(3, "hangupp")
            served.signal(signal.SIGHUP)
            await until(lambda: said("the old ones stay"))
            assert await flow_is(2) and "did you mean 'hangup'" in served.said
            served.signal(signal.SIGTERM)
            assert await served.ended() == 0
        finally:
            await served.stop()

    asyncio.run(test())
