"""A client written from contract.md §6 drives a whole engine: calls, lists, recordings, refusals."""

import asyncio
import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import HELLO, MAIN, Answer, Home, to
from tests.loopback.rest_client import RestClient, RestError
from tests.media_ports import media_ports
from tests.waiting import until

T = TypeVar("T")
KEY, TOKEN = "k@y", "t0k:en/with?signs"
URL = "http://my.exotel.com/acme1/exoml/start_voice/1"
CALL_FIELDS = {
    "Sid", "ParentCallSid", "DateCreated", "DateUpdated", "AccountSid", "To", "From", "PhoneNumberSid",
    "Status", "StartTime", "EndTime", "Duration", "Price", "Direction", "AnsweredBy", "ForwardedFrom",
    "CallerName", "Uri", "RecordingUrl",
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place: Path = tmp_path_factory.mktemp(request.param)
    store: dict[str, str] = {}
    if request.param == "postgresql":
        store = {"url": request.getfixturevalue("postgres").database(), "journal": str(place / "journal")}

    def change(tables: dict[str, Any]) -> None:
        tables["account"] = {"sid": "acme1", "api_key": KEY, "api_token": TOKEN}
        tables["store"] |= store

    with home_at(place, "{}-{}".format(*media_ports()), change) as home:
        yield home


def client_of(home: Home, token: str = "t0k%3Aen%2Fwith%3Fsigns") -> RestClient:
    host, port = home.house.http
    return RestClient(f"http://k%40y:{token}@{host}:{port}", "acme1")


async def asked(what: Callable[[], T]) -> T:
    """The client blocks; the engine runs in this loop."""
    return await asyncio.to_thread(what)


async def over(client: RestClient, sid: str) -> dict[str, Any]:
    """The call's details as soon as polling says that it is over."""
    found: list[dict[str, Any]] = []

    async def ended() -> bool:
        found[:] = [await asked(lambda: client.details(sid, details="true"))]
        return found[0]["EndTime"] is not None

    await until(ended, 30)
    return found[0]


def national(number: str) -> str:
    return "0" + number.removeprefix("+91")


def test_a_call_to_a_flow_is_made_polled_and_told_about(home: Home) -> None:
    got: list[dict[str, str]] = []

    async def take(request: web.Request) -> Answer:
        assert request.content_type == "multipart/form-data"
        got.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response()

    async def story() -> None:
        client, (first, second) = client_of(home), home.phones("01", "06")
        home.application.says("", "/told", take)
        home.application.says(first, "/connect", to(second))
        fields = {"From": first, "CallerId": MAIN, "Url": URL, "CallType": "trans", "CustomField": "order 42"}
        fields |= {"StatusCallback": home.url("/told")}
        call = await asked(lambda: client.connect(fields, ["terminal", "answered"]))
        assert set(call) == CALL_FIELDS
        assert call["Status"] == "in-progress" and call["Direction"] == "outbound-api"
        assert call["EndTime"] is call["Duration"] is call["RecordingUrl"] is None
        assert call["Uri"] == f"/v1/Accounts/acme1/Calls.json/{call['Sid']}"
        details = await over(client, call["Sid"])
        assert details["Status"] == "completed" and details["Details"]["Leg2Status"] == "completed"
        assert details["From"] == national(first) and details["PhoneNumberSid"] == national(MAIN)
        by_uri = await asked(lambda: client.ask("GET", call["Uri"]).json["Call"])
        assert by_uri["Sid"] == call["Sid"] and by_uri["EndTime"] == details["EndTime"]
        (query, *_) = [ask.query for ask in home.application.of(first)]
        assert query["CustomField"] == "order 42" and query["Direction"] == "outbound-dial"
        await until(lambda: _is(len(got) == 3))
        assert [told["EventType"] for told in got] == ["answered", "answered", "terminal"]
        assert got[-1]["CallSid"] == call["Sid"] and got[-1]["Legs[1][Status]"] == "completed"
        legs = await asked(lambda: client.legs(call["Sid"]))
        assert [(leg["Id"], leg["Status"]) for leg in legs] == [(1, "completed"), (2, "completed")]
        newest = await asked(lambda: client.newest_details(call["Sid"]))
        assert newest["state"] == "terminal" and newest["custom_field"] == "order 42"

    home.run(story(), 90)


async def _is(value: bool) -> bool:
    return value


def test_two_numbers_are_recorded_and_the_recording_is_downloaded(home: Home) -> None:
    async def story() -> None:
        client, (first, second) = client_of(home), home.phones("01", "06")
        fields = {
            "From": first,
            "To": second,
            "CallerId": MAIN,
            "Record": "true",
            "RecordingChannels": "dual",
        }
        call = await asked(lambda: client.connect_xml(fields))
        assert set(call) == CALL_FIELDS and call["ParentCallSid"] == call["EndTime"] == ""
        assert call["To"] == national(second)
        details = await over(client, call["Sid"])

        async def plays() -> bool:
            url = (await asked(lambda: client.details(call["Sid"])))["RecordingUrl"]
            try:
                return bool(url and (await asked(lambda: client.recording(url))).body)
            except RestError as error:
                assert error.status == 404 and "retry-after" in error.headers
                return False

        await until(plays)
        details = await asked(lambda: client.details(call["Sid"], RecordingUrlValidity="5"))
        url = details["RecordingUrl"]
        mp3 = await asked(lambda: client.recording(url))
        assert mp3.headers["content-type"] == "audio/mpeg" and len(mp3.body) > 5000
        wav = await asked(lambda: client.recording(f"{url}.wav"))
        assert wav.headers["content-type"] == "audio/wav"
        with wave.open(io.BytesIO(wav.body)) as audio:
            assert audio.getnchannels() == 2 and audio.getframerate() == 8000
        part = await asked(lambda: client.recording(f"{url}.wav", Range="bytes=0-3"))
        assert part.status == 206 and part.body == wav.body[:4] == b"RIFF"
        signed = await asked(lambda: client.recording(details["PreSignedRecordingUrl"], login=False))
        assert signed.body == mp3.body
        with pytest.raises(RestError, match="401"):
            await asked(lambda: client.recording(url, login=False))

    home.run(story(), 90)


def test_calls_are_listed_by_page_with_filters(home: Home) -> None:
    async def story() -> None:
        client, busy = client_of(home), home.phones("02", "02", "02")
        sids = []
        for number in busy:
            fields = {"From": number, "CallerId": HELLO, "Url": URL, "TimeOut": "10"}
            sids.append((await asked(lambda fields=fields: client.connect(fields)))["Sid"])  # type: ignore[misc]
            await over(client, sids[-1])
        wanted = {"PhoneNumber": HELLO, "Status": "busy", "PageSize": "2", "SortBy": "DateCreated:asc"}
        pages = await asked(lambda: list(client.calls(**wanted)))
        assert [[call["Sid"] for call in calls] for _, calls in pages] == [sids[:2], sids[2:]]
        first, last = pages[0][0], pages[-1][0]
        assert first["Total"] == 3 and first["PageSize"] == 2 and first["PrevPageUri"] is None
        back = await asked(lambda: client.ask("GET", last["PrevPageUri"]).json)
        assert [call["Sid"] for call in back["Calls"]] == sids[:2]
        assert parse_qs(urlsplit(last["PrevPageUri"]).query)["Status"] == ["busy"]
        one = await asked(lambda: list(client.calls(From=national(busy[1]))))
        assert [call["Sid"] for call in one[0][1]] == [sids[1]]
        two = await asked(lambda: list(client.calls(Sid=f"{sids[0]},{sids[2]}", details="true")))
        assert [call["Details"]["Leg1Status"] for call in two[0][1]] == ["busy", "busy"]
        none = await asked(lambda: list(client.calls(DateCreated="lt:2020-01-01 00:00:00")))
        assert none[0][0]["Total"] == 0 and none[0][1] == []
        xml = (await asked(lambda: client.ask("GET", "/v1/Accounts/acme1/Calls?Status=busy"))).xml
        assert {call.findtext("Sid") for call in xml.findall("Calls/Call")} >= set(sids)

    home.run(story(), 90)


def test_exophones_and_the_flows_they_lead_to(home: Home) -> None:
    async def story() -> None:
        phones = {one["PhoneNumber"]: one for one in await asked(client_of(home).exophones)}
        assert phones[national(MAIN)]["VoiceUrl"].endswith("/acme1/exoml/start_voice/1")
        assert phones[national(HELLO)]["Region"] == "KA"
        for flow, ends in ((3, "/3"), (None, "/1")):  # given by API, and taken back
            given = json.dumps({"flow": flow}).encode()
            status, _ = await home.put(f"/api/exophones/{MAIN.replace('+', '%2B')}", given)
            assert status == 200
            phones = {one["PhoneNumber"]: one for one in await asked(client_of(home).exophones)}
            assert phones[national(MAIN)]["VoiceUrl"].endswith(ends)

    home.run(story())


def test_refusals_are_told_as_the_platform_tells_them(home: Home) -> None:
    async def refused(what: Callable[[], object]) -> RestError:
        with pytest.raises(RestError) as caught:
            await asked(what)
        return caught.value

    async def story() -> None:
        client, (first,) = client_of(home), home.phones("01")
        good = {"From": first, "CallerId": MAIN, "Url": URL}
        stranger = client_of(home, "wrong")
        for status, what in (
            (401, lambda: stranger.details("x")),
            (401, lambda: stranger.connect(good)),
            (404, lambda: client.details("nobody")),
            (404, lambda: client.ask("GET", "/v1/Accounts/other/Calls.json")),
            (405, lambda: client.ask("DELETE", "/v1/Accounts/acme1/Calls/connect.json")),
            (400, lambda: client.connect({})),
            (400, lambda: client.connect_xml(good | {"TimeOut": "61"})),
            (400, lambda: list(client.calls(PageSize="101"))),
            (403, lambda: client.connect(good | {"From": "112"})),
        ):
            error = await refused(what)
            assert error.status == status and error.message
        assert (await refused(lambda: stranger.details("x"))).headers["www-authenticate"].startswith("Basic ")

    home.run(story())


def test_contract_6_1_past_the_limit_of_requests_429_says_when_to_ask_again(tmp_path: Path) -> None:
    def change(tables: dict[str, Any]) -> None:
        tables["account"] = {"sid": "acme1", "api_key": KEY, "api_token": TOKEN}
        tables["http"]["calls_per_minute"] = 60

    async def story(home: Home) -> None:
        client, told = client_of(home), 0
        while told < 200:
            try:
                await asked(client.exophones)
            except RestError as error:
                assert error.status == 429 and 1 <= int(error.headers["retry-after"]) <= 60
                await asyncio.sleep(int(error.headers["retry-after"]))
                assert await asked(client.exophones)
                return
            told += 1
        raise AssertionError("nobody was ever refused")

    with home_at(tmp_path, "{}-{}".format(*media_ports()), change) as home:
        home.run(story(home))
