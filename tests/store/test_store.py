"""What is appended can be read, after a start too."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.store import database, lines, tables
from cordboard.store.records import CallRow, FetchRow, LegRow, RecordingRow
from cordboard.store.store import Store
from tests.store.house import Base, RealClock, a_call, opened


def test_a_call_is_what_its_rows_say_together(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "ab12")
            await store.settled()
            expected = CallRow(
                sid="ab12",
                caller="+919876500001",
                flow_id=7,
                status="completed",
                created_at=1000.0,
                updated_at=1000.0,
                ended_at=1060.0,
            )
            assert await store.calls.get("ab12") == expected
            assert await store.legs.of_call("ab12") == (
                LegRow("ab12", 0, number="+919876500001", began_at=1000.0),
            )
            assert await store.calls.get("zz") is None

    asyncio.run(play())


def test_later_values_stand_over_earlier_ones_across_batches(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "ab12")
            for seconds in (1, 2, 3):
                store.append(lines.row("calls", "ab12", {"talk_seconds": seconds}))
                await store.settled()
            found = await store.calls.get("ab12")
            assert found is not None
            assert (found.talk_seconds, found.caller) == (3, "+919876500001")

    asyncio.run(play())


def test_the_timeline_keeps_every_line_in_order_and_no_row(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            store.append(lines.begin("ab12", 1.0))
            for n in range(1, 50):
                store.append(lines.entry("sip", "ab12", n, n / 10, {"what": "INVITE"}))
                store.append(lines.entry("sip", "cd34", n, n / 10, {"what": "BYE"}))
                if n % 7 == 0:
                    await store.settled()
            await store.settled()
            found = await store.timelines.of_call("ab12")
            assert found == (
                lines.begin("ab12", 1.0),
                *(lines.entry("sip", "ab12", n, n / 10, {"what": "INVITE"}) for n in range(1, 50)),
            )

    asyncio.run(play())


def test_all_of_it_is_there_after_a_start(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "ab12")
        async with base.opened() as store:
            assert await store.calls.get("ab12") is not None
            assert len(await store.timelines.of_call("ab12")) == 2
            assert store.health().behind_bytes == 0

    asyncio.run(play())


def test_fetches_and_recordings_come_back(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "ab12")
            fetch = {"role": "primary", "url": "http://a/", "status": 200, "body": "{}", "elapsed": 0.5}
            store.append(lines.row("fetches", ("ab12", 1), fetch))
            for number, sid in enumerate(("r1", "r2")):
                store.append(
                    lines.row(
                        "recordings",
                        sid,
                        {
                            "call_sid": "ab12",
                            "began_at": 5.0 + number,
                            "gaps": [[0, 1.5, 0.25]],
                            "file": f"{sid}.wav",
                        },
                    )
                )
            await store.settled()
            assert await store.fetches.of_call("ab12") == (
                FetchRow("ab12", 1, role="primary", url="http://a/", status=200, body="{}", elapsed=0.5),
            )
            newest = await store.recordings.newest_of_call("ab12")
            assert newest == RecordingRow("r2", "ab12", began_at=6.0, gaps=((0, 1.5, 0.25),), file="r2.wav")
            assert await store.recordings.get("r1") == (await store.recordings.of_call("ab12"))[0]

    asyncio.run(play())


def test_calls_without_an_end_are_found(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "ended")
            store.append(lines.begin("open", 2000.0))
            await store.settled()
            assert [call.sid for call in await store.calls.unfinished()] == ["open"]
            assert [call.sid for call in await store.calls.newest()] == ["open", "ended"]
            assert [call.sid for call in await store.calls.newest(before=1500.0)] == ["ended"]

    asyncio.run(play())


def test_a_database_that_is_away_loses_nothing_and_stops_nobody(tmp_path: Path) -> None:
    async def play() -> None:
        async with opened(tmp_path) as store:
            a_call(store, "before")
            await store.settled()
            blocker = sqlite3.connect(tmp_path / "calls.db", isolation_level=None)
            store._engine.dispose()
            blocker.execute("PRAGMA busy_timeout = 100")
            blocker.execute("BEGIN EXCLUSIVE")
            a_call(store, "meanwhile")
            assert store.health().behind_bytes > 0
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.settled(), 0.2)
            blocker.execute("ROLLBACK")
            blocker.close()
            await store.settled()
            assert await store.calls.get("meanwhile") is not None
            assert store.health().behind_bytes == 0

    asyncio.run(play())


def test_who_gives_up_waiting_for_the_database_is_not_kept(tmp_path: Path) -> None:
    def away(point: str) -> None:
        if point == "uncommitted" and gone:
            raise OSError("away")

    async def play() -> None:
        async with opened(tmp_path, away) as store:
            gone.append(True)
            a_call(store, "a")
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(store.settled(), 0.01)
            assert store._waiting == []
            gone.clear()
            await store.settled()
            assert await store.calls.get("a") is not None

    gone: list[bool] = []
    asyncio.run(play())


def test_a_bad_line_is_put_aside_and_keeps_no_other_out(base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            for line in (
                b"\x00\x00 not a record",
                b'{"k":"row","table":"calls","key":["x"],"values":{"colour":1}}',
                b'{"k":"row","table":"nowhere","key":["x"],"values":{}}',
                b'{"k":"begin","call":"x","at":"soon"}',
                lines.row("legs", ("nobody", 1), {"number": "+91"}),
            ):
                store.append(line)
            a_call(store, "good")
            await store.settled()
            assert await store.calls.get("good") is not None
            assert store.health().rejected == 5
            with store._engine.connect() as connection:
                kept = connection.execute(tables.rejects.select()).all()
            assert kept[0].line == b"\x00\x00 not a record"
            assert len(kept) == 5

    asyncio.run(play())


def test_the_writer_outlives_a_fault_of_its_own(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with base.opened() as store:
            real, faults = store.journal.read, iter((OSError("too many open files"), RuntimeError("a slip")))

            def read(position: int, limit: int = 1 << 20) -> tuple[int, bytes]:
                for fault in faults:
                    raise fault
                return real(position, limit)

            monkeypatch.setattr(store.journal, "read", read)
            a_call(store, "ab12")
            await store.settled()
            assert await store.calls.get("ab12") is not None
            assert (store.health().failures, store.health().problem) == (2, "")

    asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://h", "no database is named"),
        ("mysql://h/db", "sqlite:///file"),
        ("calls.db", "no database URL"),
        ("sqlite://", "in memory"),
    ],
)
def test_another_database_is_one_sentence(url: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Store(url, RealClock())


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"this is a letter to my aunt" * 100)

    async def play() -> None:
        async with opened(tmp_path):
            raise AssertionError("it opened")

    with pytest.raises(Unavailable, match=r"calls\.db cannot be opened"):
        asyncio.run(play())


def test_the_records_have_the_columns_of_their_tables() -> None:
    for name, columns in lines.COLUMNS.items():
        assert columns == {column.name for column in tables.metadata.tables[name].columns}


def test_commits_survive_a_power_loss_and_keys_are_held(tmp_path: Path) -> None:
    made = database.engine(database.place(f"sqlite:///{tmp_path}/a.db"), None)
    with made.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert values == [2, "wal", 1, 5000]
    made.dispose()
