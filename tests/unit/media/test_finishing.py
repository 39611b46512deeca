"""F5: what the disk refuses at a recording's end is tried again; one that fails costs no other its end."""

import errno
import os
from pathlib import Path

import pytest

from cordboard.media.embedded import finishing, wav
from cordboard.media.embedded.finishing import Finishing, Work
from cordboard.media.embedded.frames import Message

Told = list[tuple[Message | None, bool]]


def refuses(*errors: Exception) -> Work:
    left = list(errors)

    def work() -> Message:
        if left:
            raise left.pop(0)
        return ["ended", 1]

    return work


def read_only() -> OSError:
    return OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_f5_a_file_that_a_read_only_disk_holds_is_made_whole_when_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finishing, "AGAIN_SECONDS", 0.01)
    told: Told = []
    work = Finishing(lambda message, first: told.append((message, first)))
    work.put(1, refuses(read_only(), read_only()))
    work.once()
    work.once()
    assert told == [(None, True)]
    work.once()
    assert told == [(None, True), (["ended", 1], False)]


def test_f5_a_disk_that_takes_one_is_asked_for_the_others_at_once() -> None:
    told: Told = []
    work = Finishing(lambda message, first: told.append((message, first)))
    work.put(1, refuses(read_only()))
    work.put(2, lambda: ["ended", 2])
    work.once()
    work.once()
    assert told == [(None, True), (["ended", 2], True), (["ended", 1], False)]


@pytest.mark.parametrize("fault", [ValueError("odd"), OSError(errno.EACCES, "no")])
def test_a_fault_at_one_recording_is_that_ones_failure(fault: Exception) -> None:
    told: Told = []
    work = Finishing(lambda message, first: told.append((message, first)))
    work.put(7, refuses(fault))
    work.put(8, lambda: ["ended", 8])
    work.once()
    work.once()
    assert [message[:3] for message, _ in told if message] == [["ended", 7, "failed"], ["ended", 8]]


@pytest.mark.parametrize("start", [bytes(44), b"RIFF" + bytes(40), b"RIFF"])
def test_what_a_power_failure_left_without_a_header_is_nothing(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a.wav.part").write_bytes(start + (bytes(16000) if len(start) == 44 else b""))
    with pytest.raises(OSError, match="written"):
        wav.rescue(tmp_path / "a.wav")
