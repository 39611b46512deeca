"""Foreign programs of a test: whether they are there, free ports for them, and when they listen."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

PACKAGES = {
    "sipp": "sip-tester",
    "baresip": "baresip-core",
    "kamailio": "kamailio",
    "linphonec": "linphone-cli",
    "asterisk": "asterisk, of sid: bench/fetch-asterisk .bench/asterisk",
    "b2bua_simple": "sippy of PyPI: make interop installs it",
}
MUST_BE_THERE = "CORDBOARD_INTEROP"
"""With this set to 1 in the environment (``make interop``) a missing program fails instead of skipping."""

_READY_SECONDS = 10.0
_ROOT = Path(__file__).resolve().parents[2]
ASTERISK_ROOT = Path(os.environ.get("CORDBOARD_ASTERISK_ROOT", _ROOT / ".bench/asterisk"))
_OWN_PLACES = {
    "asterisk": str(ASTERISK_ROOT / "usr/sbin/asterisk"),
    "b2bua_simple": str(_ROOT / ".interop/sippy/bin/b2bua_simple"),
}


def place_of(program: str) -> str:
    """Where it is looked for; empty where it is nowhere."""
    return (
        _OWN_PLACES.get(program)
        or shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
        or ""
    )


def need(program: str) -> str:
    """The program's path. Where it is not installed the test is skipped, with a sentence."""
    found = place_of(program)
    if not os.access(found, os.X_OK):
        why = f"{program} is not installed (Debian package {PACKAGES[program]})"
        if os.environ.get(MUST_BE_THERE) == "1":
            pytest.fail(f"{why}, and {MUST_BE_THERE}=1 says that nothing may be skipped")
        pytest.skip(why)
    return found


async def listening(port: int, process: asyncio.subprocess.Process, transport: str = "udp") -> bool:
    """Wait until the program has bound its port; False when it ended before."""
    async with asyncio.timeout(_READY_SECONDS):
        while process.returncode is None:
            if _bound(port, transport):
                return True
            await asyncio.sleep(0.02)
    return False


def _bound(port: int, transport: str) -> bool:
    """Read in the system's table: to try the port would take it from the program."""
    lines = Path(f"/proc/net/{transport}").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)


async def ended(process: asyncio.subprocess.Process) -> None:
    """End a program that this test started: asked first, killed when it does not listen."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 2.0)
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def running(
    *command: str, folder: Path, ready: Callable[[asyncio.subprocess.Process], Awaitable[bool]]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that prints into ``folder/log`` and is ended with the test. Fails when it does not get
    ready."""
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log
        )
    try:
        assert await ready(process), (
            f"{command[0]} did not start\n{(folder / 'log').read_text(errors='replace')}"
        )
        yield process
    finally:
        await ended(process)
