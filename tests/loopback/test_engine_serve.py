"""``serve``, ``ring`` and ``replay`` as processes: ready, draining, hanging up, what a kill leaves behind."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from cordboard.cli.configuring import init
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import tone_of
from tests.free_ports import free_port
from tests.loopback.engine_ears import tone_spans
from tests.loopback.engine_kit import MAIN, T
from tests.loopback.engine_process import Served, alive, udp_ports
from tests.loopback.engine_raw import G711, Bare
from tests.waiting import until

CALLER = "+919876500001"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``init`` writes, on ports that are free here; one media process is enough for a test."""
    place = tmp_path_factory.mktemp("serve")
    assert init(place) == 0
    path = place / "cordboard.toml"
    sip, http = free_port(), free_port()
    text = path.read_text().replace(":5060", f":{sip}").replace(":8080", f":{http}")
    text = text.replace('ports = "30000-34999"', 'ports = "25000-25999"\nprocesses = 1')
    path.write_text(text)
    return place


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def bounded(runner: asyncio.Runner, work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
    async def within() -> T:
        async with asyncio.timeout(seconds):
            return await work

    return runner.run(within())


async def cordboard(folder: Path, *words: str) -> tuple[int, str]:
    """A command, as a user gives it: its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cordboard", *words), cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


def caller_for(served: Served) -> ScriptedCaller:
    return ScriptedCaller(served.sip, MAIN, CALLER, clock=SystemClock(), tokens=SystemTokens())


async def _answered(caller: ScriptedCaller) -> bool:
    return caller.answered


async def talking(caller: ScriptedCaller) -> None:
    """Wait until the caller hears the callee's tone."""

    async def hears() -> bool:
        return bool(caller.packets) and bool(tone_spans(caller.heard[-4000:], tone_of("01")))

    await until(hears, 20.0)


async def refusals(served: Served) -> list[str]:
    """What OPTIONS and a new INVITE are answered with."""
    phone, answers = Bare(served.sip), []
    try:
        for method in ("OPTIONS", "INVITE"):
            phone.send(phone.request(method, MAIN, f"late{method}", G711 if method == "INVITE" else ()))
            answers.append(await phone.final())
        phone.ack(MAIN, "lateINVITE", answers[-1])
    finally:
        phone.close()
    return answers


# --- up and down ------------------------------------------------------------------------------------


def test_serve_says_ready_with_the_ports_that_it_found_and_drains_for_its_seconds(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def play() -> None:
        assert init(tmp_path) == 0
        path = tmp_path / "cordboard.toml"
        path.write_text(path.read_text().replace(":5060", ":0").replace("127.0.0.1:8080", "127.0.0.1:0", 1))
        served = Served(tmp_path)
        try:
            await served.start("--drain-seconds", "1")
            assert served.sip.port and served.http
            assert served.said.count("ready sip=") == 1
            phone = Bare(served.sip)
            phone.send(phone.request("OPTIONS", "anybody", "alive"))
            assert (await phone.final()).startswith("SIP/2.0 200 ")
            phone.close()
            children = served.children()
            caller = caller_for(served)
            ringing = asyncio.get_running_loop().create_task(caller.ring(longest=40))
            await until(lambda: _answered(caller))
            served.signal(signal.SIGTERM)
            assert await served.ended() == 0  # the call had its second, then it was hung up
            await ringing
            assert caller.steps[-1].what == "BYE received" and not caller.hung_up_by_us
            assert children and not any(alive(pid) for pid in children)
        finally:
            await served.stop()

    bounded(runner, play())


def test_serve_with_a_broken_configuration_exits_2(runner: asyncio.Runner, tmp_path: Path) -> None:
    (tmp_path / "cordboard.toml").write_text("[sip]\nmax_calls = -1\n")
    code, _ = bounded(runner, cordboard(tmp_path, "serve"))
    assert code == 2


def test_serve_on_a_port_that_is_taken_says_so_and_exits_1(
    runner: asyncio.Runner, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "cordboard.toml").write_text((folder / "cordboard.toml").read_text())
    sip = int((folder / "cordboard.toml").read_text().partition('"udp:127.0.0.1:')[2].partition('"')[0])

    async def play() -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cordboard", "serve"), cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", sip))
        code, said = bounded(runner, play())
    assert code == 1
    assert f"udp:127.0.0.1:{sip}".encode() in said.splitlines()[-1] and b"Traceback" not in said


