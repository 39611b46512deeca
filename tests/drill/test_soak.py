"""A long run: some hundred calls of every kind at once, and nothing is lost, doubled or left behind.

`make drill`; skipped elsewhere. Each call is a real caller over SIP and RTP against one engine.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, to
from tests.waiting import until

CALLS, AT_ONCE = 300, 24
KINDS = ("01", "02", "04", "05", "06", "07", "08", "10")
pytestmark = pytest.mark.skipif(os.environ.get("CORDBOARD_DRILL") != "1", reason="a long run: make drill")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("soak"), "26000-27999") as home:
        yield home


async def one(home: Home, index: int, gate: asyncio.Semaphore) -> Play:
    async with gate:
        kind = KINDS[index % len(KINDS)]
        first, second = home.phones(kind, "08")
        answer = to(first, second, record=True, recording_channels="dual")
        answer["dial_passthru_event_url"] = home.url("/event")
        talk = (second, 1.0) if kind not in ("01", "06", "08") else None
        return await home.play(answer, talk=talk, longest=12.0 if talk else 4.0)


@pytest.mark.timeout(900)
def test_hundreds_of_calls_leave_one_record_each_and_nothing_behind(home: Home) -> None:
    async def all_calls() -> list[Play]:
        gate = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(one(home, index, gate) for index in range(CALLS)))

    home.run(home.plain_call(), 60)
    plays = home.run(all_calls(), 800)
    assert len({play.sid for play in plays}) == CALLS
    assert all(play.row.ended_at is not None and not play.row.outcome for play in plays)
    assert all(recording.state == "whole" for play in plays for recording in play.recordings)
    assert sum(len(play.recordings) for play in plays) > CALLS // 2

    async def delivered() -> bool:
        return not await home.engine.store.outbox.soonest()

    # a host's share of events begins at ten a second and grows: a backlog takes its time, and is not lost
    home.run(until(delivered, 150.0), 160)
    home.run(asyncio.sleep(8), 20)  # ports rest before they are given out again
    assert home.engine.live_calls() == 0 and home.engine.legs.live == 0
    assert home.engine.media.ports_taken == 0
    for play in plays:
        kinds = [ask.query["EventType"] for ask in home.application.of(play.number) if ask.path == "/event"]
        assert kinds.count("Dial") == kinds.count("Terminal") == len(play.legs) - 1
    assert home.engine.endpoint.load[1] == 0  # no SIP session is left
    home.run(home.plain_call(), 60)
