"""The child processes: a spare one that waits for the next audio file, and the one that speaks."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Any

import structlog

from cordboard.kernel.mistakes import Unavailable
from cordboard.media.sounds import frames

WALL_SECONDS = 5.0
_AT_ONCE = 2
_LAST_SECONDS, _BLOCK = 2.0, 1 << 16
_TEXTS_PER_CHILD = 2000
DECODER, SPEAKER = "cordboard.media.sounds.child", "cordboard.media.sounds.speech"

_log = structlog.get_logger("sounds")


class Failed(Exception):
    """The child died, took too long or talked nonsense: what it was given cannot be used."""


class Unspeakable(Failed):
    """It is the text that is at fault: the voice may well say another."""


def environment() -> dict[str, str]:
    """Hardly any: ours holds secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def spawn(module: str) -> Process:
    """A child with pipes. Raises ``Unavailable``."""
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment(),
            start_new_session=True,  # a Ctrl-C at the terminal is for the engine to handle
        )
    except OSError as reason:
        raise Unavailable(f"no process for sounds: {reason}") from reason


async def ask(
    child: Process, note: dict[str, Any], body: bytes, seconds: float
) -> tuple[dict[str, Any], bytes]:
    """One question, one answer. Raises ``Failed``; the child is of no use after that."""
    if child.stdin is None or child.stdout is None:
        raise Failed("the child has no pipes")
    try:
        async with asyncio.timeout(seconds):
            child.stdin.write(frames.pack(note, body))
            await child.stdin.drain()
            note_size, body_size = frames.sizes(await child.stdout.readexactly(frames.HEAD.size))
            answer = frames.note(await child.stdout.readexactly(note_size))
            return answer, await child.stdout.readexactly(body_size)
    except (TimeoutError, EOFError, OSError, ValueError) as reason:
        raise Failed(type(reason).__name__) from reason


async def end(child: Process) -> None:
    """Kill a child, with what it has started, and wait for it.

    What is left in its pipe is read away: until then asyncio takes it for alive. Somebody who slipped out of
    its session may hold the pipe's other end for ever, and is not waited for.
    """
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # it leads a session: see `spawn`
    try:
        async with asyncio.timeout(_LAST_SECONDS):
            while child.stdout is not None and await child.stdout.read(_BLOCK):
                pass
            await child.wait()
    except TimeoutError:
        child._transport.close()  # type: ignore[attr-defined]  # there is no other way to let go of the pipe


class Decoder:
    """One child for each file; a spare one is kept ready, since a start costs more than most files do."""

    def __init__(self, *, seconds: float = WALL_SECONDS) -> None:
        self._seconds = seconds
        self._spare: Process | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def start(self) -> None:
        """Make the spare child."""
        self._spare = await spawn(DECODER)

    async def close(self) -> None:
        """End the spare child."""
        spare, self._spare = self._spare, None
        if spare is not None:
            await end(spare)

    async def decode(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Samples of a file, or ``problem`` in the note. Raises ``Failed`` or ``Unavailable``."""
        async with self._room:
            child, self._spare = self._spare, None
            if child is None or child.returncode is not None:
                child = await spawn(DECODER)
            try:
                return await ask(child, {}, content, self._seconds)
            finally:
                await asyncio.shield(end(child))
                if self._spare is None:
                    self._spare = await spawn(DECODER)


class Speaker:
    """One child that stays up; texts take turns. It is replaced when it fails, and now and then."""

    def __init__(self, *, seconds: float = WALL_SECONDS) -> None:
        self._seconds = seconds
        self._child: Process | None = None
        self._texts = 0
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            await end(child)

    async def speak(self, text: str, voice: str) -> tuple[dict[str, Any], bytes]:
        """Samples of a text, or ``problem`` in the note. Raises ``Failed`` or ``Unavailable``."""
        async with self._turn:
            if self._child is None or self._child.returncode is not None or self._texts >= _TEXTS_PER_CHILD:
                await self.close()
                self._child, self._texts = await spawn(SPEAKER), 0
            self._texts += 1
            whole = False
            try:
                answer = await ask(self._child, {"text": text, "voice": voice}, b"", self._seconds)
                whole = True
                return answer
            finally:
                if not whole:
                    # What is left in its pipe would be taken for the next text's answer.
                    _log.warning("the speech process is replaced", length=len(text), voice=voice)
                    await asyncio.shield(self.close())
