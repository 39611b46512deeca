"""``cordboard serve`` as a user runs it: a process of its own, with a configuration that ``init`` wrote."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from pathlib import Path

from cordboard.sip.endpoint.words import Address
from tests.free_ports import free_port

READY = re.compile(r"^ready sip=udp:127\.0\.0\.1:(\d+),tcp:127\.0\.0\.1:(\d+) http=127\.0\.0\.1:(\d+)$", re.M)


class Served:
    """A running ``serve`` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ: dict[str, str] = {}
        """What is told it besides."""
        self.sip = Address("udp", "127.0.0.1", 0)
        self.http = 0
        self._log = folder / "serve.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process."""
        assert self._process is not None, "start first"
        return self._process

    @property
    def said(self) -> str:
        """Its stderr so far. A file: a pipe would stay open with the helper processes that outlive a kill."""
        return self._log.read_text()

    async def start(self, *options: str) -> None:
        """Return when it is ready."""
        with self._log.open("w") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cordboard", "serve", *options),
                cwd=self.folder,
                stderr=log,
                env=os.environ | self.environ,
            )
        async with asyncio.timeout(30):
            while (found := READY.search(self.said)) is None:
                assert self.process.returncode is None, self.said
                await asyncio.sleep(0.05)
        self.sip = Address("udp", "127.0.0.1", int(found[1]))
        self.http = int(found[3])

    def signal(self, number: int) -> None:
        """Tell it."""
        self.process.send_signal(number)

    async def ended(self, seconds: float = 20.0) -> int:
        """Its exit code."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def stop(self) -> None:
        """Whatever state it is in."""
        if self._process is not None and self._process.returncode is None:
            self.signal(signal.SIGKILL)
            await self.ended()

    @property
    def megabytes(self) -> float:
        """The memory that its main process has."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def children(self) -> list[int]:
        """Its helper processes."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Look into its database."""
        with sqlite3.connect(f"file:{self.folder / 'cordboard.db'}?mode=ro", uri=True) as database:
            return list(database.execute(query))


def alive(pid: int) -> bool:
    """Does this process still run? (Where nobody reaps the orphans of a container, they stay as zombies.)"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def udp_ports(pid: int) -> set[int]:
    """The UDP ports of loopback that this process holds."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    lines = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return {int(line[1].partition(":")[2], 16) for line in lines if line[9] in inodes}


def on_free_ports(file: Path) -> str:
    """The text of a starter file, with SIP and HTTP on ports that nobody has."""
    return file.read_text().replace(":5060", f":{free_port()}").replace(":8080", f":{free_port()}")