# --- a day of one installation ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(runner: asyncio.Runner, folder: Path) -> Iterator[dict[str, Any]]:
    """A kill in mid-call; a restart, ring, replay and draining; another run, ended by two signals."""
    told: dict[str, Any] = {}
    bounded(runner, killed_run(folder, told), 60)
    bounded(runner, drained_run(folder, told), 90)
    bounded(runner, hurried_run(folder, told), 110)
    yield told


async def killed_run(folder: Path, told: dict[str, Any]) -> None:
    served = Served(folder)
    try:
        await served.start()
        caller = caller_for(served)
        ringing = asyncio.get_running_loop().create_task(caller.ring(longest=40))
        await talking(caller)
        told["orphans"] = served.children()
        told["ports"] = {pid: udp_ports(pid) for pid in told["orphans"]}
        before = served.rows("select sid from calls where ended_at is null")
        told["lost sid"] = before[0][0]
        served.signal(signal.SIGKILL)
        await served.ended()
        told["killed at"] = time.monotonic()
        caller.hang_up()  # nobody answers its BYE
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
        told["orphans after the kill"] = [alive(pid) for pid in told["orphans"]]
    finally:
        await served.stop()


async def drained_run(folder: Path, told: dict[str, Any]) -> None:
    served = Served(folder)
    try:
        await served.start()
        sid = told["lost sid"]
        told["lost call"] = served.rows(
            "select outcome, status, answered_at - created_at, ended_at - answered_at from calls"
            f" where sid = '{sid}'"
        )
        told["replay of lost"] = await cordboard(folder, "replay", str(sid))
        options = ("--from", CALLER, "--keys", "1,0.5s,2", "--hang-up-after", "8", "--json")
        told["ring"] = await cordboard(folder, "ring", MAIN, *options)
        ((sid,),) = served.rows("select sid from calls order by created_at desc limit 1")
        told["replay"] = await cordboard(folder, "replay", str(sid))
        told["replay of none"] = await cordboard(folder, "replay", "nobody")
        caller = caller_for(served)
        ringing = asyncio.get_running_loop().create_task(caller.ring(longest=40))
        await talking(caller)
        served.signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        told["refusals"] = await refusals(served)
        before = len(caller.packets)
        await asyncio.sleep(0.5)
        told["heard while draining"] = len(caller.packets) - before
        caller.hang_up()
        await ringing
        told["drained"] = await served.ended()
        told["drained call"] = served.rows(
            "select call_type, outcome, status from calls order by created_at desc limit 1"
        )
    finally:
        await served.stop()


async def hurried_run(folder: Path, told: dict[str, Any]) -> None:
    served = Served(folder)
    try:
        await served.start()
        # the killed run's own processes end with their lease, then its recording can be decided
        lost = f"select state, certificate from recordings where call_sid = '{told['lost sid']}'"

        async def decided() -> bool:
            return bool(served.rows(lost)[0][0] != "recording")

        await until(decided, 70.0)
        told["lost recordings"] = served.rows(lost)
        caller = caller_for(served)
        ringing = asyncio.get_running_loop().create_task(caller.ring(longest=40))
        await talking(caller)
        served.signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        told["up until the second signal"] = not ringing.done()
        served.signal(signal.SIGTERM)
        await ringing
        told["last word"] = caller.steps[-1].what
        told["ended"] = await served.ended()
        told["hung up call"] = served.rows(
            "select call_type, status, disconnected_by from calls order by created_at desc limit 1"
        )
    finally:
        await served.stop()


