"""Audio as audio: real sockets, the real processes, phones that send tones."""

import asyncio
import os
import signal
import socket
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Ringback, Scene
from cordboard.call.words import AudioStarted, DigitPressed, MediaLost, Played
from cordboard.kernel.mistakes import Unavailable
from cordboard.media.control import LegReport, RecordingEnded
from cordboard.media.embedded import rtp
from cordboard.media.embedded.engine import EmbeddedEngine
from cordboard.media.embedded.rtp import sequence_step, timestamp_step
from cordboard.testing.media_suite import check_media_engine
from tests.loopback.media_kit import RATE, Events, Phone, in_a_loop, loudest, make_engine, tone, until

_RANGES = iter(range(42_000, 60_000, 200))


@asynccontextmanager
async def running(
    folder: Path, legs: int = 20, processes: int = 1
) -> AsyncIterator[tuple[EmbeddedEngine, Events]]:
    first = next(_RANGES) + os.getpid() % 90 * 2
    engine = make_engine(folder, (first, first + 2 * legs - 1), processes)
    events = Events(engine)
    await engine.start()
    try:
        yield engine, events
    finally:
        await engine.close()


@contextmanager
def phones(*wanted: Phone) -> Iterator[None]:
    try:
        yield
    finally:
        for phone in wanted:
            phone.close()


def connect(engine: EmbeddedEngine, call: str, *wanted: Phone) -> None:
    for number, phone in enumerate(wanted):
        place = engine.open_leg(call, number)
        phone.far = place.address, place.port
        engine.set_stream(call, number, phone.stream())


def samples_of(path: str) -> tuple[int, "np.ndarray[tuple[int, int], np.dtype[np.int16]]"]:
    with wave.open(path) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getnchannels(), data.reshape(-1, file.getnchannels())


def onset(channel: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> int:
    """The first sample that is part of a tone."""
    return int(np.argmax(np.abs(channel.astype(int)) > 2000))


@in_a_loop
async def test_the_embedded_engine_does_what_every_media_engine_must(tmp_path: Path) -> None:
    async with running(tmp_path) as (engine, _):
        await check_media_engine(engine)


@in_a_loop
async def test_telephony_18_the_caller_hears_music_announcement_and_callee_in_one_stream(
    tmp_path: Path,
) -> None:
    caller, callee = Phone(440), Phone(700, "PCMU", ssrc=99)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            engine.load("hello", tone(1000, 0.5))
            engine.set_scene("c", Scene(((0, HoldMusic()),)))
            await until(lambda: len(caller.heard) >= 40)
            engine.set_scene("c", Scene(((0, Clip("hello", 1)), (1, Clip("hello", 1)))))
            await until(lambda: events.of(Played))
            callee.talking = caller.talking = True
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0)))))
            await until(lambda: len(caller.heard) >= 40 + 25 + 50)
            heard = [item.packet for item in caller.heard]
    assert {packet.ssrc for packet in heard} != {99}
    assert len({packet.ssrc for packet in heard}) == 1
    assert {sequence_step(b.sequence, a.sequence) for a, b in pairwise(heard)} == {1}
    stamps = [timestamp_step(b.timestamp, a.timestamp) for a, b in pairwise(heard)]
    marks = [index for index, packet in enumerate(heard) if packet.marker]
    assert len(marks) == 3, "music, announcement, callee"
    within = [step for index, step in enumerate(stamps) if index + 1 not in marks]
    assert max(within) - 160 <= 320, "no gap over 40 ms"
    assert stamps[marks[1] - 1] - 160 <= 320
    assert min(stamps) >= 160
    assert abs(loudest(caller.samples(marks[1], marks[2])) - 1000) < 10
    assert abs(loudest(caller.samples(marks[2])) - 700) < 10
    assert abs(loudest(callee.samples(-20)) - 440) < 10
    assert events.of(Played) == [Played(1)]


