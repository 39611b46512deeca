"""reliability.md S10 and S12, telephony.md 17 and 28, over real sockets: sprayers, thieves, floods; and what
else a socket must do: marks, IPv6, SRTP."""

import asyncio
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from cordboard.call.scene import HoldMusic, Party, Scene
from cordboard.call.words import AudioStarted
from cordboard.media.control import ForeignAudio, LegReport, Stream
from cordboard.media.embedded import rtp
from cordboard.media.embedded.engine import EmbeddedEngine
from tests.loopback.media_kit import Events, Phone, in_a_loop, make_engine, until
from tests.loopback.test_media_audio import phones, running

EVIL = b"\x66" * 160


class Sprayer:
    """Sends good RTP from an address that may not, 50 packets a second."""

    def __init__(self, host: str, target: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self._target, self._number = target, 0

    async def spray(self, packets: int, pause: float = 0.02) -> None:
        for _ in range(packets):
            self._number += 1
            data = rtp.write(8, self._number, self._number * 160, 0xBAD, EVIL)
            self.socket.sendto(data, ("127.0.0.1", self._target))
            await asyncio.sleep(pause)

    def stolen(self) -> int:
        """How many packets were sent to the attacker."""
        count = 0
        while True:
            try:
                self.socket.recv(2048)
            except BlockingIOError:
                return count
            count += 1


@pytest.mark.parametrize(
    ("mode", "sources"), [("acl", ()), ("acl", ("127.0.0.1/32",)), ("sdp", ()), ("latch", ("127.0.0.1",))]
)
@in_a_loop
async def test_s10_nothing_is_injected_and_nothing_stolen(
    tmp_path: Path, mode: str, sources: tuple[str, ...]
) -> None:
    caller, callee = Phone(440), Phone(700, ssrc=99)
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee):
            for number, phone in enumerate((caller, callee)):
                phone.far = "127.0.0.1", engine.open_leg("c", number).port
                engine.set_stream("c", number, phone.stream(mode=mode, sources=sources))
            engine.set_scene("c", Scene(((0, Party(1, HoldMusic())), (1, Party(0)))))
            assert caller.far is not None
            thief = Sprayer("127.0.0.66", caller.far[1])
            await thief.spray(15)  # early: before the caller has sent anything
            assert not events.of(AudioStarted)
            caller.talking = callee.talking = True
            await until(lambda: len(events.of(AudioStarted)) == 2)
            await thief.spray(60)  # and in mid-call
            await until(lambda: len(callee.heard) > 80)
            assert all(EVIL[:8] not in heard.packet.payload for heard in callee.heard), "injected"
            assert thief.stolen() == 0
            assert events.of(ForeignAudio) == [ForeignAudio(0, "127.0.0.66")], "one alarm"
            engine.close_call("c")
            await until(lambda: len(events.of(LegReport)) == 2)
            report = next(one for one in events.of(LegReport) if one.leg == 0)
            assert 70 <= report.foreign <= 76, "those that the kernel threw away count as well"
            assert report.lost == 0
            thief.socket.close()


@in_a_loop
async def test_s10_a_second_stream_from_an_allowed_address_does_not_push_the_first_aside(
    tmp_path: Path,
) -> None:
    caller, callee = Phone(440), Phone(700, ssrc=99)
    async with running(tmp_path) as (engine, _):
        with phones(caller, callee):
            for number, phone in enumerate((caller, callee)):
                phone.far = "127.0.0.1", engine.open_leg("c", number).port
                engine.set_stream("c", number, phone.stream())
            engine.set_scene("c", Scene(((1, Party(0)),)))
            caller.talking = True
            await until(lambda: len(callee.heard) > 10)
            assert caller.far is not None
            thief = Sprayer("127.0.0.1", caller.far[1])
            await thief.spray(40)
            assert all(EVIL[:8] not in heard.packet.payload for heard in callee.heard)
            caller.talking = False
            await asyncio.sleep(0.1)
            await thief.spray(10)
            await until(lambda: callee.heard[-1].packet.payload == EVIL)  # a new stream behind the old one
            thief.socket.close()


FLOOD = """
import socket, sys, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); one.bind(("127.0.0.66", 0))
one.connect(("127.0.0.1", int(sys.argv[1]))); data = bytes(172); end = time.monotonic() + float(sys.argv[2])
sent = 0
while time.monotonic() < end:
    for _ in range(200):
        try: one.send(data); sent += 1
        except OSError: pass
print(sent)
"""


