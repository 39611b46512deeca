"""F5: a recording goes on where the disk was full, and says to the sample where it stopped."""

import errno
import os
from pathlib import Path
from struct import unpack_from

import pytest

from cordboard.media.embedded import wav
from cordboard.media.embedded.align import RATE, Track
from cordboard.media.embedded.rtp import write
from cordboard.media.embedded.taping import ROOM_TO_GO_ON, Recording

LOUD = b"\x2a" * 160


class Disk:
    """Takes so many bytes; ``None``: all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.trouble = errno.ENOSPC
        self._pwrite = os.pwrite
        monkeypatch.setattr("cordboard.media.embedded.wav.os.pwrite", self.pwrite)
        monkeypatch.setattr("cordboard.media.embedded.taping.Recording._has_room", self.has_room)

    def pwrite(self, fd: int, data: bytes, at: int) -> int:
        if self.left == 0:
            raise OSError(self.trouble, os.strerror(self.trouble))
        count = self._pwrite(fd, data[: self.left], at)
        if self.left is not None:
            self.left -= count
        return count

    def has_room(self, more: int) -> bool:
        return self.left is None or self.left >= more


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def taping(path: Path, dual: bool = True) -> Recording:
    recording = Recording(1, "talk", "c", path, dual, 0, None, (Track(0), Track(0)))
    recording.open()
    return recording


def speak(recording: Recording, first: float, last: float) -> None:
    """Both legs talk all the time; a batch for each second, as the packet process sends them."""
    for number in range(round(first * 50), round(last * 50)):
        for side, track in enumerate(recording.tracks):
            track.take([number * 20_000_000], [write(8, number, 160 * number, side, LOUD)], {})
            recording.taken[side] += 1
    recording.grow(round(last * RATE))


def samples(path: Path, channels: int) -> tuple[int, list[bool]]:
    """What the header says, and for each tenth of a second whether something is heard."""
    content = path.read_bytes()
    said = unpack_from("<I", content, 40)[0]
    assert len(content) == 44 + said
    step = 2 * channels * RATE // 10
    return said, [any(content[44 + at : 44 + at + step]) for at in range(0, said, step)]


def test_a_recording_without_trouble_counts_every_frame(tmp_path: Path, disk: Disk) -> None:
    recording = taping(tmp_path / "a.wav")
    for second in range(3):
        speak(recording, second, second + 1)
    recording.heard = [150, 150]
    _, _, state, seconds, channels, size, gaps, problem, frames, stops = recording.finish("whole")
    assert (state, seconds, channels, gaps, problem, stops) == ("whole", 3.0, 2, [], "", [])
    assert frames == [[150, 150, 150], [150, 150, 150]]
    assert size == (tmp_path / "a.wav").stat().st_size


def test_what_the_packet_process_sent_and_never_came_counts_as_heard(tmp_path: Path, disk: Disk) -> None:
    recording = taping(tmp_path / "a.wav")
    speak(recording, 0, 1)
    recording.heard = [50, 53]
    assert recording.finish("whole")[8] == [[50, 50, 50], [50, 53, 50]]


def test_f5_a_recording_stops_at_the_sample_and_goes_on_in_its_place(tmp_path: Path, disk: Disk) -> None:
    recording = taping(tmp_path / "a.wav")
    speak(recording, 0, 1)
    disk.left = 4 * RATE // 2 + 3  # half a second, and a little more than a sample
    speak(recording, 1, 2)
    assert recording.stopped == RATE + RATE // 2
    disk.left = 0
    speak(recording, 2, 3)
    disk.left = None
    speak(recording, 3, 4)
    assert recording.stopped is None
    _, _, state, seconds, _, _, gaps, problem, frames, stops = recording.finish("whole")
    assert (state, seconds, stops) == ("partial", 4.0, [[1.5, 1.5]])
    assert "No space left" in problem and gaps == []
    assert frames[0] == [200, 200, 125]
    _, heard = samples(tmp_path / "a.wav", 2)
    assert heard == [True] * 15 + [False] * 15 + [True] * 10, "what was said then is silence in its place"


def test_f5_it_does_not_go_on_for_a_crumb_of_room(tmp_path: Path, disk: Disk) -> None:
    recording = taping(tmp_path / "a.wav")
    speak(recording, 0, 1)
    disk.left = 0
    speak(recording, 1, 2)
    disk.left = ROOM_TO_GO_ON - 1
    speak(recording, 2, 3)
    assert recording.stopped == RATE
    disk.left = 10 * ROOM_TO_GO_ON
    speak(recording, 3, 4)
    assert recording.stopped is None


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_f5_what_was_written_until_then_plays(tmp_path: Path, disk: Disk, trouble: int) -> None:
    recording = taping(tmp_path / "a.wav", dual=False)
    speak(recording, 0, 2)
    disk.trouble, disk.left = trouble, 100
    speak(recording, 2, 3)
    disk.left = 0
    speak(recording, 3, 4)
    disk.left = 44  # a header can be written over what is there
    _, _, state, seconds, _, _, _, _, _, stops = recording.finish("whole")
    assert (state, seconds) == ("partial", 2.006)
    assert stops == [[2.006, 0.0]]
    said, heard = samples(tmp_path / "a.wav", 1)
    assert said == 2 * 2 * RATE + 100 and all(heard[:20])


def test_f5_a_recording_that_begins_on_a_full_disk_begins_when_there_is_room(
    tmp_path: Path, disk: Disk
) -> None:
    disk.left = 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wav.WavFile, "__init__", _full)
        recording = taping(tmp_path / "day" / "a.wav")
        speak(recording, 0, 1)
    assert recording.stopped == 0
    disk.left = None
    speak(recording, 1, 2)
    _, _, state, seconds, _, _, _, _, _, stops = recording.finish("whole")
    assert (state, seconds, stops) == ("partial", 2.0, [[0.0, 1.0]])
    assert samples(tmp_path / "day" / "a.wav", 2)[1] == [False] * 10 + [True] * 10


def test_f5_a_disk_that_never_has_room_leaves_a_recording_that_failed(tmp_path: Path, disk: Disk) -> None:
    disk.left = 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wav.WavFile, "__init__", _full)
        recording = taping(tmp_path / "a.wav")
        speak(recording, 0, 1)
        _, _, state, seconds, _, size, _, problem, _, stops = recording.finish("whole")
    assert (state, seconds, size, stops) == ("failed", 0.0, 0, [[0.0, 0.0]])
    assert "No space left" in problem


def test_a_folder_that_cannot_be_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("x")
    with pytest.raises(OSError):
        taping(tmp_path / "in the way" / "a.wav")


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
