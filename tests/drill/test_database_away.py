"""A minute without a database, under load (reliability.md F3): calls do not notice, nothing is lost, and what
waited is merged soon after.

CORDBOARD_AWAY_SECONDS is how long it is away; as long again before and half of it after are calls, too.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.drill.overload import Bench
from tests.loopback.crashing import Rows, check_sqlite, sqlite_rows
from tests.postgres import Cluster

AWAY = int(os.environ.get("CORDBOARD_AWAY_SECONDS", "60"))
RATE = 20
MERGED_WITHIN, SLOWER_BY_MS = 30.0, 50.0


@dataclass(frozen=True, slots=True)
class Outage:
    """p99 of the set-up in ms while the database was there and while it was away; seconds to merge; bytes
    that were behind."""

    there: float
    away: float
    merged: float
    behind: int

    def told(self, name: str) -> str:
        """In a line."""
        return (
            f"{name} for {AWAY} s, {RATE} calls a second: set-up p99 {self.there:.0f} ms before and "
            f"{self.away:.0f} ms meanwhile, {self.behind / 1e6:.1f} MB merged within {self.merged:.1f} s, "
            "no call lost"
        )


async def _behind(bench: Bench) -> int:
    url = f"http://127.0.0.1:{bench.served.http}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return int(json.loads(await answer.text())["store"]["behind_bytes"])


async def _outage(bench: Bench, rows: Rows, leave: Callable[[], Callable[[], None]]) -> Outage:
    async with bench:
        calls = RATE * (AWAY + AWAY + AWAY // 2)
        timing = asyncio.create_task(bench.timed(RATE, calls // RATE))
        await asyncio.sleep(AWAY)
        left = time.time()
        come_back = await asyncio.to_thread(leave)
        await asyncio.sleep(AWAY)
        behind = await _behind(bench)
        back = time.time()
        await asyncio.to_thread(come_back)
        merged = time.monotonic()
        async with asyncio.timeout(2 * MERGED_WITHIN):
            while await _behind(bench) > behind // 20:  # noqa: ASYNC110 - another process; calls go on
                await asyncio.sleep(0.2)
        merged = time.monotonic() - merged
        timed = await timing
        await asyncio.sleep(3)
        assert len(timed) == calls
        (ended,) = rows("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL AND call_type = 'completed'")
        assert ended == (calls,)
        assert rows("SELECT count(*) FROM calls") == [(calls,)]
        assert rows("SELECT count(*) FROM rejects") == [(0,)]
    there = [ms for at, ms in timed if at < left]
    away = [ms for at, ms in timed if left <= at < back]
    return Outage(_p99(there), _p99(away), merged, behind)


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def _judge(found: Outage) -> None:
    assert found.behind > 0, "the database was there all the time"
    assert found.merged <= MERGED_WITHIN
    assert found.away <= found.there + SLOWER_BY_MS


@pytest.mark.timeout(600)
def test_f3_postgresql_stopped_under_load(
    tmp_path: Path, postgres: Cluster, tell: Callable[[str], None]
) -> None:
    url = postgres.database()

    def leave() -> Callable[[], None]:
        postgres.stop()
        return postgres.start

    bench = Bench(tmp_path / "bench", url)
    found = asyncio.run(_outage(bench, lambda query: postgres.rows(url, query), leave))
    tell(found.told("PostgreSQL stopped"))
    _judge(found)


@pytest.mark.timeout(600)
def test_f3_sqlite_locked_under_load(tmp_path: Path, tell: Callable[[str], None]) -> None:
    folder = tmp_path / "bench"

    def leave() -> Callable[[], None]:
        somebody = sqlite3.connect(folder / "cordboard.db", isolation_level=None, check_same_thread=False)
        somebody.execute("PRAGMA busy_timeout = 20000")
        somebody.execute("BEGIN EXCLUSIVE")

        def come_back() -> None:
            with contextlib.closing(somebody):
                somebody.execute("ROLLBACK")

        return come_back

    found = asyncio.run(_outage(Bench(folder), sqlite_rows(folder), leave))
    check_sqlite(folder)
    tell(found.told("SQLite locked"))
    _judge(found)
