"""The crash-point sweep (reliability.md F2): the engine is killed at each of its points of writing in turn,
and the database is looked at after the next start.

CORDBOARD_POINTS names some of them, with commas.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loopback.crashing import POINTS, Crash, Found, check_sqlite, sqlite_rows
from tests.postgres import Cluster

WANTED = os.environ.get("CORDBOARD_POINTS", ",".join(POINTS)).split(",")


def _sweep(folder: Path, crash_in: Callable[[Path], Crash]) -> list[Found]:
    found = []
    for point in WANTED:
        for number in POINTS[point]:
            place = folder / f"{point}{number}"
            place.mkdir()
            try:
                found.append(asyncio.run(crash_in(place).play(point, number)))
            except BaseException as error:
                error.add_note(f"at {point} for the {number}. time")
                raise
    return found


def _told(name: str, found: list[Found]) -> str:
    reached = sum(one.ended for one in found)
    return (
        f"crash points on {name}: {len(found)} kills ({reached} at the very point), "
        f"{sum(one.taken for one in found)} calls with one record each, "
        f"{sum(one.lost for one in found)} of them cut off; "
        f"{sum(one.events for one in found)} events, none lost, {sum(one.twice for one in found)} sent twice"
    )


@pytest.mark.timeout(3600)
def test_f2_at_every_point_on_sqlite(tmp_path: Path, tell: Callable[[str], None]) -> None:
    def crash_in(place: Path) -> Crash:
        return Crash(place, "sqlite:///cordboard.db", sqlite_rows(place))

    found = _sweep(tmp_path, crash_in)
    for place in tmp_path.iterdir():
        check_sqlite(place)
    tell(_told("SQLite", found))
    assert sum(one.ended for one in found) >= 0.8 * len(found)


@pytest.mark.timeout(3600)
def test_f2_at_every_point_on_postgresql(
    tmp_path: Path, postgres: Cluster, tell: Callable[[str], None]
) -> None:
    def crash_in(place: Path) -> Crash:
        url = postgres.database()
        return Crash(place, url, lambda query: postgres.rows(url, query))

    found = _sweep(tmp_path, crash_in)
    tell(_told("PostgreSQL", found))
    assert sum(one.ended for one in found) >= 0.8 * len(found)
