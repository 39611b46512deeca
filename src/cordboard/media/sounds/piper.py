"""piper as the voice: a process for each text, text in at standard input, raw samples out.

``COMMAND --model VOICE.onnx --output_raw``; the rate of its samples stands in ``VOICE.onnx.json``.
"""

import asyncio
import json
import shlex
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from cordboard.media.sounds.prepared import LONGEST
from cordboard.media.sounds.wav import pcm_file
from cordboard.media.sounds.workers import Failed, Unspeakable, end, environment

_AT_ONCE = 2
_MOST_RATE = 48_000
_BLOCK = 1 << 16


class Piper:
    """``command``: the program, with arguments of its own where it needs them. ``model``: the voice file."""

    def __init__(self, command: str, model: str) -> None:
        self.key = f"piper {model}"
        self._model = Path(model)
        self._command = [*shlex.split(command), "--model", model, "--output_raw"]
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def speak(self, text: str) -> bytes:
        """A WAV file. Raises ``Failed``."""
        async with self._room:
            try:
                rate = await asyncio.to_thread(self._rate)
                child = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "cordboard.media.sounds.launch", *self._command),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    env=environment(),
                    start_new_session=True,
                )
            except (OSError, ValueError, KeyError, TypeError) as reason:
                raise Failed(f"piper cannot be started: {reason}") from reason
            try:
                samples = await _exchange(child, text, 2 * LONGEST * rate)
            finally:
                await asyncio.shield(end(child))
        if not samples:
            raise Unspeakable("piper gave no samples")
        return pcm_file(samples, rate)

    def _rate(self) -> int:
        about = json.loads(self._model.with_name(self._model.name + ".json").read_text("utf-8"))
        rate = int(about["audio"]["sample_rate"])
        if not 4000 <= rate <= _MOST_RATE:
            raise ValueError(f"a voice of {rate} Hz")
        return rate


async def _exchange(child: Process, text: str, longest: int) -> bytes:
    """The text as one line in, everything out until it has ended."""
    if child.stdin is None or child.stdout is None:
        raise Failed("piper has no pipes")
    try:
        child.stdin.write(" ".join(text.split()).encode("utf-8", "replace") + b"\n")
        await child.stdin.drain()
        child.stdin.close()
        parts, size = [], 0
        while part := await child.stdout.read(_BLOCK):
            size += len(part)
            if size > longest:
                raise Unspeakable(f"the text takes longer than {LONGEST} seconds to say")
            parts.append(part)
        if await child.wait() != 0:
            raise Failed(f"piper ended with {child.returncode}")
    except OSError as reason:
        raise Failed(f"piper cannot be spoken to: {reason}") from reason
    whole = b"".join(parts)
    return whole[: len(whole) // 2 * 2]
