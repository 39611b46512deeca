"""A copy that is taken while the engine writes holds all that was obeyed before, and can be put back."""

import asyncio
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.store import database, lines
from cordboard.store.backup import Backup, backup
from cordboard.store.store import Store
from tests.postgres import Cluster, programs
from tests.store.house import Base, RealClock, a_call


def take(base: Base, target: Path, program: str = "pg_dump") -> Backup:
    """As `cordboard db backup` does."""
    return backup(database.place(base.url), base.folder / "journal", "local", target, program)


def put_back(base: Base, target: Path, postgres: Cluster | None, folder: Path) -> Store:
    """A store on a copy of its own, as docs/store.md tells."""
    if postgres is None:
        return Store(f"sqlite:///{target}", RealClock())
    url = postgres.database()
    command = [programs() / "pg_restore", "--no-owner", f"--dbname={url}", target]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Store(url, RealClock(), journal=f"{target}.journal")


def test_a_backup_under_load_holds_all_that_was_written_before(
    base: Base, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target = tmp_path / "copies" / "monday"
    written = 0

    async def write(store: Store, stop: asyncio.Event) -> None:
        nonlocal written
        store.append(lines.begin("long", 1.0))
        while not stop.is_set():
            written += 1
            store.append(lines.entry("decision", "long", written, 0.1, {"what": "decided"}))
            await asyncio.sleep(0.001)

    async def play() -> int:
        async with base.opened(segment_bytes=20_000) as store:
            stop = asyncio.Event()
            writing = asyncio.create_task(write(store, stop))
            await asyncio.sleep(0.3)
            before = written
            made = await asyncio.to_thread(take, base, target)
            assert made.size == target.stat().st_size > 0
            stop.set()
            await writing
            return before

    before = asyncio.run(play())
    assert before > 20

    async def look() -> None:
        server = None if base.url.startswith("sqlite") else request.getfixturevalue("postgres")
        store = put_back(base, target, server, tmp_path)
        await store.open()
        try:
            found = [json.loads(line)["n"] for line in await store.timelines.of_call("long")]
            assert found == list(range(len(found)))
            assert before < len(found) <= written + 1
            a_call(store, "after")
            await store.settled()
            assert await store.calls.get("after") is not None
        finally:
            await store.close()

    asyncio.run(look())


def test_what_the_database_lacks_is_in_the_backup(tmp_path: Path) -> None:
    base = Base(f"sqlite:///{tmp_path}/calls.db", tmp_path)
    target = tmp_path / "copy"

    async def play() -> None:
        async with base.opened(batch_seconds=30.0) as store:
            a_call(store, "a")
            await store.settled()
            a_call(store, "not there yet")
            store.append(lines.begin("b", 1.0))
            assert take(base, target).journal > 0

    asyncio.run(play())

    async def look() -> None:
        store = put_back(base, target, None, tmp_path)
        await store.open()
        assert await store.calls.get("a") is not None and await store.calls.get("b") is not None
        await store.close()

    asyncio.run(look())
    with sqlite3.connect(target) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_nothing_is_written_over(base: Base, tmp_path: Path) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "a")

    asyncio.run(play())
    (tmp_path / "copy").write_text("last week's")
    with pytest.raises(BadInput, match="there already"):
        take(base, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "last week's"


def test_what_cannot_be_copied_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="is not there"):
        take(Base(f"sqlite:///{tmp_path}/none.db", tmp_path), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_without_pg_dump_it_says_so(postgres: Cluster, tmp_path: Path) -> None:
    base = Base(postgres.database(), tmp_path)

    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "a")

    asyncio.run(play())
    with pytest.raises(Unavailable, match=r"no_dump is not installed \(Debian: postgresql-client\)"):
        take(base, tmp_path / "copy", "no_dump")
    wrong = Base(base.url.replace("s3cret", "gue55"), tmp_path)
    with pytest.raises(Unavailable, match="cannot be read") as raised:
        take(wrong, tmp_path / "other")
    assert "gue55" not in str(raised.value)
