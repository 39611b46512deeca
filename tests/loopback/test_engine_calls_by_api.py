"""Calls by API on a whole engine: HTTP in, SIP and audio out, the callback at the customer's URL."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cordboard.cli import ordering
from cordboard.cli.ordering import Asked
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import DOWN, MAIN, Answer, Home, has_tone, to
from tests.waiting import until

CONFIG = '[account]\nsid = "acme1"\n'
URL = "http://my.exotel.com/acme1/exoml/start_voice/1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("api"), "27000-27999", lambda tables: None) as home:
        yield home


async def post(home: Home, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask for a call: status, and what is inside of the answer."""
    account = home.house.settings.account
    login = b64encode(f"{account.api_key}:{account.api_token}".encode()).decode()
    url = f"http://{home.house.http[0]}:{home.house.http[1]}/v1/Accounts/{account.sid}/Calls/connect.json"
    headers = {"Authorization": f"Basic {login}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=fields) as answer:
        told = await answer.json()
        return answer.status, next(iter(told.values()))


async def ended(home: Home, sid: str) -> dict[str, Any]:
    """The call's details, once it is over."""

    async def over() -> bool:
        row = await home.engine.store.calls.get(sid)
        return row is not None and row.ended_at is not None

    await until(over)
    account = home.house.settings.account.sid
    _, body = await home.get(f"/v1/Accounts/{account}/Calls/{sid}.json?details=true")
    call: dict[str, Any] = json.loads(body)["Call"]
    return call


def listens(home: Home, path: str) -> list[tuple[str, dict[str, str]]]:
    """What is posted to this path of the application: media type and fields."""
    got: list[tuple[str, dict[str, str]]] = []

    async def take(request: web.Request) -> Answer:
        if request.content_type == "application/json":
            got.append((request.content_type, await request.json()))
        else:
            form = await request.post()
            got.append((request.content_type, {name: str(value) for name, value in form.items()}))
        return web.Response()

    home.application.says("", path, take)
    return got


def test_a_call_to_a_flow_with_audio_both_ways_and_its_callbacks(home: Home) -> None:
    got = listens(home, "/status")

    async def story() -> None:
        first, second = home.phones("01", "06")
        home.application.says(first, "/connect", to(second, record=True))
        status, call = await post(
            home,
            {
                "From": first,
                "CallerId": MAIN,
                "Url": URL,
                "CustomField": "order-42",
                "StatusCallback": home.url("/status"),
                "StatusCallbackEvents[0]": "terminal",
                "StatusCallbackEvents[1]": "answered",
            },
        )
        assert status == 200 and call["Status"] == "in-progress" and call["Direction"] == "outbound-api"
        details = await ended(home, call["Sid"])
        assert details["Status"] == "completed" and details["Details"]["Leg2Status"] == "completed"
        assert details["From"] == "0" + first[3:] and details["To"] == "0" + MAIN[3:]
        (asked, *_) = home.application.of(first)
        assert asked.query["Direction"] == "outbound-dial" and asked.query["CustomField"] == "order-42"
        assert home.house.simulator is not None
        caller, callee = home.house.simulator.of(first), home.house.simulator.of(second)
        assert has_tone(callee.heard[-8000:], caller.hertz) and has_tone(
            caller.heard[-16000:-8000], callee.hertz
        )
        await until(lambda: _holds(len(got) == 3))
        kinds = [(kind, fields["EventType"], fields["Status"]) for kind, fields in got]
        assert kinds == [
            ("multipart/form-data", "answered", "in-progress"),
            ("multipart/form-data", "answered", "in-progress"),
            ("multipart/form-data", "terminal", "completed"),
        ]
        last = got[-1][1]
        assert last["CallSid"] == call["Sid"] and last["CustomField"] == "order-42"
        recording = last["RecordingUrl"].removeprefix(home.house.settings.http.public_url)

        async def can_be_fetched() -> bool:  # the MP3 is made right after the decision; 404 until then
            status, audio = await home.get(recording)
            return status == 200 and len(audio) > 1000

        await until(can_be_fetched)

    home.run(story())


async def _holds(value: bool) -> bool:
    return value


def test_settled_6_two_numbers_are_connected_without_asking_anybody(home: Home) -> None:
    got = listens(home, "/json")

    async def story() -> None:
        first, second = home.phones("01", "06")
        fields = {
            "From": first,
            "To": second,
            "CallerId": MAIN,
            "StatusCallback": home.url("/json"),
            "StatusCallbackContentType": "application/json",
        }
        status, call = await post(home, fields)
        assert status == 200 and call["To"] == "0" + second[3:]
        details = await ended(home, call["Sid"])
        assert details["Status"] == "completed"
        assert 2 <= details["Details"]["ConversationDuration"] <= 4
        assert not home.application.of(first)
        await until(lambda: _holds(bool(got)))
        kind, body = got[0]
        assert kind == "application/json" and set(body) == {
            "CallSid",
            "Status",
            "RecordingUrl",
            "DateUpdated",
        }

    home.run(story())


@pytest.mark.parametrize(
    ("behaviour", "status", "more"),
    [("02", "busy", {}), ("03", "no-answer", {"TimeOut": "2"}), ("05", "failed", {}), ("10", "failed", {})],
)
def test_a_first_leg_that_is_not_answered(
    home: Home, behaviour: str, status: str, more: dict[str, str]
) -> None:
    async def story() -> None:
        (first,) = home.phones(behaviour)
        code, call = await post(home, {"From": first, "CallerId": MAIN, "Url": URL, **more})
        assert code == 200
        details = await ended(home, call["Sid"])
        assert details["Status"] == details["Details"]["Leg1Status"] == status
        assert not home.application.of(first)

    home.run(story())


def test_s5_the_time_limit_ends_the_call(home: Home) -> None:
    async def story() -> None:
        first, second = home.phones("01", "01")
        fields = {"From": first, "To": second, "CallerId": MAIN, "TimeLimit": "4"}
        _, call = await post(home, fields)
        details = await ended(home, call["Sid"])
        assert details["Status"] == "completed" and details["Duration"] == 4

    home.run(story())


def test_an_exophone_whose_trunk_is_down_cannot_call(home: Home) -> None:
    async def story() -> None:
        (first,) = home.phones("02")
        code, call = await post(home, {"From": first, "CallerId": DOWN, "Url": URL})
        assert code == 200  # nobody has found out yet that it is down
        assert (await ended(home, call["Sid"]))["Status"] == "failed"

    home.run(story())


def test_cordboard_call_begins_a_call_and_waits_for_its_end(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "cordboard.toml"
    config.write_text(CONFIG)
    url = f"http://{home.house.http[0]}:{home.house.http[1]}"

    def call(asked: Asked, wait: bool = True, wants_json: bool = False) -> int:
        return home.run(asyncio.to_thread(ordering.order, asked, config, url, wait, wants_json))

    busy, first, second = home.phones("02", "01", "06")
    assert call(Asked(busy, MAIN, flow=1)) == 1
    sid, told = capsys.readouterr().out.split("\n", 1)
    assert len(sid) == 32 and told.startswith("busy after ")
    assert call(Asked(first, MAIN, to=second), wants_json=True) == 0
    assert json.loads(capsys.readouterr().out)["Details"]["Leg2Status"] == "completed"
    assert call(Asked(busy, MAIN, flow=1, custom_field="x"), wait=False) == 0
    assert call(Asked("12ab", MAIN, flow=1)) == 2
    assert "--from: " in capsys.readouterr().err
    assert call(Asked(first, MAIN)) == 2
