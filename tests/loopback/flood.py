"""Calls while strangers flood the engine's SIP port (reliability.md S13): what becomes of them."""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.cli.configuring import init
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from tests.loopback.engine_process import Served, on_free_ports

ROOT = Path(__file__).parents[2]
EXOPHONE = "+918047115777"
SENDERS = 2
PHONES = """
[[phones]]
user = "asha"
password = "a long password of hers"
number = "+919812300099"
"""


@dataclass
class Flooded:
    """``share``: of the audio packets that each call should have heard. ``quiet``, ``noisy``: seconds until
    a new call was answered, without and with the flood. ``memory``: MB of the engine, time and again;
    ``usual``: by how many a second it grows without a flood, for the simulator's phones keep what they hear.
    """

    sent: int = 0
    calls: int = 0
    harmed: int = 0
    share: float = 1.0
    quiet: list[float] = field(default_factory=list)
    noisy: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    usual: float = 0.0
    cpu: float = 0.0


def configure(folder: Path, ports: str) -> None:
    """What ``init`` writes, with a phone, so that strangers may be somebody."""
    assert init(folder) == 0
    path = folder / "cordboard.toml"
    text = on_free_ports(path)
    text = text.replace('ports = "30000-34999"', f'ports = "{ports}"\nprocesses = 1')
    path.write_text(text + PHONES)


async def flooded(folder: Path, ports: str, *, calls: int, rate: int, seconds: int) -> Flooded:
    """So many calls, and a flood in their midst."""
    configure(folder, ports)
    served, found = Served(folder), Flooded(calls=calls)
    await served.start()
    try:
        callers = [_caller(served, nth) for nth in range(calls)]
        rings = [asyncio.create_task(one.ring(longest=seconds + 60)) for one in callers]
        await _until_talking(callers)
        before, since = served.megabytes, _now()
        for nth in range(5):
            found.quiet.append(await _answered(served, 1000 + nth))
            await asyncio.sleep(1.5)
        found.usual = (served.megabytes - before) / (_now() - since)
        heard = [len(one.packets) for one in callers]
        begun, used = _now(), _cpu(served)
        floods = [await _flood(served, rate // SENDERS, seconds, 66 + nth) for nth in range(SENDERS)]
        while _now() - begun < seconds:
            found.memory.append(served.megabytes)
            found.noisy.append(await _answered(served, 2000 + len(found.noisy)))
            await asyncio.sleep(1.0)
        found.cpu = (_cpu(served) - used) / (_now() - begun)
        expected = (_now() - begun) * 50
        shares = [(len(one.packets) - before) / expected for one, before in zip(callers, heard, strict=True)]
        found.share = min(shares)
        found.harmed = sum(
            one.hung_up_by_us or not one.answered or ring.done()
            for one, ring in zip(callers, rings, strict=True)
        )
        for flood in floods:
            out, _ = await flood.communicate()
            found.sent += int(out)
        for one in callers:
            one.hang_up()
        await asyncio.gather(*rings)
        found.harmed += sum(one.steps[-1].what.startswith("ended by") for one in callers)
    finally:
        await served.stop()
    return found


def _caller(served: Served, nth: int) -> ScriptedCaller:
    return ScriptedCaller(
        served.sip, EXOPHONE, f"+9198765{nth:05d}", clock=SystemClock(), tokens=SystemTokens()
    )


async def _until_talking(callers: list[ScriptedCaller]) -> None:
    """Until everybody hears the phone that it was put through to: the greeting is over by then."""
    async with asyncio.timeout(60):
        while not all(one.answered for one in callers):  # noqa: ASYNC110 - it happens elsewhere
            await asyncio.sleep(0.1)
    await asyncio.sleep(6)


async def _answered(served: Served, nth: int) -> float:
    """Seconds until a new call is answered."""
    caller = _caller(served, nth)
    await caller.ring(hang_up_after=0.2, longest=20)
    return next((step.at for step in caller.steps if "answered" in step.what), 99.0)


async def _flood(served: Served, rate: int, seconds: int, network: int) -> asyncio.subprocess.Process:
    target = (served.sip.host, served.sip.port, rate, seconds, network)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.loopback.flood_sender", *(str(one) for one in target)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


def grown(found: Flooded, seconds: float) -> float:
    """MB that the flood added."""
    return max(found.memory) - found.memory[0] - found.usual * seconds


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cpu(served: Served) -> float:
    """Seconds of CPU of the engine's process."""
    fields = Path(f"/proc/{served.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
