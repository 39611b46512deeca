"""What was kept long enough goes, with all that hangs on it; what is owed stays."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import text

from cordboard.config.settings import Settings
from cordboard.config.settings import Store as StoreSettings
from cordboard.runtime.retention import Retention, limits_of
from cordboard.store import database, lines
from cordboard.store import prune as pruning
from cordboard.store.prune import Before, Pruned, count_all
from cordboard.store.records import OutboxRow, RecordingRow
from cordboard.store.store import Store
from tests.store.house import Base, a_call

DAY = 86400.0


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "PAUSE_SECONDS", 0.0)


def put(store: Store, sid: str, at: float, event: str = "", file: str = "") -> None:
    """A call of this time, with one of everything."""
    a_call(store, sid, at)
    store.append(lines.row("fetches", (sid, 1), {"url": "http://a/"}))
    store.append(lines.row("events", (sid, 1), {"kind": "ended", "at": at}))
    if event:
        store.outbox.add(OutboxRow(f"e-{sid}", sid, 1, "Dial", "http://a/", at, event, at))
    if file:
        store.append(lines.row("recordings", f"r-{sid}", {"call_sid": sid, "file": file, "began_at": at}))


TABLES = ("calls", "legs", "fetches", "recordings", "outbox", "events", "timelines")


def sizes(base: Base) -> dict[str, int]:
    with base.connected() as connection:
        return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in TABLES}


def test_a_call_whose_files_lie_with_another_engine_is_left_to_that_one(base: Base) -> None:
    removed: list[RecordingRow] = []

    async def play() -> None:
        async with base.opened() as store:
            put(store, "here", 10 * DAY, "done", "here.wav")
            for sid, place in (("there", ""), ("in-s3", "s3")):
                put(store, sid, 10 * DAY, "done", f"{sid}.wav")
                store.append(lines.row("recordings", f"r-{sid}", {"call_sid": sid, "place": place}))
            await store.settled()
            with base.connected() as connection:
                connection.execute(text("UPDATE calls SET node = 'other' WHERE sid != 'here'"))
                connection.commit()
            assert (await store.prune(Before(15 * DAY, 15 * DAY, 15 * DAY), removed.append)).calls == 2
            assert sorted(row.sid for row in removed) == ["r-here", "r-in-s3"]
            assert await store.calls.get("there") is not None

    asyncio.run(play())


def test_a_call_goes_with_all_that_hangs_on_it(base: Base) -> None:
    removed: list[RecordingRow] = []

    async def play() -> None:
        async with base.opened() as store:
            put(store, "old", 10 * DAY, "done", "old.wav")
            put(store, "new", 20 * DAY, "done", "new.wav")
            await store.settled()
            limits = Before(15 * DAY, 15 * DAY, 15 * DAY)
            assert count_all(database.place(base.url), limits) == Pruned(1, 0, 1, 1)
            assert await store.prune(limits, removed.append) == Pruned(1, 0, 1, 1)
            assert await store.calls.get("old") is None and await store.calls.get("new") is not None
            assert await store.timelines.of_call("old") == ()
            assert await store.prune(limits, removed.append) == Pruned()

    asyncio.run(play())
    assert [(row.sid, row.file) for row in removed] == [("r-old", "old.wav")]
    assert set(sizes(base).values()) == {1}


def test_what_is_owed_alive_or_has_files_stays(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            put(store, "owed", 1 * DAY, "due")
            put(store, "given-up", 1 * DAY, "dead")
            store.append(lines.begin("alive", 1 * DAY))
            put(store, "long", 1 * DAY)
            store.append(lines.row("calls", "long", {"ended_at": 16 * DAY}))
            put(store, "filed", 1 * DAY, file="filed.wav")
            put(store, "cleared", 1 * DAY, file="cleared.wav")
            store.append(lines.row("recordings", "r-cleared", {"call_sid": "cleared", "place": "removed"}))
            await store.settled()
            limits = Before(15 * DAY, 15 * DAY, 0)
            assert (await store.prune(limits)).calls == 2
            left = [call.sid for call in await store.calls.newest(10)]
            assert set(left) == {"owed", "alive", "long", "filed"}
            assert [event.id for event in await store.outbox.due("a", 1e12)] == ["e-owed"]

    asyncio.run(play())


def test_timelines_and_events_may_go_before_their_calls(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            for number in range(1, 6):
                put(store, f"c{number}", number * DAY, "done" if number % 2 else "due")
            await store.settled()
            limits = Before(1.5 * DAY, 3.5 * DAY, 4.5 * DAY)
            told = Pruned(calls=1, timelines=2, events=4, sent=2)
            assert count_all(database.place(base.url), limits) == told
            assert await store.prune(limits) == told
            assert {call.sid for call in await store.calls.newest(10)} == {"c2", "c3", "c4", "c5"}
            assert await store.timelines.of_call("c3") == ()
            assert len(await store.timelines.of_call("c4")) == 2

    asyncio.run(play())


def test_a_file_that_cannot_be_removed_keeps_its_call(base: Base) -> None:
    def refuses(row: RecordingRow) -> None:
        raise OSError("read-only")

    async def play() -> None:
        async with base.opened() as store:
            put(store, "old", 1 * DAY, file="old.wav")
            await store.settled()
            with pytest.raises(OSError, match="read-only"):
                await store.prune(Before(2 * DAY, 2 * DAY, 2 * DAY), refuses)
            assert await store.calls.get("old") is not None
            assert await Retention(store, Settings(), store._clock, refuses).once() == Pruned(0, 0, 0, 0)

    asyncio.run(play())


def test_the_writer_goes_on_while_much_is_removed(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 50)

    async def play() -> None:
        async with base.opened() as store:
            for number in range(400):
                put(store, f"old{number}", DAY, "done")
            await store.settled()
            removing = asyncio.create_task(store.prune(Before(2 * DAY, 2 * DAY, 2 * DAY)))
            slowest, number = 0.0, 0
            while not removing.done():
                number += 1
                a_call(store, f"new{number}", 3 * DAY)
                began = time.monotonic()
                await store.settled()
                slowest = max(slowest, time.monotonic() - began)
            assert (await removing).calls == 400
            assert slowest < 2.0 and number > 1
            assert len(await store.calls.newest(10_000)) == number
            assert store.health().failures == 0

    asyncio.run(play())
    assert sizes(base)["outbox"] == sizes(base)["events"] == 0


def test_it_ends_early_when_nobody_waits(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    stop = threading.Event()
    stop.set()

    async def write() -> None:
        async with base.opened() as store:
            for number in range(5):
                a_call(store, f"c{number}", DAY)

    asyncio.run(write())
    limits = Before(2 * DAY, 2 * DAY, 2 * DAY)
    assert pruning.prune_all(database.place(base.url), limits, stop=stop) == Pruned(calls=1)


def test_ages_are_in_days_and_never_longer_than_the_calls() -> None:
    store = StoreSettings(keep_days=10, keep_timelines_days=3, keep_events_days=99)
    assert limits_of(Settings(store=store), 100 * DAY) == Before(90 * DAY, 97 * DAY, 90 * DAY)
    assert limits_of(Settings(), 1000 * DAY) == Before(635 * DAY, 635 * DAY, 635 * DAY)
