"""The disk of the recordings is full during many of them, is given room, and is full again (F5)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loopback.engine_ears import read_wav
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone, to
from tests.loopback.small_disk import fill, small_disk
from tests.waiting import until

RATE = 8000
CALLS = 20
TALK_SECONDS = 14.0
LONGEST_GAP = 0.040


async def _stopped(home: Home) -> int:
    found = [line for line in home.engine.metrics().splitlines() if b"recordings_interrupted_total" in line]
    return int(float(found[-1].split()[-1]))


async def _timelines(home: Home, what: bytes) -> int:
    """In how many calls this was told."""
    count = 0
    for row in await home.engine.store.calls.newest(CALLS):
        _, body = await home.get(f"/api/calls/{row.sid}/timeline")
        count += what in body
    return count


async def _calls(home: Home, ballast: Path, marks: dict[str, float]) -> list[Play]:
    talking, over = 0, asyncio.Event()
    loop = asyncio.get_running_loop()

    async def one(at: int) -> Play:
        (asha,) = home.phones("01")

        async def meanwhile(play: Play) -> None:
            nonlocal talking
            await play.talks_to(asha)
            talking += 1
            await over.wait()
            play.caller.hang_up()

        await asyncio.sleep(0.1 * at)
        answer = to(asha, record=True, recording_channels="dual")
        return await home.play(answer, meanwhile=meanwhile, longest=90.0)

    async def disk() -> None:
        async def all_talk() -> bool:
            return talking == CALLS

        async def all_stopped() -> bool:
            return await _stopped(home) >= CALLS

        async def all_go_on() -> bool:
            return await _timelines(home, b"the recording goes on") == CALLS

        await until(all_talk, 60.0)
        await asyncio.sleep(2.0)
        fill(ballast)
        began = loop.time()
        await until(all_stopped, 10.0)
        marks["alarm"] = loop.time() - began
        await asyncio.sleep(2.0)
        ballast.unlink()  # noqa: ASYNC240 - a small file in memory
        began = loop.time()
        await until(all_go_on, 15.0)
        marks["resumed"] = loop.time() - began
        await asyncio.sleep(2.0)
        fill(ballast)  # they end on a full disk
        await asyncio.sleep(3.0)
        over.set()

    async with asyncio.TaskGroup() as group:
        plays = [group.create_task(one(at)) for at in range(CALLS)]
        group.create_task(disk())
    return [play.result() for play in plays]


def _is_flagged_to_the_second(play: Play, disk: Path) -> None:
    (recording,) = play.recordings
    told = json.loads(recording.certificate)
    assert recording.state == "partial" and recording.problem
    assert len(told["stops"]) >= 2 and told["stops"][-1]["seconds"] == 0.0, told["stops"]
    (left, _), _ = read_wav((disk / recording.file).read_bytes())
    ends = round(told["stops"][-1]["start"] * RATE)
    assert abs(len(left) - ends) <= RATE // 1000, "it plays up to the last stop"
    marks = [
        (round(s["start"] * RATE), round((s["start"] + s["seconds"]) * RATE)) for s in told["stops"][:-1]
    ]
    for begin, end in marks:
        assert not left[begin + 8 : end - 8].any(), "nothing is made up where the disk took nothing"
    heard = [0, *[end for _, end in marks]], [*[begin for begin, _ in marks], ends]
    said = [left[begin + 800 : end - 400] for begin, end in zip(*heard, strict=True) if end - begin > 6000]
    assert said and all(has_tone(piece, play.caller.hertz) for piece in said)


@pytest.mark.timeout(300)
def test_f5_twenty_recordings_on_a_disk_that_is_full_twice(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    disk, marks = tmp_path / "small", dict[str, float]()

    def change(tables: dict[str, dict[str, object]]) -> None:
        tables["store"]["recordings"] = str(disk)
        tables["http"]["calls_per_minute"] = 100_000  # it asks for many timelines, again and again

    with small_disk(disk, 20), home_at(tmp_path, "25000-25999", change) as home:
        plays = home.run(_calls(home, disk / "ballast", marks), 240.0)
        for play in plays:
            assert (play.row.call_type, play.row.status) == ("completed", "completed"), "no call noticed"
            _is_flagged_to_the_second(play, disk)
        assert marks["alarm"] <= 2.5 and marks["resumed"] <= 5.0, marks
        tell(
            f"disk full during {CALLS} recordings: all told {marks['alarm']:.1f} s after, all went on "
            f"{marks['resumed']:.1f} s after there was room, none lost, each flagged"
        )
