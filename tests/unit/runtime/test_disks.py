"""The disks: what is foretold, when it is time to look (F5), and the reserve that the database gets first."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cordboard.runtime import disks
from cordboard.runtime.disks import Disks, Reserve, is_alarming, reserve_of
from cordboard.runtime.figures import Figures

MEGABYTE = 1_000_000


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("free_mb", "lost_mb", "seconds", "alarm"),
    [
        (5000, 0, 3600, False),
        (999, 0, 0, True),  # too little, whatever happens
        (24_000, 1000, 3600, False),  # an hour took a thousandth of a day's
        (23_999, 1000, 3600, True),
        (23_999, 1000, 599, False),  # nothing is foretold from less than ten minutes
    ],
)
def test_f5_the_alarm_is_by_what_is_left_and_by_what_was_written(
    free_mb: int, lost_mb: int, seconds: float, alarm: bool
) -> None:
    found = is_alarming(free_mb * MEGABYTE, lost_mb * MEGABYTE, seconds, alarm_mb=1000, alarm_hours=24)
    assert found is alarm


def test_no_alarm_where_none_is_wanted() -> None:
    assert not is_alarming(1, 10**12, 3600, alarm_mb=0, alarm_hours=0)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets what is free on every disk of 100 GB."""
    left = [50_000 * MEGABYTE]
    monkeypatch.setattr(disks, "room", lambda folder: (left[0], 100_000 * MEGABYTE))
    return lambda megabytes: left.__setitem__(0, megabytes * MEGABYTE)


def test_f5_the_alarm_is_told_once_in_the_log_and_in_the_figures(
    tmp_path: Path, free: Callable[[int], None]
) -> None:
    figures = Figures()
    watched = Disks({"recordings": tmp_path}, Clock(), lambda: 0, figures, alarm_mb=1000)
    with capture_logs() as log:
        for megabytes in (50_000, 900, 800, 1100, 900, 2000):
            free(megabytes)
            asyncio.run(watched.check())
            said = b'cordboard_disk_alarm{disk="recordings"} 1.0' in figures.text()
            assert said is (megabytes < 1200), "it does not come and go at the edge"
    assert [line["event"] for line in log] == ["a disk is getting full", "a disk has room again"]
    assert log[0]["free_bytes"] == 900 * MEGABYTE
    assert b'cordboard_disk_free_bytes{disk="recordings"} 2e+09' in figures.text()


def test_what_went_long_ago_is_forgotten(tmp_path: Path, free: Callable[[int], None]) -> None:
    clock = Clock()
    watched = Disks({"recordings": tmp_path}, clock, lambda: 0, alarm_mb=1, alarm_hours=24)
    left = 50_000
    for minute in range(240):
        clock.now = 60.0 * minute
        left -= 100 if minute < 30 else 0  # half an hour in which much is written
        free(left)
        alarm = watched.look()["recordings"].alarm
        assert alarm is (10 <= minute < 69), minute


def test_f5_the_database_gets_its_reserve_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "run" / "reserve"
    reserve, total = Reserve(path), 100_000 * MEGABYTE
    size = reserve_of(total)
    assert reserve.look(4 * size, total) is None, "not where it would take what is needed"
    assert reserve.look(5 * size, total) is True
    assert path.stat().st_size == size and path.stat().st_blocks * 512 >= size, "it holds the room for real"
    assert reserve.look(5 * size, total) is None
    assert reserve.look(size // 2 - 1, total) is False and not path.exists()
    assert reserve.look(size // 2 - 1, total) is None
    assert os.listdir(path.parent) == []


def test_f5_recordings_leave_room_only_where_the_database_shares_their_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = disks.to_leave(tmp_path / "not there yet", tmp_path)
    assert same == 2 * reserve_of(disks.room(tmp_path)[1])
    other = next((place for place in (Path("/dev/shm"), Path("/proc")) if place.exists()), None)
    if other is not None and other.stat().st_dev != tmp_path.stat().st_dev:
        assert disks.to_leave(other, tmp_path) == 0
