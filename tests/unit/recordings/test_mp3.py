"""The process that makes MP3 files."""

import asyncio
import hashlib
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.recordings.maker import MakingFailed, Mp3Maker
from cordboard.recordings.mp3 import make
from tests.unit.recordings.files import wav, write


@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_plays_as_long_and_in_as_many_channels(tmp_path: Path, channels: int) -> None:
    source = write(tmp_path, "a.wav", wav(channels, 24_000))

    async def story() -> tuple[int, str]:
        maker = Mp3Maker()
        try:
            return await maker.make(source, tmp_path / "a.mp3")
        finally:
            await maker.close()

    size, digest = asyncio.run(story())
    content = (tmp_path / "a.mp3").read_bytes()
    assert (size, digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert content[:1] == b"\xff" or content[:3] == b"ID3"
    info = soundfile.info(tmp_path / "a.mp3")
    assert (info.channels, info.samplerate) == (channels, 8000) and abs(info.duration - 3.0) < 0.2
    assert sorted(os.listdir(tmp_path)) == ["a.mp3", "a.wav"], "nothing half made is left"


def test_a_long_mp3_holds_in_each_channel_what_the_wav_holds_as_loud(tmp_path: Path) -> None:
    """Several blocks: two tones, one in each channel."""
    at = np.arange(70 * 8000) / 8000
    left, right = 6000 * np.sin(2 * np.pi * 2475 * at), 3000 * np.sin(2 * np.pi * 440 * at)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1).astype("<i2"), 8000, "PCM_16")
    make(tmp_path / "a.wav", tmp_path / "a.mp3")
    sound, _ = soundfile.read(tmp_path / "a.mp3")
    assert abs(len(sound) / 8000 - 70) < 0.2
    for second in (5, 40, 65):
        piece = sound[second * 8000 : (second + 1) * 8000]
        levels = 2 * np.abs(np.fft.rfft(piece, axis=0)) / 8000 * 32768
        assert levels[2475, 0] == pytest.approx(6000, rel=0.05) and levels[440, 0] < 100
        assert levels[440, 1] == pytest.approx(3000, rel=0.05) and levels[2475, 1] < 100


def test_what_cannot_be_made_is_said_and_the_next_one_is_made(tmp_path: Path) -> None:
    bad, good = write(tmp_path, "bad.wav", b"no audio"), write(tmp_path, "good.wav", wav(1, 8000))

    async def story() -> None:
        maker = Mp3Maker()
        with pytest.raises(MakingFailed):
            await maker.make(bad, tmp_path / "bad.mp3")
        first = maker._child
        await maker.make(good, tmp_path / "good.mp3")
        assert maker._child is first is not None
        os.kill(first.pid, signal.SIGSTOP)
        maker._seconds = 0.2
        with pytest.raises(MakingFailed):
            await maker.make(good, tmp_path / "good.mp3")
        maker._seconds = 30.0
        await maker.make(good, tmp_path / "again.mp3")
        await maker.close()

    asyncio.run(story())
    assert (tmp_path / "again.mp3").exists() and not (tmp_path / "bad.mp3").exists()


def test_the_process_has_the_least_priority_and_goes_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    source = write(tmp_path, "a.wav", wav(1, 8000))

    async def story() -> None:
        maker = Mp3Maker(idle=0.1)
        await maker.make(source, tmp_path / "a.mp3")
        child = maker._child
        assert child is not None and os.getpriority(os.PRIO_PROCESS, child.pid) >= 10
        async with asyncio.timeout(10):
            assert await child.wait() == 0
        await maker.close()

    asyncio.run(story())
