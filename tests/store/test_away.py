"""A PostgreSQL that restarts, hangs, refuses or is not there costs lag and nothing else (F3)."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, lines
from cordboard.store.records import OutboxRow
from cordboard.store.store import Store
from cordboard.store.writer import Writer
from tests.postgres import Cluster
from tests.store.house import Base, a_call


@pytest.fixture
def cluster(postgres: Cluster) -> Iterator[Cluster]:
    """It runs again afterwards, whatever the test did to it."""
    yield postgres
    if not postgres.runs:
        postgres.start()


@pytest.fixture
def base(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    monkeypatch.setattr(database, "READ_SECONDS", 0.5)
    monkeypatch.setattr(database, "WRITE_SECONDS", 0.5)
    monkeypatch.setattr("cordboard.store.writer.LONGEST_PAUSE", 0.1)
    return Base(cluster.database(), tmp_path)


async def _catches_up(store: Store, *sids: str, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        await store.settled()
    for sid in sids:
        assert await _read(store, sid) is not None
    assert store.health().problem == ""


async def _read(store: Store, sid: str) -> object:
    """Reading is tried again after a second, not at once."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await store.calls.get(sid)
            except Unavailable:
                await asyncio.sleep(0.1)


async def _fails(store: Store) -> None:
    async with asyncio.timeout(10):
        while not store.health().problem:  # noqa: ASYNC110 - another thread finds out
            await asyncio.sleep(0.02)


def _restart(cluster: Cluster, number: int) -> Callable[[], Callable[[], None]]:
    def away() -> Callable[[], None]:
        cluster.stop(number)
        return cluster.start

    return away


def _hang(cluster: Cluster, base: Base) -> Callable[[], None]:
    cluster.hang()
    return cluster.go_on


def _read_only(cluster: Cluster, base: Base) -> Callable[[], None]:
    name = base.url.rpartition("/")[2]

    def turn(word: str) -> None:
        cluster.rows("/postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = {word}")
        cluster.rows(
            "/postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )

    turn("on")
    return lambda: turn("off")


def _locked(cluster: Cluster, base: Base) -> Callable[[], None]:
    somebody = psycopg.connect(base.url)
    somebody.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")
    return somebody.close


TROUBLES = {
    "restarts": lambda cluster, base: _restart(cluster, signal.SIGINT)(),
    "crashes": lambda cluster, base: _restart(cluster, signal.SIGQUIT)(),
    "hangs": _hang,
    "is read-only": _read_only,
    "is locked": _locked,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_f3_a_postgresql_that_fails_loses_nothing_and_stops_nobody(
    cluster: Cluster, base: Base, trouble: str
) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "before")
            await _catches_up(store, "before")
            over = TROUBLES[trouble](cluster, base)
            try:
                slowest = 0.0
                for number in range(50):
                    began = time.perf_counter()
                    a_call(store, f"meanwhile{number}")
                    store.outbox.add(OutboxRow(f"e{number}", f"meanwhile{number}", 1, "Dial", "http://a/"))
                    slowest = max(slowest, time.perf_counter() - began)
                    await asyncio.sleep(0)
                assert slowest < 0.25  # of an append that waited for nobody but the disk
                await _fails(store)
                assert store.health().behind_bytes > 0
            finally:
                over()
            await _catches_up(store, "before", *(f"meanwhile{number}" for number in range(50)))
            assert len(await store.outbox.due("a", 1e12, 100)) == 50
            assert store.health().rejected == 0

    asyncio.run(play())


@pytest.mark.parametrize("trouble", ["restarts", "hangs"])
def test_f3_reads_say_soon_that_it_is_away_and_the_next_one_at_once(
    cluster: Cluster, base: Base, trouble: str
) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "a")
            await _catches_up(store, "a")
            over = TROUBLES[trouble](cluster, base)
            try:
                began = time.monotonic()
                with pytest.raises(Unavailable):
                    await store.calls.get("a")
                assert time.monotonic() - began < 5.0
                began = time.monotonic()
                for _ in range(20):
                    with pytest.raises(Unavailable):
                        await store.calls.get("a")
                assert time.monotonic() - began < 0.1
            finally:
                over()
            assert await _read(store, "a") is not None

    asyncio.run(play())


