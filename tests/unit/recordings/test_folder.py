"""Recordings as files: examined byte by byte, removed, never reached by a path (S17)."""

import errno
import fcntl
import hashlib
import os
from pathlib import Path

import pytest

from cordboard.recordings import folder
from cordboard.recordings.certificate import Found
from tests.unit.recordings.files import wav, write

DAY = "2026-01-13"


@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_is_examined_from_end_to_end(tmp_path: Path, channels: int) -> None:
    content = wav(channels, 12_000)
    write(tmp_path, f"{DAY}/a.wav", content)
    found = folder.examine(tmp_path, f"{DAY}/a.wav")
    assert found == Found(len(content), hashlib.sha256(content).hexdigest(), channels, 1.5)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no header"),
        (b"RIFF" * 20, "no header"),
        (wav(2, 800, said=0), "its header says 0 bytes"),
        (wav(2, 800)[:-2], "its header says 3200 bytes"),
        (wav(1, 800).replace(b"\x40\x1f\0\0", b"\x80\x3e\0\0", 1), "another form"),
    ],
)
def test_a_header_that_is_not_right_is_told(tmp_path: Path, content: bytes, fault: str) -> None:
    write(tmp_path, "a.wav", content)
    assert fault in folder.examine(tmp_path, "a.wav").fault


@pytest.mark.parametrize("name", ["../a.wav", "x/../a.wav", "/etc/passwd", "a/b/c.wav", "", ".", "a\0.wav"])
def test_s17_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "recordings"
    inner.mkdir()
    write(tmp_path, "a.wav", b"secret")
    with pytest.raises(FileNotFoundError):
        folder.open_in(inner, name)
    with pytest.raises(FileNotFoundError):
        folder.remove_in(inner, name)
    assert (tmp_path / "a.wav").exists()


def test_s17_a_link_is_never_followed_not_even_to_be_removed(tmp_path: Path) -> None:
    inner = tmp_path / "recordings"
    inner.mkdir()
    write(tmp_path, "elsewhere/a.wav", b"secret")
    os.symlink(tmp_path / "elsewhere", inner / "day")
    with pytest.raises(OSError):
        folder.remove_in(inner, "day/a.wav")
    assert (tmp_path / "elsewhere/a.wav").exists()


def test_the_last_file_of_a_day_goes_with_its_folder(tmp_path: Path) -> None:
    write(tmp_path, f"{DAY}/a.wav", b"1")
    write(tmp_path, f"{DAY}/b.wav", b"2")
    folder.remove_in(tmp_path, f"{DAY}/a.wav")
    assert (tmp_path / DAY).exists()
    folder.remove_in(tmp_path, f"{DAY}/b.wav")
    assert not (tmp_path / DAY).exists()
    folder.remove_in(tmp_path, f"{DAY}/b.wav")


def test_what_was_begun_and_never_finished_goes_a_day_later_unless_somebody_writes_it(tmp_path: Path) -> None:
    now = 1_768_284_894.0
    old, new, used = (write(tmp_path, f"{DAY}/{name}.part", b"x") for name in ("old", "new", "used"))
    for path, age in ((old, 90_000), (new, 100), (used, 90_000)):
        os.utime(path, (now - age, now - age))
    with open(used, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert folder.in_use(used) and not folder.in_use(old)
        assert folder.forget_parts(tmp_path, now) == 1
    assert [path.exists() for path in (old, new, used)] == [False, True, True]


def test_f18_a_file_that_cannot_be_opened_now_is_no_file_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.wav", b"1")

    def refused(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(OSError, match="Too many open files"):
        folder.open_in(tmp_path, "a.wav")
