"""Audio is kept by URL (contract.md settled 10)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cordboard.customer.got import Got
from cordboard.media.sounds import shelf as shelf_module
from cordboard.media.sounds.prepared import Prepared
from cordboard.media.sounds.shelf import Copy, Shelf, name
from cordboard.media.sounds.sounds import Sounds
from tests.loopback.customer_peers import door, response, serving
from tests.loopback.sounds_origin import Origin
from tests.unit.sounds.test_wav import chunk, fmt, riff

URL = "http://audio.example/hello.wav"
ONE = riff(fmt(), chunk(b"data", b"\x01\x00" * 800))
TWO = riff(fmt(), chunk(b"data", b"\x02\x00" * 1600))
TAGGED = Got(200, "audio/wav", ONE, etag='"v1"', modified="Thu, 01 Jan 2026 00:00:00 GMT")


@dataclass
class PretendClock:
    now: float = 1_800_000_000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


Scene = Callable[[Sounds, PretendClock], Awaitable[list[Prepared]]]


def play(origin: Origin, scene: Scene, folder: Path | None = None) -> list[Prepared]:
    async def run() -> list[Prepared]:
        clock = PretendClock()
        sounds = Sounds(folder, origin, clock)
        sounds._shelf.forget_old(clock.now)
        try:
            return await scene(sounds, clock)
        finally:
            await sounds.close()

    return asyncio.run(run())


def at(*minutes: float, redirects: int = 3) -> Scene:
    """The same URL at these minutes."""

    async def scene(sounds: Sounds, clock: PretendClock) -> list[Prepared]:
        began, results = clock.now, []
        for minute in minutes:
            clock.now = began + minute * 60
            results.append(await sounds.prepare("url", URL, redirects=redirects))
        return results

    return scene


def test_a_copy_under_10_minutes_old_counts_as_200_and_is_not_fetched() -> None:
    origin = Origin(ONE, Got(0, error="no answer"))
    results = play(origin, at(0, 5, 9.99))
    assert [(r.status, r.seconds) for r in results] == [(200, 0.1)] * 3
    assert len(origin.asked) == 1 and len({r.sound for r in results}) == 1


def test_an_older_copy_is_revalidated_and_304_makes_it_young_again() -> None:
    origin = Origin(TAGGED, Got(304), TWO)
    results = play(origin, at(0, 10, 19, 21))
    assert [r.seconds for r in results] == [0.1, 0.1, 0.1, 0.2]
    conditions = {"If-None-Match": '"v1"', "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert [each.headers for each in origin.asked] == [{}, conditions, conditions]


def test_an_older_copy_is_replaced_by_what_comes_with_200() -> None:
    results = play(Origin(ONE, TWO), at(0, 11))
    assert [r.seconds for r in results] == [0.1, 0.2]
    assert results[0].sound != results[1].sound


@pytest.mark.parametrize("failing", [Got(0, error="no answer in 5 seconds"), Got(500), Got(404), Got(302)])
def test_an_older_copy_stands_if_the_origin_fails(failing: Got) -> None:
    origin = Origin(ONE, failing)
    results = play(origin, at(0, 60, 60.5, 62))
    assert [(r.status, r.seconds, r.problem) for r in results] == [(200, 0.1, "")] * 4
    assert len(origin.asked) == 3  # a dead origin is not waited for by every call


@pytest.mark.parametrize(
    ("got", "status", "problem"),
    [
        (Got(0, error="no answer in 5 seconds"), 0, "no answer in 5 seconds"),
        (Got(404), 404, "the audio's URL answered 404, not 200"),
        (Got(302), 302, "the audio's URL answered 302, not 200"),
        (Got(304), 304, "the audio's URL answered 304, not 200"),
    ],
)
def test_without_a_copy_there_is_one_fetch_and_its_status_counts(got: Got, status: int, problem: str) -> None:
    origin = Origin(got)
    results = play(origin, at(0))
    assert [(r.status, r.seconds, r.problem) for r in results] == [(status, 0.0, problem)]
    assert len(origin.asked) == 1


def test_a_failure_is_not_kept() -> None:
    assert [r.seconds for r in play(Origin(Got(500), ONE), at(0, 0.1))] == [0.0, 0.1]


def test_audio_that_cannot_be_decoded_is_200_with_a_problem_and_is_kept_too() -> None:
    origin = Origin(riff(fmt(channels=9), chunk(b"data", bytes(180))))
    results = play(origin, at(0, 1))
    assert [(r.status, r.seconds) for r in results] == [(200, 0.0)] * 2
    assert "9 channels" in results[0].problem and len(origin.asked) == 1


def test_those_who_prepare_one_url_together_share_one_fetch() -> None:
    origin = Origin(ONE, seconds=0.05)

    async def scene(sounds: Sounds, clock: PretendClock) -> list[Prepared]:
        return await asyncio.gather(*[sounds.prepare("url", URL, redirects=3) for _ in range(40)])

    assert {r.seconds for r in play(origin, scene)} == {0.1}
    assert len(origin.asked) == 1


def test_a_call_that_ends_does_not_end_the_fetch_that_others_wait_for() -> None:
    origin = Origin(ONE, seconds=0.1)

    async def scene(sounds: Sounds, clock: PretendClock) -> list[Prepared]:
        first = asyncio.ensure_future(sounds.prepare("url", URL))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(sounds.prepare("url", URL))
        await asyncio.sleep(0.01)
        first.cancel()
        return [await second]

    assert play(origin, scene)[0].seconds == 0.1
    assert len(origin.asked) == 1


def test_closing_ends_what_is_under_way() -> None:
    async def scene(sounds: Sounds, clock: PretendClock) -> list[Prepared]:
        waiting = asyncio.ensure_future(sounds.prepare("url", URL))
        await asyncio.sleep(0.01)
        await sounds.close()
        return [await waiting]

    assert play(Origin(ONE, seconds=30.0), scene)[0].problem == "the engine is stopping"


def test_the_redirects_of_a_copy_count_where_fewer_may_be_followed() -> None:
    origin = Origin(Got(200, "", ONE, hops=2), Got(302))

    async def scene(sounds: Sounds, clock: PretendClock) -> list[Prepared]:
        return [await sounds.prepare("url", URL, redirects=allowed) for allowed in (3, 2, 0)]

    results = play(origin, scene)
    assert [r.status for r in results] == [200, 200, 302]
    assert [each.redirects for each in origin.asked] == [3, 0]


def test_copies_outlive_the_engine(tmp_path: Path) -> None:
    play(Origin(TAGGED), at(0), tmp_path)
    again = Origin(Got(304))
    results = play(again, at(5, 12, 20), tmp_path)
    assert [(r.status, r.seconds) for r in results] == [(200, 0.1)] * 3
    assert [each.headers["If-None-Match"] for each in again.asked] == ['"v1"']


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json\nxx", b"[]\nxx", None])
def test_a_copy_that_is_not_whole_is_none(tmp_path: Path, damage: bytes | None) -> None:
    play(Origin(ONE), at(0), tmp_path)
    path = tmp_path / name(URL)
    path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    origin = Origin(TWO)
    assert play(origin, at(0), tmp_path)[0].seconds == 0.2
    assert len(origin.asked) == 1


def test_a_folder_that_cannot_be_written_costs_only_the_copy(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    assert play(Origin(ONE), at(0, 1), blocked / "sounds")[1].seconds == 0.1


def test_old_copies_go_and_the_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path)
    for number in range(6):
        shelf.save(Copy(f"u{number}", 1e9 - number * 10, pcm=bytes(1000)))
    shelf.save(Copy("ancient", 1e9 - 40 * 86400, pcm=b"xx"))
    monkeypatch.setattr(shelf_module, "DISK", 4000)
    shelf.forget_old(1e9)
    assert [shelf.load(f"u{number}") is not None for number in range(6)] == [True] * 3 + [False] * 3
    assert shelf.load("ancient") is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "MEMORY", 2500)
    shelf = Shelf(None)
    for number in range(4):
        shelf.remember(Copy(f"u{number}", 0.0, pcm=bytes(1000)))
        shelf.remembered("u0")
    assert [shelf.remembered(f"u{number}") is not None for number in range(4)] == [True, False, False, True]


def test_the_door_to_customers_fits_as_it_is() -> None:
    async def run() -> tuple[list[Prepared], list[bytes]]:
        served = response(ONE, 'ETag: "x"', type_="audio/wav")
        async with serving(served) as server, door() as customer:
            clock = PretendClock()
            sounds = Sounds(None, customer.audio, clock)
            results = [await sounds.prepare("url", server.url("/a.wav"), redirects=3)]
            clock.now += 601
            results.append(await sounds.prepare("url", server.url("/a.wav"), redirects=3))
            await sounds.close()
            return results, server.requests

    results, requests = asyncio.run(run())
    assert [r.seconds for r in results] == [0.1, 0.1]
    assert b'If-None-Match: "x"' not in requests[0] and b'If-None-Match: "x"' in requests[1]
