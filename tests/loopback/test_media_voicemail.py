"""One leg recorded alone, and when it falls silent: real sockets, the real processes."""

import asyncio
import time
from pathlib import Path

import numpy as np

from cordboard.call.scene import HoldMusic, Recording, Scene
from cordboard.call.words import FellSilent
from cordboard.media.control import RecordingEnded
from tests.loopback.media_kit import RATE, Phone, in_a_loop, loudest, until
from tests.loopback.test_media_audio import connect, onset, phones, running, samples_of

ALONE = Recording("message", dual=False, left=0, right=0, silence_seconds=1.0)


@in_a_loop
async def test_a_leg_recorded_alone_is_mono_and_holds_nothing_else(tmp_path: Path) -> None:
    caller, other = Phone(440), Phone(700)
    async with running(tmp_path) as (engine, events):
        with phones(caller, other):
            connect(engine, "c", caller, other)
            caller.talking = other.talking = True
            engine.set_scene("c", Scene(((0, HoldMusic()),), Recording("message", True, 0, 0)))
            await asyncio.sleep(1.6)
            engine.close_call("c")
            await until(lambda: events.of(RecordingEnded))
            (ended,) = events.of(RecordingEnded)
    channels, sound = samples_of(ended.path)
    assert (ended.state, ended.channels, channels) == ("whole", 1, 1)
    spectrum = np.abs(np.fft.rfft(sound[2000:10000, 0]))
    assert int(np.argmax(spectrum)) == 440
    assert spectrum[700] < spectrum[440] / 100, "nobody else's voice is in it"
    assert events.of(FellSilent) == []


@in_a_loop
async def test_voicemail_silence_is_told_soon_after_the_caller_has_spoken_and_once(tmp_path: Path) -> None:
    caller = Phone(440)
    async with running(tmp_path) as (engine, events):
        with phones(caller):
            connect(engine, "c", caller)
            engine.set_scene("c", Scene((), ALONE))
            caller.talking = True
            await asyncio.sleep(2.0)
            assert events.of(FellSilent) == [], "who speaks is not silent"
            caller.talking = False
            stopped = time.monotonic()
            await until(lambda: events.of(FellSilent))
            took = time.monotonic() - stopped
            caller.talking = True
            await asyncio.sleep(0.5)
            caller.talking = False
            await asyncio.sleep(1.8)
            assert events.of(FellSilent) == [FellSilent("message")]
            engine.set_scene("c", Scene())
            await until(lambda: events.of(RecordingEnded))
            (ended,) = events.of(RecordingEnded)
    assert 0.95 <= took <= 2.0, f"told {took:.2f} s after the last word"
    _, sound = samples_of(ended.path)
    assert abs(loudest(sound[RATE // 2 : RATE + RATE // 2, 0]) - 440) < 3
    assert onset(sound[:, 0]) < 0.3 * RATE


@in_a_loop
async def test_voicemail_silence_is_told_of_who_sends_nothing_at_all(tmp_path: Path) -> None:
    async with running(tmp_path) as (engine, events):
        with phones(caller := Phone()):
            connect(engine, "c", caller)
            began = time.monotonic()
            engine.set_scene("c", Scene((), ALONE))
            await until(lambda: events.of(FellSilent))
            assert 0.95 <= time.monotonic() - began <= 2.5
