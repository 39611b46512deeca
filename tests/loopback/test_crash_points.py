"""The engine is killed where it writes; after the next start every call has one record, and every event came.

A few points; all of them, on each database, in `make drill` (tests/drill/test_crash_points.py).
"""

import asyncio
from pathlib import Path

import pytest

from tests.loopback.crashing import Crash, check_sqlite, sqlite_rows
from tests.postgres import Cluster


@pytest.mark.parametrize(("point", "number"), [("outbox-before", 1), ("send-after", 1)])
def test_f2_killed_where_it_writes_it_loses_and_doubles_nothing(
    tmp_path: Path, point: str, number: int
) -> None:
    crash = Crash(tmp_path, "sqlite:///cordboard.db", sqlite_rows(tmp_path))
    found = asyncio.run(crash.play(point, number))
    assert found.ended and found.taken and found.events
    check_sqlite(tmp_path)


def test_f2_so_it_is_on_postgresql(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.database()
    crash = Crash(tmp_path, url, lambda query: postgres.rows(url, query))
    found = asyncio.run(crash.play("uncommitted", 2))
    assert found.ended and found.taken and found.events
