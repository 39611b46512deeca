"""The pretended engine keeps to what real ones do, in virtual time."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from cordboard.call.scene import Clip, Party, Recording, Ringback, Scene
from cordboard.call.words import AudioStarted, DigitPressed, MediaLost, Played
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.control import MediaEngine, MediaEvent, RecordingEnded, Stream
from cordboard.testing.media_suite import check_media_engine
from cordboard.testing.pretend_media import PretendEngine
from cordboard.testing.virtual_time import VirtualLoop

STREAM = Stream("192.0.2.1", 4000, "PCMA", 8)


def in_virtual_time(test: Coroutine[Any, Any, None]) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(test)
    finally:
        loop.close()


def test_the_pretended_engine_does_what_every_media_engine_must() -> None:
    async def check() -> None:
        engine: MediaEngine = PretendEngine()
        await engine.start()
        await check_media_engine(engine)
        await engine.close()

    in_virtual_time(check())


def test_what_a_test_says_is_told_and_what_it_asked_is_kept(tmp_path: Path) -> None:
    events: list[tuple[str, MediaEvent]] = []

    async def check() -> None:
        engine = PretendEngine(recordings=tmp_path, legs=2)
        engine.on_event = lambda call, event: events.append((call, event))
        engine.open_leg("c", 0)
        engine.open_leg("c", 1)
        with pytest.raises(Unavailable):
            engine.open_leg("c", 2)
        engine.set_stream("c", 0, STREAM)
        engine.set_scene("c", Scene(((0, Party(1, Ringback())),)))
        engine.press("c", 0, "5")
        engine.audio_starts("c", 1)
        engine.audio_starts("c", 1)
        engine.send_digit("c", 1, "7")
        engine.set_scene("c", Scene(((0, Clip("a", 1)),), Recording("r", True, 0, 1)))
        engine.lose("c")
        assert engine.scene_of("c") == Scene()
        await engine.close()
        assert engine.digits_sent == [("c", 1, "7")]
        assert [scene.recording is not None for _, scene in engine.scenes] == [False, True]
        assert engine.ports_taken == 0

    in_virtual_time(check())
    told = [event for _, event in events]
    assert told == [DigitPressed(0, "5"), AudioStarted(1), MediaLost()]


def test_a_clip_ends_with_its_sound_and_a_recording_is_a_file(tmp_path: Path) -> None:
    events: list[MediaEvent] = []

    async def check() -> None:
        engine = PretendEngine(recordings=tmp_path)
        engine.on_event = lambda call, event: events.append(event)
        engine.load("a", b"\0\0" * 8000 * 3)
        engine.open_leg("c", 0)
        engine.set_stream("c", 0, STREAM)
        engine.set_scene("c", Scene(((0, Clip("a", 1)),), Recording("r", False, 0, 1)))
        await asyncio.sleep(3.1)
        assert events == [Played(1)]
        await engine.close()

    in_virtual_time(check())
    (ended,) = [event for event in events if isinstance(event, RecordingEnded)]
    assert ended.seconds == pytest.approx(3.1)
    assert Path(ended.path).stat().st_size == ended.size == 44 + 2 * round(3.1 * 8000)
