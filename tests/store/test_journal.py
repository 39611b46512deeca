"""The journal file: what is written stays, what is torn goes, positions never go back."""

import os
import threading
import time
from pathlib import Path

import pytest

from cordboard.kernel.mistakes import Unavailable
from cordboard.store.journal import Journal


def journal(folder: Path, segment_bytes: int = 1 << 20, group_seconds: float = 0.01) -> Journal:
    made = Journal(folder / "j", segment_bytes=segment_bytes, group_seconds=group_seconds)
    made.open()
    return made


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "j").glob("*.journal"))


def test_a_position_counts_all_bytes_ever_appended(tmp_path: Path) -> None:
    first = journal(tmp_path)
    assert first.append(b"one") == 4
    assert first.append(b"three") == 10
    first.close()
    again = journal(tmp_path)
    assert again.position == 10
    assert again.append(b"x") == 12
    assert again.read(4) == (4, b"three\nx\n")
    again.close()


def test_a_line_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(b"obeyed next")
    assert (tmp_path / "j" / segments(tmp_path)[0]).read_bytes() == b"obeyed next\n"
    one.close()


def test_what_was_noted_stands_before_what_is_appended_next(tmp_path: Path) -> None:
    one = journal(tmp_path, group_seconds=0.5)
    one.note(b"seen")
    assert one.position == 0
    one.append(b"step")
    assert one.read(0) == (0, b"seen\nstep\n")
    one.close()


def test_what_was_noted_is_written_by_itself_and_at_the_end(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.note(b"seen")
    one.close()
    again = journal(tmp_path)
    assert again.read(0) == (0, b"seen\n")
    again.close()


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(b"whole")
    one.close()
    path = tmp_path / "j" / segments(tmp_path)[0]
    path.write_bytes(path.read_bytes() + b"torn in the mid")
    again = journal(tmp_path)
    assert again.position == 6
    again.append(b"next")
    assert again.read(0) == (0, b"whole\nnext\n")
    again.close()


@pytest.mark.parametrize("torn", [b"x" * 10, b"x" * 65535, b"x" * 65536, b"x" * 200_000])
def test_a_file_that_is_one_torn_line_becomes_empty(tmp_path: Path, torn: bytes) -> None:
    journal(tmp_path).close()
    (tmp_path / "j" / segments(tmp_path)[0]).write_bytes(torn)
    again = journal(tmp_path)
    assert again.position == 0
    again.close()


@pytest.mark.parametrize("tail", [1, 65535, 65536, 65537, 131072])
def test_a_long_torn_line_is_cut_behind_the_last_whole_one(tmp_path: Path, tail: int) -> None:
    journal(tmp_path).close()
    (tmp_path / "j" / segments(tmp_path)[0]).write_bytes(b"whole\n" + b"x" * tail)
    again = journal(tmp_path)
    assert again.position == 6
    again.close()


def test_segments_follow_one_another_and_are_read_as_one(tmp_path: Path) -> None:
    one = journal(tmp_path, segment_bytes=10)
    for word in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        one.append(word)
    assert segments(tmp_path) == [f"{start:020d}.journal" for start in (0, 10, 20)]
    position, data, whole = 0, b"", b""
    while True:
        position, data = one.read(position)
        if not data:
            break
        whole, position = whole + data, position + len(data)
    assert whole == b"aaaa\nbbbb\ncccc\ndddd\n"
    one.close()


def test_segments_are_dropped_when_all_of_them_is_taken_over(tmp_path: Path) -> None:
    one = journal(tmp_path, segment_bytes=10)
    for word in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        one.append(word)
    one.drop_before(19)
    assert segments(tmp_path)[0] == f"{10:020d}.journal"
    assert one.read(0) == (10, b"cccc\ndddd\n")
    one.drop_before(10**9)
    assert segments(tmp_path) == [f"{20:020d}.journal"]
    assert one.read(0) == (20, b"")
    one.close()


def test_a_line_longer_than_the_limit_is_read_whole(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(b"x" * 5000)
    assert one.read(0, 100) == (0, b"x" * 5000 + b"\n")
    one.close()


def test_a_journal_that_was_lost_goes_on_where_the_database_is(tmp_path: Path) -> None:
    one = Journal(tmp_path / "j")
    one.open(committed=500)
    assert one.append(b"new") == 504
    assert one.read(500) == (500, b"new\n")
    one.close()


def test_an_old_copy_of_a_journal_goes_on_where_the_database_is(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.append(b"old")
    one.close()
    again = Journal(tmp_path / "j")
    again.open(committed=500)
    assert again.append(b"new") == 504
    assert again.read(4) == (500, b"new\n")
    again.close()


def test_two_engines_do_not_share_a_journal(tmp_path: Path) -> None:
    one = journal(tmp_path)
    with pytest.raises(Unavailable, match="in use by another engine"):
        journal(tmp_path)
    one.close()
    journal(tmp_path).close()


def test_all_is_on_disk_after_a_groups_time(tmp_path: Path) -> None:
    one = journal(tmp_path)
    position = one.append(b"one")
    waited = threading.Event()
    for _ in range(500):
        if one.synced >= position:
            break
        waited.wait(0.01)
    assert one.synced == position
    one.close()


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = journal(tmp_path)
    one.append(b"before")
    real = os.write
    monkeypatch.setattr("cordboard.store.journal.os.write", lambda fd, data: real(fd, data[:3]))
    with pytest.raises(Unavailable, match="cannot be written"):
        one.append(b"too much")
    assert one.problem
    monkeypatch.undo()
    one.append(b"after")
    assert one.read(0) == (0, b"before\nafter\n")
    one.close()


def test_f5_what_was_noted_waits_for_a_full_disk_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cordboard.store.journal.RETRY_SECONDS", 0.01)
    one = journal(tmp_path)
    one.append(b"before")
    real = os.write
    monkeypatch.setattr("cordboard.store.journal.os.write", lambda fd, data: real(fd, data[:3]))
    for number in range(600):
        one.note(b"noted %d" % number)
    with pytest.raises(Unavailable):
        one.append(b"refused")
    assert one.problem
    monkeypatch.setattr("cordboard.store.journal.os.write", real)
    for _ in range(500):
        if one.synced == one.position > 7 and not one.problem:
            break
        time.sleep(0.01)
    one.append(b"after")
    expected = [b"before", *(b"noted %d" % number for number in range(600)), b"after"]
    assert one.read(0)[1].splitlines() == expected and one.problem == ""
    one.close()


def test_lines_that_wait_for_a_disk_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cordboard.store.journal.HELD_MOST", 10)
    one = journal(tmp_path, group_seconds=9.0)
    for number in range(30):
        one.note(b"%d" % number)
    one.append(b"step")
    assert one.read(0)[1].splitlines() == [*(b"%d" % number for number in range(10)), b"step"]
    one.close()
