"""``cordboard sip trace`` beside a running engine: a call as it passes, and a stranger's message."""

import asyncio
import json
import socket
import sys
from pathlib import Path

import pytest

from cordboard.cli.configuring import init
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from cordboard.testing.hep_reader import read_packet
from tests.loopback.engine_kit import MAIN
from tests.loopback.engine_process import Served, on_free_ports

CALLER = "+919876500001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What ``init`` writes, on ports that are free here, with a collector."""
    assert init(tmp_path) == 0
    path = tmp_path / "cordboard.toml"
    text = on_free_ports(path)
    path.write_text(text.replace('ports = "30000-34999"', 'ports = "26000-26999"\nprocesses = 1'))
    return path.parent


async def trace(folder: Path, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cordboard", "sip", "trace", *words),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def test_a_call_is_traced_live_and_captured(folder: Path) -> None:
    async def story() -> None:
        served = Served(folder)
        collector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        collector.bind(("127.0.0.1", 0))
        collector.setblocking(False)
        port = collector.getsockname()[1]
        path = folder / "cordboard.toml"
        path.write_text(
            path.read_text().replace("[sip]\n", f'[sip]\nhep = "udp:127.0.0.1:{port}"\nhep_id = 7\n')
        )
        try:
            await served.start()
            process = await trace(folder, "--number", CALLER, "--method", "INVITE", "--json", "--count", "3")
            reading = asyncio.create_task(process.communicate())
            for _ in range(10):  # the first call may pass before the trace has found the engine
                caller = ScriptedCaller(served.sip, MAIN, CALLER, clock=SystemClock(), tokens=SystemTokens())
                await caller.ring(hang_up_after=1.0, longest=20.0)
                if (await asyncio.wait([reading], timeout=1.0))[0]:
                    break
            out, _ = await reading
            told = [json.loads(line) for line in out.decode().splitlines()]
            assert process.returncode == 0
            assert any(one["line"].startswith("INVITE ") for one in told)
            assert {one["cseq"] for one in told} == {"1 INVITE"} and {one["from"] for one in told} == {CALLER}
            assert all(one["call"] for one in told)
            await asyncio.sleep(0.2)  # copies go out after what they are copies of
            captured = [read_packet(data) for data in drained(collector)]
            assert {one.agent for one in captured} == {7}
            of_call = [one for one in captured if one.correlation == told[0]["call"]]
            assert any(one.payload.startswith(b"BYE") for one in of_call)
            assert told[0]["message"].encode() in [one.payload for one in of_call]
        finally:
            collector.close()
            await served.stop()

    asyncio.run(story())


def test_where_no_engine_runs_it_says_so_in_one_line(folder: Path) -> None:
    async def story() -> None:
        process = await trace(folder)
        _, said = await process.communicate()
        assert process.returncode == 1
        assert said.decode().count("\n") == 1 and "no engine answers there" in said.decode()

    asyncio.run(story())


def drained(collector: socket.socket) -> list[bytes]:
    """Every datagram that waits."""
    found = []
    while True:
        try:
            found.append(collector.recv(65536))
        except BlockingIOError:
            return found