def test_f3_a_node_that_has_run_before_starts_without_its_database(cluster: Cluster, base: Base) -> None:
    async def play() -> None:
        async with base.opened() as store:
            store.append(lines.begin("left open", 1000.0).replace(b"left open", b"left"))
            await _catches_up(store, "left")
        cluster.stop()
        async with base.opened() as store:
            assert store.late and "cannot be opened" in store.health().problem
            store.append(lines.begin("live", 2000.0))
            with pytest.raises(Unavailable):
                await store.calls.get("live")
            cluster.start()
            await _catches_up(store, "left", "live")
            left = await store.calls.unfinished(store.journal.began_at)
            assert [call.sid for call in left] == ["left"]
            assert [call.sid for call in await store.calls.unfinished()] == ["left", "live"]
        async with base.opened() as store:
            assert not store.late
            assert len(await store.timelines.of_call("live")) == 1

    asyncio.run(play())


def test_a_node_that_never_ran_does_not_start_without_its_database(cluster: Cluster, base: Base) -> None:
    cluster.stop()
    with pytest.raises(Unavailable, match="cannot be opened"):
        asyncio.run(base.store().open())


def test_an_older_journal_that_was_put_back_is_taken_up_from_where_it_ends(
    cluster: Cluster, base: Base
) -> None:
    async def play() -> None:
        async with base.opened() as store:
            for number in range(5):
                a_call(store, f"lost{number}")
            await _catches_up(store, "lost4")
        for segment in (base.folder / "journal").glob("*.journal"):
            segment.write_bytes(segment.read_bytes()[:100].rpartition(b"\n")[0] + b"\n")
        cluster.stop()
        async with base.opened() as store:
            a_call(store, "new")
            cluster.start()
            await _catches_up(store, "lost4", "new")
        async with base.opened() as store:
            a_call(store, "newer")
            await _catches_up(store, "new", "newer")

    asyncio.run(play())


def test_two_engines_under_one_name_are_found_out(base: Base, tmp_path: Path) -> None:
    async def play() -> None:
        async with base.opened() as store, base.opened(journal=str(tmp_path / "other")) as other:
            a_call(store, "mine")
            await _catches_up(store, "mine")
            a_call(other, "theirs")
            await _fails(other)
            assert "another engine" in other.health().problem and "[store] node" in other.health().problem
            a_call(store, "again")
            await _catches_up(store, "again")

    asyncio.run(play())


def test_nodes_with_names_of_their_own_share_a_database(base: Base, tmp_path: Path) -> None:
    async def play() -> None:
        other = base.opened(journal=str(tmp_path / "other"), node="second")
        async with base.opened() as store, other as second:
            for node, sid in ((store, "mine"), (second, "theirs")):
                node.append(lines.begin(sid, 1000.0))
                node.outbox.add(OutboxRow(f"e-{sid}", sid, 1, "Dial", "http://a/"))
                await node.settled()
            for node, sid in ((store, "mine"), (second, "theirs")):
                assert [call.sid for call in await node.calls.unfinished()] == [sid]
                assert [event.id for event in await node.outbox.due("a", 1e12)] == [f"e-{sid}"]
                assert await node.calls.get("mine") is not None

    asyncio.run(play())


def test_a_commit_whose_answer_was_lost_is_neither_repeated_nor_skipped(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lost = Writer._write_together, iter(range(3))

    def together(writer: Writer, position: int, data: bytes) -> None:
        real(writer, position, data)
        for _ in lost:
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("the connection is lost"))

    async def play() -> None:
        async with base.opened() as store:
            monkeypatch.setattr(Writer, "_write_together", together)
            for number in range(4):
                a_call(store, f"a{number}")
                store.append(lines.row("events", (f"a{number}", 1), {"kind": "began"}))
                await _catches_up(store, f"a{number}")
            assert store.health().failures == 3
            with base.connected() as connection:
                seqs = connection.exec_driver_sql("SELECT seq FROM events ORDER BY seq").scalars().all()
            assert len(seqs) == 4

    asyncio.run(play())
