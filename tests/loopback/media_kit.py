"""Phones of flesh and sockets for the media tests: they send a tone or nothing and keep what they hear."""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cordboard.media.control import MediaEvent, Stream
from cordboard.media.embedded import rtp
from cordboard.media.embedded.engine import EmbeddedEngine, EmbeddedSettings
from cordboard.media.embedded.g711 import DECODED
from cordboard.media.embedded.laws import encode

RATE = 8000


class RealClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class RealTokens:
    def hex(self, size: int) -> str:
        return os.urandom(size).hex()


class PlainLog:
    def info(self, event: str, **fields: Any) -> None:
        logging.getLogger("media").info("%s %s", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        logging.getLogger("media").warning("%s %s", event, fields)


def tone(frequency: float, seconds: float = 1.0, loud: float = 8000) -> bytes:
    """A sine as 16 bit samples; whole periods when frequency × seconds is whole."""
    at = np.arange(round(seconds * RATE)) / RATE
    return (loud * np.sin(2 * np.pi * frequency * at)).astype("<i2").tobytes()


def loudest(samples: "np.ndarray[Any, Any]") -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


class Heard(NamedTuple):
    at: float
    packet: rtp.Packet


class Phone:
    """Sends ``frequency`` in 20 ms packets while ``talking``; keeps every packet it hears."""

    def __init__(self, frequency: float = 0.0, codec: str = "PCMA", ssrc: int = 0x1234) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port: int = self.socket.getsockname()[1]
        self.codec, self.ssrc = codec, ssrc
        self.kind = 8 if codec == "PCMA" else 0
        self.far: tuple[str, int] | None = None
        self.talking = False
        self.heard: list[Heard] = []
        self._sound = encode(tone(frequency), codec) if frequency else b""
        self._over = False
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._hear, self._talk)]
        for thread in self._threads:
            thread.start()

    def stream(self, **more: Any) -> Stream:
        return Stream("127.0.0.1", self.port, self.codec, self.kind, **more)

    @staticmethod
    def stream_to(port: int, **more: Any) -> Stream:
        """A stream to a place where no Phone is."""
        return Stream("127.0.0.1", port, "PCMA", 8, **more)

    def close(self) -> None:
        self._over = True
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def _hear(self) -> None:
        while not self._over:
            try:
                data = self.socket.recv(2048)
            except TimeoutError:
                continue
            packet = rtp.read(data)
            if packet is not None:
                self.heard.append(Heard(time.monotonic(), packet))

    def _talk(self) -> None:
        sequence, stamp, due = 4000, 77, time.monotonic()
        while not self._over:
            due += 0.02
            time.sleep(max(due - time.monotonic(), 0))
            stamp += 160
            if not (self.talking and self.far and self._sound):
                continue
            sequence += 1
            at = stamp % 8000
            payload = (self._sound + self._sound[:160])[at : at + 160]
            self.socket.sendto(rtp.write(self.kind, sequence, stamp, self.ssrc, payload), self.far)

    def samples(self, first: int = 0, last: int | None = None) -> "np.ndarray[Any, Any]":
        """What was heard, packet after packet, as samples."""
        table = np.array(DECODED[self.codec])
        audio = [h.packet.payload for h in self.heard[first:last] if h.packet.payload_type == self.kind]
        return table[np.frombuffer(b"".join(audio), dtype=np.uint8)]


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that needs an event loop."""

    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return run


class Events:
    """Keeps what an engine says."""

    def __init__(self, engine: Any) -> None:
        self.all: list[tuple[str, MediaEvent]] = []
        engine.on_event = lambda call, event: self.all.append((call, event))

    def of(self, kind: type, call: str | None = None) -> list[Any]:
        return [event for name, event in self.all if isinstance(event, kind) and call in (None, name)]


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


def make_engine(
    folder: Path, ports: tuple[int, int], processes: int = 1, host: str = "127.0.0.1", dscp: int = 0
) -> EmbeddedEngine:
    settings = EmbeddedSettings(
        bind=host,
        advertise=host,
        ports=ports,
        recordings=folder / "recordings",
        run_folder=folder / "run",
        processes=processes,
        dscp=dscp,
    )
    return EmbeddedEngine(settings, RealClock(), RealTokens(), PlainLog())