@in_a_loop
async def test_telephony_28_a_flooded_port_does_not_starve_the_others(tmp_path: Path) -> None:
    caller, callee, victim = Phone(440), Phone(700, ssrc=99), Phone()
    async with running(tmp_path) as (engine, events):
        with phones(caller, callee, victim):
            for number, phone in enumerate((caller, callee)):
                phone.far = "127.0.0.1", engine.open_leg("c", number).port
                engine.set_stream("c", number, phone.stream())
            engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0)))))
            port = engine.open_leg("v", 0).port
            engine.set_stream("v", 0, victim.stream())
            caller.talking = callee.talking = True
            await until(lambda: len(callee.heard) > 20)
            flood = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", FLOOD, str(port), "2"), stdout=subprocess.PIPE
            )
            await asyncio.sleep(0.5)
            first, began = len(callee.heard), time.monotonic()
            await asyncio.sleep(1.2)
            heard = callee.heard[first:]
            said, _ = await flood.communicate()
            await until(lambda: events.of(ForeignAudio))
            engine.close_call("v")
            await until(lambda: events.of(LegReport))
            passed = heard[-1].at - began
            gaps = sorted(b.at - a.at for a, b in pairwise(heard))
    sent = int(said)
    assert sent > 20_000
    assert events.of(LegReport)[0].foreign > sent // 2, "the rest did not even fit into the queue in time"
    assert len(heard) > 0.8 * passed / 0.02
    assert gaps[len(gaps) // 2] < 0.03


@asynccontextmanager
async def one_engine(folder: Path, first: int, **more: Any) -> AsyncIterator[tuple[EmbeddedEngine, Events]]:
    engine = make_engine(folder, (first, first + 40), **more)
    events = Events(engine)
    await engine.start()
    try:
        yield engine, events
    finally:
        await engine.close()


@in_a_loop
async def test_what_is_sent_bears_the_mark(tmp_path: Path) -> None:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(5)
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    async with one_engine(tmp_path, 38_000, dscp=46) as (engine, _):
        for leg in range(3):
            engine.open_leg("c", leg)
        engine.set_stream("c", 2, Stream("127.0.0.1", ear.getsockname()[1], "PCMA", 8))
        engine.set_scene("c", Scene(((2, HoldMusic()),)))
        _, marks, _, _ = await asyncio.to_thread(ear.recvmsg, 2048, 100)
    ear.close()
    assert [data[0] for level, kind, data in marks if (level, kind) == (0, socket.IP_TOS)] == [46 << 2]


@in_a_loop
async def test_audio_over_ip6(tmp_path: Path) -> None:
    ends = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(3)]
    for end in ends:
        end.bind(("::1", 0))
        end.settimeout(5)
    async with one_engine(tmp_path, 38_100, host="::1", dscp=46) as (engine, events):
        ports = []
        for leg, end in enumerate(ends[:2]):
            place = engine.open_leg("c", leg)
            assert place.address == "::1"
            ports.append(place.port)
            engine.set_stream("c", leg, Stream("::1", end.getsockname()[1], "PCMA", 8, mode="sdp"))
        engine.set_scene("c", Scene(((0, Party(1)), (1, Party(0)))))
        await asyncio.sleep(0.2)
        for number in range(120):
            ends[2].sendto(rtp.write(8, number, 160 * number, 9, EVIL), ("::1", ports[0]))
            if number % 20 == 0:
                ends[0].sendto(rtp.write(8, number // 20, 8 * number, 7, b"\x11" * 160), ("::1", ports[0]))
            await asyncio.sleep(0.005)
        heard = [await asyncio.to_thread(ends[1].recv, 2048) for _ in range(5)]
        await until(lambda: events.of(ForeignAudio))
    for end in ends:
        end.close()
    assert {data[12:] for data in heard} == {b"\x11" * 160}


@in_a_loop
async def test_srtp_over_sockets_with_sealed_reports(tmp_path: Path) -> None:
    key, ours = bytes(range(30)), bytes(range(30, 60))
    words = {"suite": "AES_CM_128_HMAC_SHA1_80", "key_in": b64encode(key).decode()}
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(("127.0.0.1", 0))
    reports = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    reports.bind(("127.0.0.1", 0))
    for one in (end, reports):
        one.settimeout(8)
    talks = Session(Policy(key, Policy.SSRC_ANY_OUTBOUND))
    hears = Session(Policy(ours, Policy.SSRC_ANY_INBOUND))
    plain = Phone()
    async with running(tmp_path) as (engine, _):
        with phones(plain):
            port = engine.open_leg("c", 0).port
            stream = Stream(
                *("127.0.0.1", end.getsockname()[1], "PCMA", 8, None, None, 20, True, True, "sdp", ()),
                *(None, reports.getsockname()[1], words["suite"], words["key_in"], b64encode(ours).decode()),
            )
            engine.set_stream("c", 0, stream)
            plain.far = "127.0.0.1", engine.open_leg("c", 1).port
            engine.set_stream("c", 1, plain.stream())
            engine.set_scene("c", Scene(((0, HoldMusic()), (1, Party(0)))))
            for number in range(10):
                data = talks.protect(rtp.write(8, number, 160 * number, 7, b"\x11" * 160))
                end.sendto(data, ("127.0.0.1", port))
                await asyncio.sleep(0.02)
            await until(lambda: len(plain.heard) > 5)
            opened = rtp.read(hears.unprotect(await asyncio.to_thread(end.recv, 2048)))
            report = hears.unprotect_rtcp(await asyncio.to_thread(reports.recv, 2048))
    end.close()
    reports.close()
    assert {heard.packet.payload for heard in plain.heard} == {b"\x11" * 160}
    assert opened is not None and len(opened.payload) == 160
    assert report[1] == 200, "a sender report, on the port that a=rtcp named"
