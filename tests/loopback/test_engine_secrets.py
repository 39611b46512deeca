"""Secrets that were planted in a served engine are in no log line, figure or answer, and in the database only
where a customer's own URL needs them (reliability.md S19)."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path

import aiohttp
from aiohttp import web

from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from tests.free_ports import free_port
from tests.loopback.engine_kit import MAIN
from tests.loopback.engine_process import Served
from tests.media_ports import media_ports
from tests.waiting import until

TOKEN, TRUNK, STORE, SIGNING = "planted-token", "planted-trunk", "planted-s3", "planted-signing"
FIGURES, PHONE, QUERY = "planted-figures", "planted-phone", "planted-query"
NOWHERE = (TOKEN, TRUNK, STORE, SIGNING, FIGURES, PHONE)
"""These are in nothing that the engine writes or tells, but in what it authenticates with."""
BY_NEED = {"outbox", "fetches", "timelines"}
"""The tables whose URLs have their query: events are sent from there, and calls replayed."""
CONFIG = """
[account]
sid = "acme1"
api_key = "key"
api_token = "{TOKEN}"
signing_secrets = ["{SIGNING}"]
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
[media]
ports = "{ports[0]}-{ports[1]}"
processes = 1
[http]
listen = "127.0.0.1:0"
metrics_token = "{FIGURES}"
[store]
recordings = "s3://bucket"
[recordings]
s3_endpoint = "http://127.0.0.1:{closed}"
s3_access_key = "access"
s3_secret_key = "{STORE}"
[egress]
allow = ["127.0.0.0/8"]
[[trunks]]
name = "simulator"
uri = "simulator"
sources = ["127.0.0.1/32"]
[[trunks]]
name = "carrier"
uri = "sip:127.0.0.1:{closed}"
username = "cordboard"
password = "{TRUNK}"
register = true
[[phones]]
user = "asha"
password = "{PHONE}"
number = "+919812300099"
[[exophones]]
number = "+918047115777"
flow = 1
trunk = "simulator"
circle = "KA"
[[flows]]
id = 1
name = "secrets"
start = "look"
[flows.applets.look]
type = "passthru"
url = "http://192.0.2.1:25/forbidden?token={QUERY}"
ok = "connect"
other = "connect"
[flows.applets.connect]
type = "connect"
primary_url = "http://127.0.0.1:{closed}/refused?token={QUERY}"
fallback_url = "http://127.0.0.1:{port}/fallback?token={QUERY}"
"""


async def _application(got: list[str]) -> tuple[web.AppRunner, int]:
    async def answer(request: web.Request) -> web.Response:
        got.append(request.path_qs)
        if request.path == "/gone":
            return web.Response(status=410)
        numbers = {"destination": {"numbers": ["+919812300006"]}, "record": True}
        port = request.url.port
        return web.json_response(
            numbers | {"dial_passthru_event_url": f"http://127.0.0.1:{port}/gone?token={QUERY}"}
        )

    site = web.Application()
    site.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


async def _told(http: int, sid: str) -> dict[str, str]:
    """What the API answers about everything, by path."""
    found = {}
    login = {"Authorization": "Basic " + b64encode(f"key:{TOKEN}".encode()).decode()}
    paths = ["/api/events?limit=1000", "/api/events/outbox", "/api/events/outbox?state=done", "/api/trunks"]
    paths += [
        "/api/phones",
        "/api/flows",
        "/api/exophones",
        "/readyz",
        "/healthz",
        "/api/openapi.json",
        "/api/docs",
    ]
    paths += [f"/api/calls/{sid}/timeline", f"/api/calls/{sid}/timeline?format=ladder&full=true"]
    paths += [f"/v1/Accounts/acme1/Calls/{sid}.json?details=true", "/v1/Accounts/acme1/Calls", "/nobody"]
    paths += [f"/api/recordings/{sid}/certificate", f"/v3/accounts/acme1/calls/{sid}"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{http}") as session:
        for path in paths:
            async with session.get(path, headers=login) as answer:
                found[path] = await answer.text()
        figures = {"Authorization": f"Bearer {FIGURES}"}
        async with session.get("/metrics", headers=figures) as answer:
            assert answer.status == 200
            found["/metrics"] = await answer.text()
        # credentials and secrets where they do not belong: what is said of them repeats none
        for query in (f"token={TOKEN}", f"after={TOKEN}", f"state={TOKEN}", f"limit={TOKEN}"):
            async with session.get(f"/api/events/outbox?{query}", headers=login) as answer:
                found[f"?{query}"] = await answer.text()
        async with session.get("/api/trunks", headers={"Authorization": f"Basic {TOKEN}"}) as answer:
            assert answer.status == 401
            found["401"] = await answer.text()
    return found


def test_s19_planted_secrets_are_found_nowhere(tmp_path: Path) -> None:
    got: list[str] = []

    async def story() -> dict[str, str]:
        runner, port = await _application(got)
        names = {
            name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)
        }
        text = CONFIG.format(**names, port=port, closed=free_port(), ports=media_ports())
        (tmp_path / "cordboard.toml").write_text(text)
        served = Served(tmp_path)
        try:
            await served.start()
            caller = ScriptedCaller(
                served.sip, MAIN, "+919876500001", clock=SystemClock(), tokens=SystemTokens()
            )
            await caller.ring(longest=12.0)
            assert caller.answered

            async def over() -> bool:
                dead = served.rows("SELECT count(*) FROM outbox WHERE state = 'dead'") == [(2,)]
                return dead and "cannot be moved" in served.said

            await until(over, 20.0)
            ((sid,),) = served.rows("SELECT sid FROM calls")
            told = await _told(served.http, str(sid))
            served.signal(15)
            await served.ended()
            told["the log"] = served.said
            return told
        finally:
            await served.stop()
            await runner.cleanup()

    told = asyncio.run(story())
    assert any(QUERY in path for path in got), "the customer is asked with the whole URL"
    events = [json.loads(line)["event"] for line in told["the log"].splitlines() if line.startswith("{")]
    assert "an event was given up" in events  # the log told of what has secrets in it
    assert "a request to a forbidden address was refused" in events
    for where, text in told.items():
        assert not [secret for secret in (*NOWHERE, QUERY) if secret in text], where
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "cordboard.toml":
            content = file.read_bytes()
            assert not [secret for secret in NOWHERE if secret.encode() in content], file
    assert _tables_with(tmp_path, QUERY) == BY_NEED


def _tables_with(folder: Path, text: str) -> set[str]:
    served = Served(folder)
    found = set()
    for (table,) in served.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = served.rows(f"SELECT * FROM {table}")
        if any(text in _plain(value) for row in rows for value in row):
            found.add(str(table))
    return found


def _plain(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
