"""Health, readiness with the disk's forecast, and a database that is away."""

from pathlib import Path

import pytest

from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime.disks import LEAST_BYTES, forecast
from tests.unit.api.house import House, play

GIB = 1 << 30


def test_health_says_that_the_process_answers(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.engine.troubles = ("no trunk can dial",)
        answer = await house.get("/healthz", login=False)
        assert (answer.status, answer.json["status"]) == (200, "ok")

    play(tmp_path, story)


def test_ready_tells_disks_and_store(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await house.get("/readyz", login=False)
        assert answer.status == 200
        told = answer.json
        assert (told["ready"], told["problems"], told["live_calls"]) == (True, [], 0)
        assert set(told["disk"]) == {"recordings", "database"}
        assert told["disk"]["recordings"]["hours_left"] is None
        assert 0 < told["disk"]["recordings"]["free_bytes"] <= told["disk"]["recordings"]["total_bytes"]
        assert told["store"] == {"behind_bytes": 0, "behind_seconds": 0.0, "problem": ""}
        house.engine.live = 10
        assert (await house.get("/readyz")).json["disk"]["recordings"]["hours_left"] > 0

    play(tmp_path, story)


def test_not_ready_says_why(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.engine.troubles = ("the engine is draining",)
        answer = await house.get("/readyz", login=False)
        assert answer.status == 503
        assert (answer.json["ready"], answer.json["problems"]) == (False, ["the engine is draining"])

    play(tmp_path, story)


def test_the_folder_of_recordings_may_not_be_there_yet(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        (house.folder / "recordings").rmdir()
        assert (await house.get("/readyz")).status == 200

    play(tmp_path, story)


def test_a_database_that_is_away_is_503_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(house: House) -> None:
        async def away(sid: str) -> None:
            raise Unavailable("the database cannot be read: disk I/O error at /secret/path")

        monkeypatch.setattr(house.engine.store.calls, "get", away)
        monkeypatch.setattr(house.engine.store.timelines, "of_call", away)
        theirs = await house.get("/v1/Accounts/acme1/Calls/ab12.json")
        assert (theirs.status, theirs.json["RestException"]["Status"]) == (503, 503)
        assert theirs.headers["retry-after"] == "5"
        ours = await house.get("/api/calls/ab12/timeline")
        assert (ours.status, ours.json["error"]["code"]) == (503, "unavailable")
        assert b"/secret" not in theirs.body + ours.body

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("free", "live", "lost", "over", "left", "short"),
    [
        (50 * GIB, 0, 0, 0.0, None, False),
        (LEAST_BYTES - 1, 0, 0, 0.0, None, True),
        (LEAST_BYTES + 32_000 * 600, 1, 0, 0.0, 600.0, False),
        (LEAST_BYTES + 32_000 * 599, 1, 0, 0.0, 599.0, True),
        (LEAST_BYTES + 10_000_000, 0, 60_000_000, 600.0, 100.0, True),
        (50 * GIB, 0, 60_000_000, 59.0, None, False),  # too short a time to judge by
        (50 * GIB, 0, -5, 3600.0, None, False),  # more is free than before
    ],
)
def test_the_disk_lasts_as_long_as_calls_and_the_past_say(
    free: int, live: int, lost: int, over: float, left: float | None, short: bool
) -> None:
    told = forecast(free, 100 * GIB, live, lost, over)
    assert (told.seconds_left, told.short) == (left, short)
