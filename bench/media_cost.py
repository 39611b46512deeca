"""What audio costs: the CPU of the packet and recorder processes per relayed call.

``python bench/media_cost.py [--calls 20] [--seconds 20] [--record dual|single|none] [--srtp]``. The phones
are one more process that sends 50 packets a second for each leg from plain sockets; its cost does not
count. Prints percent of one core per call, idle cost subtracted.
"""

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from pylibsrtp import Policy, Session

from cordboard.call.scene import Party, Recording, Scene
from cordboard.media.control import LegReport, MediaEvent, RecordingEnded, Stream
from cordboard.media.embedded import rtp
from cordboard.media.embedded.engine import EmbeddedEngine, EmbeddedSettings

_PORTS = 46_000, 48_999
_PHONES = 52_000
_KEY = bytes(range(30))


class _Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class _Tokens:
    def hex(self, size: int) -> str:
        return os.urandom(size).hex()


class _Log:
    def info(self, event: str, **fields: Any) -> None:
        """Nobody wants to know."""

    def warning(self, event: str, **fields: Any) -> None:
        print(event, fields, file=sys.stderr)


def phones(targets: list[int], seconds: float, srtp: bool) -> None:
    """Every leg sends a frame each 20 ms, the legs spread over the 20 ms; what comes back is thrown away."""
    ends = []
    for index in range(len(targets)):
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)  # full at once: nobody reads
        end.bind(("127.0.0.1", _PHONES + 2 * index))
        end.connect(("127.0.0.1", targets[index]))
        ends.append(end)
    secure = Session(Policy(_KEY, Policy.SSRC_ANY_OUTBOUND)) if srtp else None
    payload, start, number = bytes(range(160)), time.monotonic(), 0
    groups = [range(part, len(ends), 4) for part in range(4)]
    while time.monotonic() - start < seconds:
        for part, group in enumerate(groups):
            time.sleep(max(start + number * 0.02 + part * 0.005 - time.monotonic(), 0))
            for index in group:
                data = rtp.write(8, number, number * 160, index + 1, payload)
                ends[index].send(secure.protect(data) if secure is not None else data)
        number += 1


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


async def measure(calls: int, seconds: float, record: str, srtp: bool, folder: Path) -> None:
    settings = EmbeddedSettings("127.0.0.1", "127.0.0.1", _PORTS, folder / "rec", folder / "run", processes=1)
    engine = EmbeddedEngine(settings, _Clock(), _Tokens(), _Log())
    ended: list[MediaEvent] = []
    engine.on_event = lambda call, event: ended.append(event)
    await engine.start()
    packet, recorder = engine.process_ids
    await asyncio.sleep(1)
    idle = cpu(packet), cpu(recorder)
    await asyncio.sleep(2)
    idle_rate = (cpu(packet) - idle[0]) / 2, (cpu(recorder) - idle[1]) / 2

    before = cpu(packet), cpu(recorder)
    targets = []
    for number in range(calls):
        for leg in (0, 1):
            targets.append(engine.open_leg(f"call{number}", leg).port)
            far = _PHONES + 2 * (2 * number + leg)
            stream = Stream("127.0.0.1", far, "PCMA", 8)
            if srtp:
                key = b64encode(_KEY).decode()
                suite = "AES_CM_128_HMAC_SHA1_80"
                stream = replace(stream, suite=suite, key_in=key, key_out=key)
            engine.set_stream(f"call{number}", leg, stream)
        tape = Recording("r", record == "dual", 0, 1) if record != "none" else None
        engine.set_scene(f"call{number}", Scene(((0, Party(1)), (1, Party(0))), tape))
    await asyncio.sleep(0.5)
    opened = cpu(packet) - before[0]
    start = cpu(packet), cpu(recorder), time.monotonic()
    ports = ",".join(map(str, targets))
    sender = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            __file__,
            "--phones",
            ports,
            "--seconds",
            str(seconds),
            *(["--srtp"] if srtp else []),
        )
    )
    await sender.wait()
    passed = time.monotonic() - start[2]
    used = cpu(packet) - start[0], cpu(recorder) - start[1]
    for number in range(calls):
        engine.close_call(f"call{number}")
    await engine.close()
    reports = [event for event in ended if isinstance(event, LegReport)]
    tapes = sum(isinstance(event, RecordingEnded) and event.state == "whole" for event in ended)
    assert len(reports) == 2 * calls
    assert tapes == (0 if record == "none" else calls)

    net = [max(one - rate * passed, 0) for one, rate in zip(used, idle_rate, strict=True)]
    came = sum(report.packets_in for report in reports)
    percent = [100 * one / seconds / calls for one in net]
    went, lost = (sum(getattr(one, name) for one in reports) for name in ("packets_out", "lost"))
    kind = f"recording: {record}" + (", SRTP" if srtp else "")
    print(f"{calls} calls, {seconds:.0f} s, {kind}; {came} packets came, {went} went, {lost} lost")
    print(f"idle: {100 * idle_rate[0]:.2f} % of a core; opening: {1000 * opened / calls:.2f} ms a call")
    packets, files = percent
    print(f"per packet: {1e6 * net[0] / max(came, 1):.1f} µs, in and out again")
    print(f"per call: packets {packets:.3f} %, recorder {files:.3f} %, sum {packets + files:.3f} % of a core")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--record", choices=["dual", "single", "none"], default="dual")
    parser.add_argument("--srtp", action="store_true", help="both legs are encrypted")
    parser.add_argument("--phones", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.phones:
        phones([int(port) for port in given.phones.split(",")], given.seconds, given.srtp)
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(given.calls, given.seconds, given.record, given.srtp, Path(folder)))


if __name__ == "__main__":
    main()
