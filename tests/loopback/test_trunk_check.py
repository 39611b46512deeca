"""``cordboard trunk check``: one sentence for everything that a trunk does or does not do."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from cordboard.cli import trunk_calls as calls
from cordboard.cli import trunk_check as steps
from cordboard.cli.app import app
from cordboard.cli.files import load
from cordboard.cli.trunk_bench import Bench
from cordboard.cli.trunk_calls import CallIn
from cordboard.cli.trunk_findings import Finding, Findings
from cordboard.simulator.caller import ScriptedCaller
from tests.free_ports import free_port
from tests.media_ports import media_ports

EXOPHONE = "+918047115777"
TABLES = """
[sip]
listen = ["udp:127.0.0.1:{port}"]

[media]
ports = "{media}-{last}"

[[trunks]]
name = "carrier"
{trunk}

[[exophones]]
number = "+918047115777"
flow = 1
trunk = "carrier"
circle = "KA"

[[flows]]
id = 1
name = "one"
start = "bye"

[flows.applets.bye]
type = "hangup"
"""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short conversations. The command's log ends with it: its stderr is closed then."""
    monkeypatch.setattr(calls, "TALK_SECONDS", 2.5)
    monkeypatch.setattr(steps, "OPTIONS_SECONDS", 1.0)
    yield
    structlog.reset_defaults()


def write(folder: Path, trunk: str) -> Path:
    """A configuration with this trunk; ``{port}`` in it is the engine's own port."""
    port, (media, last) = free_port(), media_ports()
    file = folder / "cordboard.toml"
    text = TABLES.replace("{trunk}", trunk).replace("{port}", str(port))
    file.write_text(text.replace("{media}", str(media)).replace("{last}", str(last)))
    return file


def check(file: Path, *words: str, name: str = "carrier") -> tuple[int, dict[str, Any]]:
    """Exit code, and what was printed as JSON."""
    result = CliRunner().invoke(app, ["trunk", "check", name, "-c", str(file), "--json", *words])
    lines = [line for line in result.output.splitlines() if line.startswith("{")]
    return result.exit_code, json.loads(lines[-1]) if lines else {"said": result.output}


def texts(told: dict[str, Any], state: str) -> list[tuple[str, str]]:
    return [(one["step"], one["text"]) for one in told["findings"] if one["state"] == state]


def test_interface_the_simulator_is_called_and_calls(tmp_path: Path) -> None:
    code, told = check(write(tmp_path, 'uri = "simulator"\nsources = ["127.0.0.1/32"]'))
    assert texts(told, "fault") == [] and (code, told["ok"]) == (0, True)
    good = dict(texts(told, "ok"))
    assert set(good) == {
        "dns",
        "options",
        "call out",
        "post-dial delay",
        "audio from there",
        "audio to there",
        "digits to there",
        "digits from there",
        "caller id",
        "call in",
    }
    heard = [one["heard"] for one in told["findings"] if one["step"] == "audio from there"]
    assert "tone 1540 Hz" in " ".join(heard[0]) and "tone 2475 Hz" in " ".join(heard[1])


def test_a_call_that_comes_back_shows_both_ways_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, 'uri = "sip:127.0.0.1:{port}"\nsources = ["127.0.0.1/32"]')
    code, told = check(file, "--number", EXOPHONE)
    assert (code, texts(told, "fault")) == (0, [])
    good = dict(texts(told, "ok"))
    assert good["digits to there"] == "159# came" and good["digits from there"] == "#951 came"
    assert good["caller id"] == f"{EXOPHONE} was shown"
    assert "tone of 1040 Hz" in good["audio to there"] and "tone of 1590 Hz" in good["audio from there"]