@in_a_loop
async def test_telephony_24_a_dual_recording_holds_one_party_in_each_channel_aligned(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone(700, "PCMU", ssrc=99)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            recording = Recording("talk", dual=True, left=0, right=1)
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0))), recording))
            await asyncio.sleep(0.3)
            caller.talking = callee.talking = True
            await asyncio.sleep(2.5)
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0)))))
            await until(lambda: events.of(RecordingEnded))
            (ended,) = events.of(RecordingEnded)
            channels, sound = samples_of(ended.path)
    assert (ended.name, ended.state, ended.channels, ended.problem) == ("talk", "whole", 2, "")
    assert channels == 2
    assert abs(len(sound) / RATE - ended.seconds) < 0.001
    assert 2.6 <= ended.seconds <= 4.0
    left, right = sound[:, 0], sound[:, 1]
    middle = slice(RATE, 2 * RATE)
    assert abs(loudest(left[middle]) - 440) < 3
    assert abs(loudest(right[middle]) - 700) < 3
    assert abs(onset(left) - onset(right)) <= 0.02 * RATE + 160, "two threads begin to talk within 20 ms"
    assert 0.2 * RATE < onset(left) < 0.7 * RATE, "it begins with the bridge, not with the audio"
    assert os.stat(ended.path).st_size == ended.size
    assert os.listdir(os.path.dirname(ended.path)) == [os.path.basename(ended.path)]


