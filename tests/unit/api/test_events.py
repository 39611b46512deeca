"""The feed of events, live and by page; the outbox, and sending again."""

import asyncio
import json
from pathlib import Path
from unittest.mock import patch

import pytest

from cordboard.api import events
from cordboard.store import lines
from cordboard.store.records import OutboxRow
from tests.unit.api.house import NOW, House, play


def happen(house: House, call: str, *numbers: int) -> None:
    if numbers[0] == 1:
        house.engine.store.append(lines.begin(call, NOW))
    for number in numbers:
        house.engine.store.append(
            lines.happened(call, number, f"kind.{number}", NOW + number, {"leg": 1, "number": "+91\u202e"})
        )


def test_the_feed_is_read_on_from_any_point(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        happen(house, "a", 1, 2)
        happen(house, "b", 1)
        happen(house, "a", 3)
        first = (await house.get("/api/events?limit=3")).json
        assert [(event["call"], event["number"]) for event in first["events"]] == [
            ("a", 1),
            ("a", 2),
            ("b", 1),
        ]
        rest = (await house.get(f"/api/events?after={first['next']}")).json
        assert [(event["call"], event["number"]) for event in rest["events"]] == [("a", 3)]
        end = (await house.get(f"/api/events?after={rest['next']}")).json
        assert end == {"events": [], "oldest": first["events"][0]["seq"], "next": rest["next"]}
        of_b = (await house.get("/api/events?call=b")).json["events"]
        assert [event["call"] for event in of_b] == ["b"]
        assert of_b[0] | {"seq": 0} == {
            "seq": 0,
            "call": "b",
            "number": 1,
            "kind": "kind.1",
            "at": "2026-01-13T06:14:55.000Z",
            "data": {"leg": 1, "number": "+91\u202e"},
        }

    play(tmp_path, story)


def test_who_waits_for_an_event_need_not_wait_for_the_writers_batch(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        waiting = asyncio.create_task(house.get("/api/events?wait=30"))
        await asyncio.sleep(0.1)
        happen(house, "a", 1)
        assert [event["number"] for event in (await waiting).json["events"]] == [1]

    play(tmp_path, story, batch_seconds=600.0)


def test_who_waits_is_answered_by_the_next_event_or_when_the_time_is_over(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        waiting = asyncio.create_task(house.get("/api/events?wait=30"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        happen(house, "a", 1)
        assert [event["number"] for event in (await waiting).json["events"]] == [1]
        waiting = asyncio.create_task(house.get("/api/events?wait=30&after=1"))
        await asyncio.sleep(0.3)
        house.engine.clock.now += 31
        assert (await waiting).json["events"] == []

    play(tmp_path, story)


def test_live_updates_go_on_behind_the_last_event_that_a_client_has(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        happen(house, "a", 1, 2)
        await house.engine.store.settled()
        resumed = asyncio.create_task(house.get("/api/events/stream", {"last-event-id": "1"}))
        fresh = asyncio.create_task(house.get("/api/events/stream"))
        await asyncio.sleep(0.2)
        happen(house, "a", 3)
        await house.engine.store.settled()
        await asyncio.sleep(0.5)
        house.engine.watch.close()
        told = (await resumed).text
        assert (await resumed).headers["content-type"].startswith("text/event-stream")
        blocks = [block.split("\n") for block in told.split("\n\n") if block.startswith("id: ")]
        assert [block[:2] for block in blocks] == [["id: 2", "event: kind.2"], ["id: 3", "event: kind.3"]]
        assert json.loads(blocks[1][2].removeprefix("data: "))["number"] == 3
        assert "id: 3" in (await fresh).text and "id: 2" not in (await fresh).text

    play(tmp_path, story)


def test_so_many_may_wait_and_no_more(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        streams = [asyncio.create_task(house.get("/api/events/stream")) for _ in range(2)]
        await asyncio.sleep(0.2)
        refused = await house.get("/api/events?wait=5")
        assert refused.status == 429 and refused.headers["retry-after"] == "5"
        house.engine.watch.close()
        await asyncio.gather(*streams)
        assert (await house.get("/api/events?wait=5")).status == 200

    with patch.object(events, "MOST_WAITING", 2):
        play(tmp_path, story)


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("/api/events?after=-1", "after: input should be greater than or equal to 0"),
        ("/api/events?after=99999999999999999999", "after: input should be less than or equal to"),
        ("/api/events?after=x", "after: input should be a valid integer"),
        ("/api/events?limit=1001", "limit: input should be less than or equal to 1000"),
        ("/api/events?wait=61", "wait: input should be less than or equal to 60"),
        ("/api/events/outbox?state=lost", "state: input should be 'due', 'dead' or 'done'"),
        ("/api/events/outbox?after=nobody", "after: the `next` of an answer"),
    ],
)
def test_bad_input_is_told_by_name_with_what_is_allowed(tmp_path: Path, target: str, named: str) -> None:
    async def story(house: House) -> None:
        answer = await house.get(target)
        assert answer.status == 400
        assert answer.json["error"]["code"] == "bad_parameter"
        assert answer.json["error"]["message"].startswith(named)

    play(tmp_path, story)


def waiting(house: House, id: str, number: int) -> None:
    outbox = house.engine.store.outbox
    outbox.add(
        OutboxRow(id, "a", number, "Dial", "http://key:secret@app.example/?token=hush", NOW, due_at=NOW)
    )


def test_f8_what_was_given_up_is_listed_and_sent_again_with_its_own_id(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        happen(house, "a", 1)
        for number in (1, 2, 3):
            waiting(house, f"m{number}", number)
        house.engine.store.outbox.dead("m1", "HTTP status 410", 25)
        house.engine.store.outbox.dead("m2", "HTTP status 410", 25)
        dead = (await house.get("/api/events/outbox?limit=1")).json
        assert dead["next"] == "m1" and "hush" not in str(dead) and "secret" not in str(dead)
        assert dead["events"][0] == {
            "id": "m1",
            "call": "a",
            "number": 1,
            "kind": "Dial",
            "method": "GET",
            "receiver": "app.example",
            "state": "dead",
            "attempts": 25,
            "created": "2026-01-13T06:14:54.000Z",
            "due": "2026-01-13T06:14:54.000Z",
            "error": "HTTP status 410",
        }
        rest = (await house.get("/api/events/outbox?after=m1")).json
        assert [event["id"] for event in rest["events"]] == ["m2"]
        again = await house.get("/api/events/m1/resend", method="POST")
        assert again.status == 202 and again.json["state"] == "due" and again.json["attempts"] == 0
        assert house.engine.nudged == 1
        assert [event.id for event in await house.engine.store.outbox.due("app.example", NOW)] == ["m1"]
        already = await house.get("/api/events/m3/resend", method="POST")
        assert already.status == 202 and house.engine.nudged == 1
        assert (await house.get("/api/events/nobody/resend", method="POST")).status == 404

    play(tmp_path, story)
