"""CPU per call of cordboard beside Asterisk (and Kamailio, which only passes calls on), in alternating runs.

Each run: the element is started and warmed up, its idle cost is measured and subtracted, a sipp caller rings
a sipp callee through it, time is left for timers and records, and the CPU of all its processes is divided
by the calls that succeeded. A run with more than 0.1 % failed calls does not count and is made again.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from math import pi, sin
from pathlib import Path

from peers import Asterisk, Cordboard, Element, Kamailio
from scenarios import callee, caller

HERE = Path(__file__).resolve().parent
PLAIN = {"destination": {"numbers": ["+919812345678"]}, "music_on_hold": {"type": "operator_tone"}}
RECORDED = {**PLAIN, "record": True, "recording_channels": "dual"}
TRIES = 3
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ms(pids: list[int]) -> float:
    """utime, stime and those of reaped children of these processes, in milliseconds."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total * 1000 / TICKS


def ulaw_tone(path: Path) -> None:
    """A second of 400 Hz in µ-law."""
    samples = array("B")
    for index in range(8000):
        value = int(8000 * sin(2 * pi * 400 * index / 8000))
        sign, magnitude = (0x80, -value) if value < 0 else (0, value)
        magnitude = min(magnitude, 32635) + 132
        exponent = magnitude.bit_length() - 8
        samples.append(~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xFF)
    path.write_bytes(samples.tobytes())


def sipp_counts(output: str) -> tuple[int, int]:
    """Calls that succeeded and that failed, from the last screen."""
    found = [
        int(re.findall(rf"{name} call +\| +\d+ +\| +(\d+)", output)[-1]) for name in ("Successful", "Failed")
    ]
    return found[0], found[1]


class Uncounted(Exception):
    """Too many calls of a run failed."""


class Workbench:
    """The peers around the element under test."""

    def __init__(self, folder: Path, tail: float) -> None:
        self.folder, self.tail = folder, tail
        self._helpers: list[subprocess.Popen[bytes]] = []

    def open(self) -> None:
        """Customer and callee, for all runs."""
        folder = self.folder
        (folder / "plain.json").write_text(json.dumps(PLAIN))
        (folder / "recorded.json").write_text(json.dumps(RECORDED))
        (folder / "callee.xml").write_text(callee())
        (folder / "setup.xml").write_text(caller(1000))
        ulaw_tone(folder / "tone.ul")
        (folder / "audio.xml").write_text(caller(20000, "tone.ul"))
        self._helpers.append(
            subprocess.Popen(
                [
                    sys.executable,
                    str(HERE / "customer.py"),
                    "9000",
                    str(folder / "plain.json"),
                    str(folder / "recorded.json"),
                ]
            )
        )

    def callee(self, audio: bool) -> subprocess.Popen[bytes]:
        """A callee for one run."""
        command = ["sipp", "-sf", "callee.xml", "-i", "127.0.0.1", "-p", "5080", "-nostdin"]
        if audio:
            command += ["-mi", "127.0.0.1", "-mp", "46000", "-rtp_echo"]
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def ring(self, element: Element, number: str, scenario: str, rate: int, calls: int) -> tuple[int, int]:
        """Play a load; (succeeded, failed)."""
        command = ["sipp", "-sf", scenario, "-s", number, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", "5061"]
        command += [f"127.0.0.1:{element.port}", "-r", str(rate), "-m", str(calls), "-nostdin"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=calls / rate * 2 + 120,
        )
        return sipp_counts(done.stdout)

    def measure(self, element: Element, recorded: bool, rate: int, seconds: int) -> float:
        """Milliseconds of CPU per call, idle cost subtracted."""
        number = element.recorded if recorded else element.plain
        scenario = "audio.xml" if recorded else "setup.xml"
        element.start(self.folder / element.name)
        far = self.callee(recorded)
        try:
            time.sleep(2)
            self.ring(element, number, "setup.xml", rate, rate * 2)
            time.sleep(3)
            pids = element.pids()
            before = cpu_ms(pids)
            time.sleep(5)
            idle = (cpu_ms(pids) - before) / 5
            pids, began = element.pids(), time.monotonic()
            before = cpu_ms(pids)
            succeeded, failed = self.ring(element, number, scenario, rate, rate * seconds)
            time.sleep(self.tail)
            spent = cpu_ms(element.pids()) - before - idle * (time.monotonic() - began)
        finally:
            far.terminate()
            far.wait()
            element.stop()
        if succeeded == 0 or failed > 0.001 * (succeeded + failed):
            raise Uncounted(
                f"{element.name}: {failed} of {succeeded + failed} calls failed; the run does not count"
            )
        print(
            f"  {element.name:<10} {spent / succeeded:8.2f} ms/call  ({succeeded} calls, {failed} failed)",
            flush=True,
        )
        return spent / succeeded

    def measure_until_it_counts(self, element: Element, recorded: bool, rate: int, seconds: int) -> float:
        """As ``measure``; on a busy machine a run may have to be made again. Raises SystemExit."""
        for _ in range(TRIES):
            try:
                return self.measure(element, recorded, rate, seconds)
            except Uncounted as told:
                print(f"  {told}", flush=True)
        raise SystemExit(f"{element.name}: no run of {TRIES} counts")

    def close(self) -> None:
        """End what was started."""
        for helper in self._helpers:
            helper.terminate()


def main() -> None:
    """Alternate, then print medians, spreads and ratios."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", choices=("setup", "audio"))
    options.add_argument("--tail", type=float, default=35, help="seconds counted after the last call")
    options.add_argument("--rate", type=int, default=0, help="calls per second (100 for setup, 3 for audio)")
    options.add_argument("--seconds", type=int, default=20, help="how long calls are begun in a run")
    options.add_argument("--elements", default="cordboard,asterisk,kamailio")
    options.add_argument("--asterisk-root", type=Path, default=HERE.parent / ".bench" / "asterisk")
    chosen = options.parse_args()
    made: dict[str, Element] = {
        "cordboard": Cordboard(),
        "asterisk": Asterisk(chosen.asterisk_root),
        "kamailio": Kamailio(),
    }
    wanted = [made[name] for name in chosen.elements.split(",")]
    results: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        bench = Workbench(Path(place), chosen.tail)
        bench.open()
        try:
            for kind in [chosen.only] if chosen.only else ["setup", "audio"]:
                rate = chosen.rate or (100 if kind == "setup" else 3)
                figures = results[kind] = {}
                for run in range(chosen.runs):
                    print(
                        f"{kind}, run {run + 1} of {chosen.runs}, {rate} calls/s for {chosen.seconds} s",
                        flush=True,
                    )
                    for element in wanted:
                        if kind == "audio" and not element.recorded:
                            continue
                        cost = bench.measure_until_it_counts(element, kind == "audio", rate, chosen.seconds)
                        figures.setdefault(element.name, []).append(cost)
        finally:
            bench.close()
    for kind, figures in results.items():
        print(f"\n{kind}: ms of CPU per call, median (least–most)")
        for name, costs in figures.items():
            print(f"  {name:<10} {statistics.median(costs):8.2f}  ({min(costs):.2f}–{max(costs):.2f})")
        if "asterisk" in figures and "cordboard" in figures:
            ratios = [
                ours / theirs for ours, theirs in zip(figures["cordboard"], figures["asterisk"], strict=True)
            ]
            print(
                f"  cordboard / asterisk, run by run: median {statistics.median(ratios):.2f}"
                f" ({min(ratios):.2f}–{max(ratios):.2f})"
            )


if __name__ == "__main__":
    main()
