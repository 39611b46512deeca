"""Has MP3 files made, one at a time, by a process of its own that is there while there is work."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

MODULE = "cordboard.recordings.mp3"
WALL_SECONDS = 600.0
IDLE_SECONDS = 60.0


class MakingFailed(Exception):
    """No MP3 this time; the text says why. ``never``: nor at any other time."""

    def __init__(self, reason: str, never: bool = False) -> None:
        super().__init__(reason)
        self.never = never


class Mp3Maker:
    """``make`` is for one task at a time."""

    def __init__(self, *, seconds: float = WALL_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._seconds, self._idle = seconds, idle
        self._child: Process | None = None
        self._rest: asyncio.TimerHandle | None = None

    async def make(self, wav: Path, mp3: Path) -> tuple[int, str]:
        """Size and SHA-256 of the MP3 that lies there now. Raises ``MakingFailed``."""
        if self._rest is not None:
            self._rest.cancel()
        order = json.dumps({"wav": str(wav), "mp3": str(mp3)}).encode() + b"\n"
        try:
            child = await self._ready()
            assert child.stdin is not None and child.stdout is not None
            async with asyncio.timeout(self._seconds):
                child.stdin.write(order)
                await child.stdin.drain()
                told = json.loads(await child.stdout.readline())
        except (OSError, TimeoutError, ValueError) as error:
            await self.close()
            raise MakingFailed(f"the process that makes MP3 files failed: {error or 'no answer'}") from error
        except BaseException:
            await asyncio.shield(self.close())  # what it still says belongs to nobody
            raise
        self._rest = asyncio.get_running_loop().call_later(self._idle, self._let_go)
        if "problem" in told:
            raise MakingFailed(str(told["problem"])[:300], bool(told.get("never")))
        return int(told["size"]), str(told["sha256"])

    async def close(self) -> None:
        """End the process."""
        if self._rest is not None:
            self._rest.cancel()
        child, self._child = self._child, None
        if child is not None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _ready(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", MODULE),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        return self._child

    def _let_go(self) -> None:
        """Nothing to do: the end of its input ends it."""
        child, self._child = self._child, None
        if child is not None and child.stdin is not None:
            child.stdin.close()
