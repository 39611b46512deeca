"""A room with made-up time and made-up sockets, for the tests of streams and scenes."""

from contextlib import nullcontext
from typing import Any

from cordboard.call.scene import Scene
from cordboard.media.control import MediaEvent, Stream
from cordboard.media.embedded import rtp
from cordboard.media.embedded.leg import Leg
from cordboard.media.embedded.plays import Sound
from cordboard.media.embedded.room import Room

MS = 1_000_000
FRAME = 20 * MS
START = 5_000_000_000


class World:
    """One call, ``c``. ``now`` in nanoseconds; ``sent[leg]``: the packets that went out."""

    def __init__(self) -> None:
        self.now = START
        self.events: list[MediaEvent] = []
        self.aims: list[int] = []
        self.problems: list[str] = []
        self.sent: dict[int, list[rtp.Packet]] = {}
        self.room = Room(
            nullcontext,
            lambda call, event: self.events.append(event),
            lambda call, leg: self.aims.append(leg.number),
            lambda call, leg, text: self.problems.append(text),
        )
        self.legs: dict[int, Leg] = {}

    def leg(self, number: int, **stream: Any) -> Leg:
        """A leg whose far side is at 192.0.2.<number>:4000."""
        sent = self.sent[number] = []

        def send(data: bytes) -> None:
            packet = rtp.read(data)
            assert packet is not None
            sent.append(packet)

        leg = self.room.open_leg("c", number, send, 0xA0 + number, 100, 5000, self.now)
        self.legs[number] = leg
        self.agree(number, **stream)
        return leg

    def agree(self, number: int, **stream: Any) -> None:
        told: dict[str, Any] = {
            "address": f"192.0.2.{number}",
            "port": 4000,
            "codec": "PCMA",
            "payload_type": 8,
        }
        self.room.set_stream("c", number, Stream(**(told | stream)), self.now)

    def scene(self, *hears: tuple[int, Any]) -> None:
        self.room.set_scene("c", Scene(tuple(hears)))

    def sound(self, name: str, frames: int, byte: int = 0x11) -> None:
        self.room.sounds[name] = Sound(bytes([byte]) * 160 * frames, bytes([byte ^ 0x80]) * 160 * frames)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += FRAME
            self.room.tick(self.now, 1)


class Far:
    """The far side of a leg: sends packets, 20 ms apart."""

    def __init__(self, world: World, number: int, **start: int) -> None:
        self.world, self.number = world, number
        self.sequence = start.get("sequence", 7000)
        self.timestamp = start.get("timestamp", 90_000)
        self.ssrc = start.get("ssrc", 0xFA0000 + number)
        self.kind = start.get("kind", 8)
        self.source = f"192.0.2.{number}", 4000

    def talk(self, packets: int = 1, byte: int = 0x55, size: int = 160, marker: bool = False) -> None:
        for _ in range(packets):
            self.world.now += size * MS // 8
            self.put(self.sequence, self.timestamp, bytes([byte]) * size, marker)
            self.skip(1, size)

    def skip(self, packets: int = 1, size: int = 160) -> None:
        """These packets get lost."""
        self.sequence = (self.sequence + packets) & 0xFFFF
        self.timestamp = (self.timestamp + packets * size) & 0xFFFFFFFF

    def put(
        self, sequence: int, timestamp: int, payload: bytes, marker: bool = False, kind: int | None = None
    ) -> None:
        data = rtp.write(self.kind if kind is None else kind, sequence, timestamp, self.ssrc, payload, marker)
        self.world.legs[self.number].packet(data, self.source, self.world.now)

    def event(self, key: int, steps: int = 3, ends: int = 3) -> None:
        """A digit: updates, then its end, all with the timestamp of its beginning (RFC 4733 §2.5)."""
        for step in range(steps + ends):
            over = step >= steps
            length = 160 * min(step + 1, steps)
            payload = bytes([key, 0x8A if over else 0x0A]) + length.to_bytes(2)
            if not over:
                self.world.now += FRAME
            self.put(self.sequence, self.timestamp, payload, step == 0, 101)
            self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + 160 * steps) & 0xFFFFFFFF
