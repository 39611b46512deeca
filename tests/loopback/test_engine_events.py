"""Events of a whole engine over HTTP: the feed, its stream, what was given up and is sent again."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Answer, Home, to
from tests.media_ports import media_ports
from tests.waiting import until

LOGIN = {"Authorization": "Basic " + b64encode(b"key:token").decode()}
KINDS = ["call.started", "call.bridged", "leg.ended", "call.ended", "recording.decided"]
"""Of one recorded call. The last two may change places."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("events"), "{}-{}".format(*media_ports())) as home:
        yield home


async def stream(home: Home, **headers: str) -> AsyncGenerator[dict[str, Any], None]:
    """What a browser's EventSource would hand on, as it comes."""
    url = f"http://{home.house.http[0]}:{home.house.http[1]}/api/events/stream"
    async with aiohttp.ClientSession(headers=LOGIN | headers) as session, session.get(url) as answer:
        assert answer.status == 200 and answer.content_type == "text/event-stream"
        fields: dict[str, str] = {}
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "" and value == "" and "data" in fields:
                event = json.loads(fields["data"])
                assert fields["id"] == str(event["seq"]) and fields["event"] == event["kind"]
                yield event
                fields = {}
            elif name:
                fields[name] = value


async def call(home: Home) -> str:
    """A recorded conversation; its id."""
    (asha,) = home.phones("08")
    play = await home.play(to(asha, record=True), talk=(asha, 0.3))
    assert [recording.state for recording in play.recordings] == ["whole"]
    return play.sid


async def feed(home: Home, query: str) -> dict[str, Any]:
    status, body = await home.get(f"/api/events?{query}")
    assert status == 200
    found: dict[str, Any] = json.loads(body)
    return found


def test_f8_a_client_of_the_stream_that_comes_again_misses_nothing(home: Home) -> None:
    async def story() -> None:
        seen: list[dict[str, Any]] = []
        async with aclosing(stream(home)) as live:
            calling = asyncio.create_task(call(home))
            async for event in live:
                seen.append(event)
                if event["kind"] == "call.bridged":
                    break  # the line breaks in the middle of the call
        sid = await calling
        async with aclosing(stream(home, **{"Last-Event-ID": str(seen[-1]["seq"])})) as live:
            async for event in live:
                seen.append(event)
                if len(seen) == len(KINDS):
                    break
        assert {event["call"] for event in seen} == {sid}
        assert [event["number"] for event in seen] == list(range(1, len(KINDS) + 1))
        kinds = [event["kind"] for event in seen]
        assert kinds[:3] == KINDS[:3] and sorted(kinds) == sorted(KINDS)
        assert (await feed(home, f"call={sid}"))["events"] == seen

    home.run(story())


def test_the_feed_waits_for_what_comes_and_is_read_on_by_page(home: Home) -> None:
    async def story() -> None:
        end = (await feed(home, "after=0&limit=1000"))["next"]
        waiting = asyncio.create_task(feed(home, f"after={end}&wait=30"))
        sid = await call(home)
        first = await waiting
        assert first["events"][0]["kind"] == "call.started" and first["events"][0]["call"] == sid
        pages, after = [], end
        while found := await feed(home, f"after={after}&limit=2"):
            if not found["events"]:
                break
            assert len(found["events"]) <= 2
            pages += found["events"]
            after = found["next"]
        assert [event["number"] for event in pages] == list(range(1, len(KINDS) + 1))

    home.run(story())


def test_f8_what_a_receiver_gave_up_is_sent_again_with_its_own_id(home: Home) -> None:
    gone: list[str] = []
    came: list[str] = []

    async def receive(request: web.Request) -> Answer:
        (came if opened else gone).append(request.headers["webhook-id"])
        return web.Response(status=200 if opened else 410)

    opened: list[bool] = []

    async def story() -> None:
        home.application.says("", "/gone", receive)
        (asha,) = home.phones("02")
        play = await home.play(to(asha, dial_passthru_event_url=home.url("/gone")))

        async def dead() -> bool:
            return len((await outbox("dead", play.sid))["events"]) == 2

        await until(dead)
        given_up = (await outbox("dead", play.sid))["events"]
        assert [event["kind"] for event in given_up] == ["Dial", "Terminal"]
        assert {event["error"] for event in given_up} == {"HTTP status 410"}
        opened.append(True)
        for event in given_up:
            status, body = await home.post(f"/api/events/{event['id']}/resend", {})
            assert status == 202 and json.loads(body)["state"] == "due"

        async def taken() -> bool:
            return len((await outbox("done", play.sid))["events"]) == 2

        await until(taken)
        assert came == gone == [event["id"] for event in given_up]

    async def outbox(state: str, sid: str) -> dict[str, Any]:
        status, body = await home.get(f"/api/events/outbox?state={state}&call={sid}")
        assert status == 200
        found: dict[str, Any] = json.loads(body)
        return found

    home.run(story())