@in_a_loop
async def test_telephony_24_both_channels_show_one_moment_at_one_place(tmp_path: Path) -> None:
    """Both phones speak in one thread, so the true offset of the channels is known."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    async with running(tmp_path) as (engine, events):
        places = []
        for number, phone in enumerate(sockets):
            phone.bind(("127.0.0.1", 0))
            places.append(engine.open_leg("c", number))
            engine.set_stream("c", number, Phone.stream_to(phone.getsockname()[1]))
        engine.set_scene("c", Scene((), Recording("talk", dual=True, left=0, right=1)))
        await asyncio.sleep(0.2)
        for n in range(150):
            for number, phone in enumerate(sockets):
                loud = 50 <= n < 100
                payload = (b"\x2a\xaa" if loud else b"\xd5\xd5") * 80
                data = rtp.write(8, n + 7 * number, n * 160 + 1_000_000 * number, number, payload)
                phone.sendto(data, (places[number].address, places[number].port))
            await asyncio.sleep(0.02)
        engine.close_call("c")
        await until(lambda: events.of(RecordingEnded))
        (ended,) = events.of(RecordingEnded)
    for phone in sockets:
        phone.close()
    _, sound = samples_of(ended.path)
    assert abs(onset(sound[:, 0]) - onset(sound[:, 1])) <= 0.02 * RATE
    assert ended.gaps == ()


@in_a_loop
async def test_a_single_recording_holds_both_parties_mixed(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone(700)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            caller.talking = callee.talking = True
            engine.set_scene("c", Scene((), Recording("talk", dual=False, left=0, right=1)))
            await asyncio.sleep(1.5)
            engine.close_call("c")
            await until(lambda: events.of(RecordingEnded))
            (ended,) = events.of(RecordingEnded)
    channels, sound = samples_of(ended.path)
    assert channels == 1
    spectrum = np.abs(np.fft.rfft(sound[2000:10000, 0]))
    assert {int(at) for at in np.argsort(spectrum)[-2:]} == {440, 700}


@in_a_loop
async def test_telephony_17_foreign_packets_are_neither_relayed_nor_do_they_latch(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone(700)
    thief = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    thief.bind(("127.0.0.1", 0))
    thief.settimeout(0.2)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            engine.set_stream("c", 0, caller.stream(mode="sdp"))
            engine.set_stream("c", 1, callee.stream(mode="latch"))
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0)))))
            callee.talking = True
            await until(lambda: len(caller.heard) > 10)
            for n in range(20):
                for phone in (caller, callee):
                    assert phone.far is not None
                    thief.sendto(rtp.write(8, n, n * 160, 6, b"\x2a" * 160), phone.far)
                await asyncio.sleep(0.01)
            assert not callee.heard, "the caller has not said a word"
            assert AudioStarted(0) not in events.of(AudioStarted)
            with pytest.raises(TimeoutError):
                thief.recv(2048)
            engine.close_call("c")
            await until(lambda: len(events.of(LegReport)) == 2)
    assert abs(loudest(caller.samples()[-1600:]) - 700) < 10
    assert [report.foreign for report in sorted(events.of(LegReport), key=lambda r: r.leg)] == [20, 20]
    thief.close()


@in_a_loop
async def test_telephony_17_a_phone_behind_a_nat_is_sent_to_where_it_sends_from(tmp_path: Path) -> None:
    phone = Phone(440)
    async with running(tmp_path) as (engine, _):
        with phones(phone):
            place = engine.open_leg("c", 0)
            phone.far = place.address, place.port
            engine.set_stream("c", 0, Phone.stream_to(9, mode="latch"))
            engine.set_scene("c", Scene(((0, Ringback()),)))
            await asyncio.sleep(0.3)
            assert not phone.heard
            phone.talking = True
            await until(lambda: len(phone.heard) > 5)


@in_a_loop
async def test_a_digit_is_told_once_and_relayed(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone()
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            engine.set_stream("c", 1, callee.stream(event_type=96))
            engine.set_scene("c", Scene(((1, Party(0)),)))
            assert caller.far is not None
            await asyncio.sleep(0.3)  # the process opens the port a moment after it was named
            caller.socket.sendto(rtp.write(8, 3999, 0, 0x1234, b"\xd5" * 160), caller.far)
            for n, over in enumerate((0, 0, 0x80, 0x80, 0x80)):
                payload = bytes([5, over | 10, 1, 64])
                caller.socket.sendto(rtp.write(101, 4000 + n, 77, 0x1234, payload, n == 0), caller.far)
            await until(lambda: len(callee.heard) == 6)
            engine.send_digit("c", 0, "7")
            await until(lambda: [h for h in caller.heard if h.packet.payload_type == 101])
    assert events.of(DigitPressed) == [DigitPressed(0, "5")]
    assert [h.packet.payload_type for h in callee.heard] == [8, 96, 96, 96, 96, 96]
    assert caller.heard[0].packet.payload[0] == 7


@in_a_loop
async def test_telephony_19_reports_with_a_cname_come_on_the_port_above(tmp_path: Path) -> None:
    phone = Phone()
    reports = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    reports.bind(("127.0.0.1", phone.port + 1))
    reports.setblocking(False)
    got: list[bytes] = []

    def came() -> bool:
        try:
            got.append(reports.recv(2048))
        except BlockingIOError:
            return False
        return True

    async with running(tmp_path) as (engine, events):
        with phones(phone):
            connect(engine, "c", phone)
            assert phone.far is not None
            reports.sendto(b"\x80\xc9\x00\x01\0\0\0\1", (phone.far[0], phone.far[1] + 1))
            reports.sendto(b"\x80\xc9\x00\x01\0\0\0\1", phone.far)
            engine.set_scene("c", Scene(((0, HoldMusic()),)))
            await until(came)
            assert events.of(AudioStarted) == [], "RTCP never counts as audio"
    reports.close()
    assert got[0][1] == 200, "a sender report"
    assert b"cordboard" in got[0]


@in_a_loop
async def test_telephony_29_a_killed_media_process_is_told_at_once_and_replaced(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone(700)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            caller.talking = callee.talking = True
            scene = Scene(((0, Party(1)), (1, Party(0))), Recording("talk", True, 0, 1))
            engine.set_scene("c", scene)
            await asyncio.sleep(2.3)
            os.kill(engine.process_ids[0], signal.SIGKILL)
            await until(lambda: events.of(MediaLost), 1.0)
            connect(engine, "c", caller, callee)
            engine.set_scene("c", scene)
            await until(lambda: events.of(RecordingEnded))
            before = len(caller.heard)
            await until(lambda: len(caller.heard) > before + 20, 3.0)
            engine.close_call("c")
            await until(lambda: engine.ports_taken == 0)
    assert events.of(MediaLost) == [MediaLost()]
    (ended,) = events.of(RecordingEnded)
    assert ended.state == "partial"
    channels, sound = samples_of(ended.path)
    assert channels == 2
    assert 0.8 <= len(sound) / RATE <= 2.5
    assert abs(loudest(sound[2000:6000, 0]) - 440) < 5


@in_a_loop
async def test_f6_a_hanging_media_process_is_replaced(tmp_path: Path) -> None:
    caller = Phone(440)
    async with running(tmp_path) as (engine, events):
        with phones(caller):
            connect(engine, "c", caller)
            await until(lambda: engine.process_ids[0])
            os.kill(engine.process_ids[0], signal.SIGSTOP)
            await until(lambda: events.of(MediaLost), 6.0)
            connect(engine, "c", caller)
            engine.set_scene("c", Scene(((0, HoldMusic()),)))
            await until(lambda: len(caller.heard) > 5)


@in_a_loop
async def test_telephony_24_a_killed_recorder_leaves_what_was_written(tmp_path: Path) -> None:
    caller, callee = Phone(440), Phone(700)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            connect(engine, "c", caller, callee)
            caller.talking = callee.talking = True
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0))), Recording("talk", True, 0, 1)))
            await asyncio.sleep(2.3)
            os.kill(engine.process_ids[-1], signal.SIGKILL)
            await until(lambda: events.of(RecordingEnded))
            heard = len(caller.heard)
            await until(lambda: len(caller.heard) > heard + 20)  # the talk goes on
            engine.set_scene("c", Scene((), Recording("more", False, 0, 1)))
            await asyncio.sleep(0.5)
            engine.close_call("c")
            await until(lambda: len(events.of(RecordingEnded)) == 2)
    first, second = events.of(RecordingEnded)
    assert (first.name, first.state) == ("talk", "partial")
    assert (second.name, second.state) == ("more", "whole")
    _, sound = samples_of(first.path)
    assert len(sound) / RATE >= 0.5
    assert abs(loudest(sound[1000:4000, 1]) - 700) < 5
    assert not events.of(MediaLost)


@in_a_loop
async def test_a_folder_that_cannot_be_written_is_a_recording_that_failed(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")
    async with running(tmp_path) as (engine, events):
        engine.open_leg("c", 0)
        engine.set_scene("c", Scene((), Recording("talk", True, 0, 1)))
        await until(lambda: events.of(RecordingEnded))
    (ended,) = events.of(RecordingEnded)
    assert (ended.state, ended.path, ended.size) == ("failed", "", 0)
    assert "recordings" in ended.problem


@in_a_loop
async def test_s12_ports_are_given_back_in_every_ending(tmp_path: Path) -> None:
    async with running(tmp_path, legs=4) as (engine, events):
        ports = {engine.open_leg("a", 0).port, engine.open_leg("a", 1).port}
        ports |= {engine.open_leg("b", 0).port, engine.open_leg("b", 1).port}
        assert len(ports) == 4
        with pytest.raises(Unavailable, match="no media port is free"):
            engine.open_leg("d", 0)
        engine.close_leg("a", 0)
        engine.close_call("a")
        await until(lambda: engine.ports_taken == 2)
        os.kill(engine.process_ids[0], signal.SIGKILL)
        await until(lambda: engine.ports_taken == 0)
        await until(lambda: events.of(MediaLost, "b"))
        engine.close_call("b")
        for port in ports:
            for number in (port, port + 1):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", number))


@in_a_loop
async def test_a_closed_leg_frees_its_sockets(tmp_path: Path) -> None:
    async with running(tmp_path) as (engine, events):
        port = engine.open_leg("a", 0).port
        engine.set_stream("a", 0, Phone.stream_to(9))
        engine.set_scene("a", Scene(((0, HoldMusic()),)))
        await asyncio.sleep(0.2)
        engine.close_call("a")
        await until(lambda: events.of(LegReport))

        def free() -> bool:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return False
            return True

        await until(free, 2.0)


@in_a_loop
async def test_a_port_of_somebody_else_is_passed_over(tmp_path: Path) -> None:
    async with running(tmp_path, legs=2) as (engine, _):
        first = engine.open_leg("a", 0).port
        other = first + 2
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
            neighbour.bind(("127.0.0.1", other + 1))
            with pytest.raises(Unavailable):
                engine.open_leg("a", 1)


@in_a_loop
async def test_telephony_29_the_processes_have_a_session_of_their_own_and_end_with_the_engine(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, processes=2) as (engine, _):
        ids = engine.process_ids
        assert len(set(ids)) == 3
        assert all(os.getsid(one) == one for one in ids)
        assert engine.open_leg("a", 0) and engine.open_leg("b", 0)
    for one in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(one, 0)
    assert not list((tmp_path / "run").glob("*.sock"))