def test_a_dead_host_and_a_call_that_fails_are_faults(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        code, told = check(write(tmp_path, f'uri = "sip:127.0.0.1:{silent.getsockname()[1]}"'))
    assert code == 1
    assert [step for step, _ in texts(told, "fault")] == ["options"]
    assert "does not answer OPTIONS" in texts(told, "fault")[0][1]
    assert [step for step, _ in texts(told, "skipped")] == ["call out", "call in"]


def test_a_refused_call_says_how(tmp_path: Path) -> None:
    file = write(tmp_path, 'uri = "simulator"\nsources = ["127.0.0.1/32"]')
    code, told = check(file, "--number", "9812300002")
    assert code == 1
    assert texts(told, "fault") == [
        ("call out", "the call to +919812300002 failed (without ringing): 486 Busy Here")
    ]


def test_a_name_that_does_not_exist_is_told(tmp_path: Path) -> None:
    code, told = check(write(tmp_path, 'uri = "sip:..invalid..:5060"'))
    assert code == 2  # the configuration says so already
    code, told = check(write(tmp_path, 'uri = "simulator"'), name="other")
    assert code == 2 and "known are carrier" in told["said"].replace("\n", " ")


@contextmanager
def registrar(status: str) -> Iterator[int]:
    """Answers every request with this status, from a thread; its port."""
    kept = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:", b"contact:")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                data, peer = sock.recvfrom(65535)
                lines = [line for line in data.split(b"\r\n") if line.lower().startswith(kept)]
                to = next((line for line in lines if line.lower().startswith(b"to:")), b"")
                head = b"SIP/2.0 " + (b"200 OK" if data.startswith(b"OPTIONS") else status.encode())
                lines = [line + b";tag=x" if line is to else line for line in lines]
                lines = [
                    line + b";expires=300" if line.lower().startswith(b"contact:") else line for line in lines
                ]
                sock.sendto(b"\r\n".join([head, *lines, b"Content-Length: 0", b"", b""]), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            over.set()
            sock.sendto(b"over", sock.getsockname())
            thread.join()


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [("200 OK", "ok", "registered in"), ("403 Wrong Password", "fault", "not registered: ")],
)
def test_a_registration_is_tried(tmp_path: Path, status: str, state: str, text: str) -> None:
    with registrar(status) as port:
        trunk = f'uri = "sip:127.0.0.1:{port}"\nregister = true\nusername = "u"\npassword = "p"'
        code, told = check(write(tmp_path, trunk))
    assert code == (0 if state == "ok" else 1)
    (found,) = [one for one in told["findings"] if one["step"] == "registration"]
    assert found["state"] == state and found["text"].startswith(text)
    assert state == "ok" or "403" in found["text"]


def wait_for_a_call(tmp_path: Path, sources: str, dialled: str) -> list[Finding]:
    settings, _, _ = load(write(tmp_path, f'uri = "sip:127.0.0.1:9"\nsources = ["{sources}"]'), {})

    async def story() -> list[Finding]:
        async with Bench(settings, settings.trunks[0], tmp_path, None) as bench:
            findings = Findings(lambda finding: None)
            caller = ScriptedCaller(
                bench.bound[0], dialled, "+919876500001", clock=bench.clock, tokens=bench.tokens
            )
            ringing = asyncio.ensure_future(caller.ring(["4", "2"], 3.0, 5.0))
            await CallIn(bench, None, 2.0, findings, lambda text: None).run()
            await ringing
            return findings.all

    return asyncio.run(story())


def test_a_call_in_is_waited_for_and_heard(tmp_path: Path) -> None:
    found = {one.step: one for one in wait_for_a_call(tmp_path, "127.0.0.1/32", EXOPHONE)}
    assert {step: one.state for step, one in found.items()} == {
        "call in": "ok",
        "caller id": "ok",
        "audio from there": "ok",
        "audio to there": "skipped",
        "digits from there": "ok",
    }
    assert found["digits from there"].text == "42 came"


def test_a_call_in_from_a_stranger_is_told(tmp_path: Path) -> None:
    (fault,) = wait_for_a_call(tmp_path, "192.0.2.0/24", EXOPHONE)
    assert fault.state == "fault"
    assert fault.text == "a call from 127.0.0.1 was dropped: it is not in the trunk's sources"


def test_a_call_in_to_a_number_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    (fault,) = wait_for_a_call(tmp_path, "127.0.0.1/32", "+914412345678")
    assert fault.text == "a call was refused with 404: '+914412345678' is none of the ExoPhones"


def test_beside_a_running_engine_other_ports_are_used(tmp_path: Path) -> None:
    file = write(tmp_path, 'uri = "simulator"\nsources = ["127.0.0.1/32"]')
    settings, _, _ = load(file, {})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as engine:
        engine.bind(("127.0.0.1", settings.sip.addresses()[0][2]))
        code, told = check(file)
    assert code == 0
    assert texts(told, "skipped")[0][1] == (
        "the configured SIP ports are taken, an engine seems to run: others are used"
    )