def test_ring_tells_what_it_heard_and_exits_0(day: dict[str, Any]) -> None:
    code, out = day["ring"]
    told = json.loads(out)
    assert code == 0 and told["answered"] and told["code"] == 200
    heard = [part["what"] for part in told["heard"]]
    assert "speech" in heard and "tone" in heard
    assert any(abs(part["hertz"][0] - tone_of("01")) < 6 for part in told["heard"] if part["what"] == "tone")
    steps = [step["what"] for step in told["steps"]]
    assert [step for step in steps if step.startswith("key")] == ["key 1", "key 2"]
    assert "hang up" in steps


def test_replay_says_that_every_decision_is_as_it_was(day: dict[str, Any]) -> None:
    code, out = day["replay"]
    assert code == 0 and out.splitlines()[-1].endswith("every decision is as it was")
    assert day["replay of none"][0] == 2


def test_sigterm_drains_new_calls_get_503_and_live_ones_finish(day: dict[str, Any]) -> None:
    options, invite = day["refusals"]
    assert options.startswith("SIP/2.0 503 ") and invite.startswith("SIP/2.0 503 ")
    assert "retry-after" not in invite.lower()
    assert day["heard while draining"] > 10
    assert day["drained"] == 0
    assert day["drained call"] == [("completed", "", "completed")]


def test_a_second_sigterm_hangs_up_and_exits_0(day: dict[str, Any]) -> None:
    assert day["up until the second signal"] and day["last word"] == "BYE received"
    assert day["ended"] == 0
    assert day["hung up call"] == [("completed", "completed", "Exotel")]


def test_after_a_kill_the_call_has_its_record_and_the_next_run_takes_calls(day: dict[str, Any]) -> None:
    ((outcome, status, to_answer, lasted),) = day["lost call"]
    assert (outcome, status) == ("lost", "completed")
    assert to_answer < 1 and lasted > 2  # the greeting, the ringing
    ((state, certificate),) = day["lost recordings"]
    assert state == "partial" and "the engine ended while it was made" in certificate
    code, out = day["replay of lost"]
    assert code == 0 and "every decision is as it was" in out


def test_telephony_29_media_outlives_a_kill_for_its_lease_and_then_lets_go(
    runner: asyncio.Runner, day: dict[str, Any]
) -> None:
    assert day["orphans"] and all(day["orphans after the kill"])
    held = set().union(*day["ports"].values())
    assert {port for port in held if 25000 <= port <= 25999}

    async def gone() -> bool:
        return not any(alive(pid) for pid in day["orphans"])

    bounded(runner, until(gone, 60.0), 70)
    assert time.monotonic() - day["killed at"] > 25
    for port in held:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))


def test_engine_and_recorder_die_together_and_the_recording_is_kept_to_its_last_frame(
    runner: asyncio.Runner, folder: Path, day: dict[str, Any]
) -> None:
    async def crash() -> tuple[str, str]:
        served = Served(folder)
        try:
            await served.start()
            caller = caller_for(served)
            ringing = asyncio.get_running_loop().create_task(caller.ring(longest=40))
            await talking(caller)
            await asyncio.sleep(3.0)
            for pid in served.children():
                os.kill(pid, signal.SIGKILL)
            served.signal(signal.SIGKILL)
            await served.ended()
            caller.hang_up()
            ringing.cancel()
            await asyncio.gather(ringing, return_exceptions=True)
            ((sid,),) = served.rows("select sid from calls order by created_at desc limit 1")
            await served.start()
            lost = f"select state, certificate, file from recordings where call_sid = '{sid}'"

            async def decided() -> bool:
                return bool(served.rows(lost)[0][0] != "recording")

            await until(decided, 10.0)
            ((state, certificate, file),) = served.rows(lost)
            told = json.loads(str(certificate))
            kept = folder / "recordings" / str(file)
            assert told["seconds"] > 1.0 and told["file"]["size"] == kept.stat().st_size
            return str(state), told["reasons"][0]["text"]
        finally:
            await served.stop()

    assert bounded(runner, crash(), 90) == ("partial", "the engine ended while it was made")
